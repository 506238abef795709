//! What the load says and hears: the same writes in the text protocol of a node and in that of
//! Redis. Requests are prepared once; before each use only the digits in them change.

use crate::bench::sync::scattered;
use std::ops::Range;

/// Bytes of each key and of each value.
pub(in crate::bench) const KEY_BYTES: usize = 19;
pub(in crate::bench) const VALUE_BYTES: usize = 64;

/// What stands before the number of a key.
const PREFIX: &str = "user:";

/// Digits at the end of a value which differ from write to write.
const FRESH_DIGITS: usize = 8;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::bench) enum Wire {
    /// MerkleKV's own protocol.
    Text,
    /// That of Redis.
    Resp,
}

impl Wire {
    /// What a write is answered.
    pub(in crate::bench) fn ok(self) -> &'static [u8] {
        match self {
            Wire::Text => b"OK\r\n",
            Wire::Resp => b"+OK\r\n",
        }
    }

    fn set(self, key: &str, value: &str) -> String {
        match self {
            Wire::Text => format!("SET {key} {value}\r\n"),
            Wire::Resp => format!(
                "*3\r\n$3\r\nSET\r\n${}\r\n{key}\r\n${}\r\n{value}\r\n",
                key.len(),
                value.len()
            ),
        }
    }
}

/// The name of a key.
pub(in crate::bench) fn key(n: u64) -> String {
    let width = KEY_BYTES - PREFIX.len();
    format!("{PREFIX}{n:0>width$}")
}

/// Writes one after the other in one buffer, all of the same length.
pub(in crate::bench) struct Writes {
    bytes: Vec<u8>,
    /// Of one write.
    length: usize,
    /// Where in a write the digits of the key stand that change, and those of the value.
    key: Range<usize>,
    fresh: Range<usize>,
}

impl Writes {
    /// Room for so many writes with keys below `keys`.
    pub(in crate::bench) fn new(wire: Wire, count: usize, keys: u64) -> Writes {
        let (key, value) = (key(0), "0".repeat(VALUE_BYTES));
        let write = wire.set(&key, &value);
        let key_end = write.find(&key).unwrap_or_default() + KEY_BYTES;
        let digits = keys.saturating_sub(1).to_string().len();
        let value_end = write.trim_end().len();
        Writes {
            bytes: write.repeat(count).into_bytes(),
            length: write.len(),
            key: key_end - digits..key_end,
            fresh: value_end - FRESH_DIGITS..value_end,
        }
    }

    /// Makes one of the writes set this key to a value that looks random.
    pub(in crate::bench) fn fill(&mut self, write: usize, key: u64, random: u64) {
        let from = write * self.length;
        if let Some(write) = self.bytes.get_mut(from..from + self.length) {
            write_digits(&mut write[self.key.clone()], key);
            write_digits(&mut write[self.fresh.clone()], random);
        }
    }

    /// The first so many of them.
    pub(in crate::bench) fn first(&self, count: usize) -> &[u8] {
        &self.bytes[..count * self.length]
    }
}

/// The last digits of the number, as many as there is room for.
fn write_digits(room: &mut [u8], mut number: u64) {
    for digit in room.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// The replies to one batch of writes, as they come in.
pub(in crate::bench) struct Replies {
    expected: &'static [u8],
    missing: usize,
    /// Bytes that so many replies have when all is well.
    bytes: usize,
}

impl Replies {
    pub(in crate::bench) fn to(wire: Wire, writes: usize) -> Replies {
        let expected = wire.ok();
        Replies { expected, missing: writes, bytes: writes * expected.len() }
    }

    /// Takes what was read, and says whether that was all. What is no confirmation is an error with
    /// what was said.
    pub(in crate::bench) fn take(&mut self, read: &[u8]) -> Result<bool, String> {
        let lines = read.iter().filter(|byte| **byte == b'\n').count();
        // Confirmations are short and all the same, so another reply shows by its length.
        let is_good = lines <= self.missing
            && read.len() <= self.bytes
            && (self.missing - lines) * self.expected.len() >= self.bytes - read.len()
            && (lines < self.missing || read.len() == self.bytes);
        if !is_good {
            let text = String::from_utf8_lossy(read);
            let odd = text.lines().find(|line| line.as_bytes() != self.expected.trim_ascii_end());
            return Err(odd.unwrap_or_default().to_owned());
        }
        self.missing -= lines;
        self.bytes -= read.len();
        Ok(self.missing == 0)
    }
}

/// Numbers that look random, below a bound.
pub(in crate::bench) struct Numbers {
    state: u64,
}

impl Numbers {
    pub(in crate::bench) fn new(seed: u64) -> Numbers {
        Numbers { state: scattered(seed) }
    }

    pub(in crate::bench) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(1);
        scattered(self.state)
    }

    /// At most 2^32 of them, so that a multiplication does for a division (Lemire, "Fast Random
    /// Integer Generation in an Interval", 2019).
    pub(in crate::bench) fn below(&mut self, bound: u64) -> u64 {
        ((self.next() >> 32) * bound) >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_has_a_key_of_19_bytes_and_a_value_of_64_in_both_protocols() {
        let mut text = Writes::new(Wire::Text, 2, 1_000_000);
        text.fill(0, 7, 12_345_678_901);
        text.fill(1, 999_999, 0);
        let zeros = "0".repeat(56);
        let value = format!("{zeros}45678901");
        let both = String::from_utf8(text.first(2).to_vec()).unwrap();
        assert_eq!(
            both,
            format!(
                "SET user:00000000000007 {value}\r\nSET user:00000000999999 {zeros}00000000\r\n"
            )
        );
        assert_eq!(text.first(1).len(), both.len() / 2);
        let mut resp = Writes::new(Wire::Resp, 1, 1_000_000);
        resp.fill(0, 42, 1);
        assert_eq!(
            String::from_utf8(resp.first(1).to_vec()).unwrap(),
            format!("*3\r\n$3\r\nSET\r\n$19\r\nuser:00000000000042\r\n$64\r\n{zeros}00000001\r\n")
        );
        assert_eq!((key(42).as_str(), key(42).len()), ("user:00000000000042", KEY_BYTES));
    }

    #[test]
    fn a_key_is_written_over_by_a_shorter_one() {
        let mut writes = Writes::new(Wire::Text, 1, 1_000);
        writes.fill(0, 999, 0);
        writes.fill(0, 3, 0);
        assert!(writes.first(1).starts_with(b"SET user:00000000000003 "));
    }

    #[test]
    fn replies_are_counted_however_they_are_cut() {
        for wire in [Wire::Text, Wire::Resp] {
            let all = wire.ok().repeat(3);
            for cut in 1..all.len() {
                let mut replies = Replies::to(wire, 3);
                assert_eq!(replies.take(&all[..cut]), Ok(false));
                assert_eq!(replies.take(&all[cut..]), Ok(true));
            }
        }
    }

    #[test]
    fn another_reply_or_one_too_many_is_an_error_that_says_which() {
        let mut refused = Replies::to(Wire::Text, 2);
        assert_eq!(
            refused.take(b"OK\r\nERROR: Storage full\r\n").unwrap_err(),
            "ERROR: Storage full"
        );
        let mut cut = Replies::to(Wire::Resp, 1);
        assert_eq!(cut.take(b"-MISCONF no"), Err("-MISCONF no".to_owned()));
        assert!(Replies::to(Wire::Text, 1).take(b"OK\r\nOK\r\n").is_err());
        assert!(Replies::to(Wire::Text, 1).take(b"\r\n").is_err());
    }

    #[test]
    fn random_keys_are_below_the_bound_and_reach_all_of_it() {
        let mut numbers = Numbers::new(1);
        let mut seen = [0; 10];
        (0..10_000).for_each(|_| seen[numbers.below(10) as usize] += 1);
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
    }
}
