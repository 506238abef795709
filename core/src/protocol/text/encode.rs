//! Replies to lines. A long reply is written a piece at a time, so that no client makes the node
//! hold more than a bounded number of bytes for it.

use super::legacy;
use super::quote::{write_key, write_value};
use crate::merkle::Digest;
use crate::protocol::{Dialect, Keys, ReplicationFacts, Reply};
use bytes::{BufMut, BytesMut};

/// A reply that is being written. Made when its command has run; done when `write` says so.
#[derive(Debug)]
pub struct ReplyWriter {
    reply: Reply,
    dialect: Dialect,
    /// How many lines of a list have been written, the first line included.
    written: usize,
}

impl ReplyWriter {
    /// A reply of which nothing has been written yet.
    pub fn new(reply: Reply, dialect: Dialect) -> ReplyWriter {
        ReplyWriter { reply, dialect, written: 0 }
    }

    /// Writes lines until `out` holds `enough` bytes or the reply ends; true if it ended. One line
    /// may overshoot, so `out` grows to at most `enough` and the longest line.
    pub fn write(&mut self, out: &mut BytesMut, enough: usize) -> bool {
        if self.dialect == Dialect::Legacy {
            match legacy::write(&self.reply, &mut self.written, out, enough) {
                legacy::Outcome::Ended => return true,
                legacy::Outcome::MoreLeft => return false,
                legacy::Outcome::SameAsStandard => {}
            }
        }
        let written = &mut self.written;
        match &mut self.reply {
            Reply::Ok => out.put_slice(b"OK\r\n"),
            Reply::Value(entry) => value_line(entry.value().unwrap_or_default(), out),
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
                if !key_lines(keys, self.dialect, written, out, enough) {
                    return false;
                }
                if self.dialect == Dialect::Standard {
                    out.put_slice(b"END\r\n");
                }
            }
            Reply::Number(name, number) => number_line(name, *number, out),
            Reply::Remaining(left) => line(&format!("TTL {left}"), out),
            Reply::Message(name, None) => line(name, out),
            Reply::Message(name, Some(message)) => {
                out.put_slice(name.as_bytes());
                out.put_u8(b' ');
                write_value(message, out);
                end_line(out);
            }
            Reply::Version => line(&format!("MerkleKV {}", crate::VERSION), out),
            Reply::Hash(prefix, digest) => hash_line(prefix.as_deref(), digest, self.dialect, out),
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
    let switch = if facts.enabled { "enabled" } else { "disabled" };
    let (state, queued) = (facts.state.name(), facts.queued);
    line(&format!("REPLICATION {switch} {state} queued={queued}"), out);
}
