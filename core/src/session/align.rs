//! Aligns two lists of separators that are known by short tags only.
//!
//! Most separators are on both sides. Where one is on one side only, the two runs around it are
//! compared as one. A tag that agrees by chance aligns runs that do not belong together: they look
//! different, are compared more closely, and nothing is missed, because every run of either side is
//! in exactly one pair.

use std::ops::Range;

/// How far ahead is looked for two tags that agree, both sides taken together.
const LOOK_AHEAD: usize = 256;

/// Neighbouring runs of both sides that begin and end at the same places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) own: Range<usize>,
    pub(super) theirs: Range<usize>,
}

/// Pairs up all runs. A tag belongs to the separator between two runs, so a side with n runs has
/// n - 1 tags; a side without runs has none.
pub(super) fn align(own: &[u64], theirs: &[u64], runs: (usize, usize)) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < runs.0 || j < runs.1 {
        let (end_i, end_j) = next_match(own, theirs, (i, j)).unwrap_or(runs);
        pairs.push(Pair { own: i..end_i, theirs: j..end_j });
        (i, j) = (end_i, end_j);
    }
    pairs
}

/// The runs that the next common separator begins. Tag n stands before run n + 1.
fn next_match(own: &[u64], theirs: &[u64], (i, j): (usize, usize)) -> Option<(usize, usize)> {
    for distance in 0..LOOK_AHEAD {
        for ahead in 0..=distance {
            let (at_own, at_theirs) = (i + ahead, j + distance - ahead);
            if let (Some(a), Some(b)) = (own.get(at_own), theirs.get(at_theirs))
                && a == b
            {
                return Some((at_own + 1, at_theirs + 1));
            }
        }
        if i + distance >= own.len() && j + distance >= theirs.len() {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(own: &[u64], theirs: &[u64]) -> Vec<(Range<usize>, Range<usize>)> {
        let pairs = align(own, theirs, (own.len() + 1, theirs.len() + 1));
        pairs.into_iter().map(|pair| (pair.own, pair.theirs)).collect()
    }

    #[test]
    fn equal_separators_pair_runs_one_by_one() {
        assert_eq!(aligned(&[1, 2], &[1, 2]), [(0..1, 0..1), (1..2, 1..2), (2..3, 2..3)]);
        assert_eq!(aligned(&[], &[]), [(0..1, 0..1)]);
    }

    #[test]
    fn a_separator_of_one_side_joins_the_runs_around_it() {
        assert_eq!(aligned(&[1, 2, 3], &[1, 3]), [(0..1, 0..1), (1..3, 1..2), (3..4, 2..3)]);
        assert_eq!(aligned(&[1], &[1, 8, 9]), [(0..1, 0..1), (1..2, 1..4)]);
        assert_eq!(aligned(&[7], &[8]), [(0..2, 0..2)]);
    }

    #[test]
    fn every_run_is_in_exactly_one_pair_whatever_the_tags_are() {
        for seed in 0..2_000_u64 {
            let list = |salt: u64| -> Vec<u64> {
                let length = (seed * salt) % 40;
                (0..length).map(|n| (n * seed + salt).wrapping_mul(0x9e37_79b9) >> 8 & 7).collect()
            };
            let (own, theirs) = (list(3), list(5));
            let pairs = align(&own, &theirs, (own.len() + 1, theirs.len() + 1));
            let (mut i, mut j) = (0, 0);
            for pair in &pairs {
                assert_eq!((pair.own.start, pair.theirs.start), (i, j));
                assert!(!pair.own.is_empty() && !pair.theirs.is_empty());
                (i, j) = (pair.own.end, pair.theirs.end);
            }
            assert_eq!((i, j), (own.len() + 1, theirs.len() + 1));
        }
        assert_eq!(align(&[], &[4], (0, 2)), [Pair { own: 0..0, theirs: 0..2 }]);
        assert!(align(&[], &[], (0, 0)).is_empty());
    }
}
