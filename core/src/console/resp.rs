//! The client's side of RESP, in its version 2: how a command is written, and what a reply says. It
//! is spoken where keys and values have to be any bytes, which no line of text can be.

use super::framing::Garbage;

/// What a node has answered in RESP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RespReply {
    /// `OK` and other words.
    Word(String),
    /// Why the command was refused.
    Error(String),
    /// A count, or a time.
    Number(i64),
    /// A key or a value, as it is stored.
    Bulk(Vec<u8>),
    /// No value.
    Null,
    /// Several of them.
    Array(Vec<RespReply>),
}

/// What the first line of a reply tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RespHead {
    /// All of it.
    Whole(RespReply),
    /// That so many bytes follow, and a line end.
    Bulk(usize),
    /// That so many replies follow.
    Array(usize),
}

impl RespHead {
    /// The meaning of a line, without its line end.
    ///
    /// # Errors
    ///
    /// The line begins no reply of RESP.
    pub fn of(line: &[u8]) -> Result<RespHead, Garbage> {
        let garbage = || Garbage::of(line);
        let (kind, rest) = line.split_first().ok_or_else(garbage)?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        let number = || std::str::from_utf8(rest).ok().and_then(|digits| digits.parse().ok());
        let length = || number().and_then(|length: i64| usize::try_from(length).ok());
        Ok(match kind {
            b'+' => RespHead::Whole(RespReply::Word(text())),
            b'-' => RespHead::Whole(RespReply::Error(text())),
            b':' => RespHead::Whole(RespReply::Number(number().ok_or_else(garbage)?)),
            b'$' | b'*' if rest == b"-1" => RespHead::Whole(RespReply::Null),
            b'$' => RespHead::Bulk(length().ok_or_else(garbage)?),
            b'*' => RespHead::Array(length().ok_or_else(garbage)?),
            _ => return Err(garbage()),
        })
    }
}

/// Writes a command behind what is there.
pub fn write_command(words: &[&[u8]], out: &mut Vec<u8>) {
    let mut digits = itoa::Buffer::new();
    let mut header = |kind: u8, length: usize, out: &mut Vec<u8>| {
        out.push(kind);
        out.extend_from_slice(digits.format(length).as_bytes());
        out.extend_from_slice(b"\r\n");
    };
    header(b'*', words.len(), out);
    for word in words {
        header(b'$', word.len(), out);
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

/// The pattern of SCAN for keys that begin so, whatever bytes these are.
pub fn prefix_pattern(prefix: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(prefix.len() + 1);
    for byte in prefix {
        if matches!(byte, b'*' | b'?' | b'[' | b'\\') {
            pattern.push(b'\\');
        }
        pattern.push(*byte);
    }
    pattern.push(b'*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Pattern;

    #[test]
    fn a_line_tells_what_it_says_or_what_follows() {
        let whole = |reply| Ok(RespHead::Whole(reply));
        assert_eq!(RespHead::of(b"+OK"), whole(RespReply::Word("OK".to_owned())));
        assert_eq!(RespHead::of(b"-ERR no"), whole(RespReply::Error("ERR no".to_owned())));
        assert_eq!(RespHead::of(b":-2"), whole(RespReply::Number(-2)));
        assert_eq!(RespHead::of(b"$-1"), whole(RespReply::Null));
        assert_eq!(RespHead::of(b"$5"), Ok(RespHead::Bulk(5)));
        assert_eq!(RespHead::of(b"*0"), Ok(RespHead::Array(0)));
        for line in [&b""[..], b"OK", b"$", b"$-2", b"*x", b":", b"HTTP/1.1 400", b"$1e9"] {
            assert!(RespHead::of(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_command_carries_any_bytes() {
        let mut out = b"before".to_vec();
        write_command(&[b"SET", b"a\r\n", b"\xff\0"], &mut out);
        assert_eq!(out, b"before*3\r\n$3\r\nSET\r\n$3\r\na\r\n\r\n$2\r\n\xff\0\r\n");
    }

    #[test]
    fn the_pattern_of_a_prefix_matches_exactly_the_keys_that_begin_so() {
        for prefix in [&b""[..], b"user:", b"a*b?[c]\\", b"\xff\n", b"^-]"] {
            let pattern = Pattern::new(prefix_pattern(prefix).into());
            for behind in [&b""[..], b"x", b"\xfe\0"] {
                assert!(pattern.matches(&[prefix, behind].concat()), "{prefix:?}");
            }
            assert!(prefix.is_empty() || !pattern.matches(&[b"x", prefix].concat()), "{prefix:?}");
        }
        assert!(!Pattern::new(prefix_pattern(b"a*b").into()).matches(b"axb"));
    }
}
