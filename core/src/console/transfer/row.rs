//! One row of CSV while it is read: its fields, in bounded memory, and whether they are well formed.

use super::too_long;
use csv_core::{ReadRecordResult, Reader};
use memchr::memchr_iter;

/// Fields that are told apart: more than any good row has.
const MAX_FIELDS: usize = 8;

/// The least room for a row, and what is kept between two.
const ROOM_BYTES: usize = 4 << 10;

/// What has come of a row.
#[derive(Default)]
pub(super) struct Row {
    /// The line in which it begins, from 1; nothing before it has.
    pub(super) line: Option<u64>,
    /// Fields that have ended.
    pub(super) fields: usize,
    /// Where each of them ends.
    ends: [usize; MAX_FIELDS],
    /// Fields, one behind the other, and room.
    text: Vec<u8>,
    /// Bytes of the room that are used.
    length: usize,
    quotes: usize,
    is_too_long: bool,
    has_too_many: bool,
}

impl Row {
    /// Reads on. Gives why it ended, and how many bytes it has read.
    pub(super) fn read(
        &mut self,
        reader: &mut Reader,
        piece: &[u8],
        limit: usize,
    ) -> (ReadRecordResult, usize) {
        self.make_room(limit);
        let room = &mut self.text[self.length..];
        let ends = &mut self.ends[self.fields..];
        let (result, read, written, ended) = reader.read_record(piece, room, ends);
        self.length += written;
        self.fields += ended;
        self.quotes += memchr_iter(b'"', &piece[..read]).count();
        (result, read)
    }

    /// What does not fit is read over what is there: the row is refused anyway.
    fn make_room(&mut self, limit: usize) {
        if self.fields == MAX_FIELDS {
            self.has_too_many = true;
            self.fields = 0;
        }
        if self.length < self.text.len() {
            return;
        }
        if self.text.len() < limit {
            self.text.resize((self.text.len() * 2).clamp(ROOM_BYTES.min(limit), limit), 0);
        } else {
            self.is_too_long = true;
            self.length = 0;
        }
    }

    /// Whether its fields are what was written.
    pub(super) fn check(&self, limit: usize) -> Result<(), String> {
        if self.is_too_long {
            Err(too_long(limit))
        } else if !self.quotes.is_multiple_of(2) {
            Err("a quote is not closed; one inside a field is written twice, and the field stands \
                 in quotes"
                .to_owned())
        } else if self.has_too_many {
            Err(format!("more than {} fields", MAX_FIELDS - 1))
        } else {
            Ok(())
        }
    }

    /// A field of a row that has been checked.
    pub(super) fn field(&self, at: usize) -> &[u8] {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[from..self.ends[at]]
    }

    /// Makes ready for the next row. Room that few rows need is given back.
    pub(super) fn clear(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        text.truncate(ROOM_BYTES);
        if text.capacity() > 16 * ROOM_BYTES {
            text = Vec::new();
        }
        *self = Row { text, ..Row::default() };
    }
}
