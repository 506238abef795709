//! The hash index: entries by key, cut into shards so that growing, sweeping and listing are done
//! a piece at a time. Decides nothing about versions.

use crate::entry::{Entry, Kind};
use crate::registers::Registers;
use hashbrown::HashTable;
use hashbrown::hash_table;
use siphasher::sip::SipHasher13;

/// How many shards. A table grows by moving all it holds, which at a million keys in one table
/// would stop every client for tens of milliseconds; a shard holds one 256th of that.
pub(super) const SHARDS: usize = 256;

/// Keys that are warmed at once: more than most clients have on the way.
pub(crate) const WARMED: usize = 32;

/// Keys come from strangers, so the hash is keyed: whoever does not know the seed cannot choose
/// keys that fall into one bucket. SipHash-1-3, as the standard library's own map.
#[derive(Clone, Copy, Debug)]
pub struct HashSeed(pub u64, pub u64);

impl HashSeed {
    /// The place of a key in a table.
    pub(crate) fn hash(self, key: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.0, self.1).hash(key)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Index {
    seed: HashSeed,
    shards: Vec<Shard>,
    totals: Totals,
}

/// One shard and the registers that it was last swept for.
#[derive(Clone, Debug, Default)]
struct Shard {
    entries: HashTable<Entry>,
    swept: Registers,
}

/// What the index holds. Entries that are held for dead count until their shard is swept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) values: usize,
    pub(super) tombstones: usize,
    /// Of the values, those that are over at some time.
    pub(super) expiring: usize,
    pub(super) bytes: usize,
}

impl Totals {
    fn add(&mut self, entry: &Entry) {
        *self.count_of(entry.kind()) += 1;
        self.expiring += usize::from(entry.expires_at().is_some());
        self.bytes += entry.memory_bytes();
    }

    fn remove(&mut self, entry: &Entry) {
        *self.count_of(entry.kind()) -= 1;
        self.expiring -= usize::from(entry.expires_at().is_some());
        self.bytes -= entry.memory_bytes();
    }

    fn count_of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Value => &mut self.values,
            Kind::Tombstone => &mut self.tombstones,
        }
    }
}

impl Index {
    pub(super) fn new(seed: HashSeed) -> Index {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Index { seed, shards, totals: Totals::default() }
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        self.seed.hash(key)
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&Entry> {
        let hash = self.seed.hash(key);
        self.shards[shard_of(hash)].entries.find(hash, |entry| entry.key() == key)
    }

    /// The entry whose key has this hash.
    pub(super) fn find(&self, hash: u64) -> Option<&Entry> {
        let entries = &self.shards[shard_of(hash)].entries;
        entries.find(hash, |entry| self.seed.hash(entry.key()) == hash)
    }

    /// Brings the places and entries of keys into the cache.
    pub(super) fn warm<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) {
        let mut places: [Option<&Entry>; WARMED] = [None; WARMED];
        let hashes = keys.map(|key| self.seed.hash(key));
        // Two loops and not one: what each step waits for does not depend on the step before, so the
        // processor waits for many at the same time.
        for (place, hash) in places.iter_mut().zip(hashes) {
            *place = self.shards[shard_of(hash)].entries.find(hash, |_| true);
        }
        let touched = places.iter().flatten().map(|entry| entry.key().len());
        std::hint::black_box(touched.sum::<usize>());
    }

    /// Puts an entry in the place of the one with its key, and gives that one.
    pub(super) fn replace(&mut self, entry: Entry) -> Option<Entry> {
        let seed = self.seed;
        let hash = seed.hash(entry.key());
        let entries = &mut self.shards[shard_of(hash)].entries;
        self.totals.add(&entry);
        let same_key = |held: &Entry| held.key() == entry.key();
        match entries.entry(hash, same_key, |held| seed.hash(held.key())) {
            hash_table::Entry::Occupied(mut place) => {
                self.totals.remove(place.get());
                Some(std::mem::replace(place.get_mut(), entry))
            }
            hash_table::Entry::Vacant(place) => {
                place.insert(entry);
                None
            }
        }
    }

    pub(super) fn remove(&mut self, key: &[u8]) {
        let hash = self.seed.hash(key);
        let entries = &mut self.shards[shard_of(hash)].entries;
        if let Ok(held) = entries.find_entry(hash, |entry| entry.key() == key) {
            self.totals.remove(held.get());
            held.remove();
        }
    }

    /// Drops what is dead in one shard, and gives back the room if nothing is left.
    pub(super) fn sweep(&mut self, shard: usize, registers: Registers) {
        let Shard { entries, swept } = &mut self.shards[shard];
        if *swept == registers {
            return;
        }
        *swept = registers;
        let totals = &mut self.totals;
        entries.retain(|entry| {
            let survives = !registers.kill(entry);
            if !survives {
                totals.remove(entry);
            }
            survives
        });
        if entries.is_empty() {
            *entries = HashTable::new();
        }
    }
}

/// Bits 48 to 55: the table itself places by the lowest bits and tags by the highest seven.
fn shard_of(hash: u64) -> usize {
    ((hash >> 48) as usize) % SHARDS
}
