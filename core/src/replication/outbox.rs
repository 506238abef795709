//! The outbox: changes that the broker has not confirmed yet, of each key only the newest. Bounded;
//! what does not fit is counted, and left to anti-entropy.
//!
//! Lives beside the store and not in the actor that publishes, so that nothing is lost when that
//! actor fails.

use super::recent::{Confirmed, Recent};
use super::returned::{Returned, Suspect};
use crate::change::Change;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::store::HashSeed;
use crate::version::Version;
use crate::wire_entry::encoded_bytes_at_most;
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

/// Keys of confirmed messages that are remembered for a while, in 8 MiB: some seconds of a busy
/// node.
const RECENT_KEYS: usize = 1 << 20;

/// Of so many messages one is for an entry that has broken connections, if there is any.
const SUSPECT_TURN: u64 = 16;

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
    in_flight_bytes: usize,
    /// If the message in flight is one entry: how often it has come back by itself.
    losses: u32,
    /// Messages taken since the start.
    taken: u64,
    returned: Returned,
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
            in_flight_bytes: 0,
            losses: 0,
            taken: 0,
            returned: Returned::default(),
            recent: Recent::new(RECENT_KEYS),
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
        self.in_flight_bytes = self.next_entries(max_bytes, &mut message);
        self.in_flight = message.clone();
        (!message.is_empty()).then_some(message)
    }

    /// The message in flight has arrived at the broker. Its changes are kept for a while, see
    /// [`Outbox::repeat`].
    pub fn settle(&mut self, now: UnixMillis) {
        let landed = self.land();
        // Without room to spare, since it is remembered for long.
        let keys = Vec::with_capacity(landed.len());
        let mut message = Confirmed { at: now, flush: None, keys };
        for change in landed {
            match change {
                Change::Flush(flush) => message.flush = Some(flush),
                Change::Entry(entry) => message.keys.push(self.seed.hash(entry.key())),
            }
        }
        if message.flush.is_some() || !message.keys.is_empty() {
            self.recent.keep(message);
        }
    }

    /// A peer has joined again and may have missed what the broker confirmed of late: that waits
    /// once more, as far as there is room. `held` tells what stands under the key of a hash now,
    /// if it is to be heard of.
    pub fn repeat(&mut self, now: UnixMillis, held: impl Fn(u64) -> Option<Entry>) {
        for message in self.recent.take(now) {
            self.flush = self.flush.max(message.flush);
            for entry in message.keys.into_iter().filter_map(&held) {
                self.gather(entry);
            }
        }
    }

    /// Takes the message out of flight.
    fn land(&mut self) -> Vec<Change> {
        self.bytes -= mem::take(&mut self.in_flight_bytes);
        mem::take(&mut self.in_flight)
    }

    /// The message in flight may be lost: its changes wait again, in smaller messages. An entry
    /// that was lost by itself time and again is given up, counted as dropped, and given back.
    pub fn restore(&mut self) -> Option<Entry> {
        let mut entries = Vec::new();
        for change in self.land() {
            match change {
                Change::Flush(flush) => self.flush = self.flush.max(Some(flush)),
                Change::Entry(entry) => entries.push(entry),
            }
        }
        for entry in &entries {
            if let Some(older) = self.returned.forget(entry.key()) {
                self.bytes -= size(&older);
            }
        }
        let bytes: usize = entries.iter().map(size).sum();
        let given_up = self.returned.put(entries, self.losses);
        if given_up.is_some() {
            self.dropped += 1;
        } else {
            self.bytes += bytes;
        }
        given_up
    }

    /// Whether nothing waits and nothing is in flight.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Changes that wait or are in flight.
    pub fn len(&self) -> usize {
        let waiting = self.gathering.len() + self.leaving.len();
        let singles = usize::from(self.flush.is_some()) + usize::from(self.held_back.is_some());
        waiting + singles + self.returned.len() + self.in_flight.len()
    }

    /// Changes that did not fit, since the start.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn push_entry(&mut self, entry: Entry) {
        if !self.gather(entry) {
            self.dropped += 1;
        }
    }

    /// Has an entry wait, in the place of an older one of its key. False if there is no room.
    fn gather(&mut self, entry: Entry) -> bool {
        let OutboxLimits { keys, bytes } = self.limits;
        let (seed, waiting) = (self.seed, self.len());
        let added = size(&entry);
        let slot = self.gathering.entry(
            seed.hash(entry.key()),
            |held| held.key() == entry.key(),
            |held| seed.hash(held.key()),
        );
        match slot {
            hash_table::Entry::Occupied(mut slot) => {
                let rest = self.bytes - size(slot.get());
                if waiting > keys || rest + added > bytes {
                    return false;
                }
                self.bytes = rest + added;
                *slot.get_mut() = entry;
            }
            hash_table::Entry::Vacant(slot) => {
                if waiting >= keys || self.bytes + added > bytes {
                    return false;
                }
                self.bytes += added;
                slot.insert(entry);
            }
        }
        true
    }

    /// Adds the entries of the next message, and gives their bytes: a piece of one that came back,
    /// or what waits, or an entry that has broken connections, which otherwise has its turn now and
    /// then.
    fn next_entries(&mut self, max_bytes: usize, message: &mut Vec<Change>) -> usize {
        self.losses = 0;
        self.taken += 1;
        let mut bytes = 0;
        if let Some(piece) = self.returned.take_piece() {
            for entry in piece {
                let newest = self.newest(entry);
                bytes += size(&newest);
                message.push(Change::Entry(newest));
            }
            return bytes;
        }
        if !self.taken.is_multiple_of(SUSPECT_TURN) {
            bytes = self.waiting_entries(max_bytes, message);
        }
        if bytes == 0
            && let Some(Suspect { entry, losses }) = self.returned.take_suspect()
        {
            let newest = self.newest(entry.clone());
            // A newer entry of the key is another message.
            self.losses = if newest == entry { losses } else { 0 };
            bytes = size(&newest);
            message.push(Change::Entry(newest));
        }
        if bytes == 0 { self.waiting_entries(max_bytes, message) } else { bytes }
    }

    fn waiting_entries(&mut self, max_bytes: usize, message: &mut Vec<Change>) -> usize {
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
        bytes
    }

    /// The next entry that waits: of the leaving generation, in its newest form.
    fn next_entry(&mut self) -> Option<Entry> {
        let entry = match self.held_back.take().or_else(|| self.leaving.next()) {
            Some(entry) => entry,
            None if self.gathering.is_empty() => {
                // After a backlog both are large.
                self.gathering = HashTable::new();
                self.leaving = HashTable::new().into_iter();
                return None;
            }
            None => {
                // As many will gather again, most likely; a table that grows moves all it holds.
                let next = HashTable::with_capacity(self.gathering.len());
                self.leaving = mem::replace(&mut self.gathering, next).into_iter();
                self.leaving.next()?
            }
        };
        Some(self.newest(entry))
    }

    /// The newest entry of a key that waits, in the place of an older one.
    fn newest(&mut self, entry: Entry) -> Entry {
        if self.gathering.is_empty() {
            return entry;
        }
        let hash = self.seed.hash(entry.key());
        match self.gathering.find_entry(hash, |held| held.key() == entry.key()) {
            Ok(newer) => {
                self.bytes -= size(&entry);
                newer.remove().0
            }
            Err(_) => entry,
        }
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
    fn what_was_confirmed_of_late_leaves_again_as_it_stands_now() {
        let mut outbox = outbox(10, 1 << 20);
        let flush = Version { hlc: Hlc::from_raw(1), node: NodeId(1) };
        outbox.push(Change::Flush(flush));
        outbox.push(change("a", 2));
        outbox.push(change("b", 3));
        drain(&mut outbox, 1 << 20);
        outbox.push(change("a", 4));
        let seed = HashSeed(1, 2);
        let held = |hash| {
            [change("a", 4), change("b", 3)].into_iter().find_map(|change| match change {
                Change::Entry(entry) => (seed.hash(entry.key()) == hash).then_some(entry),
                Change::Flush(_) => None,
            })
        };
        outbox.repeat(NOW, held);
        let mut again = drain(&mut outbox, 1 << 20);
        again.sort_by_key(Change::version);
        assert_eq!(again, [Change::Flush(flush), change("b", 3), change("a", 4)]);
        outbox.repeat(UnixMillis(NOW.0 + 60_000), held);
        assert!(outbox.is_empty(), "after a minute it is left to anti-entropy");
    }

    /// A broker that breaks the connection over a message with this key.
    fn sends_until_empty(outbox: &mut Outbox, unwelcome: &str) -> (Vec<Change>, u32) {
        let (mut arrived, mut breaks) = (Vec::new(), 0);
        while let Some(message) = outbox.take(1 << 20) {
            let is_unwelcome = |change: &Change| match change {
                Change::Entry(entry) => entry.key() == unwelcome.as_bytes(),
                Change::Flush(_) => false,
            };
            if message.iter().any(is_unwelcome) {
                breaks += 1;
                outbox.restore();
            } else {
                arrived.extend(message);
                outbox.settle(NOW);
            }
        }
        (arrived, breaks)
    }

    #[test]
    fn an_entry_that_breaks_every_connection_holds_up_nobody_and_is_given_up() {
        let mut outbox = outbox(10_000, 1 << 30);
        (0..3_000).for_each(|n| outbox.push(change(&format!("key{n}"), n + 1)));
        let (arrived, breaks) = sends_until_empty(&mut outbox, "key1234");
        assert_eq!((arrived.len(), outbox.dropped()), (2_999, 1));
        // Once in the whole message, twice in pieces, and then by itself.
        assert_eq!(breaks, 13);
        assert_eq!((outbox.len(), outbox.bytes), (0, 0));
    }

    #[test]
    fn an_entry_that_stands_back_has_its_turn_although_others_keep_coming() {
        let mut outbox = outbox(10_000, 1 << 30);
        outbox.push(change("suspect", 1));
        outbox.take(1 << 20).unwrap();
        outbox.restore();
        let mut messages = (2..).map(|hlc| {
            outbox.push(change("other", hlc));
            let message = outbox.take(1 << 20).unwrap();
            outbox.settle(NOW);
            message
        });
        assert!(messages.by_ref().take(17).any(|message| message == [change("suspect", 1)]));
    }

    #[test]
    fn a_newer_entry_of_a_suspect_key_starts_with_a_clean_record() {
        let mut outbox = outbox(10, 1 << 20);
        for hlc in 1..=50 {
            outbox.push(change("k", hlc));
            assert_eq!(outbox.take(1 << 20).unwrap(), [change("k", hlc)]);
            assert_eq!(outbox.restore(), None);
        }
        assert_eq!(drain(&mut outbox, 1 << 20), [change("k", 50)]);
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
