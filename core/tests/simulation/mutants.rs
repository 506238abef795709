//! The tester is tested: faults that a node might have, each of which schedules must notice. They
//! are made around the engine, not in it.

use crate::history::Checked;
use crate::node::Node;
use crate::world::World;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::{Entry, Kind};
use merkle_kv_core::version::Version;

/// How old a tombstone gets in the mutant that removes it by age.
const TOMBSTONE_MILLIS: u64 = 3_000;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// The clock does not follow what is received. An approximation: writes are made beside the
    /// engine, with a clock that hears nothing.
    NoMergeOnReceive,
    /// What arrives last replaces what is there.
    ArrivalOrderWins,
    /// Of two entries with one timestamp that which came first stays.
    TieWithoutNode,
    /// A tombstone goes some seconds after it was written.
    TombstonesRemovedByAge,
    /// A client is answered before its write is on disk.
    AcknowledgedBeforeDurable,
    /// FLUSH drops what is here and tells nobody.
    FlushAsLocalClear,
    /// After a restart the clock begins anew.
    ClockNotPersisted,
    /// What one round vouches for is taken for safe.
    WatermarkFromOneRound,
    /// A node that has never agreed with another refuses what it does not have, for its age.
    AbsenceIsAlwaysDeletion,
    /// A session goes on while what it has found still waits to be applied.
    ClaimedBeforeApplied,
    /// A peer is told that a turn is over before what it brought is on disk.
    ToldBeforeDurable,
    /// After a restart nobody is known until heard of again.
    MembersNotPersisted,
    /// What a peer tells of other members is not heard.
    GossipIgnored,
    /// What a snapshot tells to be dead is not read back.
    SnapshotForgetsRegisters,
    /// The last records that were synced are cut off with what was not.
    CutTooEarly,
    /// What has expired becomes a tombstone in a version of its own, as if it had been deleted.
    ExpiredInNewVersion,
    /// What has expired is forgotten at once.
    ExpiredWithoutTombstone,
    /// What comes from others comes without its expiry.
    ExpiryLostOnTheWay,
}

/// All of them.
pub(crate) const MUTANTS: [Mutant; 18] = [
    Mutant::NoMergeOnReceive,
    Mutant::ArrivalOrderWins,
    Mutant::TieWithoutNode,
    Mutant::TombstonesRemovedByAge,
    Mutant::AcknowledgedBeforeDurable,
    Mutant::FlushAsLocalClear,
    Mutant::ClockNotPersisted,
    Mutant::WatermarkFromOneRound,
    Mutant::AbsenceIsAlwaysDeletion,
    Mutant::ClaimedBeforeApplied,
    Mutant::ToldBeforeDurable,
    Mutant::MembersNotPersisted,
    Mutant::GossipIgnored,
    Mutant::SnapshotForgetsRegisters,
    Mutant::CutTooEarly,
    Mutant::ExpiredInNewVersion,
    Mutant::ExpiredWithoutTombstone,
    Mutant::ExpiryLostOnTheWay,
];

impl Node {
    pub(crate) fn is_taken_by_mutant(&mut self, entry: &Entry) -> bool {
        let held = self.held(entry.key()).cloned();
        if self.is(Mutant::ArrivalOrderWins) {
            held.iter().for_each(|held| _ = self.engine.store_mut().forget(held));
        }
        let is_tie = held.is_some_and(|held| {
            held.version().hlc == entry.version().hlc && held.version() != entry.version()
        });
        !(self.is(Mutant::TieWithoutNode) && is_tie)
    }

    /// An entry as it comes in.
    pub(crate) fn heard(&self, entry: Entry) -> Entry {
        match entry.value() {
            Some(value) if self.is(Mutant::ExpiryLostOnTheWay) => {
                Entry::value_of(entry.key(), value, entry.version())
            }
            Some(_) | None => entry,
        }
    }

    /// As if nothing received had moved the clock.
    pub(crate) fn write_by_own_clock(&mut self, line: &str, key: &[u8]) {
        let now = self.now();
        let hlc = self.lonely_clock.tick(now, Hlc::ZERO).unwrap();
        let version = Version { hlc, node: self.id };
        let value = line.trim().rsplit(' ').next().unwrap_or_default();
        let entry = match line.split(' ').next() {
            Some("DEL") => Entry::tombstone(key, version),
            Some(_) | None => Entry::value_of(key, value.as_bytes(), version),
        };
        if self.held(key).is_some() || entry.kind() == Kind::Value {
            // What the client was told is what it wrote, whatever survives.
            let held = self.held(key).cloned();
            held.iter().for_each(|held| _ = self.engine.store_mut().forget(held));
            self.engine.store_mut().merge(entry.clone(), now);
            self.engine.store_mut().publish_entry(&entry);
        }
    }
}

impl World {
    pub(crate) fn let_mutants_act(&mut self, node: usize) -> Checked {
        if !self.nodes[node].is_up {
            return Ok(());
        }
        if self.plan.is(Mutant::ClaimedBeforeApplied) && self.random.one_in(4) {
            return self.apply_postponed(node);
        }
        if self.plan.is(Mutant::TombstonesRemovedByAge) {
            let owner = &mut self.nodes[node];
            let limit = owner.now().0.saturating_sub(TOMBSTONE_MILLIS);
            let limit = Hlc::at(UnixMillis(limit));
            for key in self.history.keys() {
                let old = owner.held(key).cloned();
                if let Some(old) =
                    old.filter(|held| held.kind() == Kind::Tombstone && held.version().hlc < limit)
                {
                    owner.engine.store_mut().forget(&old);
                    owner.commit();
                }
            }
        }
        Ok(())
    }

    pub(crate) fn apply_postponed(&mut self, node: usize) -> Checked {
        for effect in std::mem::take(&mut self.nodes[node].postponed) {
            self.carry_out_now(node, effect)?;
        }
        Ok(())
    }

    pub(crate) fn raise_after_one_round(&mut self, node: usize) -> Checked {
        let owner = &mut self.nodes[node];
        if !owner.is(Mutant::WatermarkFromOneRound)
            || !owner.members.to_meet(owner.steady()).is_empty()
        {
            return Ok(());
        }
        let safe = owner.round.take();
        self.raise_watermark(node, safe)
    }
}

impl Mutant {
    /// Whether it takes a crash between two particular moments to show.
    pub(crate) fn is_rare(self) -> bool {
        matches!(
            self,
            Mutant::ToldBeforeDurable
                | Mutant::MembersNotPersisted
                | Mutant::SnapshotForgetsRegisters
        )
    }
}
