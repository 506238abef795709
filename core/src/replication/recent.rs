//! What the broker has confirmed of late. A broker's word says nothing about subscribers: one that
//! was reconnecting has missed the message, and a broker that died may have delivered it to nobody.
//! So when a peer joins again, what is remembered here is published once more; hearing it twice
//! does no harm. What is older, or did not fit, is left to anti-entropy.
//!
//! Remembers which keys were in the messages, and not what stood under them: an entry that is
//! overwritten meanwhile would be kept for nobody, and a node that writes much would have to look
//! for new memory for every entry.

use crate::clock::UnixMillis;
use crate::store::KeyHash;
use crate::version::Version;
use std::collections::VecDeque;

/// How long a confirmed message is remembered, in milliseconds: longer than a node waits between
/// two attempts to reach its broker, and the attempt.
const KEPT_MILLIS: u64 = 30_000;

/// Confirmed messages, the oldest first.
#[derive(Debug)]
pub(super) struct Recent {
    messages: VecDeque<Confirmed>,
    keys: usize,
    max_keys: usize,
}

/// What a message was about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Confirmed {
    pub(super) at: UnixMillis,
    pub(super) flush: Option<Version>,
    pub(super) keys: Vec<KeyHash>,
}

impl Recent {
    /// Remembers so many keys at most, of eight bytes each.
    pub(super) fn new(max_keys: usize) -> Recent {
        Recent { messages: VecDeque::new(), keys: 0, max_keys }
    }

    /// Adds a message that the broker has just confirmed.
    pub(super) fn keep(&mut self, message: Confirmed) {
        let now = message.at;
        self.keys += message.keys.len();
        self.messages.push_back(message);
        self.forget(now);
    }

    /// Takes out all that is still remembered.
    pub(super) fn take(&mut self, now: UnixMillis) -> VecDeque<Confirmed> {
        self.forget(now);
        self.keys = 0;
        std::mem::take(&mut self.messages)
    }

    fn forget(&mut self, now: UnixMillis) {
        let oldest = now.0.saturating_sub(KEPT_MILLIS);
        while let Some(Confirmed { at, keys, .. }) = self.messages.front() {
            if at.0 >= oldest && self.keys <= self.max_keys {
                return;
            }
            self.keys -= keys.len();
            self.messages.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(recent: &mut Recent, key: u64, now: u64) {
        let keys = vec![KeyHash::of(key)];
        recent.keep(Confirmed { at: UnixMillis(now), flush: None, keys });
    }

    fn kept(recent: &mut Recent, now: u64) -> Vec<KeyHash> {
        recent.take(UnixMillis(now)).into_iter().flat_map(|message| message.keys).collect()
    }

    #[test]
    fn a_key_is_remembered_for_its_time_and_taken_once() {
        let mut recent = Recent::new(100);
        keep(&mut recent, 1, 1_000);
        keep(&mut recent, 2, 2_000);
        assert_eq!(kept(&mut recent, 1_001 + KEPT_MILLIS), [KeyHash::of(2)]);
        assert!(kept(&mut recent, 1_001 + KEPT_MILLIS).is_empty());
    }

    #[test]
    fn the_oldest_make_room_for_the_newest() {
        let mut recent = Recent::new(2);
        (0..5).for_each(|n| keep(&mut recent, n, n));
        assert_eq!(kept(&mut recent, 5), [3, 4].map(KeyHash::of));
        assert_eq!(recent.keys, 0);
    }

    #[test]
    fn a_wall_clock_that_steps_back_forgets_nothing() {
        let mut recent = Recent::new(100);
        keep(&mut recent, 1, 50_000);
        assert_eq!(kept(&mut recent, 1), [KeyHash::of(1)]);
    }
}
