//! How measured times are spread: percentiles by nearest rank, and a line of text. Knows nothing of
//! what was measured.

use std::fmt;
use std::time::Duration;

/// Times in rising order; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution(Vec<Duration>);

impl Distribution {
    /// The distribution of these times; nothing if there are none.
    pub fn of(mut times: Vec<Duration>) -> Option<Distribution> {
        times.sort_unstable();
        (!times.is_empty()).then_some(Distribution(times))
    }

    /// The time that so many percent do not exceed: the nearest rank, so always one that was
    /// measured. 0 is the least, 100 the greatest.
    pub fn percentile(&self, percent: f64) -> Duration {
        let rank = (percent / 100.0 * self.0.len() as f64).ceil() as usize;
        self.0[rank.clamp(1, self.0.len()) - 1]
    }

    /// The 50th percentile.
    pub fn median(&self) -> Duration {
        self.percentile(50.0)
    }

    /// How many times there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = [
            ("min", 0.0),
            ("p50", 50.0),
            ("p90", 90.0),
            ("p99", 99.0),
            ("p99.9", 99.9),
            ("max", 100.0),
        ];
        for (name, percent) in points {
            let millis = self.percentile(percent).as_secs_f64() * 1_000.0;
            write!(f, "{name} {millis:.2} ms  ")?;
        }
        write!(f, "({} samples)", self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = (1..=200).rev().map(Duration::from_millis).collect();
        let spread = Distribution::of(times).unwrap();
        let millis = |percent| spread.percentile(percent).as_millis();
        assert_eq!([0.0, 50.0, 99.0, 99.9, 100.0].map(millis), [1, 100, 198, 200, 200]);
        assert_eq!((spread.median().as_millis(), spread.count()), (100, 200));
        assert!(spread.to_string().starts_with("min 1.00 ms  p50 100.00 ms"));
        assert_eq!(Distribution::of(Vec::new()), None);
    }
}
