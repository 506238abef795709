//! What an engine keeps beyond its process: the store's changes, and beside them which members
//! there are and which writes the broker has.

use super::Engine;
use crate::clock::{Hlc, UnixMillis};
use crate::journal::{Mutation, Sequence};
use crate::store::Snapshot;
use crate::version::NodeId;

/// What an engine keeps beside the store.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    members: Vec<(NodeId, UnixMillis)>,
    pub(super) published: Hlc,
}

impl Engine {
    /// Makes a noted change again.
    pub fn restore(&mut self, mutation: Mutation) {
        match mutation {
            Mutation::Members(members) => self.kept.members = members,
            Mutation::Published(hlc) => self.kept.published = hlc,
            Mutation::Entry(_)
            | Mutation::Forgotten { .. }
            | Mutation::Registers(_)
            | Mutation::Clock(_)
            | Mutation::End { .. } => self.store.restore(mutation),
        }
    }

    /// All has been restored: builds the tree, has the clock go on, and lets writes that the broker
    /// may not have wait for it once more. From now on changes are noted, behind `last`.
    pub fn resume(&mut self, last: Sequence, now: UnixMillis) {
        self.store.resume_clock();
        if let Some(all) = self.fold(now) {
            self.publish_unconfirmed(&all);
        }
        self.store.start_log(last);
        self.store.end_step();
    }

    /// Folds here and now whatever waits for it: the data set of this moment. Nothing if the tree is
    /// away in another fold.
    pub fn fold(&mut self, now: UnixMillis) -> Option<Snapshot> {
        let fold = self.store.begin_fold(now)?;
        Some(self.store.end_fold(fold.run()))
    }

    /// What a snapshot holds beside the entries, of this moment.
    pub fn beside_entries(&self) -> Vec<Mutation> {
        vec![
            Mutation::Registers(self.store.registers()),
            Mutation::Clock(self.store.reserved_clock()),
            Mutation::Published(self.kept.published),
            Mutation::Members(self.kept.members.clone()),
        ]
    }

    /// The members that were noted last, and when each was last heard of.
    pub fn kept_members(&self) -> &[(NodeId, UnixMillis)] {
        &self.kept.members
    }

    /// Notes the members.
    pub fn keep_members(&mut self, members: Vec<(NodeId, UnixMillis)>) {
        self.kept.members = members;
        self.store.note(&Mutation::Members(self.kept.members.clone()));
        self.store.end_step();
    }
}
