//! The node that hears it all: an engine with a few keys, the same in every run.

use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Engine, EngineSettings};
use merkle_kv_core::merkle::TreeSeed;
use merkle_kv_core::protocol::Limits;
use merkle_kv_core::replication::MAX_UNPUBLISHED;
use merkle_kv_core::store::{HashSeed, Snapshot};
use merkle_kv_core::version::{NodeId, Version};

/// When everything happens.
pub(crate) const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// Short keys and values, so that inputs of a fuzzer's size go beyond them.
pub(crate) const LIMITS: Limits = Limits { max_key_bytes: 48, max_value_bytes: 200 };

/// What the data of the engine may take: an input cannot fill a machine.
const MEMORY_BYTES: u64 = 4 << 20;

/// An engine with this name, and the keys from `first` up to `end`.
pub(crate) fn engine(name: &str, keys: std::ops::Range<u64>) -> Engine {
    let node = NodeId::of(name);
    let mut engine = Engine::new(EngineSettings {
        node,
        seed: HashSeed(1, 2),
        tree: TreeSeed::of(b"merkle-kv"),
        limits: LIMITS,
        max_unpublished: Some(MAX_UNPUBLISHED),
        memory_limit_bytes: Some(MEMORY_BYTES),
    });
    for n in keys {
        // Below the clock, as what was written before is.
        let version = Version { hlc: Hlc::from_raw(n + 1), node };
        let key = format!("key:{n}");
        let entry = match n % 5 {
            0 => Entry::tombstone(key.as_bytes(), version),
            _ => Entry::value_of(key.as_bytes(), b"value", version),
        };
        engine.store_mut().merge(entry, NOW);
    }
    engine
}

/// The data set of the engine, as it is now.
pub(crate) fn snapshot(engine: &mut Engine) -> Snapshot {
    let store = engine.store_mut();
    if let Some(snapshot) = store.snapshot(NOW) {
        return snapshot;
    }
    let fold = store.begin_fold(NOW).expect("nothing else folds");
    store.end_fold(fold.run())
}
