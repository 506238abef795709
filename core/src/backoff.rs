//! How long to wait before trying again: exponential, with jitter, so that many nodes that lost
//! one broker do not all come back at the same moment. Randomness is an argument.
//!
//! Half of each delay is fixed and half random ("equal jitter" in M. Brooker, "Exponential Backoff
//! and Jitter", AWS Architecture Blog, 2015).

use std::time::Duration;

/// How often something has failed in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt(pub u32);

impl Attempt {
    /// One more failure.
    pub fn next(self) -> Attempt {
        Attempt(self.0.saturating_add(1))
    }
}

/// The delays between attempts.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Before the second attempt.
    pub first: Duration,
    /// Never longer than this.
    pub longest: Duration,
}

impl Backoff {
    /// The delay after this many failures; `random` is any number, evenly spread.
    pub fn delay(&self, failures: Attempt, random: u64) -> Duration {
        let doublings = failures.0.saturating_sub(1).min(31);
        let whole = self.first.saturating_mul(1 << doublings).min(self.longest);
        let half = whole / 2;
        half + half.mul_f64(random as f64 / u64::MAX as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff =
        Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

    #[test]
    fn delays_double_up_to_the_longest() {
        let delays: Vec<u128> =
            (1..=8).map(|n| BACKOFF.delay(Attempt(n), u64::MAX).as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(BACKOFF.delay(Attempt(u32::MAX), u64::MAX), BACKOFF.longest);
    }

    #[test]
    fn randomness_moves_a_delay_between_its_half_and_its_whole() {
        assert_eq!(BACKOFF.delay(Attempt(3), 0), Duration::from_millis(200));
        assert_eq!(BACKOFF.delay(Attempt(3), u64::MAX / 2).as_millis(), 300);
        assert_eq!(BACKOFF.delay(Attempt(3), u64::MAX), Duration::from_millis(400));
    }
}
