//! What is read of a damaged journal when that is asked for: all that can be.

use super::*;

#[test]
fn repairing_reads_everything_but_the_bad_record_and_counts_it() {
    for writer in WRITERS {
        let whole = journal(writer);
        for which in 0..whole.len() {
            for at in HEADER_BYTES..whole[which].bytes.len() {
                let mut segments = whole.clone();
                segments[which].bytes[at] ^= 0x5a;
                let (recovered, read) = read(&segments, Mode::Repair);
                let recovered = recovered.unwrap();
                let bad = whole[which].record_at(at).unwrap();
                let good = (1..=RECORDS).filter(|record| *record != bad);
                assert_eq!(read, good.flat_map(mutations).collect::<Vec<_>>());
                // Behind a bad last record nothing tells that it was one.
                let is_last = bad == RECORDS;
                let end = cut(11, whole[2].begin_of(RECORDS));
                assert_eq!(recovered.records, RECORDS - 1);
                assert_eq!(recovered.lost, u64::from(!is_last));
                assert_eq!(recovered.last, Sequence(RECORDS - u64::from(is_last)));
                assert_eq!(recovered.cut, is_last.then_some(end));
            }
        }
    }
}

#[test]
fn repairing_counts_records_that_are_gone_with_their_segment() {
    let whole = journal(Writer::Always);
    for missing in 0..2 {
        let mut segments = whole.clone();
        segments.remove(missing);
        let (recovered, read) = read(&segments, Mode::Repair);
        let gone = whole[missing].first;
        let good = (1..=RECORDS).filter(|record| !(gone..gone + 5).contains(record));
        assert_eq!(read, good.flat_map(mutations).collect::<Vec<_>>());
        let expected =
            Recovered { last: Sequence(RECORDS), records: RECORDS - 5, cut: None, lost: 5 };
        assert_eq!(recovered, Ok(expected));
    }
}

#[test]
fn repairing_goes_on_behind_a_hole_of_any_size() {
    let whole = journal(Writer::Always);
    let segment = &whole[1];
    for begin in HEADER_BYTES..segment.bytes.len() {
        let mut segments = whole.clone();
        let end = segment.bytes.len().min(begin + 100);
        segments[1].bytes[begin..end].fill(0);
        let (recovered, read) = read(&segments, Mode::Repair);
        let is_bad = |record: u64| {
            let own = (6..=10).contains(&record).then(|| {
                let range = segment.begin_of(record)..segment.begin_of(record + 1);
                segments[1].bytes[range.clone()] != segment.bytes[range]
            });
            own == Some(true)
        };
        let good = (1..=RECORDS).filter(|record| !is_bad(*record));
        let lost = RECORDS - good.clone().count() as u64;
        assert_eq!(read, good.flat_map(mutations).collect::<Vec<_>>());
        assert_eq!(recovered.unwrap().lost, lost);
    }
}

#[test]
fn a_mutation_that_cannot_be_in_a_good_record_is_damage_and_lost_when_repairing() {
    let mut bytes = segment(1, 3, Writer::Always);
    let written = [mutations(4), vec![Mutation::Clock(Hlc::ZERO)]].concat();
    let mut unknown = record(4, Sequence(3), &written);
    let kind_at = unknown.len() - 8 - 5;
    unknown[kind_at] = 99;
    crate::journal::record::seal(&mut unknown, Sequence(3), SALT);
    bytes.bytes.extend(&unknown);
    let damage = read(std::slice::from_ref(&bytes), Mode::Strict).0.unwrap_err();
    assert!(damage.to_string().ends_with("a mutation has the unknown kind 99"), "{damage}");
    let (recovered, read) = read(&[bytes], Mode::Repair);
    assert_eq!(recovered.unwrap().lost, 1);
    assert_eq!(read, all_up_to(4));
}
