//! Two replicas of one data set that are made to differ and then brought together.

use super::{BenchError, Cost, Difference};
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Engine, EngineSettings};
use merkle_kv_core::merkle::TreeSeed;
use merkle_kv_core::protocol::Limits;
use merkle_kv_core::session::{Identity, Nonce, Outcome, Session, Side, converse};
use merkle_kv_core::store::{HashSeed, Snapshot};
use merkle_kv_core::version::{NodeId, Version};
use std::collections::BTreeSet;
use std::time::Instant;

const VALUE_BYTES: usize = 64;

/// Room between two keys for those that one side lacks.
const ROOM: u64 = 1_000_000;

/// When everything begins; a time of the size of those to come.
const BEGIN: UnixMillis = UnixMillis(1_800_000_000_000);

/// Who wrote what both have.
const AUTHOR: NodeId = NodeId(7);

struct Replica {
    engine: Engine,
    identity: Identity,
}

pub(super) struct Twins {
    keys: u64,
    opener: Replica,
    answerer: Replica,
    /// Opens instead, for one session: a replica without anything.
    empty: Option<Replica>,
    /// Moves on with each difference: its writes are newer than all before.
    now: UnixMillis,
    /// How many differences there have been.
    round: u64,
}

impl Twins {
    pub(super) fn new(keys: u64) -> Twins {
        let (mut opener, mut answerer) = (Replica::new(1), Replica::new(2));
        for n in 0..keys {
            let version = Version { hlc: Hlc::at(BEGIN), node: AUTHOR };
            let entry = Entry::value_of(&key(n, 0), &[b'v'; VALUE_BYTES], version);
            opener.hold(entry.clone(), BEGIN);
            answerer.hold(entry, BEGIN);
        }
        Twins { keys, opener, answerer, empty: None, now: BEGIN, round: 0 }
    }

    /// Makes the two differ.
    pub(super) fn differ(&mut self, difference: Difference) {
        self.round += 1;
        self.now = UnixMillis(self.now.0 + 1);
        match difference {
            Difference::Updated(count) => {
                let keys = self.choose(count);
                keys.into_iter().enumerate().for_each(|(at, n)| self.write(at, n, 0));
            }
            Difference::Neighbours(count) => {
                let from = scattered(self.round) % (self.keys - count + 1);
                (from..from + count).enumerate().for_each(|(at, n)| self.write(at, n, 0));
            }
            Difference::Missing(count) => {
                // Behind common keys, where no round before has put one.
                let behind = self.round % ROOM;
                let keys = self.choose(2 * count);
                keys.into_iter().enumerate().for_each(|(at, n)| self.write(at, n, behind));
            }
            Difference::Everything => self.empty = Some(Replica::new(3)),
            Difference::Nothing => {}
        }
    }

    pub(super) fn forget_empty(&mut self) {
        self.empty = None;
    }

    /// The data sets that the next session compares.
    pub(super) fn snapshots(&mut self) -> Option<(Snapshot, Snapshot)> {
        let opener = self.empty.as_mut().unwrap_or(&mut self.opener);
        Some((opener.snapshot(self.now)?, self.answerer.snapshot(self.now)?))
    }

    /// One session from beginning to end. The trees are in step with all writes before it begins,
    /// as they are on a node.
    pub(super) fn sync(&mut self, name: &'static str) -> Result<Cost, BenchError> {
        let failed = |cause: String| BenchError::Session { difference: name, cause };
        let (opened, answered) =
            self.snapshots().ok_or_else(|| failed("a tree is away".to_owned()))?;
        let (now, round) = (self.now, self.round);
        let opener = self.empty.as_mut().unwrap_or(&mut self.opener);
        let answerer = &mut self.answerer;

        let begun = Instant::now();
        let identity = answerer.identity.clone();
        let accept = |hello| Session::accept(identity, hello, answered, nonce(round, 2));
        let session = Session::open(opener.identity.clone(), opened, nonce(round, 1), false);
        let apply = |side, effect| {
            let replica = match side {
                Side::Opener => &mut *opener,
                Side::Answerer => &mut *answerer,
            };
            replica.engine.carry_out(effect, now);
        };
        let (outcomes, traffic) =
            converse(session, accept, apply).map_err(|error| failed(error.to_string()))?;
        let took = begun.elapsed();

        for (replica, outcome) in [&mut *opener, &mut *answerer].into_iter().zip(outcomes) {
            match outcome {
                Some(outcome @ Outcome::Equal { .. }) => replica.engine.conclude(outcome),
                other => return Err(failed(format!("it ended as {other:?}"))),
            }
        }
        // What the sessions say is one thing, what the replicas hold another.
        let root = |replica: &mut Replica| Some(replica.snapshot(now)?.tree.root());
        if root(opener) != root(answerer) {
            return Err(failed("the replicas differ still".to_owned()));
        }
        Ok(Cost {
            overhead: traffic.overhead,
            payload: traffic.payload.iter().sum(),
            repaired: traffic.repaired,
            known: traffic.turns,
            took,
        })
    }

    /// So many different ones of the common keys, in an order that has no pattern.
    fn choose(&self, count: u64) -> Vec<u64> {
        let mut chosen = BTreeSet::new();
        let draws = (0..).map(|n| scattered((self.round << 32) + n) % self.keys);
        draws.filter(|n| chosen.insert(*n)).take(count as usize).collect()
    }

    /// Every other write goes to the other side; a single one alternates too.
    fn write(&mut self, at: usize, n: u64, behind: u64) {
        let is_openers = (at as u64 + self.round).is_multiple_of(2);
        let writer = if is_openers { &mut self.opener } else { &mut self.answerer };
        let version = Version { hlc: Hlc::at(self.now), node: writer.identity.node };
        let entry = Entry::value_of(&key(n, behind), &[b'w'; VALUE_BYTES], version);
        writer.hold(entry, self.now);
    }
}

impl Replica {
    fn new(id: u64) -> Replica {
        let identity = Identity::new(&format!("bench-{id}"), None, Vec::new());
        let engine = Engine::new(EngineSettings {
            node: identity.node,
            seed: HashSeed(id, id),
            tree: TreeSeed::of(b"bench"),
            limits: Limits::default(),
            max_unpublished: None,
            memory_limit_bytes: None,
        });
        Replica { engine, identity }
    }

    fn hold(&mut self, entry: Entry, now: UnixMillis) {
        self.engine.store_mut().merge(entry, now);
    }

    /// The data set of this moment, with its root; nothing if the tree is away in a fold, which it
    /// never is between two calls.
    fn snapshot(&mut self, now: UnixMillis) -> Option<Snapshot> {
        let store = self.engine.store_mut();
        let fold = store.begin_fold(now)?;
        let snapshot = store.end_fold(fold.run());
        snapshot.tree.root();
        Some(snapshot)
    }
}

/// A key of 19 bytes, in the order of its numbers.
fn key(n: u64, behind: u64) -> Vec<u8> {
    format!("user:{:014}", n * ROOM + behind).into_bytes()
}

fn nonce(round: u64, side: u8) -> Nonce {
    let mut nonce = [side; 16];
    nonce[..8].copy_from_slice(&round.to_be_bytes());
    Nonce(nonce)
}

/// A number that looks random (Steele and others, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014).
pub(in crate::bench) fn scattered(n: u64) -> u64 {
    let mut mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
