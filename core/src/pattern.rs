//! Glob patterns as Redis has them, for KEYS, SCAN and CONFIG GET: `*` any bytes, `?` one byte,
//! `[abc]` one of these, `[a-z]` one of a range, `[^a]` one of the others, `\x` x itself.

use bytes::Bytes;

/// A pattern of keys. Any bytes are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: Bytes,
    ignores_case: bool,
}

impl Pattern {
    /// A pattern for keys, in which case counts.
    pub fn new(text: Bytes) -> Pattern {
        Pattern { text, ignores_case: false }
    }

    /// A pattern for names, in which case does not count.
    pub fn of_name(text: Bytes) -> Pattern {
        Pattern { text, ignores_case: true }
    }

    /// The pattern as it is written.
    pub fn text(&self) -> &Bytes {
        &self.text
    }

    /// The bytes that everything it matches begins with.
    pub fn prefix(&self) -> Bytes {
        let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
        let end = self.text.iter().position(special).unwrap_or(self.text.len());
        self.text.slice(..end)
    }

    /// Whether it matches the whole of `name`. Takes at most as many steps as the product of both
    /// lengths, however many stars there are: only the last star is ever tried again.
    pub fn matches(&self, name: &[u8]) -> bool {
        let (mut pattern, mut rest) = (&self.text[..], name);
        // What stands behind the last star, and what of the name that star does not cover yet.
        let mut last_star: Option<(&[u8], &[u8])> = None;
        loop {
            if let Some(behind) = pattern.strip_prefix(b"*") {
                pattern = behind;
                last_star = Some((behind, rest));
                continue;
            }
            if pattern.is_empty() && rest.is_empty() {
                return true;
            }
            if let (Some((token, behind)), Some((byte, after))) =
                (Token::split(pattern), rest.split_first())
                && token.matches(self.cased(*byte), self.ignores_case)
            {
                (pattern, rest) = (behind, after);
                continue;
            }
            match last_star {
                Some((behind, [_, uncovered @ ..])) => {
                    last_star = Some((behind, uncovered));
                    (pattern, rest) = (behind, uncovered);
                }
                Some((_, [])) | None => return false,
            }
        }
    }

    fn cased(&self, byte: u8) -> u8 {
        cased(byte, self.ignores_case)
    }
}

/// What stands for one byte of a name.
enum Token<'a> {
    Any,
    Byte(u8),
    Class { inside: &'a [u8], negated: bool },
}

impl<'a> Token<'a> {
    /// The first token, and what follows it.
    fn split(pattern: &'a [u8]) -> Option<(Token<'a>, &'a [u8])> {
        match pattern {
            [] => None,
            [b'?', behind @ ..] => Some((Token::Any, behind)),
            [b'\\', byte, behind @ ..] => Some((Token::Byte(*byte), behind)),
            [b'[', class @ ..] => {
                let negated = class.first() == Some(&b'^');
                let class = if negated { &class[1..] } else { class };
                let end = end_of_class(class);
                // A class that nothing closes runs to the end of the pattern.
                let behind = &class[(end + 1).min(class.len())..];
                Some((Token::Class { inside: &class[..end], negated }, behind))
            }
            [byte, behind @ ..] => Some((Token::Byte(*byte), behind)),
        }
    }

    fn matches(&self, byte: u8, ignores_case: bool) -> bool {
        match self {
            Token::Any => true,
            Token::Byte(expected) => cased(*expected, ignores_case) == byte,
            Token::Class { inside, negated } => is_in_class(byte, inside, ignores_case) != *negated,
        }
    }
}

fn end_of_class(class: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match class.get(at..).unwrap_or_default() {
            [] => return class.len(),
            [b'\\', _, ..] => at += 2,
            [b']', ..] => return at,
            // The end of a range may be a bracket.
            [_, b'-', _, ..] => at += 3,
            [_, ..] => at += 1,
        }
    }
}

fn is_in_class(byte: u8, mut class: &[u8], ignores_case: bool) -> bool {
    let cased = |byte: &u8| cased(*byte, ignores_case);
    while !class.is_empty() {
        let (found, behind) = match class {
            [b'\\', escaped, behind @ ..] => (cased(escaped) == byte, behind),
            [from, b'-', to, behind @ ..] => {
                let (from, to) = (cased(from), cased(to));
                ((from.min(to)..=from.max(to)).contains(&byte), behind)
            }
            [one, behind @ ..] => (cased(one) == byte, behind),
            [] => return false,
        };
        if found {
            return true;
        }
        class = behind;
    }
    false
}

fn cased(byte: u8, ignores_case: bool) -> u8 {
    if ignores_case { byte.to_ascii_lowercase() } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &'static str, name: &str) -> bool {
        Pattern::new(Bytes::from_static(pattern.as_bytes())).matches(name.as_bytes())
    }

    #[test]
    fn a_pattern_matches_whole_names() {
        for (pattern, names, others) in [
            ("", &[""][..], &["a"][..]),
            ("*", &["", "a", "a\nb"], &[]),
            ("h?llo", &["hello", "h*llo"], &["hllo", "heello"]),
            ("h*llo", &["hllo", "heeello"], &["hell", "xhllo"]),
            ("*a*b*", &["ab", "xaxbx", "aab"], &["ba", "a"]),
            ("**a", &["a", "ba"], &["ab"]),
            ("h[ae]llo", &["hallo", "hello"], &["hillo", "h[ae]llo"]),
            ("h[^e]llo", &["hallo"], &["hello", "hllo"]),
            ("h[a-c]llo", &["hbllo"], &["hdllo", "h-llo"]),
            ("h[c-a]llo", &["hbllo"], &["hdllo"]),
            ("[a-", &["a", "-"], &["b"]),
            ("[\\]]x", &["]x"], &["\\x"]),
            ("[]x", &[], &["x", "]x"]),
            ("[W-]b]", &["X", "b", "]"], &["a", "Xb]"]),
            ("\\*", &["*"], &["a", "\\*"]),
            ("a\\", &["a\\"], &["a"]),
            ("A", &["A"], &["a"]),
        ] {
            for name in names {
                assert!(matches(pattern, name), "{pattern:?} and {name:?}");
            }
            for name in others {
                assert!(!matches(pattern, name), "{pattern:?} and {name:?}");
            }
        }
    }

    #[test]
    fn case_may_be_ignored() {
        let pattern = Pattern::of_name(Bytes::from_static(b"Max[A-M]*"));
        assert!(pattern.matches(b"maxmemory") && pattern.matches(b"MAXCLIENTS"));
        assert!(!pattern.matches(b"maxz"));
    }

    #[test]
    fn many_stars_take_no_more_steps_than_the_product_of_the_lengths() {
        let pattern = Pattern::new(Bytes::from("a*".repeat(500) + "b"));
        assert!(!pattern.matches("a".repeat(100_000).as_bytes()));
    }

    #[test]
    fn the_prefix_is_what_every_match_begins_with() {
        for (pattern, prefix) in
            [("user:*", "user:"), ("abc", "abc"), ("a\\*b*", "a"), ("*a", ""), ("a[b]", "a")]
        {
            let pattern = Pattern::new(Bytes::from_static(pattern.as_bytes()));
            assert_eq!(pattern.prefix(), prefix.as_bytes());
        }
    }
}
