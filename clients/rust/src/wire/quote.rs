//! Quoted strings: which values need quotes, how they are put on, and how they are taken off.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Whether a value has to be quoted behind a key.
pub(super) fn needs_quotes(value: &[u8]) -> bool {
    let (Some(first), Some(last)) = (value.first(), value.last()) else { return true };
    matches!(first, b'"' | b' ')
        || *last == b' '
        || has_any(value, |byte| (byte < b' ' && byte != b'\t') || byte == 0x7F)
        || std::str::from_utf8(value).is_err()
}

/// Whether a value has to be quoted where spaces and tabs part words.
pub(super) fn needs_quotes_among_words(value: &[u8]) -> bool {
    has_any(value, |byte| byte == b' ' || byte == b'\t') || needs_quotes(value)
}

/// Looks at a block without leaving it early, which the compiler makes vector instructions of.
fn has_any(value: &[u8], is_special: impl Fn(u8) -> bool) -> bool {
    value.chunks(64).any(|block| block.iter().fold(false, |any, byte| any | is_special(*byte)))
}

/// Writes a value in quotes. Characters above ASCII stay as they are; what is no UTF-8 is escaped.
pub(super) fn push_quoted(value: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in value.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            push_escaped(byte, out);
        }
        for byte in chunk.invalid() {
            push_hex(*byte, out);
        }
    }
    out.push(b'"');
}

fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend([b'\\', byte]),
        b'\n' => out.extend(b"\\n"),
        b'\r' => out.extend(b"\\r"),
        b'\t' => out.extend(b"\\t"),
        0 => out.extend(b"\\0"),
        0x01..0x20 | 0x7F => push_hex(byte, out),
        _ => out.push(byte),
    }
}

fn push_hex(byte: u8, out: &mut Vec<u8>) {
    let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
    out.extend([b'\\', b'x', digits[0], digits[1]]);
}

/// The bytes that a value in a reply stands for, or nothing if its quotes do not end as they
/// should.
pub(super) fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    let Some(mut rest) = text.strip_prefix(b"\"") else { return Some(text.to_vec()) };
    let mut value = Vec::with_capacity(rest.len());
    loop {
        let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        value.extend_from_slice(&rest[..plain]);
        let escape = &rest[plain..];
        if escape[0] == b'"' {
            return (escape.len() == 1).then_some(value);
        }
        let (byte, length) = unescaped(escape)?;
        value.push(byte);
        rest = &escape[length..];
    }
}

/// The byte that an escape means, and how long the escape is.
fn unescaped(escape: &[u8]) -> Option<(u8, usize)> {
    let byte = match escape.get(1)? {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'0' => 0,
        literal @ (b'"' | b'\\') => *literal,
        b'x' => return Some((16 * digit(*escape.get(2)?)? + digit(*escape.get(3)?)?, 4)),
        _ => return None,
    };
    Some((byte, 2))
}

fn digit(hex: u8) -> Option<u8> {
    char::from(hex).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_quotes_gets_them_and_comes_back() {
        let table: &[(&[u8], bool, bool, &str)] = &[
            (b"plain", false, false, r#""plain""#),
            (b"two words", false, true, r#""two words""#),
            (b"a\tb", false, true, r#""a\tb""#),
            (b"say \"hi\"", false, true, r#""say \"hi\"""#),
            (b"back\\slash", false, false, r#""back\\slash""#),
            ("grüße 🚀".as_bytes(), false, true, r#""grüße 🚀""#),
            ("\u{2028}".as_bytes(), false, false, "\"\u{2028}\""),
            (b"", true, true, r#""""#),
            (b"\"", true, true, r#""\"""#),
            (b" a", true, true, r#"" a""#),
            (b"a ", true, true, r#""a ""#),
            (b"a\r\nb", true, true, r#""a\r\nb""#),
            (b"\0\x01\x1f\x7f", true, true, r#""\0\x01\x1F\x7F""#),
            (b"\xffa\xc3", true, true, r#""\xFFa\xC3""#),
        ];
        for (value, behind_a_key, among_words, quoted) in table {
            assert_eq!(needs_quotes(value), *behind_a_key, "{quoted}");
            assert_eq!(needs_quotes_among_words(value), *among_words, "{quoted}");
            let mut out = Vec::new();
            push_quoted(value, &mut out);
            assert_eq!(out, quoted.as_bytes(), "{quoted}");
            assert_eq!(unquoted(&out).as_deref(), Some(*value), "{quoted}");
        }
    }

    #[test]
    fn what_a_block_has_at_its_end_is_seen() {
        for length in [63, 64, 65, 200] {
            let mut value = vec![b'x'; length];
            assert!(!needs_quotes(&value));
            value[length - 1] = b'\n';
            assert!(needs_quotes(&value));
        }
    }

    #[test]
    fn quotes_that_do_not_end_are_refused() {
        for text in [r#"""#, r#""a"#, r#""a\"#, r#""a" b"#, r#""\q""#, r#""\x4""#, r#""\xzz""#] {
            assert_eq!(unquoted(text.as_bytes()), None, "{text}");
        }
        assert_eq!(unquoted(b"half\""), Some(b"half\"".to_vec()));
    }
}
