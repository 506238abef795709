//! The hybrid logical clock: timestamps that follow wall time and never run backwards.
//! Knows nothing of keys; wall time is an argument.
//!
//! After Kulkarni, Demirbas et al., "Logical Physical Clocks" (OPODIS 2014), packed into one
//! integer so that comparing two timestamps is one instruction:
//!
//! ```text
//!  63                              16 15             0
//! +----------------------------------+----------------+
//! |  milliseconds since 1970 (48 b)  |  counter (16)  |
//! +----------------------------------+----------------+
//! ```

use std::fmt;

const COUNTER_BITS: u32 = 16;
const MAX_MILLIS: u64 = (1 << 48) - 1;

/// How far ahead of wall time a remote timestamp may pull the local clock, in milliseconds.
///
/// One second is far above what NTP leaves and far below what a person notices. Data from further
/// ahead is still applied; only the local clock stays behind, so that one wrong clock cannot carry
/// the whole cluster into the future.
pub const MAX_DRIFT_MILLIS: u64 = 1_000;

/// Wall time: milliseconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct UnixMillis(pub u64);

/// A hybrid logical timestamp. A greater one was issued later, or knew of the lesser one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hlc(u64);

impl Hlc {
    /// Before every timestamp that a clock issues.
    pub const ZERO: Hlc = Hlc(0);

    /// The first timestamp of a millisecond; times past the year 10889 count as that year.
    pub fn at(time: UnixMillis) -> Hlc {
        Hlc(time.0.min(MAX_MILLIS) << COUNTER_BITS)
    }

    /// The timestamp that [`Hlc::raw`] gave.
    pub fn from_raw(raw: u64) -> Hlc {
        Hlc(raw)
    }

    /// The packed form, as it stands in messages and files.
    pub fn raw(self) -> u64 {
        self.0
    }

    /// The wall time part.
    pub fn millis(self) -> UnixMillis {
        UnixMillis(self.0 >> COUNTER_BITS)
    }

    /// The counter that orders timestamps within one millisecond.
    pub fn counter(self) -> u16 {
        (self.0 & u64::from(u16::MAX)) as u16
    }

    fn next(self) -> Option<Hlc> {
        self.0.checked_add(1).map(Hlc)
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.millis().0, self.counter())
    }
}

/// No timestamp above the required one exists: something stored carries the greatest of all.
/// Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no timestamp is left above {0}")]
pub struct ClockExhausted(pub Hlc);

/// Whether a remote timestamp was near enough to wall time to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// The local clock is now at or above the remote timestamp.
    Followed,
    /// The remote timestamp was this many milliseconds ahead of wall time; the local clock went
    /// along only as far as [`MAX_DRIFT_MILLIS`].
    Ahead(u64),
}

/// Issues the timestamps of one node. One per store; not shared.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    last: Hlc,
}

impl Clock {
    /// Issues a timestamp greater than `above`, and greater than every one issued before as long
    /// as nothing stored is further ahead than the allowed drift.
    ///
    /// `above` is the version that the write replaces. It may be far in the future (a node with a
    /// wrong clock wrote it); the result then follows it so that the write wins, and the clock
    /// itself does not.
    pub fn tick(&mut self, now: UnixMillis, above: Hlc) -> Result<Hlc, ClockExhausted> {
        let floor = self.last.max(above);
        let successor = floor.next().ok_or(ClockExhausted(floor))?;
        let issued = successor.max(Hlc::at(now));
        let allowed = furthest(now).max(self.last.next().unwrap_or(issued));
        self.last = issued.min(allowed);
        Ok(issued)
    }

    /// Moves the clock forward to a timestamp received from elsewhere, as far as drift allows.
    pub fn observe(&mut self, remote: Hlc, now: UnixMillis) -> Drift {
        let limit = furthest(now);
        self.last = self.last.max(remote.min(limit));
        if remote > limit {
            Drift::Ahead(remote.millis().0.saturating_sub(now.0))
        } else {
            Drift::Followed
        }
    }

    /// The greatest timestamp that the clock has issued or followed.
    pub fn last(&self) -> Hlc {
        self.last
    }
}

fn furthest(now: UnixMillis) -> Hlc {
    Hlc::at(UnixMillis(now.0.saturating_add(MAX_DRIFT_MILLIS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    #[test]
    fn issued_timestamps_rise_within_one_millisecond_and_when_wall_time_steps_back() {
        let mut clock = Clock::default();
        let mut last = clock.tick(NOW, Hlc::ZERO).unwrap();
        assert_eq!(last, Hlc::at(NOW));
        for now in [NOW, NOW, UnixMillis(NOW.0 - 3_600_000), UnixMillis(0), UnixMillis(NOW.0 + 1)] {
            let next = clock.tick(now, Hlc::ZERO).unwrap();
            assert!(next > last, "{next} after {last}");
            last = next;
        }
    }

    #[test]
    fn the_counter_carries_into_the_milliseconds() {
        let mut clock = Clock { last: Hlc((NOW.0 << 16) | 0xffff) };
        assert_eq!(clock.tick(NOW, Hlc::ZERO).unwrap(), Hlc::at(UnixMillis(NOW.0 + 1)));
    }

    #[test]
    fn a_write_wins_over_a_version_far_in_the_future_without_carrying_the_clock_there() {
        let mut clock = Clock::default();
        let future = Hlc::at(UnixMillis(NOW.0 + 86_400_000));
        assert!(clock.tick(NOW, future).unwrap() > future);
        assert!(clock.last() <= furthest(NOW));
        assert!(clock.tick(NOW, Hlc::ZERO).unwrap() < future);
    }

    #[test]
    fn a_remote_timestamp_is_followed_up_to_the_drift_limit() {
        let mut clock = Clock::default();
        let near = Hlc::at(UnixMillis(NOW.0 + MAX_DRIFT_MILLIS));
        assert_eq!(clock.observe(near, NOW), Drift::Followed);
        assert!(clock.tick(NOW, Hlc::ZERO).unwrap() > near);
        let far = Hlc::at(UnixMillis(NOW.0 + 3_600_000));
        assert_eq!(clock.observe(far, NOW), Drift::Ahead(3_600_000));
        assert!(clock.tick(NOW, Hlc::ZERO).unwrap() < far);
    }

    #[test]
    fn nothing_is_issued_above_the_greatest_timestamp() {
        let mut clock = Clock::default();
        let greatest = Hlc::from_raw(u64::MAX);
        assert_eq!(clock.tick(NOW, greatest), Err(ClockExhausted(greatest)));
        assert!(clock.tick(NOW, Hlc::ZERO).is_ok(), "other keys are not affected");
    }

    #[test]
    fn wall_time_beyond_48_bits_does_not_wrap() {
        assert_eq!(Hlc::at(UnixMillis(u64::MAX)).millis(), UnixMillis(MAX_MILLIS));
        assert_eq!(Clock::default().observe(Hlc::ZERO, UnixMillis(u64::MAX)), Drift::Followed);
    }
}
