//! Double-quoted strings: how the text protocol carries values that would break a line, and how
//! it writes them back. Escapes: `\" \\ \n \r \t \0 \xHH`.

use bytes::{BufMut, BytesMut};

/// What stood between two quotes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unquoted<'a> {
    /// No escapes: a part of the line.
    Plain(&'a [u8]),
    /// The bytes that the escapes stand for.
    Escaped(Vec<u8>),
}

/// The content of `text` if it is, as a whole, one quoted string; anything else is literal.
pub(crate) fn whole_string(text: &[u8]) -> Option<Unquoted<'_>> {
    let (inside, after) = leading_string(text)?;
    after.is_empty().then_some(inside)
}

/// The quoted string that `text` begins with, and what follows it: nothing, or a space and more.
pub(crate) fn leading_string(text: &[u8]) -> Option<(Unquoted<'_>, &[u8])> {
    let body = text.strip_prefix(b"\"")?;
    let stop = memchr::memchr2(b'"', b'\\', body)?;
    let (inside, after) = if body[stop] == b'"' {
        (Unquoted::Plain(&body[..stop]), &body[stop + 1..])
    } else {
        let (bytes, after) = unescape(body)?;
        (Unquoted::Escaped(bytes), after)
    };
    (after.is_empty() || after[0] == b' ').then_some((inside, after))
}

fn unescape(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut bytes = Vec::new();
    loop {
        let stop = memchr::memchr2(b'"', b'\\', rest)?;
        bytes.extend_from_slice(&rest[..stop]);
        if rest[stop] == b'"' {
            return Some((bytes, &rest[stop + 1..]));
        }
        let (byte, escape_bytes) = match rest.get(stop + 1)? {
            b'"' => (b'"', 2),
            b'\\' => (b'\\', 2),
            b'n' => (b'\n', 2),
            b'r' => (b'\r', 2),
            b't' => (b'\t', 2),
            b'0' => (0, 2),
            b'x' => (hex(*rest.get(stop + 2)?)? << 4 | hex(*rest.get(stop + 3)?)?, 4),
            _ => return None,
        };
        bytes.push(byte);
        rest = &rest[stop + escape_bytes..];
    }
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Writes a value as a client can read it back: raw, or quoted where raw would be ambiguous.
pub(crate) fn write_value(value: &[u8], out: &mut BytesMut) {
    let plain = match (value.first(), value.last()) {
        (None, _) | (_, None) | (Some(b' ' | b'"'), _) | (_, Some(b' ')) => false,
        (Some(_), Some(_)) => !value.iter().any(|byte| breaks_line(*byte)) && is_utf8(value),
    };
    if plain {
        out.put_slice(value);
    } else {
        write_quoted(value, out);
    }
}

/// Writes a key in a list. Keys of the text protocol need no quotes; ones that came another way
/// may hold spaces or tabs, which only in quotes can be handed back to SCAN.
pub(super) fn write_key(key: &[u8], out: &mut BytesMut) {
    let spaced = memchr::memchr2(b' ', b'\t', key).is_some();
    if spaced { write_quoted(key, out) } else { write_value(key, out) }
}

/// A text in quotes, whether it needs them or not.
pub(crate) fn in_quotes(text: &str) -> String {
    let mut quoted = BytesMut::with_capacity(text.len() + 2);
    write_quoted(text.as_bytes(), &mut quoted);
    String::from_utf8_lossy(&quoted).into_owned()
}

fn write_quoted(value: &[u8], out: &mut BytesMut) {
    out.put_u8(b'"');
    for chunk in value.utf8_chunks() {
        for byte in chunk.valid().bytes() {
            match byte {
                b'"' => out.put_slice(b"\\\""),
                b'\\' => out.put_slice(b"\\\\"),
                b'\n' => out.put_slice(b"\\n"),
                b'\r' => out.put_slice(b"\\r"),
                b'\0' => out.put_slice(b"\\0"),
                byte if breaks_line(byte) => write_hex(byte, out),
                byte => out.put_u8(byte),
            }
        }
        chunk.invalid().iter().for_each(|byte| write_hex(*byte, out));
    }
    out.put_u8(b'"');
}

fn write_hex(byte: u8, out: &mut BytesMut) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
    out.put_slice(&[b'\\', b'x', DIGITS[high], DIGITS[low]]);
}

fn breaks_line(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn is_utf8(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unquoted(text: &str) -> Option<Vec<u8>> {
        whole_string(text.as_bytes()).map(|inside| match inside {
            Unquoted::Plain(text) => text.to_vec(),
            Unquoted::Escaped(text) => text,
        })
    }

    #[test]
    fn only_a_whole_quoted_string_is_unquoted() {
        assert_eq!(unquoted(r#""""#).unwrap(), b"");
        assert_eq!(unquoted(r#"" a b ""#).unwrap(), b" a b ");
        assert_eq!(unquoted(r#""\"\\\n\r\t\0\x41\xfF""#).unwrap(), b"\"\\\n\r\t\0A\xff");
        for literal in [
            r#"{"host":"localhost"}"#,
            r#""a"b""#,
            r#""a" b"#,
            r#""open"#,
            r#"""#,
            r#""\q""#,
            r#""\x4""#,
            r#""\xg1""#,
            r#""\"#,
            r#"plain"#,
            "",
        ] {
            assert_eq!(unquoted(literal), None, "{literal}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_whatever_the_bytes() {
        let mut state = 7_u64;
        for length in 0..400_usize {
            let value: Vec<u8> = (0..length % 23)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    b"\"\\ \t\r\n\0ax\x80\xc3\xa9\x7f"[(state >> 33) as usize % 13]
                })
                .collect();
            let mut line = BytesMut::new();
            write_value(&value, &mut line);
            assert!(std::str::from_utf8(&line).is_ok());
            assert!(!line.iter().any(|byte| breaks_line(*byte)));
            let read = match whole_string(&line) {
                Some(Unquoted::Plain(text)) => text.to_vec(),
                Some(Unquoted::Escaped(text)) => text,
                None => line.to_vec(),
            };
            assert_eq!(read, value, "{line:?}");
        }
    }

    #[test]
    fn values_that_would_be_read_differently_have_quotes() {
        for (value, shown) in [
            ("", "\"\""),
            (" a", "\" a\""),
            ("a ", "\"a \""),
            ("\"a", "\"\\\"a\""),
            ("a\n", "\"a\\n\""),
        ] {
            let mut line = BytesMut::new();
            write_value(value.as_bytes(), &mut line);
            assert_eq!(&line[..], shown.as_bytes());
        }
    }

    #[test]
    fn values_that_need_no_quotes_have_none() {
        for value in ["x", "a b", "tab\there", r#"{"a":1}"#, "ünï", "(null)", "END"] {
            let mut line = BytesMut::new();
            write_value(value.as_bytes(), &mut line);
            assert_eq!(&line[..], value.as_bytes());
        }
    }
}
