//! The record: some mutations that are made together, behind a checksum.
//!
//! ```text
//! 0       4       8          16       24
//! +-------+-------+----------+--------+-----------+
//! | bytes | CRC   | sequence | synced | mutations |
//! | u32   | u32   | u64      | u64    |           |
//! +-------+-------+----------+--------+-----------+
//! ```
//!
//! `bytes` is the length of the mutations. The checksum is the CRC-32 of ISO 3309 (as in gzip) over
//! everything but itself. `synced` is the sequence up to which all was known to be on disk when the
//! record was written.

use super::mutation::{Mutation, MutationError};
use std::fmt;

/// Bytes before the mutations.
pub const RECORD_HEADER_BYTES: usize = 24;

const CRC_AT: usize = 4;
const SEQUENCE_AT: usize = 8;
const SYNCED_AT: usize = 16;

/// The place of a record in the journal. The first is 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(pub u64);

impl Sequence {
    /// Before the first record.
    pub const ZERO: Sequence = Sequence(0);

    /// The one behind it.
    #[must_use]
    pub fn next(self) -> Sequence {
        Sequence(self.0.saturating_add(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A record whose checksum is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its place.
    pub sequence: Sequence,
    /// Everything up to here was on disk when it was written.
    pub synced: Sequence,
    mutations: &'a [u8],
}

/// Why no record begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// The file ends before the record does.
    #[error("the file ends inside a record")]
    CutOff,
    /// The checksum is wrong.
    #[error("the checksum of a record is wrong")]
    Checksum,
}

impl<'a> Record<'a> {
    /// The record at the start of `bytes`.
    pub fn parse(bytes: &'a [u8]) -> Result<Record<'a>, BadRecord> {
        let header = bytes.first_chunk::<RECORD_HEADER_BYTES>().ok_or(BadRecord::CutOff)?;
        let length = word(header, 0) as usize;
        let mutations = bytes[RECORD_HEADER_BYTES..].get(..length).ok_or(BadRecord::CutOff)?;
        if word(header, CRC_AT) != checksum(header, mutations) {
            return Err(BadRecord::Checksum);
        }
        Ok(Record {
            sequence: Sequence(number(header, SEQUENCE_AT)),
            synced: Sequence(number(header, SYNCED_AT)),
            mutations,
        })
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> usize {
        RECORD_HEADER_BYTES + self.mutations.len()
    }

    /// Its mutations, in order. Ends behind the first that cannot be read.
    pub fn mutations(&self) -> impl Iterator<Item = Result<Mutation, MutationError>> + use<'a> {
        let mut rest = self.mutations;
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let mutation = Mutation::decode(&mut rest);
            if mutation.is_err() {
                rest = &[];
            }
            Some(mutation)
        })
    }

    /// How many bytes the record at the start of `bytes` says to take, right or wrong; nothing if
    /// even that is cut off.
    pub(super) fn claimed_bytes(bytes: &[u8]) -> Option<usize> {
        let length = u32::from_be_bytes(*bytes.first_chunk()?);
        Some(RECORD_HEADER_BYTES + length as usize)
    }

    /// The sequence of the record at the start of `bytes`, right or wrong.
    pub(super) fn claimed_sequence(bytes: &[u8]) -> Option<Sequence> {
        let sequence = bytes.get(SEQUENCE_AT..)?.first_chunk()?;
        Some(Sequence(u64::from_be_bytes(*sequence)))
    }
}

/// Begins a record: a header whose fields are still to be filled, before the mutations.
pub(super) fn open(to: &mut Vec<u8>) {
    to.extend_from_slice(&[0; RECORD_HEADER_BYTES]);
}

/// Fills in the length and the place of a record that has all its mutations.
pub(super) fn close(record: &mut [u8], sequence: Sequence) {
    let length = record.len() - RECORD_HEADER_BYTES;
    record[..CRC_AT].copy_from_slice(&(length as u32).to_be_bytes());
    record[SEQUENCE_AT..SYNCED_AT].copy_from_slice(&sequence.0.to_be_bytes());
}

/// Fills in what is known to be synced, and the checksum, of a closed record at the start of
/// `bytes`. How many bytes it takes.
pub(super) fn seal(bytes: &mut [u8], synced: Sequence) -> usize {
    let length =
        RECORD_HEADER_BYTES + u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    bytes[SYNCED_AT..RECORD_HEADER_BYTES].copy_from_slice(&synced.0.to_be_bytes());
    if let Some((header, rest)) = bytes.split_first_chunk_mut::<RECORD_HEADER_BYTES>() {
        let crc = checksum(header, &rest[..length - RECORD_HEADER_BYTES]);
        header[CRC_AT..SEQUENCE_AT].copy_from_slice(&crc.to_be_bytes());
    }
    length
}

fn checksum(header: &[u8; RECORD_HEADER_BYTES], mutations: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&header[..CRC_AT]);
    hasher.update(&header[SEQUENCE_AT..]);
    hasher.update(mutations);
    hasher.finalize()
}

fn word(header: &[u8; RECORD_HEADER_BYTES], at: usize) -> u32 {
    header[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn number(header: &[u8; RECORD_HEADER_BYTES], at: usize) -> u64 {
    header[at..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
