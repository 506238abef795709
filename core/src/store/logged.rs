//! The store's side of the journal: what has changed since it was last asked, and how a store is
//! made again of that.

use super::Store;
use crate::clock::{Hlc, UnixMillis};
use crate::journal::{Log, Mutation, Records, Sequence};
use crate::version::NodeId;

/// How far ahead timestamps are reserved, in milliseconds: long enough that a busy node notes it
/// twice a second, and short enough that after a crash no peer finds the clock ahead of its own.
const RESERVED_MILLIS: u64 = 500;

impl Store {
    /// Notes every change from now on. Before, nothing is noted.
    pub fn start_log(&mut self, behind: Sequence) {
        self.log = Some(Log::behind(behind));
    }

    /// Ends a step: what has been changed since the last one is read back as a whole or not at all.
    pub fn end_step(&mut self) {
        let last = self.clock.last();
        if let Some(log) = &mut self.log {
            if last > self.reserved {
                let millis = last.millis().0.saturating_add(RESERVED_MILLIS);
                self.reserved = Hlc::at(UnixMillis(millis)).max(last);
                log.note(&Mutation::Clock(self.reserved));
            }
            log.step();
        }
    }

    /// The record that holds the last change so far; zero if nothing is noted. Later changes may
    /// come to stand in it too, so it is no place for a snapshot: see [`Store::part_log`].
    pub fn log_position(&self) -> Sequence {
        self.log.as_ref().map_or(Sequence::ZERO, Log::position)
    }

    /// Parts what has been noted from what will be. A snapshot of this moment holds everything up
    /// to the record that this gives, and nothing of what stands behind it.
    pub fn part_log(&mut self) -> Sequence {
        self.end_step();
        self.log.as_mut().map_or(Sequence::ZERO, |log| {
            log.part();
            log.position()
        })
    }

    /// What has been noted since it was last taken.
    pub fn take_log(&mut self) -> Option<Records> {
        self.log.as_mut().and_then(Log::take)
    }

    /// How many changes were noted since the start: by this it shows whether anything has changed.
    pub fn noted(&self) -> u64 {
        self.log.as_ref().map_or(0, Log::noted)
    }

    /// Whether [`Store::take_log`] has something to give.
    pub fn has_logged(&self) -> bool {
        self.log.as_ref().is_some_and(|log| !log.is_empty())
    }

    /// Notes what the store itself does not hold.
    pub fn note(&mut self, mutation: &Mutation) {
        if let Some(log) = &mut self.log {
            log.note(mutation);
        }
    }

    /// Notes that the clock stops here: a node that starts again goes on from the last timestamp,
    /// not from the last reserved one.
    pub fn note_last_clock(&mut self) {
        self.reserved = self.clock.last();
        self.note(&Mutation::Clock(self.reserved));
    }

    /// The greatest timestamp that the clock has issued or followed.
    pub fn last_clock(&self) -> Hlc {
        self.clock.last()
    }

    /// The node that this store writes as.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// Up to where timestamps may have been issued when the journal ends here.
    pub fn reserved_clock(&self) -> Hlc {
        self.reserved.max(self.clock.last())
    }

    /// Makes a noted change again. Changes come in the order in which they were made.
    pub fn restore(&mut self, mutation: Mutation) {
        match mutation {
            Mutation::Entry(entry) => {
                self.merge_entry(entry);
            }
            Mutation::Forgotten { key, version } => {
                let held = self.held(&key).filter(|held| held.version() <= version).cloned();
                if let Some(held) = held {
                    self.forget(&held);
                }
            }
            Mutation::Registers(registers) => self.raise(registers),
            Mutation::Clock(hlc) => self.reserved = hlc,
            // Others keep these, or they say nothing.
            Mutation::Published(_) | Mutation::Members(_) | Mutation::End { .. } => {}
        }
    }

    /// All has been restored: the clock goes on from where it may have been, however far the wall
    /// clock has been set back.
    pub fn resume_clock(&mut self) {
        // A timestamp is not ahead of itself.
        let _ = self.clock.observe(self.reserved, self.reserved.millis());
    }

    /// What is not here may be lost and not deleted: no peer shall be told otherwise. The watermark
    /// comes back from the others. A journal cannot say that it fell, but a new snapshot does.
    pub fn distrust_absence(&mut self) {
        // Tombstones that the watermark has killed and nobody has swept yet would live again, here
        // and not in the tree.
        if self.folding.begin(&mut self.index, self.registers, self.clock.last())
            && let Some(fold) = self.folding.gather(&mut self.index, usize::MAX)
        {
            self.folding.end(fold.run());
        }
        while self.sweep_step() {}
        self.registers.watermark = Hlc::ZERO;
    }
}
