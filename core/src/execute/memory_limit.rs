//! The limit of memory: which writes of clients are refused once the data is as large as it may be,
//! and what is counted when other nodes go on writing. Knows not what an entry costs.

use super::Engine;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::protocol::ClientError;
use crate::store::Applied;
use std::collections::BTreeMap;

/// What is asked room for beside the key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    value_bytes: usize,
    expires: bool,
}

impl Room {
    /// For a value of so many bytes, with a time at which it is over or without.
    pub(super) fn of(value_bytes: usize, expires_at: Option<UnixMillis>) -> Room {
        Room { value_bytes, expires: expires_at.is_some() }
    }
}

impl Engine {
    /// Whether the data may take values of these sizes under these keys. What makes it
    /// no larger it may always take, also if other nodes have filled it beyond the limit. A size
    /// that comes later under the same key replaces the former.
    ///
    /// While a flush is being swept, what it killed counts as used but not as replaced. So a
    /// refusal is final only once that is done.
    pub(super) fn check_room<'a>(
        &self,
        writes: impl Iterator<Item = (&'a [u8], Room)> + Clone,
    ) -> Result<(), ClientError> {
        let Some(limit) = self.memory_limit_bytes else {
            return Ok(());
        };
        let used = self.store.memory_bytes() as u64;
        let cost = |(key, Room { value_bytes, expires }): (&[u8], Room)| {
            Entry::value_memory_bytes(key.len(), value_bytes, expires) as u64
        };
        // Nearly always there is room even if nothing is replaced.
        if used + writes.clone().map(cost).sum::<u64>() <= limit {
            return Ok(());
        }
        let last: BTreeMap<&[u8], Room> = writes.collect();
        let held = |key: &&[u8]| self.store.held(key).map_or(0, Entry::memory_bytes) as u64;
        let replaced: u64 = last.keys().map(held).sum();
        let added: u64 = last.into_iter().map(cost).sum();
        if added <= replaced || used + added - replaced <= limit {
            return Ok(());
        }
        Err(ClientError::StorageFull { limit, used })
    }

    /// Counts an entry of another node that is here now although there is no room for it. While a
    /// sweep is under way nobody knows how much room there is.
    pub(super) fn count_applied(&mut self, applied: Applied) {
        let used = self.store.memory_bytes() as u64;
        let is_over = self.memory_limit_bytes.is_some_and(|limit| used > limit);
        if applied.has_won() && is_over && !self.is_sweeping() {
            self.applied_over_limit += 1;
        }
    }

    /// Sets another limit, in bytes. Data that is there beyond it stays.
    pub fn limit_memory(&mut self, bytes: Option<u64>) {
        self.memory_limit_bytes = bytes;
    }

    /// Entries of other nodes that were taken although the data was as large as it may be.
    pub fn applied_over_limit(&self) -> u64 {
        self.applied_over_limit
    }
}
