//! Replies to RESP. A long reply is written a piece at a time, as in the text protocol.

use super::error;
use crate::entry::Entry;
use crate::protocol::{Keys, Nested, Reply, Report, RespVersion};
use bytes::{BufMut, BytesMut};

/// Writes until `out` holds `enough` bytes or the reply ends; true if it ended. One value may
/// overshoot. `written` counts the items of a list, its head included.
pub(in crate::protocol) fn write(
    reply: &mut Reply,
    version: RespVersion,
    written: &mut usize,
    out: &mut BytesMut,
    enough: usize,
) -> bool {
    match reply {
        Reply::Ok => out.put_slice(b"+OK\r\n"),
        Reply::Value(entry) => bulk(entry.value().unwrap_or_default(), out),
        Reply::Counted(entry) => {
            out.put_u8(b':');
            out.put_slice(entry.value().unwrap_or_default());
            end_line(out);
        }
        Reply::Grown(entry) => integer(entry.value().map_or(0, <[u8]>::len) as i64, out),
        Reply::NoValue => null(version, out),
        Reply::Deleted => integer(1, out),
        Reply::NotFound | Reply::Did(false) => integer(0, out),
        Reply::Did(true) => integer(1, out),
        Reply::Remaining(left) => integer(*left, out),
        Reply::Values(values) => {
            head(b'*', values.len(), written, out);
            while let Some((_, entry)) = values.get(*written - 1) {
                if out.len() >= enough {
                    return false;
                }
                match entry.as_ref().and_then(Entry::value) {
                    Some(value) => bulk(value, out),
                    None => null(version, out),
                }
                *written += 1;
            }
        }
        Reply::Keys(keys) => return write_keys(keys, written, out, enough),
        Reply::Scanned(cursor, entries) => {
            if *written == 0 {
                out.put_slice(b"*2\r\n");
                bulk(itoa::Buffer::new().format(*cursor).as_bytes(), out);
            }
            head(b'*', entries.len(), written, out);
            while let Some(entry) = entries.get(*written - 1) {
                if out.len() >= enough {
                    return false;
                }
                bulk(entry.key(), out);
                *written += 1;
            }
        }
        Reply::Key(entry) => bulk(entry.key(), out),
        Reply::Number(_, number) => integer(i64::try_from(*number).unwrap_or(i64::MAX), out),
        Reply::Message(name, None) => simple(name, out),
        Reply::Message(_, Some(message)) => bulk(message, out),
        Reply::Version => bulk(format!("MerkleKV {}", crate::VERSION).as_bytes(), out),
        Reply::Hash(_, digest) => bulk(digest.to_string().as_bytes(), out),
        Reply::Report(report) => write_report(report, version, out),
        Reply::Nested(nested) => write_nested(nested, version, out),
        Reply::Replication(facts) => bulk(facts.to_string().as_bytes(), out),
        Reply::Error(error) => {
            out.put_u8(b'-');
            simple_text(&error::line(error), out);
        }
    }
    true
}

/// Writes the head of a list or a map, once.
fn head(kind: u8, count: usize, written: &mut usize, out: &mut BytesMut) {
    if *written == 0 {
        line_of_number(kind, count as i64, out);
        *written = 1;
    }
}

fn write_keys(keys: &mut Keys, written: &mut usize, out: &mut BytesMut, enough: usize) -> bool {
    head(b'*', keys.count, written, out);
    while out.len() < enough {
        let Some(entry) = keys.entries.next() else {
            return true;
        };
        bulk(entry.key(), out);
    }
    false
}

/// What Redis has as lines in one string is one here as well; other reports are lists of lines.
fn write_report(report: &Report, version: RespVersion, out: &mut BytesMut) {
    let lines = report.lines();
    match report {
        Report::Info(_) => {
            let text = [redis_lines(), lines].concat().join("\r\n");
            page(&format!("# Server\r\n{text}\r\n"), version, out);
        }
        Report::Stats(_) | Report::Clients(_) => {
            let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
            page(&lines, version, out);
        }
        Report::Sync(_) | Report::Peers(_) | Report::Help => {
            line_of_number(b'*', lines.len() as i64, out);
            lines.iter().for_each(|line| bulk(line.as_bytes(), out));
        }
    }
}

/// What clients of Redis look for in INFO before they go on.
fn redis_lines() -> Vec<String> {
    let version = super::REDIS_VERSION;
    [format!("redis_version:{version}"), "redis_mode:standalone".into(), "role:master".into()]
        .into_iter()
        .chain(["loading:0".to_owned()])
        .collect()
}

fn write_nested(nested: &Nested, version: RespVersion, out: &mut BytesMut) {
    match nested {
        Nested::Null => null(version, out),
        Nested::Word(word) => simple(word, out),
        Nested::Text(text) => bulk(text, out),
        Nested::Number(number) => integer(*number, out),
        Nested::List(items) => {
            line_of_number(b'*', items.len() as i64, out);
            items.iter().for_each(|item| write_nested(item, version, out));
        }
        Nested::Map(pairs) => {
            match version {
                RespVersion::Two => line_of_number(b'*', 2 * pairs.len() as i64, out),
                RespVersion::Three => line_of_number(b'%', pairs.len() as i64, out),
            }
            for (name, value) in pairs {
                bulk(name.as_bytes(), out);
                write_nested(value, version, out);
            }
        }
    }
}

fn null(version: RespVersion, out: &mut BytesMut) {
    match version {
        RespVersion::Two => out.put_slice(b"$-1\r\n"),
        RespVersion::Three => out.put_slice(b"_\r\n"),
    }
}

fn bulk(text: &[u8], out: &mut BytesMut) {
    out.reserve(text.len() + 16);
    line_of_number(b'$', text.len() as i64, out);
    out.put_slice(text);
    end_line(out);
}

/// Text for people: version 3 says so.
fn page(text: &str, version: RespVersion, out: &mut BytesMut) {
    match version {
        RespVersion::Two => bulk(text.as_bytes(), out),
        RespVersion::Three => {
            line_of_number(b'=', text.len() as i64 + 4, out);
            out.put_slice(b"txt:");
            out.put_slice(text.as_bytes());
            end_line(out);
        }
    }
}

fn integer(number: i64, out: &mut BytesMut) {
    line_of_number(b':', number, out);
}

fn line_of_number(kind: u8, number: i64, out: &mut BytesMut) {
    out.put_u8(kind);
    out.put_slice(itoa::Buffer::new().format(number).as_bytes());
    end_line(out);
}

fn simple(word: &str, out: &mut BytesMut) {
    out.put_u8(b'+');
    simple_text(word, out);
}

fn simple_text(text: &str, out: &mut BytesMut) {
    out.put_slice(text.as_bytes());
    end_line(out);
}

fn end_line(out: &mut BytesMut) {
    out.put_slice(b"\r\n");
}
