//! What the tests of the journal have in common: small journals whose every byte is known.

mod bytes;
mod damage;
mod garbage;
mod repair;
mod salt;
mod snapshots;

use super::{
    Cut, Damage, FileKind, HEADER_BYTES, Header, Log, Mode, Mutation, Recovered, Recovery, Salt,
    Sequence, stamp,
};
use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::registers::{Lineage, Registers};
use crate::version::{NodeId, Version};

const NODE: &str = "node-1";
const SALT: Salt = Salt(0x5a17_5a17);
const HEARD: UnixMillis = UnixMillis(1_700_000_000_000);

/// Records of one segment.
const SEGMENT_RECORDS: u64 = 5;
const RECORDS: u64 = 3 * SEGMENT_RECORDS;

/// When a writer syncs.
#[derive(Clone, Copy, Debug)]
enum Writer {
    Always,
    Interval,
    Never,
}

const WRITERS: [Writer; 3] = [Writer::Always, Writer::Interval, Writer::Never];

impl Writer {
    /// What it knows to be synced when it writes a record.
    fn synced_before(self, sequence: u64) -> Sequence {
        let before = sequence - 1;
        match self {
            Writer::Always => Sequence(before),
            Writer::Interval => Sequence(before.saturating_sub(1) / 4 * 4),
            Writer::Never => Sequence::ZERO,
        }
    }
}

/// A segment, and where its records are.
#[derive(Clone, Debug)]
struct Segment {
    first: u64,
    bytes: Vec<u8>,
    /// Where each record begins, and the last one ends.
    borders: Vec<usize>,
}

impl Segment {
    /// The record that a byte belongs to; nothing for the header.
    fn record_at(&self, at: usize) -> Option<u64> {
        let before = self.borders.iter().filter(|border| **border <= at).count() as u64;
        before.checked_sub(1).map(|records| self.first + records)
    }

    fn begin_of(&self, record: u64) -> usize {
        self.borders[(record - self.first) as usize]
    }
}

fn version(hlc: u64, node: u64) -> Version {
    Version { hlc: Hlc::from_raw(hlc), node: NodeId(node) }
}

/// The mutations of a record: one to five, of all kinds in turn.
fn mutations(sequence: u64) -> Vec<Mutation> {
    let one = |n: u64| {
        let (at, key) = (version(sequence * 100 + n, 7), [b'a' + n as u8, b'-', sequence as u8]);
        let value = [sequence as u8; 9];
        match (sequence + n) % 7 {
            0 => Mutation::Entry(Entry::tombstone(&key, at)),
            1 => Mutation::Forgotten { key: key.into(), version: at },
            2 => {
                Mutation::Registers(Registers { flush: at, watermark: at.hlc, lineage: Lineage(n) })
            }
            3 => Mutation::Clock(at.hlc),
            4 => Mutation::Published(at.hlc),
            5 => Mutation::Members(vec![(NodeId(n), HEARD), (NodeId(n + 1), UnixMillis(0))]),
            _ => Mutation::Entry(Entry::value_of(&key, &value, at)),
        }
    };
    (0..1 + sequence % 5).map(one).collect()
}

/// The mutations of all records up to one.
fn all_up_to(last: u64) -> Vec<Mutation> {
    (1..=last).flat_map(mutations).collect()
}

fn header(kind: FileKind, sequence: u64) -> Header {
    Header { kind, node: NODE.to_owned(), sequence: Sequence(sequence), salt: SALT }
}

fn record(sequence: u64, synced: Sequence, mutations: &[Mutation]) -> Vec<u8> {
    let mut log = Log::behind(Sequence(sequence - 1));
    mutations.iter().for_each(|mutation| log.note(mutation));
    let mut records = log.take().unwrap();
    stamp(&mut records, synced, SALT);
    records.bytes
}

fn segment(first: u64, records: u64, writer: Writer) -> Segment {
    let mut bytes = header(FileKind::Segment, first).encode().to_vec();
    let mut borders = vec![bytes.len()];
    for sequence in first..first + records {
        bytes.extend(record(sequence, writer.synced_before(sequence), &mutations(sequence)));
        borders.push(bytes.len());
    }
    Segment { first, bytes, borders }
}

/// Three segments.
fn journal(writer: Writer) -> Vec<Segment> {
    (0..3).map(|n| segment(1 + n * SEGMENT_RECORDS, SEGMENT_RECORDS, writer)).collect()
}

type Read = (Result<Recovered, Damage>, Vec<Mutation>);

fn read_behind<'a>(
    snapshot: u64,
    segments: impl IntoIterator<Item = (u64, &'a [u8])>,
    mode: Mode,
) -> Read {
    let mut read = Vec::new();
    let mut recovery = Recovery::behind(Sequence(snapshot), NODE, mode);
    for (name, bytes) in segments {
        let done = recovery.segment(Sequence(name), bytes, &mut |mutation| read.push(mutation));
        if let Err(damage) = done {
            return (Err(damage), read);
        }
    }
    (Ok(recovery.end()), read)
}

fn read(segments: &[Segment], mode: Mode) -> Read {
    read_behind(0, segments.iter().map(|segment| (segment.first, &segment.bytes[..])), mode)
}

fn cut(segment: u64, at: usize) -> Cut {
    Cut { segment: Sequence(segment), at: at as u64 }
}

/// Whether a later one of these records tells that this one was synced.
fn is_promised(record: u64, survivors: impl IntoIterator<Item = u64>, writer: Writer) -> bool {
    let mut later = survivors.into_iter().filter(|survivor| *survivor > record);
    later.any(|survivor| writer.synced_before(survivor) >= Sequence(record))
}

/// The journal was read up to before this record, and everything before it.
fn assert_cut(found: &Read, before: u64, at: Option<Cut>) {
    let (recovered, read) = found;
    let recovered = recovered.as_ref().unwrap();
    let last = before - 1;
    assert_eq!(recovered.last, Sequence(last));
    assert_eq!((recovered.cut, recovered.records, recovered.lost), (at, last, 0));
    assert_eq!(*read, all_up_to(last));
}

/// The journal was found to be damaged there.
fn assert_damaged(found: &Read, segment: u64, at: usize) {
    let damage = found.0.as_ref().unwrap_err();
    assert_eq!((damage.segment, damage.at), (Sequence(segment), at as u64), "{damage}");
}

#[test]
fn a_journal_is_read_as_it_was_written() {
    for writer in WRITERS {
        let whole = journal(writer);
        for mode in [Mode::Strict, Mode::Repair] {
            assert_cut(&read(&whole, mode), RECORDS + 1, None);
        }
        let header_only = segment(RECORDS + 1, 0, writer);
        assert_eq!(header_only.bytes.len(), HEADER_BYTES);
        let longer = [whole, vec![header_only]].concat();
        assert_cut(&read(&longer, Mode::Strict), RECORDS + 1, None);
    }
    assert_cut(&read(&[], Mode::Strict), 1, None);
}

#[test]
fn of_records_that_a_snapshot_holds_none_is_made_again() {
    let whole = journal(Writer::Always);
    for snapshot in 0..=RECORDS + 3 {
        // Segments that are wholly in the snapshot may be there or not.
        let needed = whole.iter().filter(|segment| segment.first + 4 > snapshot);
        for segments in [whole.clone(), needed.cloned().collect()] {
            let segments = segments.iter().map(|segment| (segment.first, &segment.bytes[..]));
            let (recovered, read) = read_behind(snapshot, segments, Mode::Strict);
            let recovered = recovered.unwrap();
            assert_eq!(recovered.last, Sequence(snapshot.max(RECORDS)));
            assert_eq!(recovered.records, RECORDS.saturating_sub(snapshot));
            assert_eq!(read, (snapshot + 1..=RECORDS).flat_map(mutations).collect::<Vec<_>>());
        }
    }
}
