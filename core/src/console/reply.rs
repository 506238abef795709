//! A reply by its meaning, out of its lines.

use super::framing::RawReply;
use crate::protocol::Dialect;
use crate::protocol::text::quote::{Unquoted, whole_string};

/// What a node has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientReply {
    /// `OK`, `DELETED`, `NOT_FOUND`.
    Word(String),
    /// No value.
    Null,
    /// A value, as it is stored.
    Value(Vec<u8>),
    /// One fact, under its name.
    Fact(String, Vec<u8>),
    /// What stands under several keys.
    Values(Vec<Option<Vec<u8>>>),
    /// Keys, as they are stored.
    Keys(Vec<Vec<u8>>),
    /// A report: its title and its lines.
    Report(String, Vec<String>),
    /// Why the command was refused.
    Error(String),
}

impl ClientReply {
    /// The meaning of some lines. What was quoted is not any more.
    pub fn of(raw: &RawReply) -> ClientReply {
        let unquoted = |data: &[u8]| unquoted(raw.dialect, data);
        let first = raw.first.as_slice();
        let text = || String::from_utf8_lossy(first).into_owned();
        let at_space = first.iter().position(|byte| *byte == b' ');
        let (name, data) = match at_space {
            Some(at) => (&first[..at], &first[at + 1..]),
            None => (first, &b""[..]),
        };
        match (name, at_space) {
            (b"ERROR:" | b"ERROR", _) => {
                ClientReply::Error(String::from_utf8_lossy(data).into_owned())
            }
            (b"VALUE", _) => ClientReply::Value(unquoted(data)),
            (b"(null)", None) => ClientReply::Null,
            (b"OK" | b"DELETED" | b"NOT_FOUND", None) => ClientReply::Word(text()),
            (b"KEYS", _) => ClientReply::Keys(raw.items.iter().map(|key| unquoted(key)).collect()),
            (b"VALUES", _) if raw.dialect == Dialect::Standard => {
                ClientReply::Values(raw.items.iter().map(|line| value(line)).collect())
            }
            (b"PEERS", _) => ClientReply::Report("PEERS".to_owned(), lines(raw)),
            (name, _) if raw.has_end || !raw.items.is_empty() || is_title(first) => {
                let title = if first.starts_with(b"# ") { b"INFO" } else { name };
                let title = if first == b"CLIENT LIST" { first } else { title };
                ClientReply::Report(String::from_utf8_lossy(title).into_owned(), lines(raw))
            }
            (b"HASH", _) => ClientReply::Fact("HASH".to_owned(), data.to_vec()),
            (name, _) => {
                ClientReply::Fact(String::from_utf8_lossy(name).into_owned(), unquoted(data))
            }
        }
    }
}

/// In the legacy dialect a report without lines is its title alone.
fn is_title(first: &[u8]) -> bool {
    matches!(first, b"INFO" | b"STATS")
}

fn lines(raw: &RawReply) -> Vec<String> {
    raw.items.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

/// A line of MGET.
fn value(line: &[u8]) -> Option<Vec<u8>> {
    line.strip_prefix(b"VALUE ").map(|data| unquoted(Dialect::Standard, data))
}

fn unquoted(dialect: Dialect, data: &[u8]) -> Vec<u8> {
    match dialect {
        Dialect::Standard => match whole_string(data) {
            Some(Unquoted::Plain(text)) => text.to_vec(),
            Some(Unquoted::Escaped(text)) => text,
            None => data.to_vec(),
        },
        Dialect::Legacy => data.to_vec(),
    }
}
