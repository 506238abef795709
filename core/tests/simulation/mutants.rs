//! The tester is tested: faults that a node might have, each of which schedules must notice.

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
    /// After a restart nobody is known until heard of again.
    MembersNotPersisted,
    /// What a peer tells of other members is not heard.
    GossipIgnored,
}

/// All of them.
pub(crate) const MUTANTS: [Mutant; 12] = [
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
    Mutant::MembersNotPersisted,
    Mutant::GossipIgnored,
];
