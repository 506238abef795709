//! Reads segments back, in order, and decides where the journal ends and whether it is whole.
//!
//! The journal ends before the first record that is missing or bad, provided that no record behind
//! it tells that everything up to there was synced: then it is the end that a crash has torn, and
//! nobody was promised what it held. If one does tell so, the record was lost later, and whoever
//! starts the node has to know.

use super::header::{FileKind, HEADER_BYTES, Header, HeaderError};
use super::mutation::{Mutation, MutationError};
use super::names::FileName;
use super::record::{BadRecord, RECORD_HEADER_BYTES, Record, Sequence};

/// How far a sequence may be ahead of the expected one and still be believed while searching for
/// the next good record: at a million records a second, an hour.
const PLAUSIBLE_GAP: u64 = 1 << 32;

/// What to do about damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Stop.
    Strict,
    /// Take all that can be read, and count what cannot.
    Repair,
}

/// Where a journal is to be cut: there the next record will stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The segment.
    pub segment: Sequence,
    /// The bytes of it that stay. Later segments do not.
    pub at: u64,
}

/// What has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The last record.
    pub last: Sequence,
    /// Records that were read, without those that the snapshot holds already.
    pub records: u64,
    /// Whether the end was torn, and where.
    pub cut: Option<Cut>,
    /// Records that could not be read; none unless repairing.
    pub lost: u64,
}

/// Why a journal is not whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is damaged at byte {at}: {cause}", FileName::Segment(*.segment))]
pub struct Damage {
    /// The segment.
    pub segment: Sequence,
    /// Where in it.
    pub at: u64,
    /// What is wrong there.
    pub cause: DamageCause,
}

/// What is wrong in a damaged journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageCause {
    /// The header of a segment.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The header tells of another place in the journal than the name.
    #[error("its header is that of {}", FileName::Segment(*.0))]
    Misnamed(Sequence),
    /// The segment of another node.
    #[error("it belongs to the node {0}")]
    OtherNode(String),
    /// A record that had been synced.
    #[error("{cause}, and record {sequence} had been on disk")]
    Record {
        /// Which is missing.
        sequence: Sequence,
        /// What stands there instead.
        cause: BadRecord,
    },
    /// Records that had been synced are not there at all.
    #[error("record {expected} should stand there, and had been on disk, but record {found} does")]
    Gap {
        /// Which is missing.
        expected: Sequence,
        /// Which stands there.
        found: Sequence,
    },
    /// A mutation in a good record.
    #[error(transparent)]
    Mutation(#[from] MutationError),
}

impl DamageCause {
    /// Whether the files are sound, but not for this release or this node.
    pub fn is_foreign(&self) -> bool {
        match self {
            DamageCause::Header(HeaderError::Format(_)) | DamageCause::OtherNode(_) => true,
            DamageCause::Header(_)
            | DamageCause::Misnamed(_)
            | DamageCause::Record { .. }
            | DamageCause::Gap { .. }
            | DamageCause::Mutation(_) => false,
        }
    }
}

/// Reads a journal. Makes mutations known in the order in which they were made.
#[derive(Debug)]
pub struct Recovery {
    node: String,
    mode: Mode,
    next: Sequence,
    records: u64,
    lost: u64,
    /// Where the first record is missing, and why.
    broken: Option<Damage>,
}

impl Recovery {
    /// Begins behind what a snapshot holds, or at zero.
    pub fn behind(snapshot: Sequence, node: &str, mode: Mode) -> Recovery {
        Recovery {
            node: node.to_owned(),
            mode,
            next: snapshot.next(),
            records: 0,
            lost: 0,
            broken: None,
        }
    }

    /// Reads the next segment, all of it. On an error everything that was applied is void.
    pub fn segment(
        &mut self,
        name: Sequence,
        bytes: &[u8],
        apply: &mut dyn FnMut(Mutation),
    ) -> Result<(), Damage> {
        let mut at = HEADER_BYTES;
        if let Err(cause) = self.check_header(name, bytes) {
            let damage = Damage { segment: name, at: 0, cause };
            if damage.cause.is_foreign() {
                return Err(damage);
            }
            // What stands behind may be good all the same.
            at = self.skip(name, bytes, 0, damage)?;
        }
        while at < bytes.len() {
            match Record::parse(&bytes[at..]) {
                Ok(record) => {
                    self.take(name, at, &record, apply)?;
                    at += record.bytes();
                }
                Err(cause) => {
                    let cause = DamageCause::Record { sequence: self.next, cause };
                    let damage = Damage { segment: name, at: at as u64, cause };
                    at = self.skip(name, bytes, at, damage)?;
                }
            }
        }
        Ok(())
    }

    /// All segments have been read.
    pub fn end(self) -> Recovered {
        let last = Sequence(self.next.0.saturating_sub(1));
        let cut = self.broken.map(|damage| Cut { segment: damage.segment, at: damage.at });
        Recovered { last, records: self.records, cut, lost: self.lost }
    }

    fn check_header(&self, name: Sequence, bytes: &[u8]) -> Result<(), DamageCause> {
        let header = Header::parse(FileKind::Segment, bytes)?;
        if header.node != self.node {
            return Err(DamageCause::OtherNode(header.node));
        }
        if header.sequence != name {
            return Err(DamageCause::Misnamed(header.sequence));
        }
        Ok(())
    }

    fn take(
        &mut self,
        name: Sequence,
        at: usize,
        record: &Record<'_>,
        apply: &mut dyn FnMut(Mutation),
    ) -> Result<(), Damage> {
        let (expected, found) = (self.next, record.sequence);
        if found > expected && self.broken.is_none() {
            let cause = DamageCause::Gap { expected, found };
            self.break_off(Damage { segment: name, at: at as u64, cause });
        }
        if let Some(damage) = &self.broken {
            // The promise that makes the difference between a torn end and a loss.
            return if record.synced >= expected { Err(damage.clone()) } else { Ok(()) };
        }
        if found < expected {
            return Ok(());
        }
        self.lost += found.0 - expected.0;
        self.next = found.next();
        self.records += 1;
        for mutation in record.mutations() {
            match mutation {
                Ok(mutation) => apply(mutation),
                Err(cause) if self.mode == Mode::Strict => {
                    return Err(Damage { segment: name, at: at as u64, cause: cause.into() });
                }
                Err(_) => self.lost += 1,
            }
        }
        Ok(())
    }

    /// Goes on at the next good record, which may show that nothing is missing.
    fn skip(
        &mut self,
        name: Sequence,
        bytes: &[u8],
        at: usize,
        damage: Damage,
    ) -> Result<usize, Damage> {
        let found = (at + 1..bytes.len().saturating_sub(RECORD_HEADER_BYTES - 1)).find_map(|at| {
            let claimed = Record::claimed_sequence(&bytes[at..])?;
            let is_plausible =
                claimed >= name && claimed.0 < self.next.0.saturating_add(PLAUSIBLE_GAP);
            let record = is_plausible.then(|| Record::parse(&bytes[at..]).ok()).flatten()?;
            Some((at, record.sequence))
        });
        let is_covered = found.is_some_and(|(_, sequence)| sequence <= self.next);
        if !is_covered && self.broken.is_none() {
            self.break_off(damage);
        }
        Ok(found.map_or(bytes.len(), |(at, _)| at))
    }

    fn break_off(&mut self, damage: Damage) {
        if self.mode == Mode::Strict {
            self.broken = Some(damage);
        }
    }
}
