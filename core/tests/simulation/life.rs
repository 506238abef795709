//! How a node writes its journal, dies, and starts again.

use crate::history::History;
use crate::large;
use crate::mutants::Mutant;
use crate::node::{Node, engine};
use crate::random::Random;
use merkle_kv_core::journal::{Mutation, Sequence};
use merkle_kv_core::members::Members;
use merkle_kv_core::store::Store;

impl Node {
    /// Ends a step: what it has changed is written, but not synced.
    pub(crate) fn commit(&mut self) {
        self.is_unchecked = true;
        let store = self.engine.store_mut();
        store.end_step();
        if let Some(records) = store.take_log() {
            self.disk.write(records);
        }
    }

    /// Makes durable what is journaled, and answers who waited for it.
    pub(crate) fn sync(&mut self, history: &mut History) {
        self.commit();
        self.disk.sync(self.store().reserved_clock());
        self.promised = self.promised.max(self.to_promise);
        self.acknowledge(history);
    }

    /// Writes a snapshot, and may remove what it makes needless.
    pub(crate) fn write_snapshot(&mut self, rotates: bool) {
        if !self.is_journaled {
            return;
        }
        let now = self.now();
        self.disk.write_snapshot(&mut self.engine, now);
        self.commit();
        if rotates {
            self.disk.rotate();
        }
    }

    /// The process dies; of what was not synced so many bytes stay.
    pub(crate) fn crash(&mut self, kept: usize, random: &mut Random) {
        self.disk.keep(kept, random);
        self.to_promise = self.promised;
        self.acquaintances = self.members.to_tell(self.steady());
        self.pending.clear();
        self.seen.clear();
        self.postponed.clear();
        self.round = None;
        self.is_up = false;
        self.life += 1;
        self.sessions = 0;
    }

    /// Starts for the first time. `original` is the data set that was there before.
    pub(crate) fn start(&mut self, original: Option<&Store>) {
        if let Some(original) = original {
            *self.engine.store_mut() = original.clone();
            self.engine.restore(Mutation::Published(*large::PUBLISHED));
        }
        if self.is_journaled {
            self.engine.store_mut().start_log(Sequence::ZERO);
            self.commit();
        }
    }

    /// Starts again with what is on disk.
    pub(crate) fn restart(&mut self, original: Option<&Store>) {
        self.engine = engine(self.id);
        self.members = Members::new(self.id, self.evict_after_millis);
        let (now, steady) = (self.now(), self.steady());
        let acquaintances = std::mem::take(&mut self.acquaintances);
        if !self.is(Mutant::MembersNotPersisted) {
            for (id, silent) in &acquaintances {
                self.members.told_of(*id, *silent, steady);
            }
        }
        if let Some(original) = original {
            *self.engine.store_mut() = original.clone();
            self.engine.restore(Mutation::Published(*large::PUBLISHED));
        }
        if self.is(Mutant::CutTooEarly) {
            self.disk.lose_synced();
        }
        let (engine, mutant) = (&mut self.engine, self.mutant);
        let recovered = self.disk.recover(&mut |mutation, in_snapshot| {
            if !is_missed(mutant, &mutation, in_snapshot) {
                engine.restore(mutation);
            }
        });
        self.engine.resume(recovered.last, now);
        self.commit();
        self.is_up = true;
    }
}

/// Whether a mutant overlooks what it reads back.
fn is_missed(mutant: Option<Mutant>, mutation: &Mutation, in_snapshot: bool) -> bool {
    match mutation {
        Mutation::Clock(_) => mutant == Some(Mutant::ClockNotPersisted),
        Mutation::Registers(_) => mutant == Some(Mutant::SnapshotForgetsRegisters) && in_snapshot,
        Mutation::Entry(_)
        | Mutation::Forgotten { .. }
        | Mutation::Published(_)
        | Mutation::Members(_)
        | Mutation::End { .. } => false,
    }
}
