//! The data set that the nodes of the large world have mostly in common.

use crate::history::{Checked, History, ensure};
use crate::node::tree_seed;
use crate::world::World;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::store::{HashSeed, Store};
use merkle_kv_core::version::{NodeId, Version};
use std::sync::LazyLock;

/// Keys that were there before the schedule.
pub(crate) const KEYS: usize = 20_000;

/// Nodes.
const NODES: usize = 5;

/// Of so many keys one is missing on each node.
const MISSING_ONE_IN: usize = 400;

pub(crate) fn key(n: usize) -> String {
    format!("user:{n:06}")
}

fn version(n: usize) -> Version {
    Version { hlc: Hlc::from_raw(n as u64 + 1), node: NodeId(1) }
}

static STORES: LazyLock<Vec<Store>> = LazyLock::new(|| {
    let entries: Vec<Entry> =
        (0..KEYS).map(|n| Entry::value_of(key(n).as_bytes(), b"0", version(n))).collect();
    let store = |node: usize| {
        let id = NodeId(node as u64 + 1);
        let mut store = Store::new(id, HashSeed(id.0, 2), tree_seed());
        let has = |n: &usize| (n * 7 + node) % MISSING_ONE_IN != 0;
        for n in (0..KEYS).filter(has) {
            store.merge(entries[n].clone(), UnixMillis(1));
        }
        let fold = store.begin_fold(UnixMillis(1)).expect("no fold is under way");
        store.end_fold(fold.run()).tree.root();
        store
    };
    (0..NODES).map(store).collect()
});

/// What a node begins with.
pub(crate) fn store(node: usize) -> &'static Store {
    &STORES[node]
}

/// Tells the onlooker of a key that was there before.
pub(crate) fn note(key: &[u8], history: &mut History) {
    let text = String::from_utf8_lossy(key);
    let number = text.rsplit(':').next().and_then(|number| number.parse::<usize>().ok());
    if let Some(n) = number.filter(|n| *n < KEYS) {
        let entry = Entry::value_of(key, b"0", version(n));
        history.issued(&entry, None);
        history.acknowledge(key, entry.version());
    }
}

/// What nobody wrote is still there, unless it was flushed.
pub(crate) fn check_untouched(world: &World) -> Checked {
    let node = &world.nodes[0];
    let flush = node.store().registers().flush;
    for n in 0..KEYS {
        let key = key(n);
        if !world.history.has(key.as_bytes()) {
            let is_there = node.held(key.as_bytes()).is_some();
            ensure(is_there == (flush == Version::ZERO), || format!("{key} is lost"))?;
        }
    }
    Ok(())
}
