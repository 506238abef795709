//! Files that hold anything: nothing of it brings the reader down, keeps it busy, or is believed.

use super::*;
use crate::journal::{BadRecord, DamageCause, FileName, RECORD_HEADER_BYTES, SnapshotReader};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq};

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
            // Without its header, a record that stands alone cannot be told from anything else.
            let last_of_it = whole[which].first + SEGMENT_RECORDS - 1;
            let is_lone = |record| record == last_of_it && hit(record - 1) && from < HEADER_BYTES;
            let survivors = (1..=RECORDS).filter(|record| !hit(*record) && !is_lone(*record));
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

/// Small enough that a reader without a limit gets to its end, too.
const SEGMENT_BYTES: usize = 256 << 10;

/// How many times the bytes of a segment are checked at most in search of records: 16 times, and
/// then the record at which that is reached.
const MOST_CHECKS: u64 = 17;

/// A few good records, and then nothing but this. How many times its bytes were checked.
fn checks(what: &str, fill: &[u8]) -> u64 {
    let mut bytes = segment(1, 5, Writer::Never).bytes;
    let room = SEGMENT_BYTES - bytes.len();
    bytes.extend(fill.iter().copied().cycle().take(room));
    let checks = [Mode::Strict, Mode::Repair].map(|mode| {
        let mut recovery = Recovery::behind(Sequence::ZERO, NODE, mode);
        let read = recovery.segment(Sequence(1), &bytes, &mut drop);
        let checks = recovery.searched().div_ceil(SEGMENT_BYTES as u64);
        assert!(checks <= MOST_CHECKS, "{what}, {mode:?}: {checks}");
        // Whoever does not know what stands behind cuts nothing, and says no more than that.
        let cause = read.err().map(|damage| damage.cause);
        let gives_up = checks >= MOST_CHECKS - 1 && mode == Mode::Strict;
        let unsearched =
            DamageCause::Unsearched { sequence: Sequence(6), cause: BadRecord::Checksum };
        assert_eq!(cause, gives_up.then_some(unsearched), "{what}");
        assert!(recovery.end().last >= Sequence(5), "{what}, {mode:?}");
        checks
    });
    checks.into_iter().max().unwrap_or_default()
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
fn a_segment_of_nothing_is_hardly_searched() {
    for fill in [&[0][..], &[0xff], &[0, 0, 0, 0, 0, 0, 0, 7]] {
        // In the last one some of the spots look like the header of a short record.
        assert!(checks("nothing", fill) <= 8, "{fill:?}");
    }
}

/// Symptom: a segment full of values that looked like the headers of long records was not read
/// within a day. Cause: each of them had all that followed it checked.
#[test]
fn a_segment_of_made_up_headers_is_searched_no_more_than_a_few_times() {
    let long = SEGMENT_BYTES as u32 / 2;
    assert!(checks("long records", &claim(7, long)) >= MOST_CHECKS - 1);
    checks("short records", &claim(7, 20));
    checks("records in the right place", &claim(6, long));
    let good = record(6, Sequence(0), &[Mutation::Clock(Hlc::ZERO)]);
    checks("good ones behind bad ones", &[claim(6, long), good].concat());
}
