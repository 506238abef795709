//! Gathers mutations into records. Lives in the store, beside what it writes down, so that no change
//! is made without being noted.

use super::mutation::{Mutation, encode_entry};
use super::record::{self, Salt, Sequence};
use crate::entry::Entry;
use crate::registers::Registers;
use crate::version::Version;

/// A record that has so many bytes takes no further step: large enough that its header and the
/// checksum cost nothing, small enough that damage takes little with it.
const RECORD_BYTES: usize = 64 << 10;

/// A record takes no more bytes than this even within one step, which is then in two: a length has
/// four bytes. No step comes near it, but a caller who never ends one does in time.
const MAX_RECORD_BYTES: usize = 1 << 30;

/// Mutations on their way to the journal. What happens between two calls of [`Log::step`] stands
/// in one record.
#[derive(Clone, Debug)]
pub struct Log {
    /// Closed records, then the open one.
    bytes: Vec<u8>,
    /// Where the open record begins; nothing if none is open.
    open_at: Option<usize>,
    /// Where the open record was when the last step ended.
    last_closed: Sequence,
    /// Mutations since the start.
    noted: u64,
}

/// Closed records, still without their checksums: see [`stamp`].
#[derive(Debug, PartialEq, Eq)]
pub struct Records {
    /// One behind the other.
    pub bytes: Vec<u8>,
    /// The place of the last.
    pub last: Sequence,
}

impl Log {
    /// Continues behind a record.
    pub fn behind(last: Sequence) -> Log {
        Log { bytes: Vec::new(), open_at: None, last_closed: last, noted: 0 }
    }

    /// Notes an entry that is held now.
    pub fn entry(&mut self, entry: &Entry) {
        encode_entry(entry, self.open());
    }

    /// Notes that an entry is held no more.
    pub fn forgotten(&mut self, key: &[u8], version: Version) {
        self.note(&Mutation::Forgotten { key: key.into(), version });
    }

    /// Notes the registers.
    pub fn registers(&mut self, registers: Registers) {
        self.note(&Mutation::Registers(registers));
    }

    /// Notes anything.
    pub fn note(&mut self, mutation: &Mutation) {
        mutation.encode(self.open());
    }

    /// Ends a step. What follows may stand in another record.
    pub fn step(&mut self) {
        if self.open_at.is_some_and(|at| self.bytes.len() - at >= RECORD_BYTES) {
            self.close();
        }
    }

    /// The record that holds the last mutation so far.
    pub fn position(&self) -> Sequence {
        if self.open_at.is_some() { self.last_closed.next() } else { self.last_closed }
    }

    /// Whether nothing waits to be taken.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes wait to be taken.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// How many mutations were noted since the start.
    pub fn noted(&self) -> u64 {
        self.noted
    }

    /// Everything noted so far; nothing if that is nothing.
    pub fn take(&mut self) -> Option<Records> {
        self.close();
        let bytes = std::mem::take(&mut self.bytes);
        (!bytes.is_empty()).then_some(Records { bytes, last: self.last_closed })
    }

    /// What is noted from now on stands in another record than what is already.
    pub fn part(&mut self) {
        self.close();
    }

    fn open(&mut self) -> &mut Vec<u8> {
        self.noted += 1;
        if self.open_at.is_some_and(|at| self.bytes.len() - at >= MAX_RECORD_BYTES) {
            self.close();
        }
        if self.open_at.is_none() {
            self.open_at = Some(self.bytes.len());
            record::open(&mut self.bytes);
        }
        &mut self.bytes
    }

    fn close(&mut self) {
        if let Some(at) = self.open_at.take() {
            self.last_closed = self.last_closed.next();
            record::close(&mut self.bytes[at..], self.last_closed);
        }
    }
}

/// Finishes records for a file with this salt: writes into each what is known to be synced, and the
/// checksum.
pub fn stamp(records: &mut Records, synced: Sequence, salt: Salt) {
    let mut rest = &mut records.bytes[..];
    while !rest.is_empty() {
        let bytes = record::seal(rest, synced, salt);
        rest = &mut rest[bytes..];
    }
}
