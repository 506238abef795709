//! Two stores, and sessions between them.

use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Carried, Engine, EngineSettings};
use merkle_kv_core::merkle::{KeyRange, TreeSeed};
use merkle_kv_core::protocol::Limits;
use merkle_kv_core::registers::{Lineage, Registers};
use merkle_kv_core::session::{
    Effect, Hello, Identity, Nonce, Outcome, Session, SessionError, Side, Traffic, converse,
};
use merkle_kv_core::store::{HashSeed, Snapshot};
use merkle_kv_core::version::Version;
use std::sync::Arc;

pub(crate) const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// A node as far as sessions need one.
pub(crate) struct Node {
    pub(crate) engine: Engine,
    pub(crate) identity: Identity,
    pub(crate) given_up: Vec<Entry>,
    pub(crate) written_again: usize,
}

impl Node {
    pub(crate) fn new(id: u64) -> Node {
        Node::with_secret(id, None)
    }

    pub(crate) fn with_secret(id: u64, secret: Option<&str>) -> Node {
        let bytes = secret.map(|secret| Arc::from(secret.as_bytes()));
        let identity = Identity::new(&format!("node{id}"), bytes, Vec::new());
        let settings = EngineSettings {
            node: identity.node,
            seed: HashSeed(id, 2),
            tree: TreeSeed::of(secret.unwrap_or("cluster").as_bytes()),
            limits: Limits::default(),
            max_unpublished: None,
            memory_limit_bytes: None,
        };
        Node { engine: Engine::new(settings), identity, given_up: Vec::new(), written_again: 0 }
    }

    /// Writes a key with a version that is told.
    pub(crate) fn put(&mut self, key: impl AsRef<[u8]>, value: &str, hlc: u64) {
        let version = Version { hlc: Hlc::from_raw(hlc), node: self.identity.node };
        let entry = Entry::value_of(key.as_ref(), value.as_bytes(), version);
        self.engine.store_mut().merge(entry, NOW);
    }

    /// Deletes a key with a version that is told.
    pub(crate) fn delete(&mut self, key: impl AsRef<[u8]>, hlc: u64) {
        let version = Version { hlc: Hlc::from_raw(hlc), node: self.identity.node };
        self.engine.store_mut().merge(Entry::tombstone(key.as_ref(), version), NOW);
    }

    /// Holds everything up to `watermark` for known to all of `lineage`.
    pub(crate) fn raise(&mut self, watermark: u64, lineage: u64) {
        let store = self.engine.store_mut();
        let (watermark, lineage) = (Hlc::from_raw(watermark), Lineage(lineage));
        store.raise(Registers { watermark, lineage, ..store.registers() });
    }

    pub(crate) fn value(&self, key: impl AsRef<[u8]>) -> Option<String> {
        let entry = self.engine.store().get(key.as_ref(), NOW)?;
        entry.value().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    pub(crate) fn entries(&mut self) -> Vec<Entry> {
        self.snapshot().tree.range(KeyRange::ALL).collect()
    }

    pub(crate) fn snapshot(&mut self) -> Snapshot {
        let store = self.engine.store_mut();
        let fold = store.begin_fold(NOW).unwrap();
        store.end_fold(fold.run())
    }

    pub(crate) fn root(&mut self) -> String {
        self.snapshot().tree.root().to_string()
    }

    pub(crate) fn open(&mut self, nonce: u8, eager: bool) -> Session {
        let snapshot = self.snapshot();
        Session::open(self.identity.clone(), snapshot, Nonce([nonce; 16]), eager)
    }

    pub(crate) fn accept(&mut self, hello: Hello, nonce: u8) -> Result<Session, SessionError> {
        self.engine.meet(&hello, NOW);
        let snapshot = self.snapshot();
        Session::accept(self.identity.clone(), hello, snapshot, Nonce([nonce; 16]))
    }

    pub(crate) fn apply(&mut self, effect: Effect) {
        let Carried { written_again, given_up, .. } = self.engine.carry_out(effect, NOW);
        self.written_again += written_again;
        self.given_up.extend(given_up);
    }
}

/// A session between two nodes, from beginning to end.
pub(crate) fn sync(a: &mut Node, b: &mut Node, nonce: u8, eager: bool) -> (Outcome, Traffic) {
    let opener = a.open(nonce, eager);
    let mut effects = Vec::new();
    let accept = |hello| b.accept(hello, nonce.wrapping_add(100));
    let (outcomes, traffic) =
        converse(opener, accept, |side, effect| effects.push((side, effect))).unwrap();
    for (side, effect) in effects {
        match side {
            Side::Opener => a.apply(effect),
            Side::Answerer => b.apply(effect),
        }
    }
    assert_eq!(outcomes[0], outcomes[1], "both sides see the same end");
    let outcome = outcomes[0].unwrap();
    a.engine.conclude(outcome);
    b.engine.conclude(outcome);
    (outcome, traffic)
}
