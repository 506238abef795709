//! A data set outside of a node: its records, as JSON lines or as CSV. Knows no file and no node.
//!
//! ```text
//! JSON lines   {"key":"k","value":"v","ttl":60}            {"hex":"00ff"} for bytes that are no text
//! CSV          key,value,ttl CRLF k,v,60 CRLF              RFC 4180; bytes as they are
//! ```

mod csv;
mod jsonl;
mod outcome;
mod row;

use csv::CsvDecoder;
use jsonl::JsonDecoder;
pub use outcome::{Direction, Transferred, pace};
use std::path::Path;

/// The longest record, in bytes of its file: a value of 64 MiB, each of whose bytes takes two (as hex,
/// or a quote that is doubled), and a key.
pub const MAX_RECORD_BYTES: usize = 129 << 20;

/// One key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Any bytes.
    pub key: Vec<u8>,
    /// Any bytes.
    pub value: Vec<u8>,
    /// How long it is to be kept, at least 1; for ever without it.
    pub ttl_seconds: Option<u64>,
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An object of JSON in each line.
    JsonLines,
    /// A table with a header.
    Csv,
}

impl Format {
    /// By the name that options have for it.
    pub fn by_name(name: &str) -> Option<Format> {
        match name {
            "jsonl" => Some(Format::JsonLines),
            "csv" => Some(Format::Csv),
            _ => None,
        }
    }

    /// By the name of a file; JSON lines if that does not tell.
    pub fn of_file(file: &str) -> Format {
        let extension = Path::new(file).extension().unwrap_or_default();
        if extension.eq_ignore_ascii_case("csv") { Format::Csv } else { Format::JsonLines }
    }

    /// What a file begins with.
    pub fn header(self) -> &'static [u8] {
        match self {
            Format::JsonLines => b"",
            Format::Csv => csv::HEADER,
        }
    }

    /// Writes a record behind what is there.
    pub fn write(self, record: &Record, out: &mut Vec<u8>) {
        match self {
            Format::JsonLines => jsonl::write(record, out),
            Format::Csv => csv::write(record, out),
        }
    }
}

/// Something in a file that is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRecord {
    /// Where it begins, from 1.
    pub line: u64,
    /// What is wrong with it, and what was expected.
    pub reason: String,
}

/// What stands at one place of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A record, and the line in which it begins.
    Record(u64, Record),
    /// What is none; the next one may be good.
    Bad(BadRecord),
    /// That the rest of the file cannot be understood either.
    Hopeless(BadRecord),
}

/// Takes a file apart, a piece at a time. Holds one record at most, and of a record that is too long
/// nothing.
pub enum Decoder {
    /// Lines of JSON.
    JsonLines(JsonDecoder),
    /// A table.
    Csv(Box<CsvDecoder>),
}

impl Decoder {
    /// For a file of this format.
    pub fn new(format: Format) -> Decoder {
        Decoder::with_limit(format, MAX_RECORD_BYTES)
    }

    fn with_limit(format: Format, limit: usize) -> Decoder {
        match format {
            Format::JsonLines => Decoder::JsonLines(JsonDecoder::new(limit)),
            Format::Csv => Decoder::Csv(Box::new(CsvDecoder::new(limit))),
        }
    }

    /// Reads on. Gives how many bytes it has used, and what they complete. An empty piece is the end
    /// of the file, where nothing is completed only if nothing is left.
    pub fn read(&mut self, piece: &[u8]) -> (usize, Option<Decoded>) {
        match self {
            Decoder::JsonLines(decoder) => decoder.read(piece),
            Decoder::Csv(decoder) => decoder.read(piece),
        }
    }
}

/// What a text editor of Windows puts before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn too_long(limit: usize) -> String {
    format!("longer than {limit} bytes, which no record is")
}

#[cfg(test)]
mod tests;
