//! The world: nodes, a broker between them, connections, time; and what may happen next in it.

use crate::broker::{Body, Letter};
use crate::cost::Costs;
use crate::coverage::{Coverage, Event};
use crate::history::{Checked, History, ensure};
use crate::large;
use crate::link::Link;
use crate::node::{Node, index_of, tree_seed};
use crate::plan::{EVICT_AFTER_MILLIS, Plan, Size};
use crate::random::Random;
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::merkle::{Edit, Tree};
use merkle_kv_core::session::Hello;
use merkle_kv_core::store::Snapshot;
use merkle_kv_core::version::NodeId;

/// Connections at a time.
const MAX_LINKS: usize = 6;

/// A value that takes a frame of several pieces.
const LONG_BYTES: usize = 70_000;

pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    pub(crate) nodes: Vec<Node>,
    pub(crate) history: History,
    pub(crate) coverage: Coverage,
    pub(crate) costs: Costs,
    pub(crate) links: Vec<Link>,
    pub(crate) letters: Vec<Letter>,
    /// Which part of the network each node is in.
    pub(crate) part: Vec<u8>,
    /// When the onlooker knows each node to have been heard of last, by each.
    heard: Vec<Vec<Option<u64>>>,
    trace: Option<Vec<String>>,
    /// Faults have ended, and clients write no more.
    pub(crate) is_healing: bool,
    writes: usize,
}

impl World {
    pub(crate) fn new(plan: Plan, random: Random, traced: bool) -> World {
        let nodes: Vec<Node> = (0..plan.nodes).map(|index| Node::new(index, &plan)).collect();
        let count = plan.nodes;
        let mut world = World {
            random,
            history: History::default(),
            coverage: Coverage::default(),
            costs: Costs::default(),
            links: Vec::new(),
            letters: Vec::new(),
            part: vec![0; count],
            heard: vec![vec![None; count]; count],
            trace: traced.then(Vec::new),
            is_healing: false,
            writes: 0,
            nodes,
            plan,
        };
        for node in 0..count {
            for other in 0..count {
                let is_known = world.plan.acquainted || node.abs_diff(other) == 1;
                world.heard[node][other] = is_known.then_some(0);
            }
            let original = (world.plan.size == Size::Large).then(|| large::store(node));
            world.nodes[node].start(original);
        }
        world
    }

    /// Runs the schedule and looks at what is left.
    pub(crate) fn run(&mut self) -> Checked {
        if self.plan.settled {
            self.settle()?;
        }
        self.is_healing = false;
        for step in 1..=self.plan.steps {
            self.step()?;
            if step % self.plan.rebuild_every == 0 {
                self.check_trees()?;
            }
        }
        self.heal()
    }

    pub(crate) fn trace(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let time = self.nodes[0].time;
            trace.push(format!("{time:>7} {}", line()));
        }
    }

    pub(crate) fn is_traced(&self) -> bool {
        self.trace.is_some()
    }

    pub(crate) fn traced(&self) -> &[String] {
        self.trace.as_deref().unwrap_or_default()
    }

    pub(crate) fn node_and_history(&mut self, node: usize) -> (&mut Node, &mut History) {
        (&mut self.nodes[node], &mut self.history)
    }

    fn step(&mut self) -> Checked {
        // Much happens within one millisecond, where timestamps are near each other.
        let passed = if self.random.one_in(3) { self.random.below(300) as u64 } else { 0 };
        self.pass(passed);
        let node = self.random.below(self.nodes.len());
        if self.plan.expiries && self.random.one_in(6) {
            self.reap(node);
        }
        let is_up = self.nodes[node].is_up;
        match self.random.below(100) {
            0..22 if is_up => {
                for _ in 0..self.plan.writes_at_once {
                    self.write(node)?;
                }
            }
            22..26 if is_up => self.read(node)?,
            26..36 if is_up => self.publish(node),
            36..48 => self.deliver()?,
            48..60 if is_up => self.open_some(node)?,
            60..80 => self.move_some()?,
            80..83 if is_up => self.begin_round(node)?,
            83..87 if is_up => self.lead_round(node)?,
            87..90 if is_up => {
                if self.plan.size == Size::Small && self.random.one_in(4) {
                    self.coverage.count(Event::SnapshotWritten);
                    let rotates = self.random.one_in(2);
                    self.nodes[node].write_snapshot(rotates);
                }
                if self.random.one_in(2) {
                    let (node, history) = self.node_and_history(node);
                    node.sync(history);
                }
            }
            90..92 if self.plan.crashes && is_up => self.crash(node),
            90..94 if self.plan.crashes && !is_up => self.restart(node),
            94 if self.plan.partitions => self.partition(),
            95 if self.plan.partitions => self.part.fill(0),
            96 if self.plan.jumps => self.jump(node),
            87..90 if self.plan.evictions => self.part.fill(0),
            96..98 if self.plan.evictions => self.go_away(node)?,
            98 if is_up => self.send_to_all(node, Body::Presence),
            99 if is_up
                && self.plan.strangers
                && self.plan.secret
                && self.links.len() < MAX_LINKS =>
            {
                let link = self.open_foreign(node);
                self.links.push(link);
            }
            _ => {}
        }
        self.let_mutants_act(node)
    }

    pub(crate) fn pass(&mut self, millis: u64) {
        self.nodes.iter_mut().for_each(|node| node.time += millis);
        self.tell_time();
    }

    fn key(&mut self) -> String {
        match self.plan.size {
            Size::Small => format!("k{}", self.random.below(self.plan.keys)),
            Size::Large => large::key(self.random.below(self.plan.keys + 100)),
        }
    }

    pub(crate) fn write(&mut self, node: usize) -> Checked {
        self.writes += 1;
        let (key, value) = (self.key(), self.writes);
        if self.plan.size == Size::Large && !self.history.has(key.as_bytes()) {
            large::note(key.as_bytes(), &mut self.history);
        }
        let expires = self.plan.expiries && self.random.one_in(4);
        let (line, event) = match self.random.below(16) {
            _ if expires => self.expiry_line(&key),
            0 if self.plan.flushes => {
                self.coverage.count(Event::Flushed);
                self.trace(|| format!("node{node} FLUSH"));
                let (node, history) = self.node_and_history(node);
                node.flush(history);
                return Ok(());
            }
            0 if self.plan.size == Size::Large && self.random.one_in(8) => {
                (format!("SET {key} {value}{}\n", "x".repeat(LONG_BYTES)), Event::WrittenLong)
            }
            0..9 => (format!("SET {key} {value}\n"), Event::Written),
            9..14 => (format!("DEL {key}\n"), Event::Deleted),
            _ => (format!("INCR {key}\n"), Event::Counted),
        };
        let synced = self.random.one_in(2);
        let (owner, history) = self.node_and_history(node);
        let has_written = owner.write(&line, key.as_bytes(), history)?;
        if synced {
            owner.sync(history);
        }
        if has_written {
            self.coverage.count(event);
            let held = self.nodes[node].held(key.as_bytes()).map(|entry| entry.version());
            let shown = &line.trim()[..line.trim().len().min(40)];
            self.trace(|| format!("node{node} {shown} gives {held:?} synced {synced}"));
        }
        Ok(())
    }

    fn read(&mut self, node: usize) -> Checked {
        self.coverage.count(Event::Read);
        let key = self.key();
        self.nodes[node].read(key.as_bytes(), &self.history)
    }

    pub(crate) fn can_connect(&self, a: usize, b: usize) -> bool {
        a != b && self.nodes[a].is_up && self.nodes[b].is_up && self.part[a] == self.part[b]
    }

    /// Opens a session with somebody whom the round needs, or with anybody.
    fn open_some(&mut self, node: usize) -> Checked {
        let wanted = self.nodes[node].members.to_meet(self.nodes[node].steady());
        let peer = match wanted.len() {
            0 => self.random.below(self.nodes.len()),
            _ if self.random.one_in(4) => self.random.below(self.nodes.len()),
            many => index_of(wanted[self.random.below(many)]),
        };
        if self.can_connect(node, peer) && self.links.len() < MAX_LINKS {
            let link = self.open(node, peer)?;
            self.trace(|| format!("node{node} opens a session with node{peer}"));
            self.links.push(link);
        }
        Ok(())
    }

    /// Some connection moves on by some frames, and may be cut.
    fn move_some(&mut self) -> Checked {
        if self.links.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.links.len());
        let mut link = self.links.swap_remove(at);
        for _ in 0..1 + self.random.below(12) {
            let first = self.random.below(2);
            let is_moved = self.advance(&mut link, first)? || self.advance(&mut link, 1 - first)?;
            if !is_moved {
                self.drop_link(link);
                return Ok(());
            }
            // What is rarely sent is cut the more often.
            let is_rare = link.last == Some("REFUSED");
            if self.random.one_in(if is_rare { 4 } else { 60 }) {
                self.cut(link);
                return Ok(());
            }
        }
        self.links.push(link);
        Ok(())
    }

    pub(crate) fn begin_round(&mut self, node: usize) -> Checked {
        let owner = &mut self.nodes[node];
        let (now, steady) = (owner.now(), owner.steady());
        let start = owner.engine.store_mut().tick(now).expect("timestamps are left");
        owner.commit();
        owner.to_promise = owner.to_promise.max(start);
        owner.round = owner.round.or(Some(start));
        let safe = owner.members.begin_round(start, steady);
        self.raise_watermark(node, safe)
    }

    /// A whole round, one session after the other, as far as the members can be reached.
    pub(crate) fn lead_round(&mut self, node: usize) -> Checked {
        self.begin_round(node)?;
        let to_meet = self.nodes[node].members.to_meet(self.nodes[node].steady());
        for peer in 0..self.nodes.len() {
            if to_meet.contains(&self.nodes[peer].id) && self.can_connect(node, peer) {
                self.converse(node, peer)?;
            }
        }
        Ok(())
    }

    /// A session from beginning to end. Gives its turns.
    pub(crate) fn converse(&mut self, opener: usize, answerer: usize) -> Checked<u32> {
        let mut link = self.open(opener, answerer)?;
        while self.advance(&mut link, 0)? || self.advance(&mut link, 1)? {}
        let turns = link.turns;
        self.drop_link(link);
        Ok(turns)
    }

    /// The data set for a session. Now and then it is made aside, while clients write.
    pub(crate) fn snapshot(&mut self, node: usize) -> Checked<Snapshot> {
        self.reap(node);
        let is_at_once = !self.random.one_in(16);
        if let Some(snapshot) = self.nodes[node].snapshot().filter(|_| is_at_once) {
            return Ok(snapshot);
        }
        self.coverage.count(Event::FoldedAside);
        let fold = self.nodes[node].begin_fold(node.is_multiple_of(2));
        if !self.is_healing && self.random.one_in(2) {
            self.write(node)?;
        }
        Ok(self.nodes[node].end_fold(fold))
    }

    pub(crate) fn hear(&mut self, node: usize, who: NodeId) {
        let steady = self.nodes[node].steady();
        let is_counted = self.nodes[node].members.to_tell(steady).iter().any(|(id, _)| *id == who);
        let heard = &mut self.heard[node][index_of(who)];
        if !is_counted && heard.is_some() {
            self.coverage.count(Event::Returned);
        }
        *heard = Some(self.nodes[node].time);
        self.nodes[node].members.heard_from(who, steady);
    }

    /// What a node should know of others after this hello.
    pub(crate) fn onlooker_hears(&mut self, node: usize, hello: &Hello) {
        let time = self.nodes[node].time;
        for (member, silent) in &hello.members {
            let told = time.saturating_sub(*silent);
            let heard = &mut self.heard[node][index_of(*member)];
            *heard = (*heard).max(Some(told));
        }
    }

    /// Everybody whom the node counts holds everything up to there: looked at before it acts on it.
    pub(crate) fn raise_watermark(&mut self, node: usize, safe: Option<Hlc>) -> Checked {
        let Some(watermark) = safe else { return Ok(()) };
        self.coverage.count(Event::WatermarkRaised);
        self.trace(|| format!("node{node} raises its watermark to {watermark}"));
        let owner = &self.nodes[node];
        let counted = owner.members.to_tell(owner.steady());
        let is_counted = |id: NodeId| id == owner.id || counted.iter().any(|(of, _)| *of == id);
        let limit = if self.plan.evictions { EVICT_AFTER_MILLIS } else { u64::MAX };
        for (other, heard) in self.heard[node].iter().enumerate() {
            let is_silent = heard.is_none_or(|heard| owner.time - heard > limit);
            ensure(is_counted(self.nodes[other].id) || is_silent, || {
                format!("node{node} has been told of node{other} and raises its watermark without")
            })?;
        }
        let (counted, away): (Vec<&Node>, Vec<&Node>) =
            self.nodes.iter().partition(|other| is_counted(other.id));
        if !away.is_empty() {
            self.coverage.count(Event::Evicted);
            away.iter().for_each(|node| self.history.excuse(node.id, watermark));
        }
        // Either may still be about to hear of a flush that the other knows.
        let flush = owner.store().registers().flush;
        for member in counted.into_iter().filter(|member| member.is_up) {
            let flush = flush.max(member.store().registers().flush);
            for key in self.history.keys() {
                self.history.check_up_to(watermark, key, member.held(key), flush)?;
            }
        }
        let tombstones = self.nodes[node].store().tombstones();
        self.nodes[node].raise_watermark(watermark);
        while self.nodes[node].engine.sweep_step() {}
        if self.nodes[node].store().tombstones() < tombstones {
            self.coverage.count(Event::TombstoneRemoved);
        }
        Ok(())
    }

    /// The tree that grew with the writes is the tree of what is held.
    pub(crate) fn check_trees(&mut self) -> Checked {
        for node in self.nodes.iter_mut().filter(|node| node.is_up && node.is_unchecked) {
            node.is_unchecked = false;
            let now = node.now();
            let keys = self.history.keys();
            let held = keys.filter_map(|key| node.held(key).cloned()).map(Edit::Put).collect();
            let mut rebuilt = Tree::new(tree_seed());
            rebuilt.edit(held);
            let Some(snapshot) = node.engine.store_mut().snapshot(now) else { continue };
            ensure(snapshot.tree.root() == rebuilt.root(), || {
                format!("the tree of {} is not that of what it holds", node.name)
            })?;
        }
        Ok(())
    }
}
