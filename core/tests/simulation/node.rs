//! A whole node: the engine of core with what the actors keep beside it, on a simulated disk and a
//! simulated clock. Mutants differ from it here.

use crate::disk::Disk;
use crate::history::{Checked, History, ensure};
use crate::mutants::Mutant;
use crate::plan::{EVICT_AFTER_MILLIS, Plan};
use bytes::BytesMut;
use merkle_kv_core::change::Change;
use merkle_kv_core::clock::{Clock, Hlc, MAX_DRIFT_MILLIS, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Batch, Carried, Engine, EngineSettings, Progress};
use merkle_kv_core::members::Members;
use merkle_kv_core::merkle::TreeSeed;
use merkle_kv_core::protocol::text::Decoder;
use merkle_kv_core::protocol::{Dialect, Limits, Wording};
use merkle_kv_core::registers::{Lineage, Registers};
use merkle_kv_core::replication::MAX_UNPUBLISHED;
use merkle_kv_core::session::{Effect, Identity, Outcome};
use merkle_kv_core::store::{Fold, HashSeed, Snapshot, Store};
use merkle_kv_core::version::{NodeId, Version};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// When simulated time begins.
pub(crate) const EPOCH_MILLIS: u64 = 1_700_000_000_000;

/// The shape of every tree.
pub(crate) fn tree_seed() -> TreeSeed {
    TreeSeed::of(b"simulation")
}

/// Something a client waits for.
#[derive(Clone, Debug)]
pub(crate) enum Pending {
    Write(Box<[u8]>, Version),
    Flush(Version),
}

/// One node through all its lives.
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) name: String,
    pub(crate) engine: Engine,
    pub(crate) members: Members,
    pub(crate) disk: Disk,
    pub(crate) is_up: bool,
    /// Counts starts; what belongs to an earlier one is void.
    pub(crate) life: u64,
    /// How far the wall clock is ahead of true time, in milliseconds.
    pub(crate) skew: i64,
    /// True time, in milliseconds since the start of the schedule.
    pub(crate) time: u64,
    pub(crate) sessions: usize,
    pub(crate) sequence: u64,
    /// Whether anything was journaled since the tree was last compared.
    pub(crate) is_unchecked: bool,
    pub(crate) mutant: Option<Mutant>,
    secret: bool,
    pub(crate) evict_after_millis: u64,
    /// When each member was heard of, as persisted.
    pub(crate) acquaintances: Vec<(NodeId, u64)>,
    pub(crate) pending: Vec<Pending>,
    /// The greatest version of each key that this life has held.
    pub(crate) seen: BTreeMap<Box<[u8]>, Version>,
    /// No write of this node is at or below this: it was told to others.
    pub(crate) promised: Hlc,
    /// The same, of what nobody has been told yet.
    pub(crate) to_promise: Hlc,
    /// Whether it writes a journal: where nothing crashes, none is read.
    pub(crate) is_journaled: bool,
    /// Of mutants: a clock of its own, effects that wait, the start of the round under way.
    pub(crate) lonely_clock: Clock,
    pub(crate) postponed: Vec<Effect>,
    pub(crate) round: Option<Hlc>,
}

impl Node {
    pub(crate) fn new(index: usize, plan: &Plan) -> Node {
        let id = id_of(index);
        let evict_after_millis = if plan.evictions { EVICT_AFTER_MILLIS } else { u64::MAX };
        let mut node = Node {
            id,
            name: name_of(index),
            engine: engine(id),
            members: Members::new(id, evict_after_millis),
            disk: Disk::of(&name_of(index)),
            is_up: true,
            life: 0,
            skew: plan.skews[index],
            time: 0,
            sessions: 0,
            sequence: 0,
            is_unchecked: true,
            mutant: plan.mutant,
            secret: plan.secret,
            evict_after_millis,
            acquaintances: Vec::new(),
            pending: Vec::new(),
            seen: BTreeMap::new(),
            promised: Hlc::ZERO,
            to_promise: Hlc::ZERO,
            is_journaled: plan.crashes,
            lonely_clock: Clock::default(),
            postponed: Vec::new(),
            round: None,
        };
        for other in 0..plan.nodes {
            if plan.acquainted || other.abs_diff(index) <= 1 {
                node.members.heard_from(id_of(other), node.steady());
            }
        }
        node
    }

    /// Wall time as the node reads it.
    pub(crate) fn now(&self) -> UnixMillis {
        UnixMillis((EPOCH_MILLIS + self.time).saturating_add_signed(self.skew))
    }

    /// A clock that nobody sets.
    pub(crate) fn steady(&self) -> UnixMillis {
        UnixMillis(EPOCH_MILLIS + self.time)
    }

    pub(crate) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub(crate) fn store(&self) -> &Store {
        self.engine.store()
    }

    pub(crate) fn held(&self, key: &[u8]) -> Option<&Entry> {
        self.store().held(key)
    }

    pub(crate) fn identity(&self) -> Identity {
        let secret = self.secret.then(|| Arc::from(&b"a secret of the cluster"[..]));
        Identity::new(&self.name, secret, self.members.to_tell(self.steady()))
    }

    /// Runs a client's line.
    pub(crate) fn run(&mut self, line: &str) {
        let mut buffer = BytesMut::from(line.as_bytes());
        let requests = Decoder::new(Limits::default(), Dialect::Standard).decode(&mut buffer);
        let mut batch = Batch::new(requests, Wording::Text(Dialect::Standard), BytesMut::new());
        let now = self.now();
        while batch.run(&mut self.engine, now) != Progress::Done {}
    }

    /// Runs a client's write of one key. True if it led to a new version.
    pub(crate) fn write(&mut self, line: &str, key: &[u8], history: &mut History) -> Checked<bool> {
        let before = self.held(key).cloned();
        if self.is(Mutant::NoMergeOnReceive) {
            self.write_by_own_clock(line, key);
        } else {
            self.run(line);
        }
        let after = self.held(key).cloned();
        let Some(entry) = after.filter(|_| after_differs(&before, self.held(key))) else {
            return Ok(false);
        };
        self.issue(&entry, None, history)?;
        self.pending.push(Pending::Write(key.into(), entry.version()));
        if self.is(Mutant::AcknowledgedBeforeDurable) {
            self.acknowledge(history);
        }
        Ok(true)
    }

    /// Runs a client's FLUSH.
    pub(crate) fn flush(&mut self, history: &mut History) {
        if self.is(Mutant::FlushAsLocalClear) {
            let now = self.now();
            let hlc = self.engine.store_mut().tick(now).unwrap();
            for key in history.keys() {
                if let Some(entry) = self.held(key).cloned() {
                    self.engine.store_mut().forget(&entry);
                }
            }
            let flush = Version { hlc, node: self.id };
            history.flushed(flush);
            return history.acknowledge_flush(flush);
        }
        self.run("FLUSH\n");
        let flush = self.store().registers().flush;
        self.commit();
        history.flushed(flush);
        self.pending.push(Pending::Flush(flush));
    }

    pub(crate) fn acknowledge(&mut self, history: &mut History) {
        for pending in self.pending.drain(..) {
            match pending {
                Pending::Write(key, version) => history.acknowledge(&key, version),
                Pending::Flush(flush) => history.acknowledge_flush(flush),
            }
        }
    }

    /// Takes in a change that was published. True if it won.
    pub(crate) fn apply(&mut self, change: Change) -> bool {
        let now = self.now();
        let change = match change {
            Change::Entry(entry) => Change::Entry(self.heard(entry)),
            Change::Flush(flush) => Change::Flush(flush),
        };
        match &change {
            Change::Entry(entry) => {
                if !self.is_taken_by_mutant(entry) {
                    return false;
                }
                let won = self.engine.apply(change.clone(), now).has_won();
                self.see(entry.key());
                self.commit();
                won
            }
            Change::Flush(_) => {
                let won = self.engine.apply(change, now).has_won();
                self.commit();
                won
            }
        }
    }

    /// Does what a session asks for.
    pub(crate) fn carry_out(&mut self, effect: Effect, history: &mut History) -> Checked<Carried> {
        let effect = match effect {
            Effect::Apply { mut entries, watermark } => {
                entries.retain(|entry| self.is_taken_by_mutant(entry));
                let entries = entries.into_iter().map(|entry| self.heard(entry)).collect();
                Effect::Apply { entries, watermark }
            }
            other => other,
        };
        let (now, registers) = (self.now(), self.store().registers());
        let again = match &effect {
            Effect::WriteAgain(entries) => entries.clone(),
            Effect::Apply { .. } | Effect::GiveUp(_) | Effect::Hello(_) | Effect::Flush(_) => {
                Vec::new()
            }
        };
        let was_held: Vec<bool> =
            again.iter().map(|entry| self.held(entry.key()) == Some(entry)).collect();
        let touched: Vec<Box<[u8]>> = match &effect {
            Effect::Apply { entries, .. }
            | Effect::GiveUp(entries)
            | Effect::WriteAgain(entries) => {
                entries.iter().map(|entry| entry.key().into()).collect()
            }
            Effect::Hello(_) | Effect::Flush(_) => Vec::new(),
        };
        let given_up: Vec<Entry> = match &effect {
            Effect::GiveUp(entries) => {
                let is_held = |entry: &&Entry| self.held(entry.key()) == Some(*entry);
                entries.iter().filter(is_held).cloned().collect()
            }
            Effect::Apply { .. } | Effect::WriteAgain(_) | Effect::Hello(_) | Effect::Flush(_) => {
                Vec::new()
            }
        };
        let carried = self.engine.carry_out(effect, now);
        let soon = UnixMillis(now.0 + MAX_DRIFT_MILLIS);
        let stays = |entry: &&Entry| !entry.is_expired(soon);
        ensure(given_up.iter().filter(stays).eq(&carried.given_up), || {
            format!("of {given_up:?} the operator gets {:?}", carried.given_up)
        })?;
        for entry in &given_up {
            history.gives_up(entry, registers)?;
            self.seen.remove(entry.key());
        }
        for (entry, _) in again.iter().zip(was_held).filter(|(_, was_held)| *was_held) {
            if let Some(newer) = self.held(entry.key()).filter(|held| *held != entry).cloned() {
                self.issue(&newer, Some(entry.version()), history)?;
            }
        }
        touched.iter().for_each(|key| self.see(key));
        self.commit();
        Ok(carried)
    }

    pub(crate) fn conclude(&mut self, outcome: Outcome) {
        self.engine.conclude(outcome);
        self.commit();
    }

    pub(crate) fn raise_watermark(&mut self, watermark: Hlc) {
        let registers = Registers { watermark, ..self.store().registers() };
        self.engine.store_mut().raise(registers);
        self.commit();
    }

    /// The data set of this moment, for a session: nothing is written below its clock any more.
    pub(crate) fn snapshot(&mut self) -> Option<Snapshot> {
        let now = self.now();
        let snapshot = self.engine.store_mut().snapshot(now)?;
        Some(self.promise(snapshot))
    }

    /// What is to be folded is gathered by whoever ends the fold, and so after what is written
    /// meanwhile, or it is gathered at once.
    pub(crate) fn begin_fold(&mut self, gather: bool) -> Option<Fold> {
        let now = self.now();
        assert!(self.engine.store_mut().start_fold(now), "no fold is under way");
        if gather { self.engine.store_mut().gather() } else { None }
    }

    pub(crate) fn end_fold(&mut self, fold: Option<Fold>) -> Snapshot {
        let gathered = fold.or_else(|| self.engine.store_mut().gather());
        let fold = gathered.expect("no node has more than is gathered at once");
        let snapshot = self.engine.store_mut().end_fold(fold.run());
        self.promise(snapshot)
    }

    fn promise(&mut self, mut snapshot: Snapshot) -> Snapshot {
        if self.is(Mutant::AbsenceIsAlwaysDeletion) && snapshot.registers.lineage == Lineage::NONE {
            snapshot.registers.watermark = snapshot.clock;
        }
        self.to_promise = self.to_promise.max(snapshot.clock);
        self.commit();
        snapshot
    }

    /// What stands under a key, checked against what stood there before.
    pub(crate) fn read(&mut self, key: &[u8], history: &History) -> Checked {
        let now = self.now();
        let is_over = self.store().get(key, now).is_some_and(|entry| entry.is_expired(now));
        ensure(!is_over, || format!("{} shows a value that is over", self.name))?;
        let Some(held) = self.store().held(key) else { return Ok(()) };
        let version = held.version();
        let before = self.seen.get(key).copied().unwrap_or_default();
        ensure(version >= before || history.is_left_out(before), || {
            format!("a read goes back from {before} to {version}")
        })?;
        self.seen.insert(key.into(), version);
        Ok(())
    }

    /// Notes what this life has held under a key.
    fn see(&mut self, key: &[u8]) {
        if let Some(version) = self.held(key).map(Entry::version) {
            let seen = self.seen.entry(key.into()).or_default();
            *seen = (*seen).max(version);
        }
    }

    /// Notes a version that this node has issued.
    fn issue(&mut self, entry: &Entry, again: Option<Version>, history: &mut History) -> Checked {
        let version = entry.version();
        let before = self.seen.get(entry.key()).copied().unwrap_or_default();
        ensure(version > before, || format!("{entry:?} is written after {before} was seen"))?;
        ensure(version.hlc > self.promised, || {
            format!("{entry:?} is written, but {} was promised", self.promised)
        })?;
        history.issued(entry, again);
        self.see(entry.key());
        self.commit();
        Ok(())
    }
}

fn after_differs(before: &Option<Entry>, after: Option<&Entry>) -> bool {
    before.as_ref() != after
}

fn name_of(index: usize) -> String {
    format!("node{index}")
}

/// More nodes than any world has.
const MAX_NODES: usize = 8;

static IDS: LazyLock<Vec<NodeId>> =
    LazyLock::new(|| (0..MAX_NODES).map(|index| NodeId::of(&name_of(index))).collect());

pub(crate) fn id_of(index: usize) -> NodeId {
    IDS[index]
}

pub(crate) fn index_of(id: NodeId) -> usize {
    IDS.iter().position(|known| *known == id).expect("a node of the world")
}

pub(crate) fn engine(id: NodeId) -> Engine {
    Engine::new(EngineSettings {
        node: id,
        seed: HashSeed(id.0, 2),
        tree: tree_seed(),
        limits: Limits::default(),
        max_unpublished: Some(MAX_UNPUBLISHED),
        memory_limit_bytes: None,
    })
}
