//! The data set of one node: the newest entry of every key, tombstones included, and the flush
//! register. Decides which entry of a key survives. Knows nothing of commands, messages or I/O;
//! time is an argument.

mod index;
mod listing;

pub use index::HashSeed;
pub use listing::{Listing, ListingQuery};

use crate::change::Change;
use crate::clock::{Clock, ClockExhausted, Drift, Hlc, UnixMillis};
use crate::entry::Entry;
use crate::version::{NodeId, Version};
use index::{Index, SHARDS};

/// How many shards one step of [`Store::sweep_step`] or of a [`Listing`] visits. At ten million
/// keys a step then touches about 160,000 entries' pointers, a few milliseconds.
const SHARDS_PER_STEP: usize = 4;

/// What became of an entry that came from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was newer than what was here, and is now what is here.
    Won,
    /// What was here is as new or newer. Nothing changed.
    Stale,
}

/// One node's data. Owned by whoever runs commands; not shared.
#[derive(Debug)]
pub struct Store {
    node: NodeId,
    clock: Clock,
    index: Index,
    flush: Version,
    /// The greatest timestamp held: a flush must be above it.
    newest: Hlc,
    /// The next shard to sweep for the latest flush; all are swept at `SHARDS`.
    unswept: usize,
    ahead: u64,
}

impl Store {
    /// An empty store that writes as `node`.
    pub fn new(node: NodeId, seed: HashSeed) -> Store {
        Store {
            node,
            clock: Clock::default(),
            index: Index::new(seed),
            flush: Version::ZERO,
            newest: Hlc::ZERO,
            unswept: SHARDS,
            ahead: 0,
        }
    }

    /// The entry of a key that has a value.
    pub fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.held(key).filter(|entry| entry.value().is_some())
    }

    /// What stands under a key, a tombstone too, unless a flush killed it.
    pub fn held(&self, key: &[u8]) -> Option<&Entry> {
        self.index.get(key).filter(|entry| self.survives_flush(entry))
    }

    /// Gives a key the value that consists of `head` and then `tail`.
    pub fn put(
        &mut self,
        key: &[u8],
        head: &[u8],
        tail: &[u8],
        now: UnixMillis,
    ) -> Result<Entry, ClockExhausted> {
        let version = self.next_version(key, now)?;
        let entry = Entry::joined(key, head, tail, version);
        self.hold(entry.clone());
        Ok(entry)
    }

    /// Deletes a key. Gives its tombstone, or nothing when it has no value.
    pub fn delete(&mut self, key: &[u8], now: UnixMillis) -> Result<Option<Entry>, ClockExhausted> {
        if self.get(key).is_none() {
            return Ok(None);
        }
        let entry = Entry::tombstone(key, self.next_version(key, now)?);
        self.hold(entry.clone());
        Ok(Some(entry))
    }

    /// Whether every one of these keys can be written: the check before a write of several keys
    /// that is all or nothing.
    pub fn can_write<'a>(
        &self,
        keys: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), ClockExhausted> {
        // Each write moves the clock by one; no line carries as many keys as this leaves room for.
        let room = 1 << 32;
        for key in keys {
            let floor = self.floor(key).max(self.clock.last());
            if floor.raw() > u64::MAX - room {
                return Err(ClockExhausted(floor));
            }
        }
        Ok(())
    }

    /// Kills everything that this node knows of, here and (once the register has travelled)
    /// everywhere. The room comes back in [`Store::sweep_step`]s.
    pub fn flush(&mut self, now: UnixMillis) -> Result<Version, ClockExhausted> {
        let hlc = self.clock.tick(now, self.newest.max(self.flush.hlc))?;
        let flush = Version { hlc, node: self.node };
        self.raise_flush(flush);
        Ok(flush)
    }

    /// Takes in what another node wrote.
    pub fn apply(&mut self, change: Change, now: UnixMillis) -> Applied {
        if let Drift::Ahead(_) = self.clock.observe(change.version().hlc, now) {
            self.ahead += 1;
        }
        match change {
            Change::Entry(entry) => self.apply_entry(entry),
            Change::Flush(flush) if flush > self.flush => {
                self.raise_flush(flush);
                Applied::Won
            }
            Change::Flush(_) => Applied::Stale,
        }
    }

    /// Gives back a piece of the room that the latest flush freed. True while more is left.
    pub fn sweep_step(&mut self) -> bool {
        let end = (self.unswept + SHARDS_PER_STEP).min(SHARDS);
        for shard in self.unswept..end {
            self.index.sweep(shard, self.flush);
        }
        self.unswept = end;
        end < SHARDS
    }

    /// Whether [`Store::sweep_step`] has work left; the counts below are too high until it is done.
    pub fn is_sweeping(&self) -> bool {
        self.unswept < SHARDS
    }

    /// Keys that have a value.
    pub fn keys(&self) -> usize {
        self.index.totals().values
    }

    /// Deleted keys that are still remembered.
    pub fn tombstones(&self) -> usize {
        self.index.totals().tombstones
    }

    /// The estimated memory of all entries and their index, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.index.totals().bytes
    }

    /// Everything with a version at or below this one is dead.
    pub fn flush_register(&self) -> Version {
        self.flush
    }

    /// How many changes came from a clock further ahead than is followed.
    pub fn changes_ahead(&self) -> u64 {
        self.ahead
    }

    fn apply_entry(&mut self, entry: Entry) -> Applied {
        let stale = entry.version() <= self.flush
            || self.held(entry.key()).is_some_and(|held| !entry.supersedes(held));
        if stale {
            return Applied::Stale;
        }
        self.hold(entry);
        Applied::Won
    }

    fn survives_flush(&self, entry: &Entry) -> bool {
        entry.version() > self.flush
    }

    fn hold(&mut self, entry: Entry) {
        self.newest = self.newest.max(entry.version().hlc);
        self.index.replace(entry);
    }

    fn raise_flush(&mut self, flush: Version) {
        self.flush = flush;
        self.newest = self.newest.max(flush.hlc);
        self.unswept = 0;
    }

    fn next_version(&mut self, key: &[u8], now: UnixMillis) -> Result<Version, ClockExhausted> {
        let hlc = self.clock.tick(now, self.floor(key))?;
        Ok(Version { hlc, node: self.node })
    }

    /// What a new version of this key has to be above: the version it replaces, and the flush,
    /// or a write after a flush from a clock ahead of ours would be dead at once.
    fn floor(&self, key: &[u8]) -> Hlc {
        let held = self.index.get(key).map_or(Hlc::ZERO, |entry| entry.version().hlc);
        held.max(self.flush.hlc)
    }
}

#[cfg(test)]
mod tests;
