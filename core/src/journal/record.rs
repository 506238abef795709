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
//! everything but itself, which goes on from the salt of the file as if that were the CRC of
//! something before the record. `synced` is the sequence up to which all was known to be on disk
//! when the record was written.

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

/// A random number in the header of a file, which the checksum of each of its records goes on from.
/// So the bytes of a record are none in any other file, nor inside a value that a client has made
/// up without knowing the salt. It has four bytes because that is all that a CRC-32 carries on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Salt(pub u32);

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
    /// The record at the start of `bytes`, in a file with this salt.
    pub fn parse(bytes: &'a [u8], salt: Salt) -> Result<Record<'a>, BadRecord> {
        let header = bytes.first_chunk::<RECORD_HEADER_BYTES>().ok_or(BadRecord::CutOff)?;
        let length = word(header, 0) as usize;
        let mutations = bytes[RECORD_HEADER_BYTES..].get(..length).ok_or(BadRecord::CutOff)?;
        if word(header, CRC_AT) != checksum(salt, header, mutations) {
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

    /// The salt with which the record at the start of `bytes` has a right checksum. There always is
    /// one; nothing if the record is cut off.
    ///
    /// The CRC of n bytes that goes on from s is that of the bytes alone, xor s times x to the 8n,
    /// modulo the polynomial. x has the order 2^32 - 1, so going on over as many bytes as are
    /// missing to that undoes it.
    pub(super) fn fitting_salt(bytes: &[u8]) -> Option<Salt> {
        const ORDER: u64 = u32::MAX as u64;
        let header = bytes.first_chunk::<RECORD_HEADER_BYTES>()?;
        let mutations = bytes[RECORD_HEADER_BYTES..].get(..word(header, 0) as usize)?;
        let carried = word(header, CRC_AT) ^ checksum(Salt(0), header, mutations);
        let checked = (RECORD_HEADER_BYTES - 4 + mutations.len()) as u64;
        let mut salt = crc32fast::Hasher::new_with_initial(carried);
        salt.combine(&crc32fast::Hasher::new_with_initial_len(0, ORDER - checked % ORDER));
        Some(Salt(salt.finalize()))
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
/// `bytes`, for a file with this salt. How many bytes it takes.
pub(super) fn seal(bytes: &mut [u8], synced: Sequence, salt: Salt) -> usize {
    let length =
        RECORD_HEADER_BYTES + u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
    bytes[SYNCED_AT..RECORD_HEADER_BYTES].copy_from_slice(&synced.0.to_be_bytes());
    if let Some((header, rest)) = bytes.split_first_chunk_mut::<RECORD_HEADER_BYTES>() {
        let crc = checksum(salt, header, &rest[..length - RECORD_HEADER_BYTES]);
        header[CRC_AT..SEQUENCE_AT].copy_from_slice(&crc.to_be_bytes());
    }
    length
}

fn checksum(salt: Salt, header: &[u8; RECORD_HEADER_BYTES], mutations: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(salt.0);
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
