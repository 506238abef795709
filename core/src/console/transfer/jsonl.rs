//! Records as JSON lines.

use super::{BYTE_ORDER_MARK, BadRecord, Decoded, Record, too_long};
use crate::console::json::hex;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// Writes a record as a line.
pub(super) fn write(record: &Record, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"key\":");
    write_bytes(&record.key, out);
    out.extend_from_slice(b",\"value\":");
    write_bytes(&record.value, out);
    if let Some(seconds) = record.ttl_seconds {
        out.extend_from_slice(b",\"ttl\":");
        out.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
    }
    out.extend_from_slice(b"}\n");
}

/// A text, or in hex what is none, and also what escapes would make longer than that: so a record has
/// at most two bytes for each of its value.
fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    /// Of the object and its name around the digits.
    const AROUND_HEX: usize = 10;
    let begin = out.len();
    let is_written =
        std::str::from_utf8(bytes).is_ok_and(|text| serde_json::to_writer(&mut *out, text).is_ok());
    if is_written && out.len() - begin <= 2 * bytes.len() + AROUND_HEX {
        return;
    }
    out.truncate(begin);
    out.extend_from_slice(b"{\"hex\":\"");
    out.extend_from_slice(hex(bytes).as_bytes());
    out.extend_from_slice(b"\"}");
}

/// The state of a file between two pieces.
pub struct JsonDecoder {
    limit: usize,
    /// Complete lines so far.
    lines: u64,
    /// What has come of the next one.
    line: Vec<u8>,
    is_too_long: bool,
}

impl JsonDecoder {
    pub(super) fn new(limit: usize) -> JsonDecoder {
        JsonDecoder { limit, lines: 0, line: Vec::new(), is_too_long: false }
    }

    pub(super) fn read(&mut self, piece: &[u8]) -> (usize, Option<Decoded>) {
        let end = memchr::memchr(b'\n', piece);
        let part = &piece[..end.unwrap_or(piece.len())];
        self.is_too_long |= self.line.len() + part.len() > self.limit;
        if self.is_too_long {
            self.line = Vec::new();
        } else {
            self.line.extend_from_slice(part);
        }
        let used = end.map_or(piece.len(), |end| end + 1);
        let is_ended = end.is_some() || piece.is_empty();
        (used, if is_ended { self.take() } else { None })
    }

    /// What the line says that has ended; nothing if it is empty.
    fn take(&mut self) -> Option<Decoded> {
        self.lines += 1;
        let bad = |reason| Decoded::Bad(BadRecord { line: self.lines, reason });
        if std::mem::take(&mut self.is_too_long) {
            return Some(bad(too_long(self.limit)));
        }
        let line = match self.lines {
            1 => self.line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&self.line),
            _ => &self.line,
        };
        if line.trim_ascii().is_empty() {
            self.line.clear();
            return None;
        }
        let read = match (line.trim_ascii_start(), serde_json::from_slice::<Line>(line)) {
            // serde would take its items for the members.
            ([b'[', ..], _) => bad(format!("an array, {EXPECTED_LINE}")),
            (_, Ok(line)) => Decoded::Record(self.lines, line.into()),
            (_, Err(error)) => bad(in_words(&error)),
        };
        self.line.clear();
        Some(read)
    }
}

/// The message without the place, which is counted within the line.
fn in_words(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
    match error.classify() {
        serde_json::error::Category::Data => message.to_owned(),
        _ => format!("no JSON at column {}: {message}", error.column()),
    }
}

/// A line as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with key and value")]
struct Line {
    key: Text,
    value: Text,
    #[serde(default, deserialize_with = "seconds")]
    ttl: Option<u64>,
}

impl From<Line> for Record {
    fn from(line: Line) -> Record {
        Record { key: line.key.0, value: line.value.0, ttl_seconds: line.ttl }
    }
}

/// Whole seconds from 1 on, or null.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let seconds = Option::<serde_json::Value>::deserialize(deserializer)?;
    let Some(seconds) = seconds else { return Ok(None) };
    match seconds.as_u64() {
        Some(seconds @ 1..) => Ok(Some(seconds)),
        Some(0) | None => Err(D::Error::custom(format!("ttl is {seconds}, {EXPECTED_TTL}"))),
    }
}

const EXPECTED_LINE: &str = "expected an object with key and value";

pub(super) const EXPECTED_TTL: &str = "and not a number of seconds from 1";

/// A text, or bytes in hex.
struct Text(Vec<u8>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or {\"hex\":\"00ff\"}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.as_bytes().to_vec()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Text, E> {
        Ok(Text(text.into_bytes()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        let Some((name, digits)) = map.next_entry::<String, String>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        if name != "hex" || map.next_key::<String>()?.is_some() {
            return Err(A::Error::invalid_value(Unexpected::Map, &self));
        }
        unhex(&digits).map(Text).ok_or_else(|| A::Error::custom("hex has two digits for each byte"))
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}
