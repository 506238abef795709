//! Records as CSV, after RFC 4180: fields with a comma, a quote or a line break stand in quotes, and
//! quotes inside them are doubled. Bytes that are no UTF-8 are written as they are.

use super::jsonl::EXPECTED_TTL;
use super::row::Row;
use super::{BYTE_ORDER_MARK, BadRecord, Decoded, Record};
use crate::console::printable;
use csv_core::{ReadRecordResult, Reader};
use memchr::memchr_iter;

pub(super) const HEADER: &[u8] = b"key,value,ttl\r\n";

/// Writes a record as a row.
pub(super) fn write(record: &Record, out: &mut Vec<u8>) {
    write_field(&record.key, out);
    out.push(b',');
    write_field(&record.value, out);
    out.push(b',');
    if let Some(seconds) = record.ttl_seconds {
        out.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

fn write_field(field: &[u8], out: &mut Vec<u8>) {
    let has_break = memchr::memchr3(b',', b'\r', b'\n', field).is_some();
    if !has_break && memchr::memchr(b'"', field).is_none() {
        return out.extend_from_slice(field);
    }
    out.push(b'"');
    let mut from = 0;
    for quote in memchr_iter(b'"', field) {
        out.extend_from_slice(&field[from..=quote]);
        from = quote;
    }
    out.extend_from_slice(&field[from..]);
    out.push(b'"');
}

/// The state of a file between two pieces.
pub struct CsvDecoder {
    limit: usize,
    reader: Reader,
    row: Row,
    /// What the header says, once it has been read.
    header: Option<Header>,
    /// Line ends so far.
    lines: u64,
    is_hopeless: bool,
}

/// Where the columns of a file stand.
#[derive(Clone, Copy)]
struct Header {
    key: usize,
    value: usize,
    ttl: Option<usize>,
    width: usize,
}

impl CsvDecoder {
    pub(super) fn new(limit: usize) -> CsvDecoder {
        CsvDecoder {
            limit,
            reader: Reader::new(),
            row: Row::default(),
            header: None,
            lines: 0,
            is_hopeless: false,
        }
    }

    pub(super) fn read(&mut self, piece: &[u8]) -> (usize, Option<Decoded>) {
        if self.is_hopeless {
            return (piece.len(), None);
        }
        let mut used = 0;
        if self.row.line.is_none() {
            // Empty lines are no rows; and of the end of the line before a part may still be there.
            used = piece.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            self.lines += count(b'\n', &piece[..used]);
            if used == piece.len() {
                return (used, None);
            }
            self.row.line = Some(self.lines + 1);
        }
        loop {
            let rest = &piece[used..];
            let (result, read) = self.row.read(&mut self.reader, rest, self.limit);
            self.lines += count(b'\n', &rest[..read]);
            used += read;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return (used, None),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::Record => {
                    let decoded = self.take();
                    self.row.clear();
                    return (used, decoded);
                }
            }
        }
    }

    /// What the row says that has ended; nothing if it is the header.
    fn take(&mut self) -> Option<Decoded> {
        let line = self.row.line.unwrap_or_default();
        let checked = self.row.check(self.limit);
        let Some(header) = self.header else {
            match checked.and_then(|()| header(&self.row)) {
                Ok(header) => self.header = Some(header),
                Err(reason) => {
                    self.is_hopeless = true;
                    return Some(Decoded::Hopeless(BadRecord { line, reason }));
                }
            }
            return None;
        };
        Some(match checked.and_then(|()| record(&self.row, header)) {
            Ok(record) => Decoded::Record(line, record),
            Err(reason) => Decoded::Bad(BadRecord { line, reason }),
        })
    }
}

fn header(row: &Row) -> Result<Header, String> {
    let mut names: Vec<&[u8]> = (0..row.fields).map(|at| row.field(at).trim_ascii()).collect();
    if let Some(first) = names.first_mut() {
        *first = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first);
    }
    let expected = "the first line has to name the columns key and value, and may name ttl";
    let known = |name: &&[u8]| matches!(*name, b"key" | b"value" | b"ttl");
    if let Some(other) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no column \"{}\": {expected}", printable(other)));
    }
    let place = |name: &[u8]| names.iter().position(|found| *found == name);
    let (Some(key), Some(value), ttl) = (place(b"key"), place(b"value"), place(b"ttl")) else {
        return Err(expected.to_owned());
    };
    let width = names.len();
    let named = 2 + usize::from(ttl.is_some());
    if width == named {
        Ok(Header { key, value, ttl, width })
    } else {
        Err("a column is named twice".to_owned())
    }
}

fn record(row: &Row, header: Header) -> Result<Record, String> {
    let Header { key, value, ttl, width } = header;
    if row.fields != width {
        return Err(format!("{} fields, and the first line has {width}", row.fields));
    }
    let ttl = ttl.map(|at| row.field(at).trim_ascii()).unwrap_or_default();
    let ttl_seconds = match ttl {
        b"" => None,
        digits => match std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()) {
            Some(seconds @ 1..) => Some(seconds),
            Some(0) | None => return Err(format!("ttl is {}, {EXPECTED_TTL}", printable(digits))),
        },
    };
    let field = |at: usize| row.field(at).to_vec();
    Ok(Record { key: field(key), value: field(value), ttl_seconds })
}

fn count(byte: u8, bytes: &[u8]) -> u64 {
    memchr_iter(byte, bytes).count() as u64
}
