//! Expiry: what becomes of values whose time is over. Reads do not see them in any case; here they
//! become tombstones, a piece at a time, and the room of their values comes back.
//!
//! Which ones are due the tree tells, whose pages know when the first of their entries is over. So
//! a key that expires costs its eight bytes and no other structure. A write that the tree has not
//! heard of yet has to be folded into it first, and so has what was reaped, before the tree is
//! looked through again.

use super::{Applied, Snapshot, Store};
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::merkle::{KeyRange, Tree};

/// Entries that one step reaps: about a millisecond, as many as a slice of commands.
const ENTRIES_PER_STEP: usize = 1_000;

/// What one step of [`Store::expire_step`] leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaping {
    /// Nothing is due.
    Done,
    /// More may be due: take another step.
    More,
    /// More may be due, and shows when the tree has been folded or has come back from a fold.
    AwaitsFold,
}

/// How far the tree has been looked through since the last fold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Reaped {
    #[default]
    Nothing,
    /// Up to this key, which is included.
    UpTo(Box<[u8]>),
    All,
}

impl Store {
    /// When the next value is over; nothing if none is at any time. It may have been overwritten
    /// meanwhile.
    pub fn next_expiry(&self) -> Option<UnixMillis> {
        self.folding.next_expiry().time()
    }

    /// Turns some of the values that are over into tombstones.
    pub fn expire_step(&mut self, now: UnixMillis) -> Reaping {
        if self.next_expiry().is_none_or(|at| at > now) {
            return Reaping::Done;
        }
        if let Some(due) = self.take_due(now).filter(|due| !due.is_empty()) {
            for entry in &due {
                self.expire(entry, now);
            }
            return Reaping::More;
        }
        // Nothing in the tree that has not been seen: what is due waits for a fold.
        match self.snapshot(now) {
            Some(_) => Reaping::More,
            None => Reaping::AwaitsFold,
        }
    }

    /// The same for what is over in a snapshot, from a key on, so that it does not matter whether the
    /// tree is here. Gives the key to go on from, if there is more.
    pub fn expire_in(
        &mut self,
        snapshot: &Snapshot,
        from: &[u8],
        now: UnixMillis,
    ) -> Option<Vec<u8>> {
        let due = due(&snapshot.tree, from, now);
        for entry in &due {
            self.expire(entry, now);
        }
        due.last().filter(|_| due.len() == ENTRIES_PER_STEP).map(Entry::key).map(KeyRange::behind)
    }

    /// Turns a value that is over into a tombstone of the same version, as every other node does,
    /// or forgets it if that tombstone would be. Stale if something else stands under its key.
    pub fn expire(&mut self, entry: &Entry, now: UnixMillis) -> Applied {
        if !entry.is_expired(now) || self.held(entry.key()) != Some(entry) {
            return Applied::Stale;
        }
        self.expired += 1;
        self.merge_entry(entry.expired())
    }

    /// Keys with a value that is over at some time.
    pub fn expiring(&self) -> usize {
        self.index.totals().expiring
    }

    /// How many values here have become tombstones because their time was over.
    pub fn expired(&self) -> u64 {
        self.expired
    }

    /// The next entries that are over, as the tree has them; nothing while it is away.
    fn take_due(&mut self, now: UnixMillis) -> Option<Vec<Entry>> {
        let from = match &self.folding.reaped {
            Reaped::Nothing => Vec::new(),
            Reaped::UpTo(key) => KeyRange::behind(key),
            Reaped::All => return Some(Vec::new()),
        };
        let due = due(self.folding.tree()?, &from, now);
        self.folding.reaped = match due.last() {
            Some(last) if due.len() == ENTRIES_PER_STEP => Reaped::UpTo(last.key().into()),
            Some(_) | None => Reaped::All,
        };
        Some(due)
    }
}

/// What one step reaps of a tree.
fn due(tree: &Tree, from: &[u8], now: UnixMillis) -> Vec<Entry> {
    let range = KeyRange { from, to: None };
    tree.expired(range, now).take(ENTRIES_PER_STEP).cloned().collect()
}

/// An entry as it is taken in at this time: what is over is a tombstone from the beginning.
pub(super) fn as_of(now: UnixMillis, entry: Entry) -> Entry {
    if entry.is_expired(now) { entry.expired() } else { entry }
}

#[cfg(test)]
mod tests;
