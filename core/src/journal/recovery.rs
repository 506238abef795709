//! Reads segments back, in order, and decides where the journal ends and whether it is whole.
//!
//! The journal ends before the first record that is missing or bad, provided that no record behind
//! it tells that everything up to there was synced: then it is the end that a crash has torn, and
//! nobody was promised what it held. If one does tell so, the record was lost later, and whoever
//! starts the node has to know.
//!
//! A segment that begins with the missing record goes on where the torn one ends: a writer that has
//! failed, or has been cut off, may begin a new segment and leave the torn one as it is.

use super::header::{FileKind, HEADER_BYTES, Header, HeaderError};
use super::mutation::{Mutation, MutationError};
use super::names::FileName;
use super::record::{BadRecord, RECORD_HEADER_BYTES, Record, Salt, Sequence};

/// How many times the bytes of a segment may be checked while good records are looked for behind
/// bad ones. What a crash leaves takes two or three; records that somebody has made up, each with
/// the length of all that follows, would take a day.
const CHECKS_OF_EACH_BYTE: usize = 16;

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
    /// The bytes of it that stay; 0 if not even its header is whole. Later segments do not stay.
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
    /// Records that could not be read before the last one; none unless repairing. As long as the
    /// segments stay, they are damaged: a snapshot has to take their place.
    pub lost: u64,
}

/// Why a journal is not whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}: {cause}", FileName::Segment(*.segment), describe(.cause, *.at))]
pub struct Damage {
    /// The segment.
    pub segment: Sequence,
    /// Where in it.
    pub at: u64,
    /// What is wrong there.
    pub cause: DamageCause,
}

fn describe(cause: &DamageCause, at: u64) -> String {
    if cause.is_foreign() {
        "cannot be used".to_owned()
    } else {
        format!("is damaged at byte {at}")
    }
}

/// What is wrong in a damaged journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DamageCause {
    /// The header of a segment.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The header tells of another place in the journal than the name.
    #[error(
        "its header is that of {}: give it that name, or take it away if it is a copy",
        FileName::Segment(*.0)
    )]
    Misnamed(Sequence),
    /// The segment of another node.
    #[error("it belongs to the node {0}: every node needs a data directory of its own")]
    OtherNode(String),
    /// A record that had been synced.
    #[error("{cause}, and record {sequence} had been on disk")]
    Record {
        /// Which is missing.
        sequence: Sequence,
        /// What stands there instead.
        cause: BadRecord,
    },
    /// A record that may have been synced: too much that follows looks like records to tell.
    #[error(
        "{cause}, and too much behind it looks like records to know whether record {sequence} had \
         been on disk"
    )]
    Unsearched {
        /// Which is missing.
        sequence: Sequence,
        /// What stands there instead.
        cause: BadRecord,
    },
    /// Records that had been synced are not there at all, or others stand there once more.
    #[error("record {expected} should stand there, but record {found} does")]
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
    /// Whether the files are sound, but not for this release, this node or this place. Then they
    /// are not read in any mode.
    pub fn is_foreign(&self) -> bool {
        match self {
            DamageCause::Header(HeaderError::Format(_))
            | DamageCause::OtherNode(_)
            | DamageCause::Misnamed(_) => true,
            DamageCause::Header(_)
            | DamageCause::Record { .. }
            | DamageCause::Unsearched { .. }
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
    /// The record that has to come next. Those before it are known, from the snapshot if not from
    /// here.
    next: Sequence,
    /// The record that should stand behind the greatest of this segment so far.
    place: Sequence,
    /// Where the journal ends so far; nothing before the first segment.
    end: Option<Cut>,
    records: u64,
    lost: u64,
    /// Where the first record is missing, and why.
    broken: Option<Damage>,
    /// Whether something behind `end` is no record.
    is_torn: bool,
    searched: u64,
}

/// A segment that is being read.
struct Reading<'a> {
    name: Sequence,
    bytes: &'a [u8],
    at: usize,
    /// Nothing as long as the header is bad and no record has told it.
    salt: Option<Salt>,
    /// Bytes that were checked while looking for good records.
    searched: usize,
    /// How many may be.
    limit: usize,
}

impl Recovery {
    /// Begins behind what a snapshot holds, or at zero.
    pub fn behind(snapshot: Sequence, node: &str, mode: Mode) -> Recovery {
        Recovery {
            node: node.to_owned(),
            mode,
            next: snapshot.next(),
            place: Sequence::ZERO,
            end: None,
            records: 0,
            lost: 0,
            broken: None,
            is_torn: false,
            searched: 0,
        }
    }

    /// Reads the next segment, all of it. On an error everything that was applied is void.
    pub fn segment(
        &mut self,
        name: Sequence,
        bytes: &[u8],
        apply: &mut dyn FnMut(Mutation),
    ) -> Result<(), Damage> {
        let (salt, bad_header) = match self.check_header(name, bytes) {
            Ok(salt) => (Some(salt), None),
            Err(cause) => (None, Some(Damage { segment: name, at: 0, cause })),
        };
        if let Some(foreign) = bad_header.as_ref().filter(|damage| damage.cause.is_foreign()) {
            return Err(foreign.clone());
        }
        self.enter(name, bad_header.is_none())?;
        let limit = bytes.len().max(1).saturating_mul(CHECKS_OF_EACH_BYTE);
        let mut reading = Reading { name, bytes, at: HEADER_BYTES, salt, searched: 0, limit };
        let read = self.read(&mut reading, bad_header, apply);
        self.searched += reading.searched as u64;
        read
    }

    /// How many bytes were checked so far in search of good records behind bad ones. A byte counts
    /// as often as it is checked.
    pub fn searched(&self) -> u64 {
        self.searched
    }

    /// All segments have been read.
    pub fn end(self) -> Recovered {
        let last = Sequence(self.next.0.saturating_sub(1));
        let is_torn = self.is_torn || self.broken.is_some();
        let cut = self.end.filter(|_| is_torn);
        Recovered { last, records: self.records, cut, lost: self.lost }
    }

    fn read(
        &mut self,
        reading: &mut Reading<'_>,
        bad_header: Option<Damage>,
        apply: &mut dyn FnMut(Mutation),
    ) -> Result<(), Damage> {
        let (name, bytes) = (reading.name, reading.bytes);
        if let Some(damage) = bad_header {
            // What stands behind may be good all the same.
            if !reading.is_first_record_good() {
                reading.at = 0;
                self.skip(reading, damage)?;
            }
        }
        while let Some(salt) = reading.salt.filter(|_| reading.at < bytes.len()) {
            match Record::parse(&bytes[reading.at..], salt) {
                Ok(record) => {
                    self.take(name, reading.at, &record, apply)?;
                    reading.at += record.bytes();
                }
                Err(cause) => {
                    let cause = DamageCause::Record { sequence: self.next, cause };
                    let damage = Damage { segment: name, at: reading.at as u64, cause };
                    self.skip(reading, damage)?;
                }
            }
        }
        Ok(())
    }

    fn check_header(&self, name: Sequence, bytes: &[u8]) -> Result<Salt, DamageCause> {
        let header = Header::parse(FileKind::Segment, bytes)?;
        if header.node != self.node {
            return Err(DamageCause::OtherNode(header.node));
        }
        if header.sequence != name {
            return Err(DamageCause::Misnamed(header.sequence));
        }
        Ok(header.salt)
    }

    /// A segment begins: it has to do so with the next record, unless all that is missing in
    /// between is in the snapshot.
    fn enter(&mut self, name: Sequence, has_header: bool) -> Result<(), Damage> {
        let (expected, found) = (self.next, name);
        let gap = Damage { segment: name, at: 0, cause: DamageCause::Gap { expected, found } };
        // It was cut off once and has come back, or is there twice. No crash does either.
        let is_overlap = name < expected && self.records > 0;
        if is_overlap && self.mode == Mode::Strict {
            return Err(gap);
        }
        self.place = name;
        if name <= expected && has_header {
            (self.broken, self.is_torn) = (None, false);
        }
        if name > expected {
            // A crash can keep a segment and lose the one before it, as long as that was not synced.
            self.end.get_or_insert(Cut { segment: name, at: 0 });
            self.is_torn = true;
            self.break_off(gap);
        } else if self.broken.is_none() && !self.is_torn {
            let at = if has_header { HEADER_BYTES as u64 } else { 0 };
            self.end = Some(Cut { segment: name, at });
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
        self.place = self.place.max(found.next());
        if found > expected {
            let cause = DamageCause::Gap { expected, found };
            self.break_off(Damage { segment: name, at: at as u64, cause });
        }
        if let Some(damage) = &self.broken {
            // The promise that makes the difference between a torn end and a loss.
            return if record.synced >= expected { Err(damage.clone()) } else { Ok(()) };
        }
        self.end = Some(Cut { segment: name, at: (at + record.bytes()) as u64 });
        self.is_torn = false;
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
    fn skip(&mut self, reading: &mut Reading<'_>, mut damage: Damage) -> Result<(), Damage> {
        let is_record = reading.at >= HEADER_BYTES;
        let found = reading.find(self.place.next());
        if reading.is_exhausted() && self.mode == Mode::Strict {
            // What was promised may stand behind. Nobody knows.
            if let DamageCause::Record { sequence, cause } = damage.cause {
                damage.cause = DamageCause::Unsearched { sequence, cause };
            }
            return Err(damage);
        }
        let is_needed = is_record && self.place >= self.next;
        if is_needed || found.is_none_or(|found| found > self.next) {
            self.break_off(damage);
        }
        self.is_torn |= found.is_none();
        Ok(())
    }

    fn break_off(&mut self, damage: Damage) {
        if self.mode == Mode::Strict {
            self.broken.get_or_insert(damage);
        }
    }
}

impl Reading<'_> {
    /// Whether the first record is good although the header is bad. The salt may be right in a header
    /// that is not.
    fn is_first_record_good(&mut self) -> bool {
        self.salt = Header::claimed_salt(self.bytes);
        if self.record(self.name).is_some() {
            return true;
        }
        self.salt = None;
        self.record(self.name).is_some()
    }

    /// Goes to the first good record behind something bad; to the end if there is none.
    ///
    /// As long as the salt is not known, values may look like records, by chance or on purpose. So where the length of a bad record
    /// leads is looked at first, and elsewhere a record is believed only if as many as its sequence
    /// tells fit before it.
    fn find(&mut self, next: Sequence) -> Option<Sequence> {
        let from = self.at;
        let rest = &self.bytes[from..];
        let claimed = Record::claimed_bytes(rest).filter(|claimed| *claimed <= rest.len());
        if let Some(claimed) = claimed.filter(|_| from >= HEADER_BYTES) {
            self.count(claimed);
            self.at = from + claimed;
            if let Some(sequence) = self.record(next) {
                return Some(sequence);
            }
        }
        for at in from + 1..self.bytes.len().saturating_sub(RECORD_HEADER_BYTES - 1) {
            self.at = at;
            let Some(claimed) = Record::claimed_sequence(&self.bytes[at..]) else { break };
            let fit = (at.saturating_sub(HEADER_BYTES) / RECORD_HEADER_BYTES) as u64;
            if claimed >= self.name && claimed.0 - self.name.0 <= fit {
                if let Some(sequence) = self.record(claimed) {
                    return Some(sequence);
                }
                if self.is_exhausted() {
                    break;
                }
            }
        }
        self.at = self.bytes.len();
        None
    }

    /// The sequence of the record that stands here, if it is this one.
    fn record(&mut self, sequence: Sequence) -> Option<Sequence> {
        let rest = self.bytes.get(self.at..)?;
        let claimed = Record::claimed_bytes(rest).filter(|claimed| *claimed <= rest.len())?;
        if Record::claimed_sequence(rest) != Some(sequence) {
            return None;
        }
        self.count(claimed);
        if self.salt.is_none() {
            self.salt = self.salt_of_two(&rest[..claimed], &rest[claimed..], sequence.next());
        }
        Record::parse(rest, self.salt?).ok().map(|record| record.sequence)
    }

    /// The salt that makes two records in a row good. With a wrong one none is.
    fn salt_of_two(&mut self, one: &[u8], behind: &[u8], next: Sequence) -> Option<Salt> {
        if Record::claimed_sequence(behind) != Some(next) {
            return None;
        }
        self.count(Record::claimed_bytes(behind)?.min(behind.len()));
        let salt = Record::fitting_salt(one)?;
        Record::parse(behind, salt).ok().map(|_| salt)
    }

    fn count(&mut self, bytes: usize) {
        self.searched = self.searched.saturating_add(bytes);
    }

    fn is_exhausted(&self) -> bool {
        self.searched >= self.limit
    }
}
