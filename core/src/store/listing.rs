//! Lists keys in byte order, a piece of the index at a time, so that a large data set never holds
//! up other clients.
//!
//! The index has no order, so a listing first collects the matching keys of each shard, sorted,
//! and then merges those runs. A key that is written or deleted meanwhile may or may not be
//! listed; every other one is.

use super::index::SHARDS;
use super::{SHARDS_PER_STEP, Store};
use crate::entry::Entry;
use bytes::Bytes;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::vec;

/// Which keys to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingQuery {
    /// Only keys that begin with this.
    pub prefix: Bytes,
    /// Only keys greater than this.
    pub after: Option<Bytes>,
    /// At most so many.
    pub limit: Option<usize>,
}

impl ListingQuery {
    fn matches(&self, key: &[u8]) -> bool {
        key.starts_with(&self.prefix) && self.after.as_ref().is_none_or(|after| key > &after[..])
    }
}

/// A listing under way. First [`Listing::step`] until it says so, then the keys, as an iterator.
#[derive(Debug)]
pub struct Listing {
    query: ListingQuery,
    next_shard: usize,
    runs: Vec<vec::IntoIter<Entry>>,
    collected: usize,
    heads: BinaryHeap<Reverse<Head>>,
}

impl Listing {
    /// A listing that has looked at nothing yet.
    pub fn new(query: ListingQuery) -> Listing {
        Listing { query, next_shard: 0, runs: Vec::new(), collected: 0, heads: BinaryHeap::new() }
    }

    /// Looks at a few more shards. True while more are left.
    pub fn step(&mut self, store: &Store) -> bool {
        let end = (self.next_shard + SHARDS_PER_STEP).min(SHARDS);
        for shard in self.next_shard..end {
            self.collect(store, shard);
        }
        self.next_shard = end;
        end < SHARDS
    }

    /// How many keys the iterator will give from the start.
    pub fn total(&self) -> usize {
        self.query.limit.map_or(self.collected, |limit| self.collected.min(limit))
    }

    fn collect(&mut self, store: &Store, shard: usize) {
        let listed = |entry: &&Entry| {
            entry.value().is_some()
                && store.survives_flush(entry)
                && self.query.matches(entry.key())
        };
        let mut run: Vec<Entry> = store.index.shard(shard).filter(listed).cloned().collect();
        run.sort_unstable_by(|a, b| a.key().cmp(b.key()));
        if let Some(limit) = self.query.limit {
            run.truncate(limit);
        }
        self.collected += run.len();
        let mut run = run.into_iter();
        if let Some(first) = run.next() {
            self.heads.push(Reverse(Head { entry: first, run: self.runs.len() }));
            self.runs.push(run);
        }
    }
}

impl Iterator for Listing {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.query.limit == Some(0) {
            return None;
        }
        let Reverse(Head { entry, run }) = self.heads.pop()?;
        if let Some(follower) = self.runs[run].next() {
            self.heads.push(Reverse(Head { entry: follower, run }));
        }
        self.query.limit = self.query.limit.map(|limit| limit - 1);
        Some(entry)
    }
}

/// The least key that a run still holds. Keys are unique, so they alone give the order.
#[derive(Debug)]
struct Head {
    entry: Entry,
    run: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> std::cmp::Ordering {
        self.entry.key().cmp(other.entry.key())
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Head {}
