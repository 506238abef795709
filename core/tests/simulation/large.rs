//! The data set that the nodes of the large world have mostly in common.

use crate::history::{Checked, History, ensure};
use crate::node::{id_of, tree_seed};
use crate::world::World;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::store::{HashSeed, Store};
use merkle_kv_core::version::Version;
use std::sync::LazyLock;

/// Keys that were there before the schedule.
pub(crate) const KEYS: usize = 20_000;

/// All that was there before is published.
pub(crate) static PUBLISHED: LazyLock<Hlc> = LazyLock::new(|| Hlc::from_raw(KEYS as u64));

/// Nodes.
const NODES: usize = 5;

/// Of so many keys one is missing on each node.
const MISSING_ONE_IN: usize = 400;

pub(crate) fn key(n: usize) -> String {
    format!("user:{n:06}")
}

fn version(n: usize) -> Version {
    Version { hlc: Hlc::from_raw(n as u64 + 1), node: id_of(0) }
}

static STORES: LazyLock<Vec<Store>> = LazyLock::new(|| {
    let entries: Vec<Entry> =
        (0..KEYS).map(|n| Entry::value_of(key(n).as_bytes(), b"0", version(n))).collect();
    let store = |node: usize| {
        let id = id_of(node);
        let mut store = Store::new(id, HashSeed(id.0, 2), tree_seed());
        let has = |n: &usize| !(n * 7 + node).is_multiple_of(MISSING_ONE_IN);
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
    if let Some(n) = number(key) {
        let entry = Entry::value_of(key, b"0", version(n));
        history.issued(&entry, None);
        history.acknowledge(key, entry.version());
    }
}

/// Which of the keys that were there before this is.
fn number(key: &[u8]) -> Option<usize> {
    let digits = key.strip_prefix(b"user:")?;
    let number: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(number).filter(|n| *n < KEYS)
}

/// What nobody wrote is still there, unless it was flushed: looked at as a number.
pub(crate) fn check_untouched(world: &mut World) -> Checked {
    let held = world.snapshot(0)?.tree.totals().leaves as usize;
    let node = &world.nodes[0];
    let written = world.history.keys().filter(|key| node.held(key).is_some()).count();
    let untouched = KEYS - world.history.keys().filter(|key| number(key).is_some()).count();
    let is_flushed = node.store().registers().flush > Version::ZERO;
    let expected = written + if is_flushed { 0 } else { untouched };
    ensure(held == expected, || format!("{held} keys are left, not {expected}"))
}
