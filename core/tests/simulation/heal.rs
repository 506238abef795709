//! How a schedule ends: faults stop, everybody meets everybody until all agree, and then everything
//! is looked at.

use crate::history::{Checked, Violation, ensure};
use crate::large;
use crate::plan::Size;
use crate::world::World;
use merkle_kv_core::merkle::Digest;
use merkle_kv_core::registers::Lineage;

/// Rounds of sessions between all pairs until all agree. Two carry everything to everybody; what is
/// written again, raised, or given up on the way takes more.
const MAX_ROUNDS: usize = 8;

/// Rounds of watermarks at the end, so that tombstones go: two, and one that hands them on.
const WATERMARK_ROUNDS: usize = 3;

impl World {
    /// All agree before anything happens.
    pub(crate) fn settle(&mut self) -> Checked {
        self.is_healing = true;
        self.agree()
    }

    pub(crate) fn heal(&mut self) -> Checked {
        self.is_healing = true;
        self.trace(|| "faults end".to_owned());
        self.end_faults();
        self.end_messages()?;
        for node in 0..self.nodes.len() {
            self.apply_postponed(node)?;
            let (node, history) = self.node_and_history(node);
            node.sync(history);
        }
        self.agree()?;
        self.check_what_is_left()?;
        if self.plan.expiries {
            self.end_expiries();
            self.agree()?;
            self.check_none_expiring()?;
            self.check_what_is_left()?;
        }
        for _ in 0..WATERMARK_ROUNDS {
            self.pass(2_000);
            self.lead_round(0)?;
            if self.plan.size == Size::Small {
                self.lead_round(1)?;
            }
        }
        self.agree()?;
        self.check_what_is_left()?;
        self.check_quiet()
    }

    fn agree(&mut self) -> Checked {
        for _ in 0..MAX_ROUNDS {
            self.pass(100);
            for one in 0..self.nodes.len() {
                for other in 0..one {
                    let [a, b] = if self.random.one_in(2) { [one, other] } else { [other, one] };
                    self.converse(a, b)?;
                    self.apply_postponed(a)?;
                    self.apply_postponed(b)?;
                }
            }
            let roots = self.roots()?;
            if roots.iter().all(|root| *root == roots[0]) {
                return Ok(());
            }
        }
        Err(Violation(format!("after {MAX_ROUNDS} rounds the nodes still differ")))
    }

    fn roots(&mut self) -> Checked<Vec<Digest>> {
        (0..self.nodes.len()).map(|node| Ok(self.snapshot(node)?.tree.root())).collect()
    }

    fn check_what_is_left(&mut self) -> Checked {
        let (first, others) = self.nodes.split_first().expect("there are nodes");
        for key in self.history.keys() {
            let held = first.held(key);
            for other in others {
                ensure(other.held(key) == held, || {
                    format!("{} holds {held:?}, {} {:?}", first.name, other.name, other.held(key))
                })?;
            }
            self.history.check_survivor(key, held, first.store().registers())?;
        }
        for node in &self.nodes {
            let (own, firsts) = (node.store().registers(), first.store().registers());
            ensure(own.lineage == firsts.lineage && own.lineage != Lineage::NONE, || {
                format!("{} and {} do not share a lineage", node.name, first.name)
            })?;
            self.history.check_flush(node.store().registers())?;
        }
        match self.plan.size {
            Size::Small => self.check_trees(),
            Size::Large => large::check_untouched(self),
        }
    }

    /// Nodes that agree say so in two messages, and one with the proof if they have a secret.
    fn check_quiet(&mut self) -> Checked {
        for opener in 0..self.nodes.len() {
            let answerer = (opener + 1) % self.nodes.len();
            let turns = self.converse(opener, answerer)?;
            let expected = if self.plan.secret { 3 } else { 2 };
            ensure(turns == expected, || format!("a session of equals took {turns} turns"))?;
        }
        Ok(())
    }
}
