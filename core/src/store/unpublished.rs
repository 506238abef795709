//! Which keys were written here and wait to be published. A key that waits has a mark in the index,
//! and its hash in a queue: however often it is written meanwhile, that is all it costs, and what
//! leaves is what stands under it then.
//!
//! The mark decides. A hash whose key has no mark any more is passed over: its entry was swept or
//! forgotten, or has left before.

use super::Store;
use super::index::{Index, Place, WARMED};
use crate::entry::Entry;
use std::collections::VecDeque;
use std::mem;

/// Keys that the empty queue keeps room for: a few messages.
const ROOM_KEPT: usize = 1 << 14;

/// Stands for a key that was written here: its hash in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyHash(u64);

#[cfg(test)]
impl KeyHash {
    pub(crate) fn of(hash: u64) -> KeyHash {
        KeyHash(hash)
    }
}

/// Keys that wait, the longest waiting first.
#[derive(Clone, Debug)]
pub(super) struct Unpublished {
    queue: VecDeque<KeyHash>,
    /// How many of the next ones are in the cache, more or less.
    warmed: usize,
    max_keys: usize,
    dropped: u64,
}

impl Store {
    /// Remembers from now on which keys are written here, so many at most.
    pub fn start_publishing(&mut self, max_keys: usize) {
        let queue = VecDeque::new();
        self.unpublished = Some(Unpublished { queue, warmed: 0, max_keys, dropped: 0 });
    }

    /// Keys that wait to be published.
    pub fn unpublished(&self) -> usize {
        self.index.unpublished()
    }

    /// Writes whose keys could not wait, as too many did.
    pub fn dropped(&self) -> u64 {
        self.unpublished.as_ref().map_or(0, |unpublished| unpublished.dropped)
    }

    /// Has the key of an entry wait that this node has written in an earlier life.
    pub fn publish_entry(&mut self, entry: &Entry) {
        self.publish_later(self.index.place(entry.key()));
    }

    /// Has a key wait that has been published before, unless others have written it since.
    pub(crate) fn publish_again(&mut self, key: KeyHash) {
        let place = self.index.place_of_hash(key.0);
        if self.own_at(place).is_some() {
            self.publish_later(place);
        }
    }

    /// What stands under the key that has waited longest. It waits no more.
    pub(crate) fn take_unpublished(&mut self) -> Option<(KeyHash, Entry)> {
        loop {
            let unpublished = self.unpublished.as_mut()?;
            if unpublished.warmed == 0 {
                unpublished.warm(&self.index);
            }
            let Some(key) = unpublished.queue.pop_front() else {
                unpublished.give_back_room();
                return None;
            };
            unpublished.warmed = unpublished.warmed.saturating_sub(1);
            if let Some(entry) = self.take_unpublished_of(key) {
                return Some((key, entry));
            }
        }
    }

    /// What stands under a key, if it waits. It waits no more. What others have written over it they
    /// publish themselves.
    pub(crate) fn take_unpublished_of(&mut self, key: KeyHash) -> Option<Entry> {
        let place = self.index.place_of_hash(key.0);
        let waited = self.index.unmark_unpublished(place);
        self.own_at(place).filter(|_| waited).cloned()
    }

    /// Has a key that was taken wait once more, before all others.
    pub(crate) fn put_back(&mut self, key: KeyHash) {
        if self.put_aside(key)
            && let Some(Unpublished { queue, .. }) = &mut self.unpublished
        {
            queue.push_front(key);
        }
    }

    /// Has a key that was taken wait once more, but not in the queue: whoever calls this comes for
    /// it. False if it waits already, or there is nothing left to be published.
    pub(crate) fn put_aside(&mut self, key: KeyHash) -> bool {
        let place = self.index.place_of_hash(key.0);
        self.own_at(place).is_some() && self.index.mark_unpublished(place)
    }

    pub(super) fn publish_later(&mut self, place: Place) {
        if let Some(unpublished) = &mut self.unpublished {
            unpublished.add(&mut self.index, place);
        }
    }

    fn own_at(&self, place: Place) -> Option<&Entry> {
        self.held_at(place).filter(|held| held.version().node == self.node)
    }
}

impl Unpublished {
    fn add(&mut self, index: &mut Index, place: Place) {
        if !index.mark_unpublished(place) {
            return;
        }
        if index.unpublished() > self.max_keys {
            index.unmark_unpublished(place);
            self.dropped += 1;
            return;
        }
        self.queue.push_back(KeyHash(place.hash()));
        if self.queue.len() > 2 * self.max_keys {
            self.tidy(index);
        }
    }

    /// Gives back the room of a backlog that has left.
    fn give_back_room(&mut self) {
        if self.queue.capacity() > ROOM_KEPT {
            self.queue = VecDeque::new();
        }
    }

    /// Looks at what stands under the next keys, all at once: see [`Store::warm`].
    fn warm(&mut self, index: &Index) {
        index.warm_hashes(self.queue.iter().map(|key| key.0));
        self.warmed = WARMED;
    }

    /// Takes hashes out of the queue whose keys do not wait, and all but one of each other.
    fn tidy(&mut self, index: &mut Index) {
        for key in mem::take(&mut self.queue) {
            if index.unmark_unpublished(index.place_of_hash(key.0)) {
                self.queue.push_back(key);
            }
        }
        for key in &self.queue {
            index.mark_unpublished(index.place_of_hash(key.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMillis;
    use crate::merkle::TreeSeed;
    use crate::store::HashSeed;
    use crate::version::NodeId;

    /// A key that is swept leaves its hash in the queue.
    #[test]
    fn what_is_left_of_keys_that_do_not_wait_takes_bounded_room() {
        let mut store = Store::new(NodeId(1), HashSeed(1, 2), TreeSeed::of(b"test"));
        store.start_publishing(10);
        for _ in 0..100 {
            for key in ["a", "b", "c"] {
                store.put(key.as_bytes(), b"", b"", None, UnixMillis(1)).unwrap();
            }
            store.flush(UnixMillis(1)).unwrap();
            while store.sweep_step() {}
            assert_eq!(store.unpublished(), 0);
            assert!(store.unpublished.as_ref().unwrap().queue.len() <= 20);
        }
    }
}
