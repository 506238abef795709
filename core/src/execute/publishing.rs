//! What an engine tells other nodes of the writes that were made here.

use super::Engine;
use crate::change::Change;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::journal::Mutation;
use crate::merkle::KeyRange;
use crate::store::Snapshot;
use crate::version::Version;

impl Engine {
    /// Changes for the next message of about so many bytes; nothing if none waits, or this node does
    /// not replicate. What a session has replaced or deleted since is left out: published late, it
    /// could bring back what nobody remembers to be deleted.
    pub fn take_update(&mut self, max_bytes: usize) -> Option<Vec<Change>> {
        self.outbox.as_mut()?.take(&mut self.store, max_bytes)
    }

    /// The broker has the changes that were taken last.
    pub fn settle_update(&mut self, now: UnixMillis) {
        if let Some(outbox) = &mut self.outbox {
            outbox.settle(now);
        }
    }

    /// The changes that were taken last may be lost: they wait again. Gives the entry that is given
    /// up, as it was lost by itself time and again.
    pub fn restore_update(&mut self) -> Option<Entry> {
        self.outbox.as_mut()?.restore(&mut self.store)
    }

    /// A peer may have missed what the broker confirmed of late: that waits to be published once
    /// more, as it stands now. What others have overwritten, they publish.
    pub fn repeat(&mut self, now: UnixMillis) {
        if let Some(outbox) = &mut self.outbox {
            outbox.repeat(&mut self.store, now);
        }
    }

    /// Changes that wait to be published, or that the broker has not confirmed.
    pub fn queued(&self) -> usize {
        self.outbox.as_ref().map_or(0, |outbox| outbox.len(&self.store))
    }

    /// Changes that could not wait since too many did, or that the broker did not take.
    pub fn dropped(&self) -> u64 {
        self.store.dropped() + self.outbox.as_ref().map_or(0, |outbox| outbox.given_up())
    }

    pub(super) fn publish_flush(&mut self, flush: Version) {
        if let Some(outbox) = &mut self.outbox {
            outbox.push_flush(flush);
        }
    }

    /// Lets writes that the broker may not have wait for it once more.
    pub(super) fn publish_unconfirmed(&mut self, all: &Snapshot) {
        let Some(outbox) = &mut self.outbox else { return };
        let (node, published) = (self.store.node(), self.kept.published);
        let Snapshot { tree, registers, .. } = all;
        if registers.flush.node == node && registers.flush.hlc > published {
            outbox.push_flush(registers.flush);
        }
        for entry in tree.range(KeyRange::ALL) {
            if entry.version().node == node && entry.version().hlc > published {
                self.store.publish_entry(&entry);
            }
        }
    }

    /// Notes that the broker has every write so far, if it has.
    pub fn keep_published(&mut self) {
        let last = self.store.last_clock();
        if self.queued() == 0 && last > self.kept.published {
            self.kept.published = last;
            self.store.note(&Mutation::Published(last));
            self.store.end_step();
        }
    }
}
