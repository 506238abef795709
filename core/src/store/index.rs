//! The hash index: entries by key, cut into shards so that growing, sweeping and gathering are done
//! a piece at a time. Remembers which entries the Merkle tree does not have yet, and which wait to be
//! published. Decides nothing about versions.

use super::marks::{Mark, Marks};
use crate::entry::{Entry, Kind};
use crate::registers::Registers;
use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use std::mem;

/// How many shards. A table grows by moving all it holds, which at ten million keys in one table
/// would stop every client for half a second; a shard holds a thousandth of that.
pub(super) const SHARDS: usize = 1 << SHARD_BITS;
const SHARD_BITS: u32 = 10;

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

/// Entries by key.
///
/// What the tree does not have yet is marked and not queued: a key that is written over and over
/// costs one bit, and keeps nothing alive. To gather what is marked is to freeze the marks of one
/// moment, and then to go through the shards. What is written meanwhile is marked anew; if it takes
/// the place of an entry that is yet to be gathered, that one is saved.
#[derive(Clone, Debug)]
pub(super) struct Index {
    seed: HashSeed,
    shards: Vec<Shard>,
    totals: Totals,
    /// Marks of all shards that are not frozen.
    unfolded: usize,
    /// Marks of all shards.
    unpublished: usize,
    /// While marks are frozen, the next shard to gather.
    gathering: Option<usize>,
    saved: Vec<Entry>,
    /// Entries that were taken out, and of whose keys the tree may have something.
    removed: Vec<Entry>,
}

#[derive(Clone, Debug, Default)]
struct Shard {
    entries: HashTable<Entry>,
    /// What is still to be done for the entries of places.
    marks: Marks,
    /// What it was last swept for.
    swept: Registers,
}

/// Where a key stands, or would stand. Holds until something is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    hash: u64,
    at: Option<usize>,
}

impl Place {
    /// The hash of the key.
    pub(super) fn hash(self) -> u64 {
        self.hash
    }
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
        Index {
            seed,
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            totals: Totals::default(),
            unfolded: 0,
            unpublished: 0,
            gathering: None,
            saved: Vec::new(),
            removed: Vec::new(),
        }
    }

    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        self.seed.hash(key)
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.find(self.seed.hash(key), key)
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<&Entry> {
        self.shards[shard_of(hash)].entries.find(hash, |entry| entry.key() == key)
    }

    /// The entry whose key has this hash.
    pub(super) fn of_hash(&self, hash: u64) -> Option<&Entry> {
        self.at(self.place_of_hash(hash))
    }

    /// Brings the places, marks and entries of keys into the cache.
    pub(super) fn warm<'a>(&self, keys: impl Iterator<Item = &'a [u8]>) {
        self.warm_hashes(keys.map(|key| self.seed.hash(key)));
    }

    /// Brings the places and entries of the keys into the cache that have these hashes.
    pub(super) fn warm_hashes(&self, all: impl Iterator<Item = u64>) {
        let mut places: [Option<&Entry>; WARMED] = [None; WARMED];
        let mut hashes = [0; WARMED];
        let mut warmed = 0;
        for (slot, hash) in hashes.iter_mut().zip(all) {
            *slot = hash;
            warmed += 1;
        }
        // Three loops and not one: what each step waits for does not depend on the step before, so
        // the processor waits for many at the same time.
        let mut marks = 0;
        for (place, &hash) in places.iter_mut().zip(&hashes[..warmed]) {
            let shard = &self.shards[shard_of(hash)];
            if let Some(at) = shard.entries.find_bucket_index(hash, |_| true) {
                marks ^= shard.marks.touched(at);
                *place = shard.entries.get_bucket(at);
            }
        }
        let touched = places.iter().flatten().map(|entry| entry.touched());
        std::hint::black_box((marks, touched.sum::<usize>()));
    }

    /// Looks for a key.
    pub(super) fn place(&self, key: &[u8]) -> Place {
        let hash = self.seed.hash(key);
        let entries = &self.shards[shard_of(hash)].entries;
        Place { hash, at: entries.find_bucket_index(hash, |entry| entry.key() == key) }
    }

    /// Looks for the key that has this hash.
    pub(super) fn place_of_hash(&self, hash: u64) -> Place {
        let entries = &self.shards[shard_of(hash)].entries;
        let is_key = |entry: &Entry| self.seed.hash(entry.key()) == hash;
        Place { hash, at: entries.find_bucket_index(hash, is_key) }
    }

    /// What stands there.
    pub(super) fn at(&self, place: Place) -> Option<&Entry> {
        self.shards[shard_of(place.hash)].entries.get_bucket(place.at?)
    }

    /// Puts an entry in the place of its key, and says where that is now. The tree does not have it.
    pub(super) fn put(&mut self, place: Place, entry: Entry) -> Place {
        let Place { hash, at } = place;
        let shard = &mut self.shards[shard_of(hash)];
        self.totals.add(&entry);
        let at = match at.and_then(|at| Some((at, shard.entries.get_bucket_mut(at)?))) {
            Some((at, held)) => {
                let replaced = mem::replace(held, entry);
                self.totals.remove(&replaced);
                if shard.marks.unmark(Mark::Frozen, at) {
                    self.saved.push(replaced);
                }
                at
            }
            None => {
                let at = shard.insert(self.seed, hash, entry);
                // Of an entry that has been there and is gone.
                shard.marks.unmark(Mark::Frozen, at);
                at
            }
        };
        self.unfolded += usize::from(shard.marks.mark(Mark::Unfolded, at));
        Place { hash, at: Some(at) }
    }

    /// Marks what stands there as waiting to be published. Whether it was not marked before.
    pub(super) fn mark_unpublished(&mut self, place: Place) -> bool {
        let marks = &mut self.shards[shard_of(place.hash)].marks;
        let is_new = place.at.is_some_and(|at| marks.mark(Mark::Unpublished, at));
        self.unpublished += usize::from(is_new);
        is_new
    }

    /// Takes that mark off. Whether there was one.
    pub(super) fn unmark_unpublished(&mut self, place: Place) -> bool {
        let marks = &mut self.shards[shard_of(place.hash)].marks;
        let was_marked = place.at.is_some_and(|at| marks.unmark(Mark::Unpublished, at));
        self.unpublished -= usize::from(was_marked);
        was_marked
    }

    /// How many entries wait to be published.
    pub(super) fn unpublished(&self) -> usize {
        self.unpublished
    }

    /// Takes a key out. What the tree has of it has to be taken out as well, and will be.
    pub(super) fn remove(&mut self, place: Place) {
        let Place { hash, at } = place;
        let taken_out = at.and_then(|at| self.take_out(shard_of(hash), at));
        self.removed.extend(taken_out.map(|(entry, _)| entry));
    }

    /// Drops what is dead in one shard, and gives back the room if nothing is left.
    pub(super) fn sweep(&mut self, shard: usize, registers: Registers) {
        let Shard { entries, swept, .. } = &mut self.shards[shard];
        if *swept == registers {
            return;
        }
        *swept = registers;
        let is_dead = |at: &usize| entries.get_bucket(*at).is_some_and(|held| registers.kill(held));
        let dead: Vec<usize> = entries.iter_buckets().filter(is_dead).collect();
        for at in dead {
            let taken_out = self.take_out(shard, at);
            // The tree drops what is dead by itself. But if it never heard of a tombstone, it may have
            // what that deletes.
            let unheard = taken_out
                .filter(|(entry, was_unfolded)| *was_unfolded && entry.kind() == Kind::Tombstone);
            self.removed.extend(unheard.map(|(entry, _)| entry));
        }
        let shard = &mut self.shards[shard];
        let is_folded = shard.marks.len(Mark::Unfolded) + shard.marks.len(Mark::Frozen) == 0;
        if shard.entries.is_empty() && is_folded {
            *shard = Shard { swept: registers, ..Shard::default() };
        }
    }

    /// Gives the entry of a place, and whether the tree did not have it.
    fn take_out(&mut self, shard: usize, at: usize) -> Option<(Entry, bool)> {
        let shard = &mut self.shards[shard];
        let (entry, _) = shard.entries.get_bucket_entry(at).ok()?.remove();
        self.totals.remove(&entry);
        if shard.marks.unmark(Mark::Frozen, at) {
            self.saved.push(entry.clone());
        }
        let was_unfolded = shard.marks.unmark(Mark::Unfolded, at);
        self.unfolded -= usize::from(was_unfolded);
        self.unpublished -= usize::from(shard.marks.unmark(Mark::Unpublished, at));
        Some((entry, was_unfolded))
    }

    /// How many entries the tree does not have, beside those that are being gathered.
    pub(super) fn unfolded(&self) -> usize {
        self.unfolded + self.removed.len()
    }

    /// Freezes the marks, to gather what is marked at this moment. Gives what has been taken out.
    pub(super) fn freeze(&mut self) -> Vec<Entry> {
        for shard in &mut self.shards {
            shard.marks.freeze();
        }
        self.unfolded = 0;
        self.gathering = Some(0);
        mem::take(&mut self.removed)
    }

    /// Gathers entries that were marked when marks were frozen, until there are `enough`. True while
    /// there are more.
    pub(super) fn gather(&mut self, gathered: &mut Vec<Entry>, enough: usize) -> bool {
        let Some(next) = self.gathering else { return false };
        let mut places = Vec::new();
        for at in next..SHARDS {
            if gathered.len() >= enough {
                self.gathering = Some(at);
                return true;
            }
            let Shard { entries, marks, .. } = &mut self.shards[at];
            marks.drain_frozen(|place| places.push(place));
            for some in places.chunks(WARMED) {
                let held = some.iter().filter_map(|&place| entries.get_bucket(place));
                // To count a reference is to wait for memory; this waits for many at once.
                std::hint::black_box(held.clone().map(Entry::counts_touched).sum::<usize>());
                gathered.extend(held.cloned());
            }
            places.clear();
        }
        self.gathering = None;
        gathered.append(&mut self.saved);
        false
    }
}

impl Shard {
    /// Puts in an entry whose key is not there, and gives its place.
    fn insert(&mut self, seed: HashSeed, hash: u64, entry: Entry) -> usize {
        if self.entries.len() == self.entries.capacity() {
            self.make_room(seed);
        }
        let rehash = |held: &Entry| seed.hash(held.key());
        self.entries.insert_unique(hash, entry, rehash).bucket_index()
    }

    /// Moves all entries to a table with room for more, and the marks with them. A table that is
    /// full would do that by itself, and not tell where they are now.
    fn make_room(&mut self, seed: HashSeed) {
        // With some places to spare, or a table that is full of gaps would soon be moved again.
        let wanted = self.entries.len() + self.entries.len() / 8 + 1;
        let mut old = mem::replace(&mut self.entries, HashTable::with_capacity(wanted));
        let places = self.entries.num_buckets();
        let mut marks = mem::replace(&mut self.marks, Marks::of_places(places));
        for at in 0..old.num_buckets() {
            let Ok(place) = old.get_bucket_entry(at) else { continue };
            let (entry, _) = place.remove();
            let rehash = |held: &Entry| seed.hash(held.key());
            let place = self.entries.insert_unique(rehash(&entry), entry, rehash).bucket_index();
            marks.hand_over(at, &mut self.marks, place);
        }
    }
}

/// Which shard a key is in, by bits 32 to 47: a table places by the lowest bits, and tags by the
/// highest seven.
///
/// Tables double. If all shards were of one size they would do so together, and at once the whole
/// index would take twice the room. So shard n of N takes 2^(n/N) to 2^((n+1)/N) of the numbers
/// between 1 and 2, the last twice as many as the first, and one after the other doubles. The
/// logarithm is a parabola here, which is off by less than one in a hundred.
fn shard_of(hash: u64) -> usize {
    const ONE: u64 = 1 << 16;
    /// 4 log2(3/2) - 2: with it the parabola goes through 0, 1/2 and 1.
    const BEND: u64 = (0.339_850 * ONE as f64) as u64;
    let part = (hash >> 32) & (ONE - 1);
    let bent = part * ONE + ((part * (ONE - part)) >> 16) * BEND;
    (bent >> (32 - SHARD_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_rise_with_the_hash_and_the_first_takes_twice_as_much_as_the_last() {
        let mut sizes = vec![0; SHARDS];
        let mut last = 0;
        for part in 0..1_u64 << 16 {
            let shard = shard_of(part << 32 | 0xffff_ffff);
            assert!(shard == last || shard == last + 1);
            last = shard;
            sizes[shard] += 1;
        }
        assert_eq!(last, SHARDS - 1);
        let quarter = |range: std::ops::Range<usize>| sizes[range].iter().sum::<u32>();
        let (first, rest) = (quarter(0..SHARDS / 8), quarter(SHARDS - SHARDS / 8..SHARDS));
        assert!((1.6..2.0).contains(&(f64::from(rest) / f64::from(first))), "{first}, {rest}");
    }
}
