//! What the load hears: one reply after the other out of whatever has been read, without copying or
//! allocating. A reply that is not all there is looked at again when more is.

use super::wire::{KEY_BYTES, Kind, Protocol};
use memchr::memchr;

/// What begins the bytes that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A part of a reply.
    Incomplete,
    /// A reply of so many bytes.
    Reply(usize, Answer),
    /// Something of which the end cannot be told, so nothing behind it either.
    Unreadable,
}

/// What a reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// That it is done, or a value of the right length.
    Good,
    /// That there is no such key.
    Missing,
    /// Anything else: an error, a value of another length, another word.
    Bad,
}

/// Reads replies to reads and writes of values of one length.
pub(super) struct Replies {
    protocol: Protocol,
    value_bytes: usize,
    /// What stands before a value: of memcached's, what stands behind the key.
    header: Vec<u8>,
}

impl Replies {
    pub(super) fn new(protocol: Protocol, value_bytes: usize) -> Replies {
        let header = match protocol {
            Protocol::Text => "VALUE ".to_owned(),
            Protocol::Resp => format!("${value_bytes}\r\n"),
            Protocol::Memcached => format!(" 0 {value_bytes}\r\n"),
        };
        Replies { protocol, value_bytes, header: header.into_bytes() }
    }

    /// Bytes of the longest good reply.
    pub(super) fn longest(&self) -> usize {
        VALUE.len() + KEY_BYTES + self.header.len() + self.value_bytes + VALUE_END.len()
    }

    /// Reads the reply that these bytes begin with.
    pub(super) fn parse(&self, kind: Kind, bytes: &[u8]) -> Parsed {
        match (self.protocol, kind) {
            (Protocol::Text, Kind::Set) => confirmation(bytes, b"OK\r\n"),
            (Protocol::Resp, Kind::Set) if bytes.first() == Some(&b'$') => bulk(bytes, None),
            (Protocol::Resp, Kind::Set) => simple(bytes),
            (Protocol::Memcached, Kind::Set) => confirmation(bytes, b"STORED\r\n"),
            (Protocol::Text, Kind::Get) => self.text_value(bytes),
            (Protocol::Resp, Kind::Get) => self.resp_value(bytes),
            (Protocol::Memcached, Kind::Get) => self.memcached_value(bytes),
        }
    }

    fn text_value(&self, bytes: &[u8]) -> Parsed {
        let Some(end) = line_end(bytes) else { return Parsed::Incomplete };
        let line = without_return(&bytes[..end - 1]);
        let is_value =
            line.len() == self.header.len() + self.value_bytes && line.starts_with(&self.header);
        let answer = match line {
            _ if is_value => Answer::Good,
            b"(null)" | b"NOT_FOUND" => Answer::Missing,
            _ => Answer::Bad,
        };
        Parsed::Reply(end, answer)
    }

    fn resp_value(&self, bytes: &[u8]) -> Parsed {
        let end = self.header.len() + self.value_bytes + LINE_END.len();
        if bytes.len() >= end && bytes.starts_with(&self.header) {
            let is_ended = bytes[..end].ends_with(LINE_END);
            return if is_ended { Parsed::Reply(end, Answer::Good) } else { Parsed::Unreadable };
        }
        match bytes.first() {
            Some(b'$') => bulk(bytes, Some(self.value_bytes)),
            Some(b'_') => line(bytes, Answer::Missing),
            _ => simple_or_error(bytes, Answer::Bad),
        }
    }

    fn memcached_value(&self, bytes: &[u8]) -> Parsed {
        let behind_key = VALUE.len() + KEY_BYTES;
        let value = behind_key + self.header.len();
        let end = value + self.value_bytes + VALUE_END.len();
        if bytes.len() >= end
            && bytes.starts_with(VALUE)
            && bytes[behind_key..].starts_with(&self.header)
        {
            let is_ended = bytes[..end].ends_with(VALUE_END);
            return if is_ended { Parsed::Reply(end, Answer::Good) } else { Parsed::Unreadable };
        }
        let Some(end) = line_end(bytes) else { return Parsed::Incomplete };
        let line = without_return(&bytes[..end - 1]);
        if line == b"END" {
            return Parsed::Reply(end, Answer::Missing);
        }
        if !line.starts_with(VALUE) {
            return Parsed::Reply(end, Answer::Bad);
        }
        let length = line.rsplit(|byte| *byte == b' ').next().and_then(number);
        match length {
            None => Parsed::Unreadable,
            Some(length) => self.sized(bytes, end, length, VALUE_END),
        }
    }

    fn sized(&self, bytes: &[u8], begin: usize, length: usize, ending: &[u8]) -> Parsed {
        sized(bytes, begin, length, ending, length == self.value_bytes)
    }
}

const VALUE: &[u8] = b"VALUE ";
const LINE_END: &[u8] = b"\r\n";
const VALUE_END: &[u8] = b"\r\nEND\r\n";

/// A whole line that has to be this one.
fn confirmation(bytes: &[u8], expected: &[u8]) -> Parsed {
    if bytes.starts_with(expected) {
        return Parsed::Reply(expected.len(), Answer::Good);
    }
    line(bytes, Answer::Bad)
}

/// A whole line, whatever it says.
fn line(bytes: &[u8], answer: Answer) -> Parsed {
    line_end(bytes).map_or(Parsed::Incomplete, |end| Parsed::Reply(end, answer))
}

/// A reply of Redis in one line, which has to be OK.
fn simple(bytes: &[u8]) -> Parsed {
    match confirmation(bytes, b"+OK\r\n") {
        Parsed::Reply(_, Answer::Bad) | Parsed::Incomplete => simple_or_error(bytes, Answer::Bad),
        other => other,
    }
}

/// A reply of Redis in one line.
fn simple_or_error(bytes: &[u8], answer: Answer) -> Parsed {
    match bytes.first() {
        None => Parsed::Incomplete,
        Some(b'+' | b'-' | b':') => line(bytes, answer),
        Some(_) => Parsed::Unreadable,
    }
}

/// A value of Redis, which is good only with the length that is expected.
fn bulk(bytes: &[u8], expected: Option<usize>) -> Parsed {
    let Some(end) = line_end(bytes) else { return Parsed::Incomplete };
    let header = without_return(&bytes[1..end - 1]);
    match (header, number(header)) {
        (b"-1", _) if expected.is_some() => Parsed::Reply(end, Answer::Missing),
        (b"-1", _) => Parsed::Reply(end, Answer::Bad),
        (_, None) => Parsed::Unreadable,
        (_, Some(length)) => sized(bytes, end, length, LINE_END, expected == Some(length)),
    }
}

/// A value of known length and what has to stand behind it.
fn sized(bytes: &[u8], begin: usize, length: usize, ending: &[u8], is_good: bool) -> Parsed {
    let Some(rest) = bytes[begin..].get(length..) else { return Parsed::Incomplete };
    if rest.starts_with(ending) {
        let answer = if is_good { Answer::Good } else { Answer::Bad };
        return Parsed::Reply(begin + length + ending.len(), answer);
    }
    if ending.starts_with(rest) { Parsed::Incomplete } else { Parsed::Unreadable }
}

/// Where the next line begins.
fn line_end(bytes: &[u8]) -> Option<usize> {
    memchr(b'\n', bytes).map(|at| at + 1)
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
