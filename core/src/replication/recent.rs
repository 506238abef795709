//! What the broker has confirmed of late. A broker's word says nothing about subscribers: one that
//! was reconnecting has missed the message, and a broker that died may have delivered it to nobody.
//! So when a peer joins again, what is kept here is published once more; hearing it twice does no
//! harm. What is older, or did not fit, is left to anti-entropy.

use crate::change::Change;
use crate::clock::UnixMillis;
use std::collections::VecDeque;

/// How long a confirmed change is kept, in milliseconds: longer than a node waits between two
/// attempts to reach its broker, and the attempt.
const KEPT_MILLIS: u64 = 30_000;

/// Confirmed messages, the oldest first.
#[derive(Debug)]
pub(super) struct Recent {
    messages: VecDeque<Confirmed>,
    bytes: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Confirmed {
    at: UnixMillis,
    bytes: usize,
    changes: Vec<Change>,
}

impl Recent {
    pub(super) fn new(max_bytes: usize) -> Recent {
        Recent { messages: VecDeque::new(), bytes: 0, max_bytes }
    }

    /// Adds a message of so many bytes that the broker has just confirmed.
    pub(super) fn keep(&mut self, changes: Vec<Change>, bytes: usize, now: UnixMillis) {
        self.bytes += bytes;
        self.messages.push_back(Confirmed { at: now, bytes, changes });
        self.forget(now);
    }

    /// Takes out all that is still kept.
    pub(super) fn take(&mut self, now: UnixMillis) -> impl Iterator<Item = Change> + use<> {
        self.forget(now);
        self.bytes = 0;
        std::mem::take(&mut self.messages).into_iter().flat_map(|message| message.changes)
    }

    fn forget(&mut self, now: UnixMillis) {
        let oldest = now.0.saturating_sub(KEPT_MILLIS);
        while let Some(Confirmed { at, bytes, .. }) = self.messages.front() {
            if at.0 >= oldest && self.bytes <= self.max_bytes {
                return;
            }
            self.bytes -= bytes;
            self.messages.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Hlc;
    use crate::entry::Entry;
    use crate::version::Version;

    fn change(key: &str) -> Change {
        let version = Version { hlc: Hlc::from_raw(1), ..Version::ZERO };
        Change::Entry(Entry::value_of(key.as_bytes(), b"value", version))
    }

    fn kept(recent: &mut Recent, now: u64) -> Vec<Change> {
        recent.take(UnixMillis(now)).collect()
    }

    #[test]
    fn a_change_is_kept_for_its_time_and_taken_once() {
        let mut recent = Recent::new(1 << 20);
        recent.keep(vec![change("old")], 40, UnixMillis(1_000));
        recent.keep(vec![change("new")], 40, UnixMillis(2_000));
        assert_eq!(kept(&mut recent, 1_001 + KEPT_MILLIS), [change("new")]);
        assert_eq!(kept(&mut recent, 1_001 + KEPT_MILLIS), []);
    }

    #[test]
    fn the_oldest_make_room_for_the_newest() {
        let mut recent = Recent::new(2 * 40);
        (0..5).for_each(|n| recent.keep(vec![change(&n.to_string())], 40, UnixMillis(n)));
        assert_eq!(kept(&mut recent, 5), [change("3"), change("4")]);
        assert_eq!(recent.bytes, 0);
    }

    #[test]
    fn a_wall_clock_that_steps_back_forgets_nothing() {
        let mut recent = Recent::new(1 << 20);
        recent.keep(vec![change("k")], 40, UnixMillis(50_000));
        assert_eq!(kept(&mut recent, 1), [change("k")]);
    }
}
