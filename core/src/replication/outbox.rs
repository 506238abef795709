//! The outbox: changes that the broker has not confirmed yet, of each key only the newest. Bounded;
//! what does not fit is counted, and left to anti-entropy.
//!
//! Lives beside the store and not in the actor that publishes, so that nothing is lost when that
//! actor fails.

use super::recent::Recent;
use super::update::encoded_bytes_at_most;
use crate::change::Change;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::store::HashSeed;
use crate::version::Version;
use hashbrown::HashTable;
use hashbrown::hash_table;
use std::mem;

/// How much an outbox holds.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// Keys that wait.
    pub keys: usize,
    /// Bytes of the messages that they would make.
    pub bytes: usize,
}

impl Default for OutboxLimits {
    /// A million keys or 64 MiB: minutes without a broker on a busy node, a small share of its
    /// memory. Most entries are shared with the store and take no room of their own.
    fn default() -> OutboxLimits {
        OutboxLimits { keys: 1_000_000, bytes: 64 << 20 }
    }
}

/// A flush register in a message: the framing of an entry and nothing else.
const FLUSH_BYTES: usize = 32;

/// Changes on their way to the broker. One message is in flight at a time; whatever is written
/// meanwhile leaves with the next ones.
///
/// Waiting keys come in two generations, so that a key that is written all the time cannot keep
/// the others from leaving: new ones gather in `gathering`, messages are made of `leaving`, and
/// when that is empty the two change places.
#[derive(Debug)]
pub struct Outbox {
    limits: OutboxLimits,
    seed: HashSeed,
    flush: Option<Version>,
    gathering: HashTable<Entry>,
    leaving: hash_table::IntoIter<Entry>,
    /// Taken from `leaving`, and too large for the message that was being made.
    held_back: Option<Entry>,
    in_flight: Vec<Change>,
    recent: Recent,
    /// Bytes of all that waits, in flight or not.
    bytes: usize,
    dropped: u64,
}

impl Outbox {
    /// An empty outbox.
    pub fn new(limits: OutboxLimits, seed: HashSeed) -> Outbox {
        Outbox {
            limits,
            seed,
            flush: None,
            gathering: HashTable::new(),
            leaving: HashTable::new().into_iter(),
            held_back: None,
            in_flight: Vec::new(),
            recent: Recent::new(limits.bytes),
            bytes: 0,
            dropped: 0,
        }
    }

    /// Adds a change, in the place of an older one of the same key. What does not fit is dropped
    /// and counted; an older change of that key may then still leave.
    pub fn push(&mut self, change: Change) {
        match change {
            Change::Entry(entry) => self.push_entry(entry),
            Change::Flush(flush) => {
                self.flush = self.flush.max(Some(flush));
                // What the flush kills need not travel, and must not keep newer writes out.
                let bytes = &mut self.bytes;
                self.gathering.retain(|entry| {
                    let survives = entry.version() > flush;
                    if !survives {
                        *bytes -= size(entry);
                    }
                    survives
                });
            }
        }
    }

    /// Changes for one message of about `max_bytes`, or of one entry if that alone is larger. They
    /// count as in flight until [`Outbox::settle`] or [`Outbox::restore`]. Nothing if a message is
    /// in flight already, or nothing waits.
    pub fn take(&mut self, max_bytes: usize) -> Option<Vec<Change>> {
        if !self.in_flight.is_empty() {
            return None;
        }
        let mut message: Vec<Change> = self.flush.take().map(Change::Flush).into_iter().collect();
        let mut bytes = 0;
        while let Some(entry) = self.next_entry() {
            let entry_bytes = size(&entry);
            if bytes > 0 && bytes + entry_bytes > max_bytes {
                self.held_back = Some(entry);
                break;
            }
            bytes += entry_bytes;
            message.push(Change::Entry(entry));
        }
        self.in_flight = message.clone();
        (!message.is_empty()).then_some(message)
    }

    /// The message in flight has arrived at the broker. Its changes are kept for a while, see
    /// [`Outbox::repeat`].
    pub fn settle(&mut self, now: UnixMillis) {
        for change in self.land() {
            self.recent.keep(change, now);
        }
    }

    /// The message in flight can never arrive: its changes are dropped and counted, so that those
    /// behind it can leave.
    pub fn abandon(&mut self) {
        self.dropped += self.land().len() as u64;
    }

    /// A peer has joined again and may have missed what the broker confirmed of late: that waits
    /// once more, as far as there is room and nothing newer waits.
    pub fn repeat(&mut self, now: UnixMillis) {
        for change in self.recent.take(now) {
            match change {
                Change::Flush(flush) => self.flush = self.flush.max(Some(flush)),
                Change::Entry(entry) => {
                    let newest = self.gathered(&entry).is_none_or(|held| entry.supersedes(held));
                    if newest && self.has_room_for(&entry) {
                        self.gather(entry);
                    }
                }
            }
        }
    }

    /// Takes the message out of flight.
    fn land(&mut self) -> Vec<Change> {
        let landed = mem::take(&mut self.in_flight);
        for change in &landed {
            match change {
                Change::Entry(entry) => self.bytes -= size(entry),
                Change::Flush(_) => {}
            }
        }
        landed
    }

    /// The message in flight may be lost: its changes wait again, unless newer ones do.
    pub fn restore(&mut self) {
        for change in mem::take(&mut self.in_flight) {
            match change {
                Change::Flush(flush) => self.flush = self.flush.max(Some(flush)),
                Change::Entry(entry) => {
                    self.bytes -= size(&entry);
                    if self.gathered(&entry).is_none_or(|newer| entry.supersedes(newer)) {
                        self.gather(entry);
                    }
                }
            }
        }
    }

    /// Whether nothing waits and nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes that wait or are in flight.
    pub fn len(&self) -> usize {
        let waiting = self.gathering.len() + self.leaving.len();
        let singles = usize::from(self.flush.is_some()) + usize::from(self.held_back.is_some());
        waiting + singles + self.in_flight.len()
    }

    /// Changes that did not fit, since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn push_entry(&mut self, entry: Entry) {
        if self.has_room_for(&entry) {
            self.gather(entry);
        } else {
            self.dropped += 1;
        }
    }

    fn has_room_for(&self, entry: &Entry) -> bool {
        let (keys, bytes) = match self.gathered(entry) {
            Some(older) => (self.len(), self.bytes - size(older) + size(entry)),
            None => (self.len() + 1, self.bytes + size(entry)),
        };
        keys <= self.limits.keys && bytes <= self.limits.bytes
    }

    fn gathered(&self, entry: &Entry) -> Option<&Entry> {
        self.gathering.find(self.seed.hash(entry.key()), |held| held.key() == entry.key())
    }

    fn gather(&mut self, entry: Entry) {
        let seed = self.seed;
        self.bytes += size(&entry);
        let slot = self.gathering.entry(
            seed.hash(entry.key()),
            |held| held.key() == entry.key(),
            |held| seed.hash(held.key()),
        );
        match slot {
            hash_table::Entry::Occupied(mut slot) => {
                self.bytes -= size(slot.get());
                *slot.get_mut() = entry;
            }
            hash_table::Entry::Vacant(slot) => {
                slot.insert(entry);
            }
        }
    }

    /// The next entry to send: of the leaving generation, in its newest form.
    fn next_entry(&mut self) -> Option<Entry> {
        let entry = match self.held_back.take().or_else(|| self.leaving.next()) {
            Some(entry) => entry,
            None => {
                self.leaving = mem::take(&mut self.gathering).into_iter();
                self.leaving.next()?
            }
        };
        let hash = self.seed.hash(entry.key());
        match self.gathering.find_entry(hash, |held| held.key() == entry.key()) {
            Ok(newer) => {
                self.bytes -= size(&entry);
                Some(newer.remove().0)
            }
            Err(_) => Some(entry),
        }
    }
}

/// Bytes that a change adds to a message.
pub(super) fn change_bytes(change: &Change) -> usize {
    match change {
        Change::Entry(entry) => size(entry),
        Change::Flush(_) => FLUSH_BYTES,
    }
}

fn size(entry: &Entry) -> usize {
    encoded_bytes_at_most(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Hlc;
    use crate::version::NodeId;
    use std::collections::BTreeMap;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn outbox(keys: usize, bytes: usize) -> Outbox {
        Outbox::new(OutboxLimits { keys, bytes }, HashSeed(1, 2))
    }

    fn entry(key: &str, hlc: u64) -> Entry {
        let version = Version { hlc: Hlc::from_raw(hlc), node: NodeId(1) };
        Entry::value_of(key.as_bytes(), b"value", version)
    }

    fn change(key: &str, hlc: u64) -> Change {
        Change::Entry(entry(key, hlc))
    }

    fn drain(outbox: &mut Outbox, max_bytes: usize) -> Vec<Change> {
        let mut all = Vec::new();
        while let Some(message) = outbox.take(max_bytes) {
            all.extend(message);
            outbox.settle(NOW);
        }
        assert_eq!((outbox.len(), outbox.bytes), (0, 0));
        all
    }

    #[test]
    fn of_several_writes_to_one_key_only_the_newest_leaves() {
        let mut outbox = outbox(10, 1 << 20);
        (1..=5).for_each(|hlc| outbox.push(change("k", hlc)));
        assert_eq!(drain(&mut outbox, 1 << 20), [change("k", 5)]);
    }

    #[test]
    fn one_message_is_in_flight_and_the_rest_leaves_together_behind_it() {
        let mut outbox = outbox(10, 1 << 20);
        outbox.push(change("a", 1));
        assert_eq!(outbox.take(1 << 20).unwrap(), [change("a", 1)]);
        outbox.push(change("b", 2));
        outbox.push(change("c", 3));
        assert_eq!(outbox.take(1 << 20), None);
        outbox.settle(NOW);
        assert_eq!(outbox.take(1 << 20).unwrap().len(), 2);
    }

    #[test]
    fn a_message_stays_below_its_limit_unless_one_entry_alone_is_larger() {
        let mut outbox = outbox(100, 1 << 20);
        (0..50).for_each(|n| outbox.push(change(&format!("key{n:02}"), n + 1)));
        let mut seen = 0;
        while let Some(message) = outbox.take(200) {
            let bytes: usize = message
                .iter()
                .map(|change| match change {
                    Change::Entry(entry) => size(entry),
                    Change::Flush(_) => 0,
                })
                .sum();
            assert!(bytes <= 200);
            seen += message.len();
            outbox.settle(NOW);
        }
        assert_eq!(seen, 50);
        outbox.push(change("large", 99));
        assert_eq!(outbox.take(1).unwrap().len(), 1);
    }

    #[test]
    fn a_lost_message_waits_again_unless_a_newer_write_does() {
        let mut outbox = outbox(10, 1 << 20);
        outbox.push(change("a", 1));
        outbox.push(change("b", 2));
        outbox.take(1 << 20).unwrap();
        outbox.push(change("a", 3));
        outbox.restore();
        let mut left = drain(&mut outbox, 1 << 20);
        left.sort_by_key(Change::version);
        assert_eq!(left, [change("b", 2), change("a", 3)]);
    }

    #[test]
    fn what_was_confirmed_of_late_leaves_again_unless_something_newer_waits() {
        let mut outbox = outbox(10, 1 << 20);
        let flush = Version { hlc: Hlc::from_raw(1), node: NodeId(1) };
        outbox.push(Change::Flush(flush));
        outbox.push(change("a", 2));
        outbox.push(change("b", 3));
        drain(&mut outbox, 1 << 20);
        outbox.push(change("a", 4));
        outbox.repeat(NOW);
        let mut again = drain(&mut outbox, 1 << 20);
        again.sort_by_key(Change::version);
        assert_eq!(again, [Change::Flush(flush), change("b", 3), change("a", 4)]);
        outbox.repeat(UnixMillis(NOW.0 + 60_000));
        assert!(outbox.is_empty(), "after a minute it is left to anti-entropy");
    }

    #[test]
    fn a_message_that_never_arrives_is_dropped_and_counted() {
        let mut outbox = outbox(10, 1 << 20);
        outbox.push(change("unwelcome", 1));
        outbox.take(1).unwrap();
        outbox.push(change("behind", 2));
        outbox.abandon();
        assert_eq!(outbox.dropped(), 1);
        assert_eq!(drain(&mut outbox, 1 << 20), [change("behind", 2)]);
    }

    #[test]
    fn what_does_not_fit_is_counted_and_keys_that_wait_are_still_renewed() {
        let mut by_keys = outbox(2, 1 << 20);
        ["a", "b", "c", "d"].iter().zip(1..).for_each(|(key, hlc)| by_keys.push(change(key, hlc)));
        by_keys.push(change("a", 9));
        assert_eq!(by_keys.dropped(), 2);
        assert_eq!(drain(&mut by_keys, 1 << 20).len(), 2);
        let mut by_bytes = outbox(100, size(&entry("a", 1)) * 3);
        (0..5).for_each(|n| by_bytes.push(change(&n.to_string(), n + 1)));
        assert_eq!((by_bytes.len(), by_bytes.dropped()), (3, 2));
        by_bytes.settle(NOW);
        assert_eq!(drain(&mut by_bytes, 1).len(), 3);
    }

    /// A waiting key was renewed whatever the size of its new value, so a million small keys that
    /// grew could wait with a thousand times the limit.
    #[test]
    fn a_waiting_key_that_grows_does_not_pass_the_limit() {
        let mut outbox = outbox(10, 1_000);
        let version = Version { hlc: Hlc::from_raw(9), node: NodeId(1) };
        outbox.push(change("k", 1));
        outbox.push(change("other", 2));
        outbox.push(Change::Entry(Entry::value_of(b"k", &[b'x'; 2_000], version)));
        assert_eq!((outbox.len(), outbox.dropped()), (2, 1));
        assert!(outbox.bytes <= 1_000);
        outbox.push(Change::Entry(Entry::value_of(b"k", &[b'x'; 500], version)));
        assert_eq!((outbox.len(), outbox.dropped()), (2, 1));
        assert!(outbox.bytes > 500);
        drain(&mut outbox, 1);
    }

    #[test]
    fn a_flush_leaves_first_and_what_it_killed_does_not_leave() {
        let mut outbox = outbox(10, 1 << 20);
        outbox.push(change("old", 1));
        let flush = Version { hlc: Hlc::from_raw(5), node: NodeId(1) };
        outbox.push(Change::Flush(flush));
        outbox.push(change("new", 6));
        assert_eq!(drain(&mut outbox, 1 << 20), [Change::Flush(flush), change("new", 6)]);
    }

    #[test]
    fn a_key_that_is_always_written_does_not_keep_others_from_leaving() {
        let mut outbox = outbox(1000, 1 << 20);
        (0..100).for_each(|n| outbox.push(change(&format!("cold{n}"), n + 1)));
        let mut newest: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        for round in 0..300 {
            outbox.push(change("hot", 1000 + round));
            for change in outbox.take(100).unwrap_or_default() {
                if let Change::Entry(entry) = change {
                    newest.insert(entry.key().to_vec(), entry.version().hlc.raw());
                }
            }
            outbox.settle(NOW);
        }
        assert_eq!(newest.len(), 101);
        assert!(newest[&b"hot"[..]] > 1200);
    }
}
