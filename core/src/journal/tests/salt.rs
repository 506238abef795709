//! Salts: what looks like a record and was not written for this file is none, and a header that is
//! bad takes no records with it.

use super::*;
use crate::journal::Records;
use crate::journal::record::{Record, seal};

/// The bytes of a record that somebody wrote who does not know the salt of the file.
fn foreign(sequence: u64, synced: u64) -> Vec<u8> {
    with_salt(sequence, synced, Salt(SALT.0 ^ 1))
}

fn with_salt(sequence: u64, synced: u64, salt: Salt) -> Vec<u8> {
    let bytes = record(sequence, Sequence(0), &[Mutation::Clock(Hlc::from_raw(99))]);
    let mut records = Records { bytes, last: Sequence(sequence) };
    stamp(&mut records, Sequence(synced), salt);
    records.bytes
}

/// Five good records, and a sixth that is bad and holds others in a value.
fn holding(planted: &[u8]) -> (Segment, usize) {
    let mut segment = segment(1, 5, Writer::Never);
    let begin = segment.bytes.len();
    let held = Mutation::Entry(Entry::value_of(b"key", planted, version(600, 7)));
    segment.bytes.extend(record(6, Sequence::ZERO, &[held]));
    segment.bytes[begin + 4] ^= 1;
    (segment, begin)
}

/// Symptom: a client's value stood for records that had never been, and kept the node from starting
/// after a crash. Cause: the value held the bytes of good records, which the search behind a torn
/// one found and believed.
#[test]
fn a_value_full_of_records_plants_none_behind_damage() {
    let planted = |record: fn(u64, u64) -> Vec<u8>| {
        let records = (6..9).map(|sequence| record(sequence, sequence - 1));
        [vec![0; 999], records.collect::<Vec<_>>().concat()].concat()
    };
    let (segment, begin) = holding(&planted(foreign));
    assert_cut(&read(std::slice::from_ref(&segment), Mode::Strict), 6, Some(cut(1, begin)));
    assert_cut(&read(&[segment], Mode::Repair), 6, Some(cut(1, begin)));
    // Whoever knows the salt is believed, so the search does come by there.
    let (segment, begin) = holding(&planted(|at, synced| with_salt(at, synced, SALT)));
    assert_damaged(&read(std::slice::from_ref(&segment), Mode::Strict), 1, begin);
    assert_eq!(read(&[segment], Mode::Repair).0.unwrap().last, Sequence(8));
}

#[test]
fn what_an_older_file_has_left_in_the_blocks_of_this_one_is_no_record() {
    for stale in [6, 7] {
        let mut segment = segment(1, 5, Writer::Always);
        let end = segment.bytes.len();
        segment.bytes.extend(foreign(stale, stale - 1));
        assert_cut(&read(&[segment], Mode::Strict), 6, Some(cut(1, end)));
    }
}

#[test]
fn a_record_is_good_with_one_salt_only_which_can_be_told_from_it() {
    for length in [0, 1, 20, 1_000, 70_000] {
        let mut bytes = record(
            9,
            Sequence(3),
            &[Mutation::Entry(Entry::value_of(b"k", &vec![7; length], version(1, 1)))],
        );
        for salt in [0, 1, 0x8000_0000, u32::MAX, SALT.0].map(Salt) {
            seal(&mut bytes, Sequence(3), salt);
            assert_eq!(Record::fitting_salt(&bytes), Some(salt), "{length}");
            assert!(Record::parse(&bytes, salt).is_ok());
            for bit in 0..32 {
                assert!(Record::parse(&bytes, Salt(salt.0 ^ 1 << bit)).is_err());
            }
        }
    }
    assert_eq!(Record::fitting_salt(&[0; 23]), None);
    assert_eq!(Record::fitting_salt(&claimed_too_long()), None);
}

fn claimed_too_long() -> Vec<u8> {
    let mut bytes = record(1, Sequence(0), &[Mutation::Clock(Hlc::ZERO)]);
    bytes.pop();
    bytes
}

#[test]
fn a_header_that_is_gone_takes_no_record_with_it_that_another_follows() {
    for writer in WRITERS {
        let mut whole = journal(writer);
        for segment in &mut whole {
            segment.bytes[..HEADER_BYTES].fill(0);
        }
        assert_cut(&read(&whole, Mode::Strict), RECORDS + 1, None);
    }
    // Of the records with the header, so many are gone, too.
    for gone in 1..=3 {
        let mut whole = journal(Writer::Always);
        let end = whole[2].begin_of(11 + gone);
        whole[2].bytes[..end].fill(0);
        assert_damaged(&read(&whole, Mode::Strict), 11, 0);
        let repaired = read(&whole, Mode::Repair).0.unwrap();
        assert_eq!((repaired.last, repaired.lost), (Sequence(RECORDS), gone));
    }
}

/// Nothing tells then whether it is one.
#[test]
fn a_lone_record_needs_the_salt_of_its_header_and_nothing_else_of_it() {
    for bit in 0..HEADER_BYTES * 8 {
        let mut lone = segment(1, 1, Writer::Always);
        lone.bytes[bit / 8] ^= 1 << (bit % 8);
        let is_salt = (83..87).contains(&(bit / 8));
        let at = is_salt.then_some(cut(1, 0));
        assert_cut(&read(&[lone], Mode::Strict), if is_salt { 1 } else { 2 }, at);
    }
}
