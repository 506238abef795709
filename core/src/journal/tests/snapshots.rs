//! Snapshots are whole or an error.

use super::*;
use crate::journal::{SnapshotError, SnapshotReader, SnapshotWriter};

const ENTRIES: u64 = 12;

/// What stands in the snapshot of the tests.
fn content() -> Vec<Mutation> {
    let beside = [
        Mutation::Registers(Registers::default()),
        Mutation::Clock(Hlc::from_raw(9)),
        Mutation::Published(Hlc::from_raw(8)),
        Mutation::Members(vec![(NodeId(7), HEARD)]),
    ];
    beside.into_iter().chain((0..ENTRIES).map(|n| Mutation::Entry(entry(n)))).collect()
}

fn entry(n: u64) -> Entry {
    let key = [b'k', n as u8];
    if n.is_multiple_of(4) {
        Entry::tombstone(&key, version(n + 1, 7))
    } else {
        Entry::value_of(&key, &[b'v'; 20], version(n + 1, 7))
    }
}

fn written(entries: impl Iterator<Item = Entry>) -> Vec<u8> {
    let (mut writer, mut bytes) = SnapshotWriter::begin(&header(FileKind::Snapshot, 77));
    content().iter().take(4).for_each(|mutation| writer.note(mutation));
    for entry in entries {
        bytes.extend(writer.entry(&entry).into_iter().flatten());
    }
    bytes.extend(writer.end());
    bytes
}

fn small() -> Vec<u8> {
    written((0..ENTRIES).map(entry))
}

/// Reads a file as it comes, in pieces of this size.
fn read_in(piece: usize, bytes: &[u8]) -> (Result<Header, SnapshotError>, Vec<Mutation>) {
    let (mut reader, mut read) = (SnapshotReader::default(), Vec::new());
    let mut waiting: Vec<u8> = Vec::new();
    for piece in bytes.chunks(piece) {
        waiting.extend(piece);
        match reader.read(&waiting, &mut |mutation| read.push(mutation)) {
            Ok(done) => _ = waiting.drain(..done),
            Err(error) => return (Err(error), read),
        }
    }
    (reader.end(waiting.len()), read)
}

#[test]
fn a_snapshot_is_read_as_it_was_written_in_pieces_of_any_size() {
    let bytes = small();
    for piece in 1..=bytes.len() {
        let (found, read) = read_in(piece, &bytes);
        assert_eq!(found.unwrap(), header(FileKind::Snapshot, 77));
        assert_eq!(read, content());
    }
}

#[test]
fn a_large_snapshot_is_handed_out_on_the_way_in_records_of_64_kib() {
    let large = |n: u64| Entry::value_of(&n.to_be_bytes(), &[b'v'; 10_000], version(n + 1, 7));
    let (mut writer, first) = SnapshotWriter::begin(&header(FileKind::Snapshot, 77));
    let pieces: Vec<Vec<u8>> = (0..500).filter_map(|n| writer.entry(&large(n))).collect();
    let last = writer.end();
    assert_eq!(pieces.len(), 4);
    assert!(pieces.iter().chain([&last]).all(|piece| piece.len() < (1 << 20) + (80 << 10)));
    let bytes = [vec![first], pieces, vec![last]].concat().concat();
    let (found, read) = read_in(300_000, &bytes);
    assert!(found.is_ok());
    assert_eq!(read, (0..500).map(|n| Mutation::Entry(large(n))).collect::<Vec<_>>());
}

#[test]
fn every_flipped_bit_of_a_snapshot_is_an_error() {
    let bytes = small();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(read_in(1_000, &bytes).0.is_err(), "bit {bit}");
    }
}

#[test]
fn a_snapshot_that_ends_anywhere_or_goes_on_is_an_error() {
    // Of some records, so that it can end between two.
    let bytes = written(
        (0..200).map(|n| Entry::value_of(&[b'k', n], &[b'v'; 1_000], version(u64::from(n) + 1, 7))),
    );
    for length in 0..bytes.len() {
        assert!(read_in(70_000, &bytes[..length]).0.is_err(), "{length} bytes");
    }
    let again = record(5, Sequence::ZERO, &[Mutation::Clock(Hlc::ZERO)]);
    for behind in [&[0][..], &[0; 100], &again, &bytes] {
        assert!(read_in(70_000, &[&bytes, behind].concat()).0.is_err());
    }
}

#[test]
fn records_of_a_snapshot_stand_in_order_and_its_end_counts_the_entries() {
    let start = header(FileKind::Snapshot, 77).encode();
    let of = |records: &[(u64, Vec<Mutation>)]| {
        let records = records.iter();
        let records = records.map(|(at, mutations)| record(*at, Sequence::ZERO, mutations));
        read_in(50, &[start.to_vec(), records.collect::<Vec<_>>().concat()].concat()).0
    };
    let held = || vec![Mutation::Entry(entry(1))];
    let end = |entries| vec![Mutation::End { entries }];
    assert!(of(&[(1, held()), (2, end(1))]).is_ok());
    assert!(matches!(of(&[(1, held()), (3, end(1))]), Err(SnapshotError::Order { .. })));
    assert!(matches!(of(&[(2, held()), (3, end(1))]), Err(SnapshotError::Order { .. })));
    assert!(matches!(of(&[(1, held()), (1, end(1))]), Err(SnapshotError::Order { .. })));
    assert!(matches!(of(&[(1, held()), (2, end(2))]), Err(SnapshotError::Count { .. })));
    assert!(matches!(of(&[(1, held())]), Err(SnapshotError::NoEnd { entries: 1 })));
    let early = [end(0), held()].concat();
    assert!(matches!(of(&[(1, early)]), Err(SnapshotError::Trailing { .. })));
}

#[test]
fn a_length_that_no_record_has_makes_nobody_wait_for_so_much() {
    let mut bytes = small();
    bytes[HEADER_BYTES..HEADER_BYTES + 4].copy_from_slice(&(u32::MAX).to_be_bytes());
    let mut reader = SnapshotReader::default();
    assert!(reader.read(&bytes, &mut |_| {}).is_err());
}
