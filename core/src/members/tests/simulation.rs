//! Three to five nodes whose clocks are far apart write, broadcast, and meet in sessions that
//! overlap and break. Each watermark is held against what everybody really has, and against all
//! that is written later.

use super::*;
use crate::clock::Clock;
use crate::version::Version;
use std::collections::BTreeSet;

const RUNS: u64 = 150;
const STEPS: usize = 1_200;

/// How far the clocks are apart at most: beyond what one clock follows of another.
const APART_MILLIS: u64 = 6_000;

/// How many sessions are open at a time.
const MAX_SESSIONS: usize = 4;

/// Numerical Recipes' generator; the low bits are poor.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) & 0xffff_ffff;
        (self.0 >> 8) as usize % limit
    }
}

struct Node {
    id: NodeId,
    ahead_millis: u64,
    clock: Clock,
    held: BTreeSet<Version>,
    members: Members,
}

/// One side of an open session: what it held when it said HELLO.
struct Side {
    node: usize,
    clock: Hlc,
    snapshot: BTreeSet<Version>,
}

struct World {
    random: Random,
    wall: UnixMillis,
    nodes: Vec<Node>,
    sessions: Vec<[Side; 2]>,
    watermark: Hlc,
    watermarks: usize,
}

impl World {
    /// At first each node knows its neighbours in a row; they hear of the others in sessions.
    fn new(seed: u64) -> World {
        let mut random = Random(seed);
        let count = 3 + random.below(3);
        let id = |n: usize| NodeId(n as u64);
        let node = |n: usize| {
            let mut members = Members::new(id(n), u64::MAX);
            let neighbours = [n.checked_sub(1), Some(n + 1).filter(|next| *next < count)];
            neighbours.into_iter().flatten().for_each(|node| members.heard_from(id(node), NOW));
            Node {
                id: id(n),
                ahead_millis: random.below(APART_MILLIS as usize) as u64,
                clock: Clock::default(),
                held: BTreeSet::new(),
                members,
            }
        };
        let nodes = (0..count).map(node).collect();
        World {
            random,
            wall: NOW,
            nodes,
            sessions: Vec::new(),
            watermark: Hlc::ZERO,
            watermarks: 0,
        }
    }

    fn step(&mut self) {
        // Much happens within one millisecond, where timestamps are near each other.
        if self.random.below(5) == 0 {
            self.wall.0 += self.random.below(1_000) as u64;
        }
        let node = self.random.below(self.nodes.len());
        match self.random.below(10) {
            0..3 => self.write(node),
            3 => self.broadcast(node),
            4..7 => self.open(node),
            7..9 => self.end(),
            _ => self.begin_round(node),
        }
    }

    fn now(&self, node: usize) -> UnixMillis {
        UnixMillis(self.wall.0 + self.nodes[node].ahead_millis)
    }

    fn write(&mut self, node: usize) {
        let now = self.now(node);
        let Node { id, clock, held, .. } = &mut self.nodes[node];
        let hlc = clock.tick(now, Hlc::ZERO).unwrap();
        assert!(hlc > self.watermark, "{id:?} writes at {hlc}, below {}", self.watermark);
        held.insert(Version { hlc, node: *id });
    }

    /// The node's last write reaches somebody.
    fn broadcast(&mut self, node: usize) {
        let id = self.nodes[node].id;
        let last = self.nodes[node].held.iter().rfind(|version| version.node == id).copied();
        let hearer = self.random.below(self.nodes.len());
        self.take_in(hearer, last);
    }

    fn take_in(&mut self, node: usize, versions: impl IntoIterator<Item = Version>) {
        let now = self.now(node);
        let Node { clock, held, .. } = &mut self.nodes[node];
        for version in versions {
            clock.observe(version.hlc, now);
            held.insert(version);
        }
    }

    fn open(&mut self, node: usize) {
        let wanted = self.nodes[node].members.to_meet(self.now(node));
        let peer = match wanted.len() {
            0 => self.random.below(self.nodes.len()),
            many => wanted[self.random.below(many)].0 as usize,
        };
        if peer == node || self.sessions.len() == MAX_SESSIONS {
            return;
        }
        let sides = [node, peer].map(|node| self.side(node));
        for (node, peer) in [(node, peer), (peer, node)] {
            let told = self.nodes[peer].members.to_tell(self.now(peer));
            let (now, peer) = (self.now(node), self.nodes[peer].id);
            let members = &mut self.nodes[node].members;
            members.heard_from(peer, now);
            told.into_iter().for_each(|(other, silent)| members.told_of(other, silent, now));
        }
        self.sessions.push(sides);
    }

    fn side(&mut self, node: usize) -> Side {
        let now = self.now(node);
        let Node { clock, held, .. } = &mut self.nodes[node];
        clock.observe(Hlc::at(now), now);
        Side { node, clock: clock.last(), snapshot: held.clone() }
    }

    /// An open session ends well, or breaks when one side has got everything.
    fn end(&mut self) {
        if self.sessions.is_empty() {
            return;
        }
        let chosen = self.random.below(self.sessions.len());
        let [a, b] = self.sessions.swap_remove(chosen);
        self.take_in(a.node, b.snapshot.iter().copied());
        if self.random.below(4) == 0 {
            return;
        }
        self.take_in(b.node, a.snapshot.iter().copied());
        for (own, other) in [(&a, &b), (&b, &a)] {
            let peer = self.nodes[other.node].id;
            let session = EqualSession { peer, began: own.clock, peer_clock: other.clock };
            let now = self.now(own.node);
            let watermark = self.nodes[own.node].members.met(session, now);
            self.check(watermark);
        }
    }

    fn begin_round(&mut self, node: usize) {
        let now = self.now(node);
        let Node { clock, members, .. } = &mut self.nodes[node];
        let start = clock.tick(now, Hlc::ZERO).unwrap();
        let watermark = members.begin_round(start, now);
        self.check(watermark);
    }

    fn check(&mut self, watermark: Option<Hlc>) {
        let Some(watermark) = watermark else { return };
        let all: BTreeSet<Version> =
            self.nodes.iter().flat_map(|node| &node.held).copied().collect();
        for Node { id, held, .. } in &self.nodes {
            let lacking = all.difference(held).find(|version| version.hlc <= watermark);
            assert_eq!(lacking, None, "{id:?} lacks a write at or below {watermark}");
        }
        self.watermark = self.watermark.max(watermark);
        self.watermarks += 1;
    }
}

#[test]
fn whatever_is_at_or_below_a_watermark_is_held_by_every_member() {
    let mut watermarks = 0;
    for seed in 0..RUNS {
        let mut world = World::new(seed * 7_919);
        (0..STEPS).for_each(|_| world.step());
        watermarks += world.watermarks;
    }
    assert!(watermarks > 10 * RUNS as usize, "{watermarks} watermarks");
}
