//! Replies to lines. A long reply is written a piece at a time, so that no client makes the node
//! hold more than a bounded number of bytes for it.

use super::legacy;
use super::quote::{write_key, write_value};
use crate::merkle::Digest;
use crate::protocol::{Dialect, Keys, Nested, ReplicationFacts, Reply};
use bytes::{BufMut, BytesMut};

/// Writes lines until `out` holds `enough` bytes or the reply ends; true if it ended. One line may
/// overshoot, so `out` grows to at most `enough` and the longest line. `written` counts the lines of
/// a list, the first line included.
pub(in crate::protocol) fn write(
    reply: &mut Reply,
    dialect: Dialect,
    written: &mut usize,
    out: &mut BytesMut,
    enough: usize,
) -> bool {
    if dialect == Dialect::Legacy {
        match legacy::write(reply, written, out, enough) {
            legacy::Outcome::Ended => return true,
            legacy::Outcome::MoreLeft => return false,
            legacy::Outcome::SameAsStandard => {}
        }
    }
    match reply {
        Reply::Ok => out.put_slice(b"OK\r\n"),
        Reply::Value(entry) | Reply::Counted(entry) | Reply::Grown(entry) => {
            value_line(entry.value().unwrap_or_default(), out)
        }
        Reply::NoValue => out.put_slice(b"(null)\r\n"),
        Reply::Deleted => out.put_slice(b"DELETED\r\n"),
        Reply::NotFound => out.put_slice(b"NOT_FOUND\r\n"),
        Reply::Values(values) => {
            header("VALUES", values.len(), written, out);
            while let Some((_, entry)) = values.get(*written - 1) {
                if out.len() >= enough {
                    return false;
                }
                match entry.as_ref().and_then(|entry| entry.value()) {
                    Some(value) => value_line(value, out),
                    None => out.put_slice(b"(null)\r\n"),
                }
                *written += 1;
            }
            out.put_slice(b"END\r\n");
        }
        Reply::Keys(keys) => {
            if !key_lines(keys, dialect, written, out, enough) {
                return false;
            }
            if dialect == Dialect::Standard {
                out.put_slice(b"END\r\n");
            }
        }
        Reply::Scanned(_, entries) => {
            header("KEYS", entries.len(), written, out);
            for entry in entries.iter() {
                write_key_in(dialect, entry.key(), out);
                end_line(out);
            }
            line("END", out);
        }
        Reply::Key(entry) => {
            write_key_in(dialect, entry.key(), out);
            end_line(out);
        }
        Reply::Nested(nested) => nested_lines(nested, out),
        Reply::Number(name, number) => number_line(name, *number, out),
        Reply::Did(true) => out.put_slice(b"OK\r\n"),
        Reply::Did(false) => out.put_slice(b"NOT_FOUND\r\n"),
        Reply::Remaining(left) => line(&format!("TTL {left}"), out),
        Reply::Message(name, None) => line(name, out),
        Reply::Message(name, Some(message)) => {
            out.put_slice(name.as_bytes());
            out.put_u8(b' ');
            write_value(message, out);
            end_line(out);
        }
        Reply::Version => line(&format!("MerkleKV {}", crate::VERSION), out),
        Reply::Hash(prefix, digest) => hash_line(prefix.as_deref(), digest, dialect, out),
        Reply::Report(report) => {
            line(&report.title(), out);
            report.lines().iter().for_each(|text| line(text, out));
            line("END", out);
        }
        Reply::Replication(facts) => replication_line(*facts, out),
        Reply::Error(error) => line(&format!("ERROR: {error}"), out),
    }
    true
}

pub(super) fn line(text: &str, out: &mut BytesMut) {
    out.put_slice(text.as_bytes());
    end_line(out);
}

pub(super) fn end_line(out: &mut BytesMut) {
    out.put_slice(b"\r\n");
}

/// Writes the first line of a list, once.
pub(super) fn header(name: &str, count: usize, written: &mut usize, out: &mut BytesMut) {
    if *written == 0 {
        number_line(name, count as u64, out);
        *written = 1;
    }
}

fn number_line(name: &str, number: u64, out: &mut BytesMut) {
    out.put_slice(name.as_bytes());
    out.put_u8(b' ');
    out.put_slice(itoa::Buffer::new().format(number).as_bytes());
    end_line(out);
}

fn value_line(value: &[u8], out: &mut BytesMut) {
    out.put_slice(b"VALUE ");
    write_value(value, out);
    end_line(out);
}

fn key_lines(
    keys: &mut Keys,
    dialect: Dialect,
    written: &mut usize,
    out: &mut BytesMut,
    enough: usize,
) -> bool {
    header("KEYS", keys.count, written, out);
    while out.len() < enough {
        let Some(entry) = keys.entries.next() else {
            return true;
        };
        write_key_in(dialect, entry.key(), out);
        end_line(out);
    }
    false
}

fn write_key_in(dialect: Dialect, key: &[u8], out: &mut BytesMut) {
    match dialect {
        Dialect::Standard => write_key(key, out),
        Dialect::Legacy => legacy::write_key(key, out),
    }
}

fn hash_line(prefix: Option<&[u8]>, digest: &Digest, dialect: Dialect, out: &mut BytesMut) {
    out.put_slice(b"HASH ");
    if let Some(prefix) = prefix {
        write_key_in(dialect, prefix, out);
        out.put_u8(b' ');
    }
    line(&digest.to_string(), out);
}

fn replication_line(facts: ReplicationFacts, out: &mut BytesMut) {
    line(&format!("REPLICATION {facts}"), out);
}

/// What only RESP has a form for, as lines: no command of this protocol answers so.
fn nested_lines(nested: &Nested, out: &mut BytesMut) {
    match nested {
        Nested::Null => line("(null)", out),
        Nested::Word(word) => line(word, out),
        Nested::Text(text) => {
            write_value(text, out);
            end_line(out);
        }
        Nested::Number(number) => line(itoa::Buffer::new().format(*number), out),
        Nested::List(items) => items.iter().for_each(|item| nested_lines(item, out)),
        Nested::Map(pairs) => pairs.iter().for_each(|(_, value)| nested_lines(value, out)),
    }
}
