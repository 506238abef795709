//! Damage of one spot, at every spot: nothing that was promised is lost in silence, and nothing
//! else than a torn end is cut.

use super::*;
use crate::journal::{BadRecord, DamageCause, FORMAT, HeaderError};

fn flipped(segments: &[Segment], which: usize, bit: usize) -> Vec<Segment> {
    let mut segments = segments.to_vec();
    segments[which].bytes[bit / 8] ^= 1 << (bit % 8);
    segments
}

#[test]
fn a_flipped_bit_is_an_unpromised_end_or_damage_and_nothing_else() {
    for writer in WRITERS {
        let whole = journal(writer);
        for which in 0..whole.len() {
            for bit in 0..whole[which].bytes.len() * 8 {
                let found = read(&flipped(&whole, which, bit), Mode::Strict);
                let segment = &whole[which];
                match segment.record_at(bit / 8) {
                    // All that a header tells is known from elsewhere.
                    None => assert_cut(&found, RECORDS + 1, None),
                    Some(bad) if is_promised(bad, bad + 1..=RECORDS, writer) => {
                        assert_damaged(&found, segment.first, segment.begin_of(bad));
                    }
                    Some(bad) => {
                        let at = cut(segment.first, segment.begin_of(bad));
                        assert_cut(&found, bad, Some(at));
                    }
                }
            }
        }
    }
}

/// The journal with one segment cut short, and how much of it is whole.
fn check_truncated(writer: Writer, which: usize, length: usize, keeps_later: bool) {
    let whole = journal(writer);
    let mut segments = whole.clone();
    segments[which].bytes.truncate(length);
    if !keeps_later {
        segments.truncate(which + 1);
    }
    let segment = &whole[which];
    let bad = match segment.record_at(length) {
        None => segment.first,
        Some(bad) => bad,
    };
    let survivors = segment.first + SEGMENT_RECORDS..=if keeps_later { RECORDS } else { 0 };
    let has_later = !survivors.is_empty();
    let is_whole = length == segment.bytes.len();
    let is_at_border = segment.borders.contains(&length);
    let found = read(&segments, Mode::Strict);
    let begin = if length < HEADER_BYTES { 0 } else { segment.begin_of(bad) };
    if is_whole {
        let end = if keeps_later { RECORDS + 1 } else { bad };
        assert_cut(&found, end, None);
    } else if is_promised(bad, survivors, writer) {
        let (name, at) =
            if is_at_border { (whole[which + 1].first, 0) } else { (segment.first, begin) };
        assert_damaged(&found, name, at);
    } else {
        let is_clean = is_at_border && !has_later;
        assert_cut(&found, bad, (!is_clean).then(|| cut(segment.first, begin)));
    }
}

#[test]
fn a_segment_that_ends_anywhere_is_an_unpromised_end_or_damage_and_nothing_else() {
    for writer in WRITERS {
        for (which, segment) in journal(writer).iter().enumerate() {
            for length in 0..=segment.bytes.len() {
                check_truncated(writer, which, length, false);
                check_truncated(writer, which, length, true);
            }
        }
    }
}

#[test]
fn a_segment_that_is_missing_is_noticed_as_far_as_any_later_one_tells() {
    for writer in WRITERS {
        let whole = journal(writer);
        let found = read(&whole[1..], Mode::Strict);
        match writer {
            Writer::Always | Writer::Interval => assert_damaged(&found, 6, 0),
            Writer::Never => assert_cut(&found, 1, Some(cut(6, 0))),
        }
        let found = read(&[whole[0].clone(), whole[2].clone()], Mode::Strict);
        match writer {
            Writer::Always | Writer::Interval => assert_damaged(&found, 11, 0),
            Writer::Never => assert_cut(&found, 6, Some(cut(1, whole[0].bytes.len()))),
        }
        assert_cut(&read(&whole[..2], Mode::Strict), 11, None);
    }
}

#[test]
fn segments_in_each_others_place_and_copies_are_named_and_not_read() {
    for writer in WRITERS {
        let whole = journal(writer);
        for (one, other) in [(0, 1), (1, 2), (0, 2)] {
            let mut swapped = whole.clone();
            (swapped[one].first, swapped[other].first) = (whole[other].first, whole[one].first);
            swapped.swap(one, other);
            for mode in [Mode::Strict, Mode::Repair] {
                let damage = read(&swapped, mode).0.unwrap_err();
                let cause = DamageCause::Misnamed(Sequence(whole[other].first));
                assert_eq!((damage.segment.0, damage.cause), (whole[one].first, cause));
            }
        }
        for copied in &whole {
            for name in [3, 8, 16] {
                let mut segments = whole.clone();
                segments.push(Segment { first: name, ..copied.clone() });
                segments.sort_by_key(|segment| segment.first);
                assert_damaged(&read(&segments, Mode::Strict), name, 0);
            }
        }
    }
}

#[test]
fn a_record_that_is_missing_between_two_is_an_unpromised_end_or_damage() {
    for writer in WRITERS {
        let whole = journal(writer);
        for missing in 6..10 {
            let (begin, end) = (whole[1].begin_of(missing), whole[1].begin_of(missing + 1));
            let mut segments = whole.clone();
            segments[1].bytes.drain(begin..end);
            let found = read(&segments, Mode::Strict);
            if is_promised(missing, missing + 1..=RECORDS, writer) {
                assert_damaged(&found, 6, begin);
            } else {
                assert_cut(&found, missing, Some(cut(6, begin)));
            }
        }
    }
}

/// Symptom: a client's value stood for a record that was torn. Cause: the value held the bytes of a
/// good record with that sequence, which was found behind the bad header and believed.
#[test]
fn a_value_that_looks_like_the_record_that_holds_it_does_not_take_its_place() {
    let fake = record(6, Sequence::ZERO, &[Mutation::Clock(Hlc::from_raw(99))]);
    let held = Mutation::Entry(Entry::value_of(b"key", &fake, version(600, 7)));
    let mut begun = segment(1, 5, Writer::Never);
    let begin = begun.bytes.len();
    begun.bytes.extend(record(6, Sequence::ZERO, &[held]));
    begun.bytes[begin + 4] ^= 1;
    assert_cut(&read(&[begun], Mode::Strict), 6, Some(cut(1, begin)));
}

/// A segment that was cut off and comes back, as its removal was not synced.
#[test]
fn a_segment_that_begins_before_what_is_known_is_not_read() {
    let whole = journal(Writer::Never);
    let longer = segment(1, 7, Writer::Never);
    assert_damaged(&read(&[longer, whole[1].clone()], Mode::Strict), 6, 0);
}

#[test]
fn a_writer_may_leave_a_torn_end_and_begin_a_segment_with_the_record_that_it_tore() {
    for writer in WRITERS {
        let whole = journal(writer);
        for kept in whole[0].borders[2]..whole[0].borders[3] {
            let mut torn = whole[0].clone();
            torn.bytes.truncate(kept);
            let begins_anew = segment(3, 9, writer);
            assert_cut(&read(&[torn.clone(), begins_anew.clone()], Mode::Strict), 12, None);
            // Behind a snapshot that holds it, no end matters.
            let segments = [&torn, &begins_anew].map(|it| (it.first, &it.bytes[..]));
            let recovered = read_behind(8, segments, Mode::Strict).0.unwrap();
            assert_eq!((recovered.last, recovered.cut), (Sequence(11), None));
        }
    }
}

#[test]
fn damage_to_what_a_snapshot_holds_does_no_harm() {
    let whole = journal(Writer::Always);
    for bad in 1..=10 {
        let which = (bad as usize - 1) / 5;
        let at = whole[which].begin_of(bad) + 9;
        let damaged = flipped(&whole, which, at * 8);
        let segments = || damaged.iter().map(|segment| (segment.first, &segment.bytes[..]));
        let (recovered, read) = read_behind(bad, segments(), Mode::Strict);
        assert_eq!(recovered.unwrap().last, Sequence(RECORDS));
        assert_eq!(read, (bad + 1..=RECORDS).flat_map(mutations).collect::<Vec<_>>());
        assert!(read_behind(bad - 1, segments(), Mode::Strict).0.is_err());
    }
}

#[test]
fn files_that_are_sound_and_belong_elsewhere_are_told_from_damage() {
    let whole = journal(Writer::Always);
    let with_header = |header: Header| {
        let mut segments = whole.clone();
        segments[1].bytes[..HEADER_BYTES].copy_from_slice(&header.encode());
        segments
    };
    let mut newer = whole.clone();
    newer[1].bytes[8..10].copy_from_slice(&(FORMAT + 1).to_be_bytes());
    let crc = crc32fast::hash(&newer[1].bytes[..92]).to_be_bytes();
    newer[1].bytes[92..96].copy_from_slice(&crc);
    let own = header(FileKind::Segment, 6);
    let cases = [
        (
            newer,
            DamageCause::Header(HeaderError::Format(FORMAT + 1)),
            "journal-0000000000000006.mkv cannot be used: it has format 3, and this release reads \
             2: start the release that wrote it, or a later one",
        ),
        (
            with_header(Header { node: "node-2".to_owned(), ..own.clone() }),
            DamageCause::OtherNode("node-2".to_owned()),
            "journal-0000000000000006.mkv cannot be used: it belongs to the node node-2: every \
             node needs a data directory of its own",
        ),
        (
            with_header(Header { sequence: Sequence(7), ..own }),
            DamageCause::Misnamed(Sequence(7)),
            "journal-0000000000000006.mkv cannot be used: its header is that of \
             journal-0000000000000007.mkv: give it that name, or take it away if it is a copy",
        ),
    ];
    for (segments, cause, message) in cases {
        for mode in [Mode::Strict, Mode::Repair] {
            let damage = read(&segments, mode).0.unwrap_err();
            assert_eq!((&damage.cause, damage.cause.is_foreign()), (&cause, true));
            assert_eq!(damage.to_string(), message);
        }
    }
}

#[test]
fn a_message_about_damage_says_where_it_is_and_what_was_expected() {
    let whole = journal(Writer::Always);
    let damage = read(&flipped(&whole, 1, whole[1].begin_of(8) * 8 + 80), Mode::Strict).0;
    let damage = damage.unwrap_err();
    let cause = DamageCause::Record { sequence: Sequence(8), cause: BadRecord::Checksum };
    assert_eq!((&damage.cause, damage.cause.is_foreign()), (&cause, false));
    assert_eq!(
        damage.to_string(),
        format!(
            "journal-0000000000000006.mkv is damaged at byte {}: the checksum of a record is \
             wrong, and record 8 had been on disk",
            whole[1].begin_of(8)
        )
    );
    let gap = read(&[whole[0].clone(), whole[2].clone()], Mode::Strict).0.unwrap_err();
    assert_eq!(
        gap.to_string(),
        "journal-000000000000000b.mkv is damaged at byte 0: record 6 should stand there, but \
         record 11 does"
    );
}
