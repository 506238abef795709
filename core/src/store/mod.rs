//! The data set of one node: the newest entry of every key, tombstones included, what is held for
//! dead, and the Merkle tree over it. Decides which entry of a key survives. Knows nothing of
//! commands, messages or I/O; time is an argument.

mod fold;
mod index;
mod listing;
mod logged;
mod marks;
mod reaping;
mod unpublished;

pub use fold::{Fold, Snapshot};
pub use index::HashSeed;
pub(crate) use index::WARMED;
pub use listing::{Listing, ListingQuery};
pub use reaping::Reaping;
pub(crate) use unpublished::KeyHash;

use crate::change::Change;
use crate::clock::{Clock, ClockExhausted, Drift, Hlc, UnixMillis};
use crate::entry::{Entry, Kind};
use crate::journal::Log;
use crate::merkle::{FirstExpiry, Tree, TreeSeed};
use crate::registers::Registers;
use crate::trace::{Sampling, Traced};
use crate::version::{NodeId, Version};
use fold::{Folding, GATHERED_AT_ONCE};
use index::{Index, Place, SHARDS};
use reaping::as_of;
use unpublished::Unpublished;

/// How many shards one step of [`Store::sweep_step`] visits. At ten million
/// keys a step then touches about 160,000 entries, a few milliseconds.
const SHARDS_PER_STEP: usize = 16;

/// What became of an entry that came from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was newer than what was here, and is now what is here.
    Won,
    /// What was here is as new or newer. Nothing changed.
    Stale,
}

impl Applied {
    /// Whether the entry is now what is here.
    pub fn has_won(self) -> bool {
        self == Applied::Won
    }
}

/// One node's data. Owned by whoever runs commands; not shared.
#[derive(Clone, Debug)]
pub struct Store {
    node: NodeId,
    clock: Clock,
    index: Index,
    folding: Folding,
    registers: Registers,
    /// The greatest timestamp held: a flush must be above it.
    newest: Hlc,
    /// The next shard to sweep for the latest registers; all are swept at `SHARDS`.
    unswept: usize,
    ahead: u64,
    /// Values that have become tombstones because their time was over.
    expired: u64,
    /// What is to be journaled; nothing if nothing is.
    log: Option<Log>,
    /// The greatest timestamp that the journal says may be issued.
    reserved: Hlc,
    /// What was written here and waits to be published; nothing if nothing is.
    unpublished: Option<Unpublished>,
    /// What was written here and is traced; nothing if nothing is.
    traced: Option<Traced>,
}

impl Store {
    /// An empty store that writes as `node`.
    pub fn new(node: NodeId, seed: HashSeed, tree: TreeSeed) -> Store {
        Store {
            node,
            clock: Clock::default(),
            index: Index::new(seed),
            folding: Folding::new(tree),
            registers: Registers::default(),
            newest: Hlc::ZERO,
            unswept: SHARDS,
            ahead: 0,
            expired: 0,
            log: None,
            reserved: Hlc::ZERO,
            unpublished: None,
            traced: None,
        }
    }

    /// Has some of the writes traced from now on.
    pub fn start_tracing(&mut self, sampling: Sampling) {
        self.traced = Some(Traced::new(sampling));
    }

    /// The traced writes since the last time.
    pub(crate) fn take_traced(&mut self) -> Vec<Version> {
        self.traced.as_mut().map_or_else(Vec::new, Traced::take)
    }

    /// The entry of a key that has a value, unless that is over.
    pub fn get(&self, key: &[u8], now: UnixMillis) -> Option<&Entry> {
        self.held(key).filter(|entry| entry.is_live(now))
    }

    /// A number that leads to this key again, see [`Store::at_cursor`]. Never zero.
    pub fn cursor_of(&self, key: &[u8]) -> u64 {
        self.index.hash(key).max(1)
    }

    /// What stands under the key of this cursor, a tombstone too; nothing if it is forgotten.
    pub fn at_cursor(&self, cursor: u64) -> Option<&Entry> {
        self.index.of_hash(cursor)
    }

    /// Whether changes are noted for a journal.
    pub fn is_logging(&self) -> bool {
        self.log.is_some()
    }

    /// Looks at what stands under some keys that are about to be used, all at once: memory that is
    /// not cached is waited for together.
    pub fn warm<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) {
        self.index.warm(keys);
    }

    /// What stands under a key, a tombstone or a value that is over too, unless it is held for dead.
    pub fn held(&self, key: &[u8]) -> Option<&Entry> {
        self.index.get(key).filter(|entry| !self.registers.kill(entry))
    }

    /// Gives a key the value that consists of `head` and then `tail`, until a time if there is one.
    pub fn put(
        &mut self,
        key: &[u8],
        head: &[u8],
        tail: &[u8],
        expires_at: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Result<Entry, ClockExhausted> {
        let place = self.index.place(key);
        let version = self.next_version(place, now)?;
        let entry = Entry::joined(key, head, tail, expires_at, version);
        let place = self.hold(place, entry.clone());
        self.publish_later(place);
        Ok(entry)
    }

    /// Deletes a key. Gives its tombstone, or nothing when it has no value.
    pub fn delete(&mut self, key: &[u8], now: UnixMillis) -> Result<Option<Entry>, ClockExhausted> {
        let place = self.index.place(key);
        let held = self.held_at(place).filter(|held| !held.is_expired(now));
        if held.is_none_or(|held| held.value().is_none()) {
            return Ok(None);
        }
        let entry = Entry::tombstone(key, self.next_version(place, now)?);
        let place = self.hold(place, entry.clone());
        self.publish_later(place);
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
            let floor = self.floor(self.index.place(key)).max(self.clock.last());
            if floor.raw() > u64::MAX - room {
                return Err(ClockExhausted(floor));
            }
        }
        Ok(())
    }

    /// Kills everything that this node knows of, here and (once the register has travelled)
    /// everywhere. The room comes back in [`Store::sweep_step`]s.
    pub fn flush(&mut self, now: UnixMillis) -> Result<Version, ClockExhausted> {
        let hlc = self.clock.tick(now, self.newest.max(self.dead_below()))?;
        let flush = Version { hlc, node: self.node };
        self.raise(Registers { flush, ..self.registers });
        Ok(flush)
    }

    /// Takes in what another node wrote and has just published, unless it was deleted so long ago
    /// that nobody remembers.
    pub fn apply(&mut self, change: Change, now: UnixMillis) -> Applied {
        if let Drift::Ahead(_) = self.clock.observe(change.version().hlc, now) {
            self.ahead += 1;
        }
        match change {
            Change::Entry(entry) => {
                let entry = as_of(now, entry);
                let is_forgotten = entry.version().hlc <= self.registers.watermark
                    && self.held(entry.key()).is_none();
                if is_forgotten { Applied::Stale } else { self.merge_entry(entry) }
            }
            Change::Flush(flush) if flush > self.registers.flush => {
                self.raise(Registers { flush, ..self.registers });
                Applied::Won
            }
            Change::Flush(_) => Applied::Stale,
        }
    }

    /// Takes in what a session has found to be missing here.
    pub fn merge(&mut self, entry: Entry, now: UnixMillis) -> Applied {
        if let Drift::Ahead(_) = self.clock.observe(entry.version().hlc, now) {
            self.ahead += 1;
        }
        self.merge_entry(as_of(now, entry))
    }

    /// The last timestamp of the clock.
    pub fn clock(&self) -> Hlc {
        self.clock.last()
    }

    /// Follows the clock of a peer.
    pub fn follow(&mut self, clock: Hlc, now: UnixMillis) {
        // A peer's clock that is wrong shows in what it writes, and is counted there.
        let _ = self.clock.observe(clock, now);
    }

    /// Issues a timestamp that belongs to no write: whatever is written from now on is above it.
    pub fn tick(&mut self, now: UnixMillis) -> Result<Hlc, ClockExhausted> {
        self.clock.tick(now, Hlc::ZERO)
    }

    /// Holds for dead from now on what these registers say.
    pub fn raise(&mut self, registers: Registers) {
        let joined = self.registers.joined(registers);
        let (before, Registers { flush, watermark, .. }) = (self.registers, joined);
        self.registers = joined;
        if let Some(log) = self.log.as_mut().filter(|_| joined != before) {
            log.registers(joined);
        }
        if flush > before.flush || watermark > before.watermark {
            self.newest = self.newest.max(flush.hlc);
            self.unswept = 0;
            self.folding.prune();
        }
    }

    /// Forgets an entry that no other node has, without a tombstone. False if something else
    /// stands under its key by now.
    pub fn forget(&mut self, entry: &Entry) -> bool {
        let place = self.index.place(entry.key());
        let is_held = self.held_at(place).is_some_and(|held| held == entry);
        if is_held {
            self.index.remove(place);
            if let Some(log) = &mut self.log {
                log.forgotten(entry.key(), entry.version());
            }
        }
        is_held
    }

    /// The data set of this moment; nothing if the tree is away, or if so much waits to be folded
    /// that [`Store::begin_fold`] should be used.
    pub fn snapshot(&mut self, now: UnixMillis) -> Option<Snapshot> {
        let clock = self.present(now);
        self.folding.snapshot(&mut self.index, self.registers, clock)
    }

    /// Begins a fold of all that waits at this moment; false if one is under way. What waits is
    /// gathered in [`Store::gather`].
    pub fn start_fold(&mut self, now: UnixMillis) -> bool {
        let clock = self.present(now);
        self.folding.begin(&mut self.index, self.registers, clock)
    }

    /// Gathers a piece of what a fold was begun for, whatever is written meanwhile. Gives the fold
    /// once it has all of it: then the tree is taken away.
    pub fn gather(&mut self) -> Option<Fold> {
        self.folding.gather(&mut self.index, GATHERED_AT_ONCE)
    }

    /// Begins a fold and gathers all of what waits at once; nothing if a fold is under way.
    pub fn begin_fold(&mut self, now: UnixMillis) -> Option<Fold> {
        if !self.start_fold(now) {
            return None;
        }
        self.folding.gather(&mut self.index, usize::MAX)
    }

    /// Takes back the tree of a fold. Gives the data set of the moment at which that began.
    pub fn end_fold(&mut self, tree: Tree) -> Snapshot {
        self.folding.end(tree)
    }

    /// Whether so much waits to be folded, or for so long, that it should be done soon.
    pub fn is_fold_due(&mut self, now: UnixMillis) -> bool {
        self.folding.is_due(&self.index, now)
    }

    /// Gives back a piece of the room of what is held for dead. True while more is left.
    pub fn sweep_step(&mut self) -> bool {
        let end = (self.unswept + SHARDS_PER_STEP).min(SHARDS);
        for shard in self.unswept..end {
            self.index.sweep(shard, self.registers);
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

    /// What is held for dead.
    pub fn registers(&self) -> Registers {
        self.registers
    }

    /// How many changes came from a clock further ahead than is followed.
    pub fn changes_ahead(&self) -> u64 {
        self.ahead
    }

    fn merge_entry(&mut self, entry: Entry) -> Applied {
        let place = self.index.place(entry.key());
        let held = self.held_at(place);
        if held.is_some_and(|held| !entry.supersedes(held)) {
            return Applied::Stale;
        }
        if !self.registers.kill(&entry) {
            self.hold(place, entry);
            return Applied::Won;
        }
        // A tombstone that everybody else has forgotten: what it deletes is forgotten too.
        match held.cloned().filter(|_| entry.kind() == Kind::Tombstone) {
            Some(held) => {
                self.forget(&held);
                Applied::Won
            }
            None => Applied::Stale,
        }
    }

    fn held_at(&self, place: Place) -> Option<&Entry> {
        self.index.at(place).filter(|entry| !self.registers.kill(entry))
    }

    /// Puts an entry there, and says where that is now.
    fn hold(&mut self, place: Place, entry: Entry) -> Place {
        self.newest = self.newest.max(entry.version().hlc);
        if let Some(log) = &mut self.log {
            log.entry(&entry);
        }
        self.folding.first_expiry = self.folding.first_expiry.min(FirstExpiry::of(&entry));
        self.index.put(place, entry)
    }

    fn next_version(&mut self, place: Place, now: UnixMillis) -> Result<Version, ClockExhausted> {
        let hlc = self.clock.tick(now, self.floor(place))?;
        let version = Version { hlc, node: self.node };
        if let Some(traced) = &mut self.traced {
            traced.note(version);
        }
        Ok(version)
    }

    /// What a new version of a key has to be above: the version it replaces, and what is dead, or a
    /// write after a flush from a clock ahead of ours would be dead at once.
    fn floor(&self, place: Place) -> Hlc {
        let held = self.index.at(place).map_or(Hlc::ZERO, |entry| entry.version().hlc);
        held.max(self.dead_below())
    }

    /// A timestamp that everything written from now on is above, even if nothing has been written
    /// for long.
    fn present(&mut self, now: UnixMillis) -> Hlc {
        // Wall time is not ahead of itself.
        let _ = self.clock.observe(Hlc::at(now), now);
        self.clock.last()
    }

    fn dead_below(&self) -> Hlc {
        self.registers.flush.hlc.max(self.registers.watermark)
    }
}

#[cfg(test)]
mod tests;
