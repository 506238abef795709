//! The format, byte by byte: what one release has written the next ones read. And what makes the
//! bytes: the log and the names.

use super::*;
use crate::journal::{FileName, Records, SnapshotWriter};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Four numbers of 16 digits and the like, as one.
fn joined(parts: &[&str]) -> String {
    parts.concat().replace(' ', "")
}

#[test]
fn the_bytes_of_a_header_do_not_change() {
    for (kind, magic, crc) in [
        (FileKind::Segment, "4d4b564a524e4c0a", "5bf94f6e"),
        (FileKind::Snapshot, "4d4b56534e41500a", "fa0d7a20"),
    ] {
        let name = "6e6f64652d31";
        let zeros = "00".repeat(64 - 6);
        let numbers = "0102030405060708 5a175a17";
        let expected = joined(&[magic, "0002", "06", name, &zeros, numbers, "0000000000", crc]);
        let bytes = header(kind, 0x0102_0304_0506_0708).encode();
        assert_eq!(hex(&bytes), expected);
        assert_eq!(Header::parse(kind, &bytes), Ok(header(kind, 0x0102_0304_0506_0708)));
    }
}

#[test]
fn the_bytes_of_a_record_of_each_mutation_do_not_change() {
    let at = version(0x0102_0304_0506_0708, 0x1112_1314_1516_1718);
    let written = "0102030405060708 1112131415161718";
    let cases = [
        (
            Mutation::Entry(Entry::value_of(b"key", b"value", at)),
            joined(&["01 0000001d", written, "00 00000003 6b6579 76616c7565"]),
        ),
        (
            Mutation::Entry(Entry::tombstone(b"key", at)),
            joined(&["01 00000018", written, "01 00000003 6b6579"]),
        ),
        (
            Mutation::Entry(Entry::joined(b"key", b"value", b"", Some(HEARD), at)),
            joined(&["01 00000025", written, "02 00000003 6b6579 0000018bcfe56800 76616c7565"]),
        ),
        (
            Mutation::Forgotten { key: b"key"[..].into(), version: at },
            joined(&["02 00000013", written, "6b6579"]),
        ),
        (
            Mutation::Registers(Registers {
                flush: at,
                watermark: Hlc::from_raw(0x21),
                lineage: Lineage(0x31),
            }),
            joined(&["03 00000020", written, "0000000000000021 0000000000000031"]),
        ),
        (Mutation::Clock(at.hlc), joined(&["04 00000008 0102030405060708"])),
        (Mutation::Published(at.hlc), joined(&["05 00000008 0102030405060708"])),
        (
            Mutation::Members(vec![(NodeId(0x41), HEARD)]),
            joined(&["06 00000010 0000000000000041 0000018bcfe56800"]),
        ),
        (Mutation::Members(vec![]), joined(&["06 00000000"])),
        (Mutation::End { entries: 0x51 }, joined(&["07 00000008 0000000000000051"])),
    ];
    let crcs = [
        "54b9571d", "23c6b848", "dbaca6fc", "2ad36d0d", "ec139ad7", "50501873", "8dc6c1f6",
        "4b83a143", "812091d5", "ab1e4273",
    ];
    for ((mutation, body), crc) in cases.into_iter().zip(crcs) {
        let length = format!("{:08x}", body.len() / 2);
        let places = "00000000000000aa 000000000000009b";
        let bytes = record(0xaa, Sequence(0x9b), &[mutation]);
        assert_eq!(hex(&bytes), joined(&[&length, crc, places, &body]));
    }
}

#[test]
fn the_bytes_of_a_snapshot_do_not_change() {
    let (mut writer, mut bytes) = SnapshotWriter::begin(&header(FileKind::Snapshot, 7));
    writer.note(&Mutation::Clock(Hlc::from_raw(0x21)));
    let entry = Entry::value_of(b"k", b"v", version(0x11, 0x12));
    assert_eq!(writer.entry(&entry), None);
    bytes.extend(writer.end());
    let expected = joined(&[
        &hex(&header(FileKind::Snapshot, 7).encode()),
        "00000036 7383c5ea 0000000000000001 0000000000000000",
        "04 00000008 0000000000000021",
        "01 00000017 0000000000000011 0000000000000012 00 00000001 6b 76",
        "07 00000008 0000000000000001",
    ]);
    assert_eq!(hex(&bytes), expected);
}

/// A value of so many bytes.
fn entry(bytes: usize) -> Entry {
    Entry::value_of(b"k", &vec![b'v'; bytes], version(1, 1))
}

fn sequences(records: &Records) -> Vec<(u64, usize)> {
    let (mut rest, mut found) = (&records.bytes[..], Vec::new());
    while !rest.is_empty() {
        let length = u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize;
        let sequence = u64::from_be_bytes(rest[8..16].try_into().unwrap());
        found.push((sequence, length));
        rest = &rest[24 + length..];
    }
    found
}

#[test]
fn a_step_behind_64_kib_begins_another_record_and_one_before_does_not() {
    let mut log = Log::behind(Sequence(10));
    assert_eq!((log.position(), log.is_empty(), log.take()), (Sequence(10), true, None));
    log.entry(&entry((64 << 10) - 24 - 5 - 22 - 1));
    assert_eq!(log.bytes(), (64 << 10) - 1);
    log.step();
    assert_eq!(log.position(), Sequence(11));
    log.entry(&entry(1));
    assert_eq!(log.position(), Sequence(11));
    log.step();
    assert_eq!(log.position(), Sequence(11), "what is closed is not behind the last change");
    log.entry(&entry(1));
    assert_eq!((log.position(), log.is_empty()), (Sequence(12), false));
    let records = log.take().unwrap();
    assert_eq!((sequences(&records).len(), records.last), (2, Sequence(12)));
    assert_eq!((log.take(), log.position(), log.is_empty()), (None, Sequence(12), true));
    log.entry(&entry(1));
    assert_eq!(log.take().unwrap().last, Sequence(13));
}

#[test]
fn a_step_never_spans_two_records() {
    let mut log = Log::behind(Sequence::ZERO);
    (0..100).for_each(|_| log.entry(&entry(10_000)));
    log.step();
    (0..100).for_each(|_| log.entry(&entry(10)));
    log.step();
    let records = log.take().unwrap();
    let each = |bytes: usize| 100 * (5 + 22 + bytes);
    assert_eq!(sequences(&records), [(1, each(10_000)), (2, each(10))]);
}

#[test]
fn what_is_noted_behind_a_parting_stands_in_another_record() {
    let mut log = Log::behind(Sequence::ZERO);
    log.part();
    assert_eq!((log.position(), log.is_empty()), (Sequence::ZERO, true));
    log.entry(&entry(1));
    log.part();
    log.part();
    assert_eq!(log.position(), Sequence(1));
    log.entry(&entry(1));
    assert_eq!(log.position(), Sequence(2));
    assert_eq!(sequences(&log.take().unwrap()), [(1, 28), (2, 28)]);
}

#[test]
fn every_record_is_stamped_and_may_be_again() {
    let mut log = Log::behind(Sequence(4));
    (0..3).for_each(|_| {
        log.entry(&entry(70_000));
        log.step();
    });
    let mut records = log.take().unwrap();
    for synced in [Sequence(3), Sequence(4)] {
        stamp(&mut records, synced, SALT);
        let mut bytes = header(FileKind::Segment, 5).encode().to_vec();
        bytes.extend(&records.bytes);
        let (recovered, read) = read_behind(4, [(5, &bytes[..])], Mode::Strict);
        assert_eq!((recovered.unwrap().last, read.len()), (Sequence(7), 3));
    }
    stamp(&mut Records { bytes: Vec::new(), last: Sequence::ZERO }, Sequence::ZERO, SALT);
}

#[test]
fn names_of_files_tell_the_kind_and_the_place_and_other_names_are_none() {
    for (file, name) in [
        (FileName::Segment(Sequence(1)), "journal-0000000000000001.mkv"),
        (FileName::Segment(Sequence(u64::MAX)), "journal-ffffffffffffffff.mkv"),
        (FileName::Snapshot(Sequence(0xab)), "snapshot-00000000000000ab.mkv"),
    ] {
        assert_eq!(file.to_string(), name);
        assert_eq!(FileName::parse(name), Some(file));
    }
    for name in [
        "",
        "journal",
        "journal-1.mkv",
        "journal-00000000000000001.mkv",
        "journal-000000000000000A.mkv",
        "journal-+000000000000001.mkv",
        "journal-0000000000000001.mkv.new",
        "journal-0000000000000001.tmp",
        "Journal-0000000000000001.mkv",
        "backup-0000000000000001.mkv",
        " journal-0000000000000001.mkv",
    ] {
        assert_eq!(FileName::parse(name), None, "{name}");
    }
    assert!(
        FileName::Segment(Sequence(9)).to_string() < FileName::Segment(Sequence(16)).to_string()
    );
}
