//! The file of one data set, written and read a piece at a time. Its records count from 1, and the
//! last mutation of the last one is [`Mutation::End`], without which the file is not whole.

use super::header::{FileKind, HEADER_BYTES, Header, HeaderError};
use super::log::{Log, stamp};
use super::mutation::{Mutation, MutationError};
use super::record::{BadRecord, Record, Salt, Sequence};
use crate::entry::Entry;

/// Bytes that are gathered before they are handed out.
const PIECE_BYTES: usize = 1 << 20;

/// The most bytes that a record of a snapshot may claim: twice the longest value, which stands in
/// a record with little else. A damaged length makes nobody read more at once.
const MAX_RECORD_BYTES: usize = 128 << 20;

/// Makes the bytes of a snapshot.
#[derive(Debug)]
pub struct SnapshotWriter {
    log: Log,
    salt: Salt,
    entries: u64,
}

impl SnapshotWriter {
    /// A writer, and the first bytes of the file.
    pub fn begin(header: &Header) -> (SnapshotWriter, Vec<u8>) {
        let (log, salt) = (Log::behind(Sequence::ZERO), header.salt);
        (SnapshotWriter { log, salt, entries: 0 }, header.encode().to_vec())
    }

    /// Adds what is no entry.
    pub fn note(&mut self, mutation: &Mutation) {
        self.log.note(mutation);
    }

    /// Adds an entry. Bytes to be written next, if enough have gathered.
    pub fn entry(&mut self, entry: &Entry) -> Option<Vec<u8>> {
        self.entries += 1;
        self.log.entry(entry);
        self.log.step();
        if self.log.bytes() < PIECE_BYTES { None } else { self.piece() }
    }

    /// The last bytes.
    pub fn end(mut self) -> Vec<u8> {
        self.log.note(&Mutation::End { entries: self.entries });
        self.piece().unwrap_or_default()
    }

    fn piece(&mut self) -> Option<Vec<u8>> {
        let mut records = self.log.take()?;
        stamp(&mut records, Sequence::ZERO, self.salt);
        Some(records.bytes)
    }
}

/// Why a file is no whole snapshot.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Its header is no good.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A record is no good.
    #[error("{cause} at byte {at}")]
    Record {
        /// Where it begins.
        at: u64,
        /// What is wrong.
        cause: BadRecord,
    },
    /// A mutation is no good.
    #[error("{cause} in the record at byte {at}")]
    Mutation {
        /// Where its record begins.
        at: u64,
        /// What is wrong.
        cause: MutationError,
    },
    /// A record stands in another's place.
    #[error("record {found} stands at byte {at}, where record {expected} should")]
    Order {
        /// Where.
        at: u64,
        /// Which should stand there.
        expected: Sequence,
        /// Which does.
        found: Sequence,
    },
    /// The end is missing.
    #[error("it ends after {entries} entries without its end mark")]
    NoEnd {
        /// How many there are.
        entries: u64,
    },
    /// The end is not where it should be.
    #[error("its end mark tells of {expected} entries, and there are {found}")]
    Count {
        /// What the mark tells.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// Something stands behind the end.
    #[error("more follows behind its end mark, at byte {at}")]
    Trailing {
        /// Where.
        at: u64,
    },
}

/// Reads a snapshot as its bytes come.
#[derive(Debug, Default)]
pub struct SnapshotReader {
    header: Option<Header>,
    at: u64,
    last: Sequence,
    entries: u64,
    end: Option<u64>,
}

impl SnapshotReader {
    /// Reads what is whole at the start of `bytes`, and says how much that was; the rest is to be
    /// given again, with more behind it. A mutation that was applied before an error is void.
    pub fn read(
        &mut self,
        bytes: &[u8],
        apply: &mut dyn FnMut(Mutation),
    ) -> Result<usize, SnapshotError> {
        let mut done = 0;
        let salt = match &self.header {
            Some(header) => header.salt,
            None if bytes.len() < HEADER_BYTES => return Ok(0),
            None => {
                let header = Header::parse(FileKind::Snapshot, bytes)?;
                done = HEADER_BYTES;
                self.at = HEADER_BYTES as u64;
                self.header.insert(header).salt
            }
        };
        loop {
            let rest = &bytes[done..];
            let at = self.at;
            match Record::claimed_bytes(rest) {
                Some(claimed) if claimed > MAX_RECORD_BYTES => {
                    return Err(SnapshotError::Record { at, cause: BadRecord::Checksum });
                }
                Some(claimed) if claimed <= rest.len() => {}
                Some(_) | None => return Ok(done),
            }
            let record =
                Record::parse(rest, salt).map_err(|cause| SnapshotError::Record { at, cause })?;
            self.take(&record, apply)?;
            done += record.bytes();
            self.at += record.bytes() as u64;
        }
    }

    /// The file has ended, with so many bytes that could not be read. Its header, if it is whole.
    pub fn end(self, unread: usize) -> Result<Header, SnapshotError> {
        let header = self.header.ok_or(HeaderError::CutOff)?;
        match self.end {
            Some(_) if unread > 0 => Err(SnapshotError::Trailing { at: self.at }),
            None if unread > 0 => {
                Err(SnapshotError::Record { at: self.at, cause: BadRecord::CutOff })
            }
            None => Err(SnapshotError::NoEnd { entries: self.entries }),
            Some(expected) if expected != self.entries => {
                Err(SnapshotError::Count { expected, found: self.entries })
            }
            Some(_) => Ok(header),
        }
    }

    /// How many entries were read so far.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    fn take(
        &mut self,
        record: &Record<'_>,
        apply: &mut dyn FnMut(Mutation),
    ) -> Result<(), SnapshotError> {
        let at = self.at;
        if self.end.is_some() {
            return Err(SnapshotError::Trailing { at });
        }
        let (expected, found) = (self.last.next(), record.sequence);
        if found != expected {
            return Err(SnapshotError::Order { at, expected, found });
        }
        self.last = found;
        for mutation in record.mutations() {
            if self.end.is_some() {
                return Err(SnapshotError::Trailing { at });
            }
            match mutation.map_err(|cause| SnapshotError::Mutation { at, cause })? {
                Mutation::End { entries } => self.end = Some(entries),
                mutation => {
                    self.entries += u64::from(matches!(mutation, Mutation::Entry(_)));
                    apply(mutation);
                }
            }
        }
        Ok(())
    }
}
