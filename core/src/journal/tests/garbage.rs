//! Files that hold anything: nothing of it brings the reader down, takes it long, or is believed.

use super::*;
use crate::journal::{FileName, RECORD_HEADER_BYTES, SnapshotReader};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq};
use std::time::{Duration, Instant};

/// What stands where something else should.
fn patch() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..200),
        (0_usize..400).prop_map(|bytes| vec![0; bytes]),
        (1_u64..20, 0_u64..20).prop_map(|(sequence, synced)| {
            record(sequence, Sequence(synced), &[Mutation::Clock(Hlc::from_raw(1))])
        }),
    ]
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(2_000) })]

    #[test]
    fn what_is_read_of_a_journal_with_a_patch_is_a_beginning_that_breaks_no_promise(
        writer in 0..3_usize,
        which in 0..3_usize,
        from in any::<proptest::sample::Index>(),
        patch in patch(),
    ) {
        let writer = WRITERS[writer];
        let whole = journal(writer);
        let mut segments = whole.clone();
        let from = from.index(segments[which].bytes.len());
        let behind = segments[which].bytes.len().min(from + patch.len());
        segments[which].bytes[from..behind].copy_from_slice(&patch[..behind - from]);
        let (recovered, read) = read(&segments, Mode::Strict);
        let hit = |record: u64| {
            let segment = &whole[which];
            (segment.first..segment.first + SEGMENT_RECORDS).contains(&record) && {
                let (begin, end) = (segment.begin_of(record), segment.begin_of(record + 1));
                begin < behind && from < end && segments[which].bytes[begin..end] != segment.bytes[begin..end]
            }
        };
        if let Ok(Recovered { last, lost, .. }) = recovered {
            let last = last.0;
            // A patch may be a good record in the right place: then that stands there.
            let is_genuine = (1..=last).all(|record| !hit(record));
            prop_assert!(!is_genuine || read == all_up_to(last));
            prop_assert_eq!(lost, 0);
            let survivors = (1..=RECORDS).filter(|record| !hit(*record));
            prop_assert!(!is_promised(last + 1, survivors, writer));
        }
    }

    #[test]
    fn garbage_is_survived(
        bytes in vec(any::<u8>(), 0..2_000),
        begins_well in any::<bool>(),
        name in "[a-z]{0,8}-[0-9a-f]{0,17}\\.mkv",
    ) {
        for mode in [Mode::Strict, Mode::Repair] {
            let start = header(FileKind::Segment, 1).encode();
            let segment = [if begins_well { &start[..] } else { &[] }, &bytes].concat();
            let (recovered, read) = read_behind(0, [(1, &segment[..])], mode);
            prop_assert_eq!((recovered.unwrap().last, read), (Sequence::ZERO, vec![]));
        }
        let start = header(FileKind::Snapshot, 1).encode();
        let snapshot = [if begins_well { &start[..] } else { &[] }, &bytes].concat();
        let mut reader = SnapshotReader::default();
        let is_whole = reader.read(&snapshot, &mut |_| {}).is_ok_and(|read| {
            reader.end(snapshot.len() - read).is_ok()
        });
        prop_assert!(!is_whole);
        let parsed = FileName::parse(&name);
        prop_assert!(parsed.is_none_or(|file| file.to_string() == name));
    }
}

const SEGMENT_BYTES: usize = 64 << 20;

/// Far more than reading takes, and far less than reading all behind each spot would.
const LIMIT: Duration = Duration::from_secs(5);

fn check_time(what: &str, fill: &[u8]) {
    let mut bytes = segment(1, 5, Writer::Never).bytes;
    let room = SEGMENT_BYTES - bytes.len();
    bytes.extend(fill.iter().copied().cycle().take(room));
    for mode in [Mode::Strict, Mode::Repair] {
        let began = Instant::now();
        let (recovered, _) = read_behind(0, [(1, &bytes[..])], mode);
        let took = began.elapsed();
        println!("{what}, {mode:?}: {took:?}, {recovered:?}");
        assert!(took < LIMIT, "{what}, {mode:?}: {took:?}");
        // If it would take too long to know, nothing is cut.
        assert!(recovered.is_ok_and(|it| it.last >= Sequence(5)) || mode == Mode::Strict);
    }
}

/// The header of a record that is no such record.
fn claim(sequence: u64, length: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(sequence.to_be_bytes());
    bytes.extend([0; 8]);
    assert_eq!(bytes.len(), RECORD_HEADER_BYTES);
    bytes
}

#[test]
fn a_large_segment_of_nothing_is_soon_read() {
    check_time("zeros", &[0]);
    check_time("ones", &[0xff]);
    check_time("sevens", &[0, 0, 0, 0, 0, 0, 0, 7]);
}

/// Symptom: a segment full of values that looked like the headers of long records was not read
/// within a day. Cause: each of them had all that followed it checked.
#[test]
fn a_large_segment_of_made_up_headers_is_soon_read() {
    check_time("long records", &claim(7, 32 << 20));
    check_time("short records", &claim(7, 20));
    check_time("records in the right place", &claim(6, 32 << 20));
    let good = record(6, Sequence(0), &[Mutation::Clock(Hlc::ZERO)]);
    check_time("good ones behind bad ones", &[claim(6, 32 << 20), good].concat());
}
