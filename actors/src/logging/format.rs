//! Turns a log record into one line, as text or as JSON.
//! Knows nothing of levels wanted, files or threads, and is given the time.
//!
//! ```text
//! text   2026-11-23T05:41:03.123Z INFO  merkle_kv_actors::mqtt: connected broker=127.0.0.1:1883
//! json   {"time":"2026-11-23T05:41:03.123Z","level":"INFO","target":"merkle_kv_actors::mqtt",
//!         "node":"node-1","message":"connected","broker":"127.0.0.1:1883"}      (on one line)
//! ```
//!
//! A record is exactly one line ending in `\n`, whatever it holds: characters that end a line,
//! drive a terminal or hide text are escaped in both formats. In JSON a field keeps its type; one
//! named like a key that is already taken (`time`, or a field given twice) gets `_` appended until
//! its name is free. A value that is not finite is written as a string, JSON having no number for it.

use std::fmt::{self, Write as _};
use std::io;
use std::time::SystemTime;

use log::Record;
use log::kv::{self, Key, Value, VisitSource, VisitValue};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::timestamp::Timestamp;

#[cfg(test)]
mod tests;

/// Text one record may carry, message, names and values together, before escaping: room for every
/// honest line, and a stranger's megabyte stays a line that can be read. What is beyond is left out
/// and the line says `truncated=true`. Escaping makes it at most eight times as long.
pub(super) const MAX_TEXT_BYTES: usize = 8 * 1024;

/// Fields one record may carry; our own lines have fewer than ten.
pub(super) const MAX_FIELDS: usize = 32;

/// Stands where text was cut.
const ELLIPSIS: char = '…';

/// How a record becomes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people: `time LEVEL target: message field=value`.
    #[default]
    Text,
    /// For programs: one JSON object per line.
    Json,
}

/// Writes `record` as one line, node id included where the format has a place for it.
///
/// Fails only as `out` fails: a value that cannot be displayed is replaced by a remark.
pub(super) fn write_line(
    out: &mut impl io::Write,
    format: LogFormat,
    node_id: &str,
    record: &Record<'_>,
    now: SystemTime,
) -> io::Result<()> {
    let content = Content::of(record);
    match format {
        LogFormat::Text => write_text(out, record, &content, now),
        LogFormat::Json => write_json(out, node_id, record, &content, now),
    }
}

fn write_text(
    out: &mut impl io::Write,
    record: &Record<'_>,
    content: &Content,
    now: SystemTime,
) -> io::Result<()> {
    let level = record.level();
    let target = Escaped(record.target());
    write!(out, "{} {level:<5} {target}: {}", Timestamp(now), Escaped(&content.message))?;
    for (name, value) in &content.fields {
        write!(out, " {}={}", Bare(name), Shown(value))?;
    }
    if content.truncated {
        out.write_all(b" truncated=true")?;
    }
    out.write_all(b"\n")
}

fn write_json(
    out: &mut impl io::Write,
    node_id: &str,
    record: &Record<'_>,
    content: &Content,
    now: SystemTime,
) -> io::Result<()> {
    let mut json = serde_json::Serializer::with_formatter(&mut *out, OneLine);
    let mut taken: Vec<String> = Vec::with_capacity(6 + content.fields.len());
    let mut object = json.serialize_map(None)?;
    for (name, value) in [
        ("time", Timestamp(now).to_string().as_str()),
        ("level", record.level().as_str()),
        ("target", record.target()),
        ("node", node_id),
        ("message", &content.message),
    ] {
        object.serialize_entry(name, value)?;
        taken.push(name.to_owned());
    }
    if content.truncated {
        object.serialize_entry("truncated", &true)?;
        taken.push("truncated".to_owned());
    }
    for (name, value) in &content.fields {
        let mut name = name.clone();
        while taken.contains(&name) {
            name.push('_');
        }
        object.serialize_entry(&name, value)?;
        taken.push(name);
    }
    object.end()?;
    out.write_all(b"\n")
}

/// What a record says, taken out of it once and within the limits above.
struct Content {
    message: String,
    fields: Vec<(String, Scalar)>,
    truncated: bool,
    room: usize,
}

impl Content {
    fn of(record: &Record<'_>) -> Self {
        let mut content = Content {
            message: String::new(),
            fields: Vec::new(),
            truncated: false,
            room: MAX_TEXT_BYTES,
        };
        content.message = content.text(record.args());
        // The visitor below never fails; a source that does has said what it could.
        let _ = record.key_values().visit(&mut content);
        content
    }

    /// The text of `value`, as much of it as there is room for.
    fn text(&mut self, value: &dyn fmt::Display) -> String {
        let mut bounded = Bounded { text: String::new(), room: self.room, truncated: false };
        let written = write!(bounded, "{value}");
        let Bounded { mut text, room, truncated } = bounded;
        self.room = room;
        if truncated {
            self.truncated = true;
            text.push(ELLIPSIS);
        } else if written.is_err() {
            text.push_str("(cannot be displayed)");
        }
        text
    }
}

impl<'kvs> VisitSource<'kvs> for Content {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), kv::Error> {
        if self.fields.len() == MAX_FIELDS || self.room == 0 {
            self.truncated = true;
            return Ok(());
        }
        let name = self.text(&key);
        let mut scalar = Scalar::Null;
        value.visit(ScalarOf { content: self, scalar: &mut scalar })?;
        self.fields.push((name, scalar));
        Ok(())
    }
}

/// A string that stops growing when its room is used up.
struct Bounded {
    text: String,
    room: usize,
    truncated: bool,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if piece.len() <= self.room {
            self.text.push_str(piece);
            self.room -= piece.len();
            return Ok(());
        }
        let cut = (0..=self.room).rev().find(|&end| piece.is_char_boundary(end)).unwrap_or(0);
        self.text.push_str(&piece[..cut]);
        self.room = 0;
        self.truncated = true;
        // Stops a Display that would go on for a megabyte.
        Err(fmt::Error)
    }
}

/// The value of a field, with the type it was logged with.
enum Scalar {
    Null,
    Bool(bool),
    Unsigned(u128),
    Signed(i128),
    Float(f64),
    Text(String),
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Scalar::Null => serializer.serialize_unit(),
            Scalar::Bool(value) => serializer.serialize_bool(*value),
            Scalar::Unsigned(value) => serializer.serialize_u128(*value),
            Scalar::Signed(value) => serializer.serialize_i128(*value),
            Scalar::Float(value) if value.is_finite() => serializer.serialize_f64(*value),
            Scalar::Float(value) => serializer.collect_str(value),
            Scalar::Text(value) => serializer.serialize_str(value),
        }
    }
}

struct ScalarOf<'a> {
    content: &'a mut Content,
    scalar: &'a mut Scalar,
}

impl<'v> VisitValue<'v> for ScalarOf<'_> {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), kv::Error> {
        *self.scalar = Scalar::Text(self.content.text(&value));
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), kv::Error> {
        *self.scalar = Scalar::Null;
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        *self.scalar = Scalar::Bool(value);
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        *self.scalar = Scalar::Unsigned(value.into());
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        *self.scalar = Scalar::Signed(value.into());
        Ok(())
    }

    fn visit_u128(&mut self, value: u128) -> Result<(), kv::Error> {
        *self.scalar = Scalar::Unsigned(value);
        Ok(())
    }

    fn visit_i128(&mut self, value: i128) -> Result<(), kv::Error> {
        *self.scalar = Scalar::Signed(value);
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        *self.scalar = Scalar::Float(value);
        Ok(())
    }
}

/// Characters that may not reach a log as they are: they end a line for some reader, drive a
/// terminal, or change how the text around them looks.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Text outside quotes: unsafe characters escaped, all else as it is.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_escaped(f, self.0, is_unsafe)
    }
}

/// The name of a field: anything that could be taken for the end of a name becomes `_`.
struct Bare<'a>(&'a str);

impl fmt::Display for Bare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        self.0.chars().try_for_each(|c| f.write_char(if plain(c) { c } else { '_' }))
    }
}

/// The value of a field: quoted when it is empty or holds what could end it.
struct Shown<'a>(&'a Scalar);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Scalar::Null => f.write_str("null"),
            Scalar::Bool(value) => value.fmt(f),
            Scalar::Unsigned(value) => value.fmt(f),
            Scalar::Signed(value) => value.fmt(f),
            Scalar::Float(value) => value.fmt(f),
            Scalar::Text(value) if needs_quotes(value) => {
                f.write_char('"')?;
                write_escaped(f, value, |c| is_unsafe(c) || matches!(c, '"' | '\\'))?;
                f.write_char('"')
            }
            Scalar::Text(value) => f.write_str(value),
        }
    }
}

fn needs_quotes(value: &str) -> bool {
    let special = |c: char| is_unsafe(c) || c.is_whitespace() || matches!(c, '"' | '\\' | '=');
    value.is_empty() || value.chars().any(special)
}

fn write_escaped(
    f: &mut fmt::Formatter<'_>,
    text: &str,
    must_escape: impl Fn(char) -> bool,
) -> fmt::Result {
    let mut rest = text;
    while let Some(position) = rest.find(&must_escape) {
        let (plain, tail) = rest.split_at(position);
        f.write_str(plain)?;
        let mut chars = tail.chars();
        if let Some(c) = chars.next() {
            write!(f, "{}", c.escape_default())?;
        }
        rest = chars.as_str();
    }
    f.write_str(rest)
}

/// JSON without spaces in which unsafe characters beyond those JSON itself escapes are escaped too.
struct OneLine;

impl serde_json::ser::Formatter for OneLine {
    fn write_string_fragment<W>(&mut self, out: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some(position) = rest.find(is_unsafe) {
            let (plain, tail) = rest.split_at(position);
            out.write_all(plain.as_bytes())?;
            let mut chars = tail.chars();
            if let Some(c) = chars.next() {
                // One UTF-16 unit is enough: every unsafe character lies below U+10000.
                write!(out, "\\u{:04x}", u32::from(c))?;
            }
            rest = chars.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}
