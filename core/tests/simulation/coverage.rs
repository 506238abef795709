//! Counts what schedules have come to, so that a run can tell that nothing went untested.

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Written,
    WrittenLong,
    Deleted,
    Counted,
    Expiring,
    Persisted,
    Expired,
    ExpiredForgotten,
    Flushed,
    Read,
    UpdateLost,
    UpdateDoubled,
    UpdateOvertaken,
    UpdateApplied,
    UpdateRestored,
    Partitioned,
    Crashed,
    TailLost,
    ClockJumped,
    Leapt,
    StrangerRefused,
    SessionEqual,
    SessionDifferent,
    SentHello,
    SentProof,
    SentRecords,
    SentEntries,
    SentRefused,
    SentEnd,
    SentBusy,
    SentFault,
    CutAtHello,
    CutAtProof,
    CutAtRecords,
    CutAtEntries,
    CutAtRefused,
    CutAtEnd,
    Followed,
    FlushedBySession,
    GivenUp,
    WrittenAgain,
    WatermarkRaised,
    WatermarkHandedOn,
    TombstoneRemoved,
    Evicted,
    Returned,
    FoldedAside,
    SnapshotWritten,
}

const EVENTS: usize = Event::SnapshotWritten as usize + 1;

/// All events, in the order of their numbers.
const ALL: [Event; EVENTS] = [
    Event::Written,
    Event::WrittenLong,
    Event::Deleted,
    Event::Counted,
    Event::Expiring,
    Event::Persisted,
    Event::Expired,
    Event::ExpiredForgotten,
    Event::Flushed,
    Event::Read,
    Event::UpdateLost,
    Event::UpdateDoubled,
    Event::UpdateOvertaken,
    Event::UpdateApplied,
    Event::UpdateRestored,
    Event::Partitioned,
    Event::Crashed,
    Event::TailLost,
    Event::ClockJumped,
    Event::Leapt,
    Event::StrangerRefused,
    Event::SessionEqual,
    Event::SessionDifferent,
    Event::SentHello,
    Event::SentProof,
    Event::SentRecords,
    Event::SentEntries,
    Event::SentRefused,
    Event::SentEnd,
    Event::SentBusy,
    Event::SentFault,
    Event::CutAtHello,
    Event::CutAtProof,
    Event::CutAtRecords,
    Event::CutAtEntries,
    Event::CutAtRefused,
    Event::CutAtEnd,
    Event::Followed,
    Event::FlushedBySession,
    Event::GivenUp,
    Event::WrittenAgain,
    Event::WatermarkRaised,
    Event::WatermarkHandedOn,
    Event::TombstoneRemoved,
    Event::Evicted,
    Event::Returned,
    Event::FoldedAside,
    Event::SnapshotWritten,
];

/// How often each happened.
#[derive(Clone, Debug)]
pub(crate) struct Coverage([u64; EVENTS]);

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage([0; EVENTS])
    }
}

impl Coverage {
    pub(crate) fn count(&mut self, event: Event) {
        self.0[event as usize] += 1;
    }

    pub(crate) fn add(&mut self, other: &Coverage) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, part)| *sum += part);
    }

    /// What never happened, except for what is not asked for.
    pub(crate) fn missing(&self, too_rare: &[Event]) -> Vec<Event> {
        let is_missing = |event: &Event| self.0[*event as usize] == 0 && !too_rare.contains(event);
        ALL.into_iter().filter(is_missing).collect()
    }

    /// One line for each event.
    pub(crate) fn report(&self) -> String {
        ALL.iter().map(|event| format!("{:>12}  {event:?}\n", self.0[*event as usize])).collect()
    }
}
