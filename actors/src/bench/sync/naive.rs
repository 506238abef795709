//! The peer in the same run: what a program without a tree would do to find all differences. One
//! side sends a 32-byte digest of every entry, in order of digests; the other compares the list
//! with its own, answers 4 bytes for each digest that it does not know, and both send what the
//! other lacks. Three messages, and all digests each time.

use merkle_kv_core::merkle::{Digest, KeyRange, Tree};
use std::cmp::Ordering;
use std::time::{Duration, Instant};

const DIGEST_BYTES: u64 = 32;
const WANTED_BYTES: u64 = 4;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Naive {
    /// Without the entries themselves.
    pub(super) bytes: u64,
    /// Of both sides together: hashing, sorting and comparing.
    pub(super) took: Duration,
}

impl Naive {
    pub(super) fn of(own: &Tree, theirs: &Tree) -> Naive {
        let begun = Instant::now();
        let (own, theirs) = (digests(own), digests(theirs));
        let unknown = missing(&own, &theirs) as u64;
        Naive {
            bytes: own.len() as u64 * DIGEST_BYTES + unknown * WANTED_BYTES,
            took: begun.elapsed(),
        }
    }
}

fn digests(tree: &Tree) -> Vec<[u8; 32]> {
    let entries = tree.range(KeyRange::ALL);
    let mut digests: Vec<_> = entries.map(|entry| Digest::leaf(&entry).0).collect();
    digests.sort_unstable();
    digests
}

/// How many digests of one sorted list the other does not have.
fn missing(sent: &[[u8; 32]], known: &[[u8; 32]]) -> usize {
    let mut known = known.iter().peekable();
    let mut missing = 0;
    for digest in sent {
        let found = loop {
            match known.peek().map(|other| other.cmp(&digest)) {
                Some(Ordering::Less) => known.next(),
                other => break other == Some(Ordering::Equal),
            };
        };
        missing += usize::from(!found);
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_that_the_other_side_lacks_are_counted() {
        let list = |bytes: &[u8]| bytes.iter().map(|byte| [*byte; 32]).collect::<Vec<_>>();
        for (sent, known, expected) in [
            (&[1, 3, 5][..], &[2, 3, 4][..], 2),
            (&[], &[1], 0),
            (&[1, 2], &[], 2),
            (&[7, 8], &[1, 7, 8], 0),
        ] {
            assert_eq!(missing(&list(sent), &list(known)), expected);
        }
    }
}
