//! What goes wrong: connections, nodes, the network and clocks.

use crate::coverage::Event;
use crate::history::Checked;
use crate::large;
use crate::link::{Link, events_of};
use crate::plan::{EVICT_AFTER_MILLIS, Size};
use crate::world::World;

impl World {
    pub(crate) fn cut(&mut self, link: Link) {
        if let (Some(event), false) =
            (link.last.and_then(|kind| events_of(kind).1), link.is_foreign)
        {
            self.coverage.count(event);
        }
        self.trace(|| "a session is cut".to_owned());
        self.drop_link(link);
    }

    pub(crate) fn drop_link(&mut self, link: Link) {
        for (side, end) in link.ends.iter().enumerate() {
            let counts = end.session.is_some() && !end.is_over && !(link.is_foreign && side == 0);
            if counts && self.nodes[end.node].life == end.life {
                self.nodes[end.node].sessions -= 1;
            }
        }
    }

    pub(crate) fn cut_where(&mut self, is_cut: impl Fn(&Link) -> bool) {
        let (cut, left): (Vec<Link>, Vec<Link>) = self.links.drain(..).partition(|l| is_cut(l));
        self.links = left;
        cut.into_iter().for_each(|link| self.cut(link));
    }

    pub(crate) fn crash(&mut self, node: usize) {
        let unsynced = self.nodes[node].disk.unsynced();
        let kept = if self.plan.loses_tail { self.random.below(unsynced + 1) } else { unsynced };
        if kept < unsynced {
            self.coverage.count(Event::TailLost);
        }
        self.coverage.count(Event::Crashed);
        self.trace(|| format!("node{node} crashes, {kept} of {unsynced} bytes stay"));
        self.cut_where(|link| link.ends.iter().any(|end| end.node == node));
        self.nodes[node].crash(kept, &mut self.random);
    }

    pub(crate) fn restart(&mut self, node: usize) {
        self.trace(|| format!("node{node} starts again"));
        let original = (self.plan.size == Size::Large).then(|| large::store(node));
        self.nodes[node].restart(original);
    }

    pub(crate) fn partition(&mut self) {
        self.coverage.count(Event::Partitioned);
        for node in 0..self.nodes.len() {
            self.part[node] = self.random.below(2) as u8;
        }
        let part = self.part.clone();
        self.trace(|| format!("the network is parted: {part:?}"));
        self.cut_where(|link| part[link.ends[0].node] != part[link.ends[1].node]);
    }

    /// A node is cut off, or lies crashed, for about as long as members are waited for; the others
    /// see each other meanwhile, and may go on without it.
    pub(crate) fn go_away(&mut self, away: usize) -> Checked {
        self.coverage.count(Event::Leapt);
        self.part.fill(0);
        self.part[away] = 1;
        self.trace(|| format!("node{away} is away"));
        self.cut_where(|link| link.ends.iter().any(|end| end.node == away));
        let slices = 2 + self.random.below(4) as u64;
        for _ in 0..slices {
            self.pass(EVICT_AFTER_MILLIS / 4 + 1);
            for node in 0..self.nodes.len() {
                for other in (0..self.nodes.len()).filter(|other| *other != node) {
                    if self.can_connect(node, other) {
                        self.hear(node, self.nodes[other].id);
                    }
                }
            }
        }
        let leader = self.random.below(self.nodes.len());
        for _ in 0..self.random.below(4) {
            if leader != away && self.nodes[leader].is_up {
                self.write(leader)?;
                self.lead_round(leader)?;
            }
            if self.nodes[away].is_up && self.random.one_in(2) {
                self.write(away)?;
            }
        }
        Ok(())
    }

    /// Somebody sets a clock.
    pub(crate) fn jump(&mut self, node: usize) {
        self.coverage.count(Event::ClockJumped);
        let by = self.random.below(7_200_000) as i64 - 3_600_000;
        let by = if self.random.one_in(2) { by } else { by / 1_000 };
        self.nodes[node].skew += by;
        self.tell_time();
        self.trace(|| format!("node{node}'s clock jumps by {by} ms"));
    }

    pub(crate) fn end_faults(&mut self) {
        self.part.fill(0);
        self.cut_where(|_| true);
        for node in 0..self.nodes.len() {
            if !self.nodes[node].is_up {
                self.restart(node);
            }
        }
    }
}
