//! The outbox: makes messages for the broker of what waits in the store to be published, and keeps
//! track of the one that the broker has not confirmed yet.
//!
//! Lives beside the store and not in the actor that publishes, so that nothing is lost when that
//! actor fails.

use super::recent::{Confirmed, Recent};
use super::returned::{Returned, Suspect};
use crate::change::Change;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::store::{KeyHash, Store};
use crate::version::Version;
use crate::wire_entry::encoded_bytes_at_most;
use std::mem;

/// Keys that wait at most: minutes without a broker on a busy node, and eight bytes each.
pub const MAX_UNPUBLISHED: usize = 1 << 20;

/// Keys of confirmed messages that are remembered for a while, in 4 MiB: half a minute of 17,000
/// writes a second.
const RECENT_KEYS: usize = 1 << 19;

/// Of so many messages one is for an entry that has broken connections, if there is any.
const SUSPECT_TURN: u64 = 16;

/// Changes on their way to the broker. One message is in flight at a time; whatever is written
/// meanwhile leaves with the next ones.
#[derive(Debug)]
pub struct Outbox {
    flush: Option<Version>,
    in_flight: InFlight,
    /// Messages taken since the start.
    taken: u64,
    returned: Returned,
    recent: Recent,
    given_up: u64,
}

/// What the message in flight is about.
#[derive(Debug, Default)]
struct InFlight {
    flush: Option<Version>,
    keys: Vec<KeyHash>,
    /// Its only entry.
    alone: Option<Suspect>,
}

/// A message in the making.
#[derive(Default)]
struct Draft {
    entries: Vec<Entry>,
    keys: Vec<KeyHash>,
    bytes: usize,
    /// How often its only entry has come back.
    losses: u32,
}

impl Draft {
    fn add(&mut self, key: KeyHash, entry: Entry) {
        self.bytes += encoded_bytes_at_most(&entry);
        self.keys.push(key);
        self.entries.push(entry);
    }
}

impl Default for Outbox {
    fn default() -> Outbox {
        Outbox {
            flush: None,
            in_flight: InFlight::default(),
            taken: 0,
            returned: Returned::default(),
            recent: Recent::new(RECENT_KEYS),
            given_up: 0,
        }
    }
}

impl Outbox {
    /// Has a flush wait. What it kills need not travel, and will not.
    pub fn push_flush(&mut self, flush: Version) {
        self.flush = self.flush.max(Some(flush));
    }

    /// Changes for one message of about `max_bytes`, or of one entry if that alone is larger. They
    /// count as in flight until [`Outbox::settle`] or [`Outbox::restore`]. Nothing if a message is
    /// in flight already, or nothing waits.
    pub fn take(&mut self, store: &mut Store, max_bytes: usize) -> Option<Vec<Change>> {
        if self.in_flight.changes() > 0 {
            return None;
        }
        let Draft { entries, keys, losses, .. } = self.next_entries(store, max_bytes);
        let alone = match &entries[..] {
            [entry] => Some(Suspect { version: entry.version(), losses }),
            _ => None,
        };
        self.in_flight = InFlight { flush: self.flush.take(), keys, alone };
        let flush = self.in_flight.flush.map(Change::Flush);
        let message: Vec<Change> =
            flush.into_iter().chain(entries.into_iter().map(Change::Entry)).collect();
        (!message.is_empty()).then_some(message)
    }

    /// The message in flight has arrived at the broker. Its keys are remembered for a while, see
    /// [`Outbox::repeat`].
    pub fn settle(&mut self, now: UnixMillis) {
        let InFlight { flush, keys, .. } = mem::take(&mut self.in_flight);
        if flush.is_some() || !keys.is_empty() {
            self.recent.keep(Confirmed { at: now, flush, keys });
        }
    }

    /// A peer has joined again and may have missed what the broker confirmed of late: that waits
    /// once more as it stands now, as far as there is room.
    pub fn repeat(&mut self, store: &mut Store, now: UnixMillis) {
        for Confirmed { flush, keys, .. } in self.recent.take(now) {
            self.flush = self.flush.max(flush);
            keys.into_iter().for_each(|key| store.publish_again(key));
        }
    }

    /// The message in flight may be lost: its changes wait again, in smaller messages. An entry
    /// that was lost by itself time and again is given up, counted as dropped, and given back.
    pub fn restore(&mut self, store: &mut Store) -> Option<Entry> {
        let InFlight { flush, mut keys, alone } = mem::take(&mut self.in_flight);
        self.flush = self.flush.max(flush);
        // Where a newer write waits already, that is another message.
        keys.retain(|key| store.put_aside(*key));
        let Some(entry) = alone else {
            self.returned.put(&keys);
            return None;
        };
        let key = keys.first().copied()?;
        if self.returned.put_alone(key, entry) {
            return None;
        }
        self.given_up += 1;
        store.take_unpublished_of(key)
    }

    /// Changes that wait or are in flight.
    pub fn len(&self, store: &Store) -> usize {
        store.unpublished() + usize::from(self.flush.is_some()) + self.in_flight.changes()
    }

    /// Entries that were given up, since the start.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    /// The entries of the next message: a piece of one that came back, or what waits, or an entry
    /// that has broken connections, which otherwise has its turn now and then.
    fn next_entries(&mut self, store: &mut Store, max_bytes: usize) -> Draft {
        self.taken += 1;
        let mut draft = Draft::default();
        while let Some(piece) = self.returned.take_piece() {
            for key in piece {
                if let Some(entry) = store.take_unpublished_of(key) {
                    draft.add(key, entry);
                }
            }
            if !draft.keys.is_empty() {
                return draft;
            }
        }
        if !self.taken.is_multiple_of(SUSPECT_TURN) {
            fill(&mut draft, store, max_bytes);
        }
        while draft.keys.is_empty()
            && let Some((key, Suspect { version, losses })) = self.returned.take_suspect()
        {
            if let Some(entry) = store.take_unpublished_of(key) {
                // A newer entry of the key is another message.
                draft.losses = if entry.version() == version { losses } else { 0 };
                draft.add(key, entry);
            }
        }
        if draft.keys.is_empty() {
            fill(&mut draft, store, max_bytes);
        }
        draft
    }
}

impl InFlight {
    fn changes(&self) -> usize {
        usize::from(self.flush.is_some()) + self.keys.len()
    }
}

/// Adds what waits in the store.
fn fill(draft: &mut Draft, store: &mut Store, max_bytes: usize) {
    while draft.bytes < max_bytes
        && let Some((key, entry)) = store.take_unpublished()
    {
        if !draft.keys.is_empty() && draft.bytes + encoded_bytes_at_most(&entry) > max_bytes {
            store.put_back(key);
            return;
        }
        draft.add(key, entry);
    }
}

#[cfg(test)]
mod tests;
