//! Which request comes next: reads and writes in their proportion, of keys as they are chosen.

use super::numbers::{Numbers, Zipf, mixed};
use super::wire::{Kind, Requests};

/// Where all connections have their requests from.
pub(super) struct Source {
    requests: Requests,
    keys: u64,
    order: Order,
    numbers: Numbers,
}

/// Which keys are asked for.
enum Order {
    /// Any, again and again; reads where a number of 32 bits is below this.
    Random { reads_below: u64, zipf: Option<Zipf> },
    /// Every one, in writes; so many have been.
    Each { written: u64 },
}

impl Source {
    /// Reads in this proportion, from 0 to 1, of keys that are all alike, or unlike by this
    /// exponent of Zipf.
    pub(super) fn random(
        requests: Requests,
        keys: u64,
        reads: f64,
        zipf: Option<f64>,
        seed: u64,
    ) -> Source {
        let reads_below = (reads * (1_u64 << 32) as f64) as u64;
        let zipf = zipf.map(|exponent| Zipf::new(keys, exponent));
        let order = Order::Random { reads_below, zipf };
        Source { requests, keys, order, numbers: Numbers::new(seed) }
    }

    /// A write of every key.
    pub(super) fn each(requests: Requests, keys: u64, seed: u64) -> Source {
        let order = Order::Each { written: 0 };
        Source { requests, keys, order, numbers: Numbers::new(seed) }
    }

    /// How many requests there are still to be sent.
    pub(super) fn remaining(&self) -> u64 {
        match self.order {
            Order::Random { .. } => u64::MAX,
            Order::Each { written } => self.keys - written,
        }
    }

    /// Appends the next request; of no use if none remains.
    pub(super) fn next(&mut self, to: &mut Vec<u8>) -> Kind {
        let (kind, key) = match &mut self.order {
            Order::Each { written } => {
                *written += 1;
                (Kind::Set, mixed(*written - 1, self.keys))
            }
            Order::Random { reads_below, zipf } => {
                let key = match zipf {
                    None => self.numbers.below(self.keys),
                    // So that the favourites are no neighbours.
                    Some(zipf) => mixed(zipf.rank(&mut self.numbers), self.keys),
                };
                let is_read = match *reads_below {
                    0 => false,
                    ALWAYS => true,
                    reads_below => self.numbers.below(ALWAYS) < reads_below,
                };
                (if is_read { Kind::Get } else { Kind::Set }, key)
            }
        };
        match kind {
            Kind::Get => self.requests.get(key, to),
            Kind::Set => self.requests.set(key, self.numbers.next(), to),
        }
        kind
    }
}

/// Above every number of 32 bits.
const ALWAYS: u64 = 1 << 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::load::wire::Protocol;
    use std::collections::HashMap;

    const KEYS: u64 = 1_003;

    fn requests() -> Requests {
        Requests::new(Protocol::Text, KEYS, 8)
    }

    /// How often each key was asked for, and how many reads there were.
    fn drawn(mut source: Source, requests: u64) -> (HashMap<String, u64>, u64) {
        let (mut keys, mut reads) = (HashMap::new(), 0);
        for _ in 0..requests {
            let mut text = Vec::new();
            let kind = source.next(&mut text);
            let text = String::from_utf8(text).unwrap();
            assert!(text.starts_with(if kind == Kind::Get { "GET " } else { "SET " }), "{text}");
            reads += u64::from(kind == Kind::Get);
            *keys.entry(text[4..23].to_owned()).or_default() += 1;
        }
        (keys, reads)
    }

    #[test]
    fn reads_and_writes_come_in_their_proportion() {
        let reads = |share| drawn(Source::random(requests(), KEYS, share, None, 1), 10_000).1;
        assert_eq!((reads(0.0), reads(1.0)), (0, 10_000));
        // Six standard deviations.
        assert!(reads(0.5).abs_diff(5_000) < 300 && reads(0.01).abs_diff(100) < 60);
    }

    #[test]
    fn writing_each_key_is_over_when_all_are_written() {
        let mut source = Source::each(requests(), KEYS, 1);
        assert_eq!(source.remaining(), KEYS);
        source.next(&mut Vec::new());
        assert_eq!(source.remaining(), KEYS - 1);
        let (keys, reads) = drawn(Source::each(requests(), KEYS, 1), KEYS);
        assert_eq!((keys.len() as u64, reads), (KEYS, 0));
    }

    #[test]
    fn with_zipf_some_keys_come_much_more_often_and_all_are_keys() {
        let (keys, _) = drawn(Source::random(requests(), KEYS, 0.5, Some(1.2), 1), 20_000);
        let most = keys.values().max().unwrap();
        assert!(*most > 2_000, "{most}");
        let (keys, _) = drawn(Source::random(requests(), KEYS, 0.5, None, 1), 20_000);
        assert!(*keys.values().max().unwrap() < 60 && keys.len() as u64 == KEYS);
    }

    #[test]
    fn the_same_seed_asks_for_the_same() {
        let draw = |seed| drawn(Source::random(requests(), KEYS, 0.3, Some(0.9), seed), 500);
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
    }
}
