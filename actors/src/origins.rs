//! How far behind their origin updates arrive, by the node that wrote them. For metrics only.

use merkle_kv_core::clock::UnixMillis;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nodes that are told apart: each is a time series. More than any cluster has.
const MAX_ORIGINS: usize = 1_000;

/// The last update of one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastUpdate {
    /// From its newest change to its arrival here, in milliseconds; 0 if the clocks disagree.
    pub(crate) lag_millis: u64,
    /// When it arrived.
    pub(crate) at: UnixMillis,
}

/// The last update of each node.
#[derive(Debug, Default)]
pub(crate) struct Origins(Mutex<BTreeMap<String, LastUpdate>>);

impl Origins {
    /// An update of this node, whose newest change was written then, has been taken in now.
    pub(crate) fn heard(&self, origin: &str, written: UnixMillis, now: UnixMillis) {
        let update = LastUpdate { lag_millis: now.0.saturating_sub(written.0), at: now };
        let mut origins = self.lock();
        if let Some(known) = origins.get_mut(origin) {
            *known = update;
        } else if origins.len() < MAX_ORIGINS {
            origins.insert(origin.to_owned(), update);
        }
    }

    pub(crate) fn read(&self) -> Vec<(String, LastUpdate)> {
        self.lock().iter().map(|(origin, update)| (origin.clone(), *update)).collect()
    }

    /// A panic while the lock was held cannot have left the map half changed.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, LastUpdate>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_update_of_a_node_counts_and_no_stranger_makes_the_table_grow_for_ever() {
        let origins = Origins::default();
        for n in 0..MAX_ORIGINS + 5 {
            origins.heard(&format!("{n:04}"), UnixMillis(10), UnixMillis(40));
        }
        origins.heard("0000", UnixMillis(60), UnixMillis(50));
        let read = origins.read();
        assert_eq!(read.len(), MAX_ORIGINS);
        assert_eq!(read[0].1, LastUpdate { lag_millis: 0, at: UnixMillis(50) });
        assert_eq!(read[1].1, LastUpdate { lag_millis: 30, at: UnixMillis(40) });
    }
}
