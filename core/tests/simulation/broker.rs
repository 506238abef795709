//! The broker: what nodes publish it hands on late, twice, in any order, or not at all.

use crate::coverage::Event;
use crate::history::Checked;
use crate::world::World;
use merkle_kv_core::replication::{decode_update, encode_update};
use merkle_kv_core::version::BootId;
use std::rc::Rc;

/// Bytes of one update message: small, so that some writes take several.
const UPDATE_BYTES: usize = 200;

/// What the broker has for one node.
pub(crate) struct Letter {
    from: usize,
    to: usize,
    body: Body,
}

#[derive(Clone)]
pub(crate) enum Body {
    Update(Rc<[u8]>),
    Presence,
}

impl World {
    /// Sends what waits in the outbox; the broker may lose it on the way to some.
    pub(crate) fn publish(&mut self, node: usize) {
        let owner = &mut self.nodes[node];
        let (boot, now) = (BootId(owner.life), owner.now());
        owner.sequence += 1;
        let (name, sequence) = (owner.name.clone(), owner.sequence);
        let Some(changes) = owner.engine.take_update(UPDATE_BYTES) else { return };
        // What is published need not be synced. But it may not be so new that after a power cut the
        // clock would issue its versions once more.
        if changes.iter().any(|change| change.version().hlc > owner.disk.synced_clock) {
            owner.sync(&mut self.history);
        }
        let message = encode_update(&name, boot, sequence, &changes).expect("it can be encoded");
        if self.random.one_in(8) {
            self.coverage.count(Event::UpdateRestored);
            self.nodes[node].engine.restore_update();
            if self.random.one_in(2) {
                return;
            }
        } else {
            self.nodes[node].engine.settle_update(now);
            self.nodes[node].engine.keep_published();
            self.nodes[node].commit();
        }
        self.send_to_all(node, Body::Update(message.into()));
    }

    pub(crate) fn send_to_all(&mut self, from: usize, body: Body) {
        for to in (0..self.nodes.len()).filter(|to| *to != from) {
            if self.random.below(16) < self.plan.losses {
                self.coverage.count(Event::UpdateLost);
                continue;
            }
            let copies = if self.random.one_in(10) { 2 } else { 1 };
            for copy in 0..copies {
                if copy > 0 {
                    self.coverage.count(Event::UpdateDoubled);
                }
                self.letters.push(Letter { from, to, body: body.clone() });
            }
        }
    }

    /// Some message arrives, seldom the oldest.
    pub(crate) fn deliver(&mut self) -> Checked {
        if self.letters.is_empty() {
            return Ok(());
        }
        let at = self.random.below(self.letters.len());
        if at > 0 {
            self.coverage.count(Event::UpdateOvertaken);
        }
        let Letter { from, to, body } = self.letters.swap_remove(at);
        if self.part[from] != self.part[to] || !self.nodes[to].is_up {
            return Ok(());
        }
        match body {
            Body::Presence => self.hear(to, self.nodes[from].id),
            Body::Update(message) => {
                let update = decode_update(&message).expect("what core encodes it decodes");
                for change in update.changes {
                    self.trace(|| format!("node{to} hears {change:?}"));
                    if self.nodes[to].apply(change) {
                        self.coverage.count(Event::UpdateApplied);
                    }
                }
            }
        }
        Ok(())
    }

    /// The broker gives out what it has, but for what it loses.
    pub(crate) fn end_messages(&mut self) -> Checked {
        for _ in 0..self.letters.len() / 2 {
            self.deliver()?;
        }
        self.letters.clear();
        Ok(())
    }
}
