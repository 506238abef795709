//! Records: what the frames of a comparison carry, packed.
//!
//! ```text
//! record = head varint | body           head = skip << 2 | kind
//!
//! kind 0  wide cut     count | mean | n | (n - 1) tags u16 | n digests u48
//! kind 1  narrow cut   count | mean | n | (n - 1) tags u8  | n digests u32
//! kind 2  list         count | n | n digests u32
//! kind 3  wish         bytes | a bit for each place of a list, the first in the lowest bit
//! ```
//!
//! Numbers are LEB128 varints, tags and digests big-endian. A cut or a list is about `count` runs
//! of those that the other side has cut in its last turn; `skip` is how many runs lie between
//! them and those of the record before. A wish is about a list of the last turn, and `skip` counts
//! lists. So no run is spoken of twice in a turn.
//!
//! `mean` is the number of entries that the runs of the cut have on average, which tells where
//! the cut is: see [`crate::merkle::Priority::reached_by_one_in`].

use super::error::SessionError;
use std::ops::Range;

/// How many bits of tags and digests a cut has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// The first cut, of everything: one miss here would hide much.
    Wide,
    /// Any other.
    Narrow,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    Cut { of: Range<usize>, width: Width, mean: u64, tags: Vec<u64>, digests: Vec<u64> },
    List { of: Range<usize>, digests: Vec<u64> },
    Wish { list: usize, wanted: Vec<usize> },
}

/// Runs in one cut at most, so that a record fits a frame.
pub(super) const MAX_RUNS: usize = 4096;

/// Places in one list at most.
pub(super) const MAX_PLACES: usize = 8192;

impl Width {
    fn tag_bytes(self) -> usize {
        match self {
            Width::Wide => 2,
            Width::Narrow => 1,
        }
    }

    fn digest_bytes(self) -> usize {
        match self {
            Width::Wide => 6,
            Width::Narrow => 4,
        }
    }

    /// A separator's tag, cut to size.
    pub(super) fn tag(self, full: u64) -> u64 {
        low_bytes(full, self.tag_bytes())
    }

    /// A digest, cut to size.
    pub(super) fn digest(self, full: u64) -> u64 {
        low_bytes(full, self.digest_bytes())
    }
}

/// A digest in a list, cut to size.
pub(super) fn place(full: u64) -> u64 {
    low_bytes(full, 4)
}

fn low_bytes(full: u64, bytes: usize) -> u64 {
    full & ((1 << (8 * bytes)) - 1)
}

/// Where the last record of a turn ended, for the runs and for the lists that it speaks of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    run: usize,
    list: usize,
}

impl Record {
    /// Writes a record behind others.
    pub(super) fn write(&self, place: &mut Place, out: &mut Vec<u8>) {
        match self {
            Record::Cut { of, width, mean, tags, digests } => {
                let kind = match width {
                    Width::Wide => 0,
                    Width::Narrow => 1,
                };
                write_runs(of, kind, place, out);
                write_varint(*mean, out);
                write_varint(digests.len() as u64, out);
                tags.iter().for_each(|tag| write_low(*tag, width.tag_bytes(), out));
                digests.iter().for_each(|digest| write_low(*digest, width.digest_bytes(), out));
            }
            Record::List { of, digests } => {
                write_runs(of, 2, place, out);
                write_varint(digests.len() as u64, out);
                digests.iter().for_each(|digest| write_low(*digest, 4, out));
            }
            Record::Wish { list, wanted } => {
                write_varint(((list - place.list) as u64) << 2 | 3, out);
                place.list = list + 1;
                let bytes = wanted.last().map_or(0, |last| last / 8 + 1);
                write_varint(bytes as u64, out);
                let start = out.len();
                out.resize(start + bytes, 0);
                wanted.iter().for_each(|at| out[start + at / 8] |= 1 << (at % 8));
            }
        }
    }
}

fn write_runs(of: &Range<usize>, kind: u64, place: &mut Place, out: &mut Vec<u8>) {
    write_varint(((of.start - place.run) as u64) << 2 | kind, out);
    write_varint(of.len() as u64, out);
    place.run = of.end;
}

fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write_low(number: u64, bytes: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_be_bytes()[8 - bytes..]);
}

/// Reads the records of one frame.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

const CUT_SHORT: SessionError = SessionError::Malformed("a record is cut short");
const TOO_MUCH: SessionError = SessionError::Malformed("a record holds more than records may");
const NO_SUCH_RUN: SessionError =
    SessionError::Malformed("a record is about runs that were not cut");

impl<'a> Reader<'a> {
    pub(super) fn new(records: &'a [u8]) -> Reader<'a> {
        Reader { rest: records }
    }

    /// The next record, if there is one. `runs` and `lists` are how many may be spoken of.
    pub(super) fn next(
        &mut self,
        place: &mut Place,
        runs: usize,
        lists: usize,
    ) -> Result<Option<Record>, SessionError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let head = self.varint()?;
        let skip = usize::try_from(head >> 2).map_err(|_| NO_SUCH_RUN)?;
        let record = match head & 3 {
            0 => self.cut(skip, Width::Wide, place, runs)?,
            1 => self.cut(skip, Width::Narrow, place, runs)?,
            2 => {
                let of = self.runs(skip, place, runs)?;
                let n = self.count(MAX_PLACES)?;
                Record::List { of, digests: self.numbers(n, 4)? }
            }
            _ => self.wish(skip, place, lists)?,
        };
        Ok(Some(record))
    }

    fn cut(
        &mut self,
        skip: usize,
        width: Width,
        place: &mut Place,
        runs: usize,
    ) -> Result<Record, SessionError> {
        let of = self.runs(skip, place, runs)?;
        let mean = self.varint()?;
        let n = self.count(MAX_RUNS)?;
        let tags = self.numbers(n.saturating_sub(1), width.tag_bytes())?;
        Ok(Record::Cut { of, width, mean, tags, digests: self.numbers(n, width.digest_bytes())? })
    }

    fn wish(
        &mut self,
        skip: usize,
        place: &mut Place,
        lists: usize,
    ) -> Result<Record, SessionError> {
        let list = place.list.checked_add(skip).filter(|list| *list < lists);
        let list =
            list.ok_or(SessionError::Malformed("a wish is about a list that was not sent"))?;
        place.list = list + 1;
        let bytes = self.count(MAX_PLACES / 8)?;
        let bits = self.rest.split_off(..bytes).ok_or(CUT_SHORT)?;
        let set = |at: &usize| bits[at / 8] >> (at % 8) & 1 == 1;
        Ok(Record::Wish { list, wanted: (0..bytes * 8).filter(set).collect() })
    }

    fn runs(
        &mut self,
        skip: usize,
        place: &mut Place,
        runs: usize,
    ) -> Result<Range<usize>, SessionError> {
        let count = usize::try_from(self.varint()?).map_err(|_| NO_SUCH_RUN)?;
        let start = place.run.checked_add(skip).ok_or(NO_SUCH_RUN)?;
        let end = start.checked_add(count).ok_or(NO_SUCH_RUN)?;
        if count == 0 || end > runs {
            return Err(NO_SUCH_RUN);
        }
        place.run = end;
        Ok(start..end)
    }

    fn count(&mut self, limit: usize) -> Result<usize, SessionError> {
        let count = self.varint()?;
        usize::try_from(count).ok().filter(|count| *count <= limit).ok_or(TOO_MUCH)
    }

    fn numbers(&mut self, n: usize, bytes: usize) -> Result<Vec<u64>, SessionError> {
        let packed = self.rest.split_off(..n * bytes).ok_or(CUT_SHORT)?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Ok(packed.chunks_exact(bytes).map(number).collect())
    }

    fn varint(&mut self) -> Result<u64, SessionError> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = *self.rest.split_off_first().ok_or(CUT_SHORT)?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(TOO_MUCH)
    }
}
