//! Expiry in a world whose clocks are apart: who reaps when, and how it ends.

use crate::coverage::Event;
use crate::history::{Checked, History, ensure};
use crate::mutants::Mutant;
use crate::node::Node;
use crate::world::World;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::store::Reaping;

/// The longest that a client gives a key, in seconds: about as long as a schedule lasts.
const LONGEST_SECONDS: usize = 12;

/// Milliseconds by which a clock is set at the end, so that everything is over: more than clocks are
/// apart, with two jumps of each.
const TO_THE_END_MILLIS: i64 = 24 * 3_600_000;

/// What reaping came to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reaped {
    pub(crate) remembered: usize,
    pub(crate) forgotten: usize,
}

impl Node {
    /// Reaps everything that is over by this node's clock.
    pub(crate) fn reap(&mut self, history: &History) -> Reaped {
        let now = self.now();
        if self.is(Mutant::ExpiredInNewVersion) || self.is(Mutant::ExpiredWithoutTombstone) {
            self.reap_as_mutant(history);
            return Reaped::default();
        }
        let (expired, tombstones) = (self.store().expired(), self.store().tombstones());
        loop {
            match self.engine.expire_step(now) {
                Reaping::Done => break,
                Reaping::More => {}
                Reaping::AwaitsFold => {
                    let fold = self.begin_fold(true);
                    self.end_fold(fold);
                }
            }
        }
        let reaped = (self.store().expired() - expired) as usize;
        let remembered = self.store().tombstones() - tombstones;
        if reaped > 0 {
            self.commit();
        }
        Reaped { remembered, forgotten: reaped - remembered }
    }

    fn reap_as_mutant(&mut self, history: &History) {
        let now = self.now();
        for key in history.keys() {
            let Some(held) = self.held(key).filter(|held| held.is_expired(now)).cloned() else {
                continue;
            };
            if self.is(Mutant::ExpiredWithoutTombstone) {
                self.engine.store_mut().forget(&held);
            } else if let Ok(gone) = self.engine.store_mut().put(key, b"", b"", None, now) {
                // No way leads to this from outside, but that of another node.
                let gone = Entry::tombstone(key, gone.version());
                self.engine.store_mut().merge(gone, now);
            }
        }
        self.commit();
    }
}

impl World {
    pub(crate) fn reap(&mut self, node: usize) {
        if !self.plan.expiries || !self.nodes[node].is_up {
            return;
        }
        let Reaped { remembered, forgotten } = self.nodes[node].reap(&self.history);
        (0..remembered).for_each(|_| self.coverage.count(Event::Expired));
        (0..forgotten).for_each(|_| self.coverage.count(Event::ExpiredForgotten));
        if remembered + forgotten > 0 {
            self.trace(|| format!("node{node} reaps {remembered}, and forgets {forgotten}"));
        }
    }

    /// A client's line that sets or takes an expiry.
    pub(crate) fn expiry_line(&mut self, key: &str) -> (String, Event) {
        if self.random.one_in(4) {
            return (format!("PERSIST {key}\n"), Event::Persisted);
        }
        let seconds = 1 + self.random.below(LONGEST_SECONDS);
        (format!("EXPIRE {key} {seconds}\n"), Event::Expiring)
    }

    /// Tells the onlooker how late it is, by the clock that is furthest ahead.
    pub(crate) fn tell_time(&mut self) {
        let latest = self.nodes.iter().map(Node::now).max();
        latest.into_iter().for_each(|latest| self.history.tell_time(latest));
    }

    /// All clocks are set so late that every expiry is over.
    pub(crate) fn end_expiries(&mut self) {
        self.trace(|| "all expiries are over".to_owned());
        self.nodes.iter_mut().for_each(|node| node.skew += TO_THE_END_MILLIS);
        self.tell_time();
    }

    /// What was over for all has become tombstones, or nothing.
    pub(crate) fn check_none_expiring(&mut self) -> Checked {
        for node in &mut self.nodes {
            // What a flush has killed counts until it is swept.
            while node.engine.sweep_step() {}
            let expiring = node.store().expiring();
            ensure(expiring == 0, || format!("{} has {expiring} keys yet to expire", node.name))?;
        }
        Ok(())
    }
}
