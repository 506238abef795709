//! How measured times are spread, in memory that does not grow with them: a histogram whose classes
//! are a thousandth of their value wide, in the manner of HdrHistogram. Knows nothing of what was
//! measured.

use std::fmt;
use std::time::Duration;

/// Classes for each doubling of the time: one is less than 0.1 % of its value wide.
const CLASSES: u64 = 1 << CLASS_BITS;
const CLASS_BITS: u32 = 10;

/// Times are told apart up to 2^42 nanoseconds, which is 73 minutes.
const LONGEST: u64 = (1 << 42) - 1;

/// Times in classes. A clone costs 264 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Latencies {
    counts: Vec<u64>,
    count: u64,
    total: u128,
    least: u64,
    greatest: u64,
}

impl Latencies {
    /// None yet.
    pub(super) fn new() -> Latencies {
        let counts = vec![0; class(LONGEST) + 1];
        Latencies { counts, count: 0, total: 0, least: u64::MAX, greatest: 0 }
    }

    /// Of these times; nothing if there are none.
    pub(super) fn of(times: impl IntoIterator<Item = Duration>) -> Option<Latencies> {
        let mut latencies = Latencies::new();
        times.into_iter().for_each(|time| latencies.add(time.as_nanos() as u64, 1));
        (latencies.count > 0).then_some(latencies)
    }

    /// Adds one time, as often as it was measured.
    pub(super) fn add(&mut self, nanoseconds: u64, times: u64) {
        let nanoseconds = nanoseconds.min(LONGEST);
        self.counts[class(nanoseconds)] += times;
        self.count += times;
        self.total += u128::from(nanoseconds) * u128::from(times);
        self.least = self.least.min(nanoseconds);
        self.greatest = self.greatest.max(nanoseconds);
    }

    /// Adds what another one has.
    pub(super) fn add_all(&mut self, other: &Latencies) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(own, other)| *own += other);
        self.count += other.count;
        self.total += other.total;
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    /// The time that so many percent do not exceed, by nearest rank and never too short; zero if
    /// there are none. 0 is the least, 100 the greatest, both exactly.
    pub(super) fn percentile(&self, percent: f64) -> Duration {
        let rank = (percent / 100.0 * self.count as f64).ceil().max(1.0) as u64;
        if percent <= 0.0 || self.count == 0 {
            return Duration::from_nanos(self.least.min(self.greatest));
        }
        let mut below = 0;
        for (class, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= rank {
                return Duration::from_nanos(last_of(class).clamp(self.least, self.greatest));
            }
        }
        Duration::from_nanos(self.greatest)
    }

    /// The 50th percentile.
    pub(super) fn median(&self) -> Duration {
        self.percentile(50.0)
    }

    /// The mean; zero if there are none.
    pub(super) fn mean(&self) -> Duration {
        Duration::from_nanos((self.total / u128::from(self.count.max(1))) as u64)
    }

    /// How many times there are.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How many there are from the first time up to, and without, the second; to a class exactly.
    pub(super) fn between(&self, from: Duration, to: Duration) -> u64 {
        let [from, to] = [from, to].map(|time| class((time.as_nanos() as u64).min(LONGEST)));
        self.counts[from..to.max(from)].iter().sum()
    }
}

/// The class of a time. Below 2^10 each time has its own; above, the first 11 bits tell.
fn class(nanoseconds: u64) -> usize {
    let bits = u64::BITS - nanoseconds.leading_zeros();
    let shift = bits.saturating_sub(CLASS_BITS + 1);
    (CLASSES * u64::from(shift) + (nanoseconds >> shift)) as usize
}

/// The longest time of a class.
fn last_of(class: usize) -> u64 {
    let class = class as u64;
    let shift = (class / CLASSES).saturating_sub(1);
    ((class - CLASSES * shift + 1) << shift) - 1
}

impl fmt::Display for Latencies {
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
    fn every_time_is_in_a_class_that_is_a_thousandth_of_it_wide() {
        let mut time = 1;
        while time < LONGEST {
            for nanoseconds in [time - 1, time, time + 1] {
                let class = class(nanoseconds);
                let first = if class == 0 { 0 } else { last_of(class - 1) + 1 };
                assert!((first..=last_of(class)).contains(&nanoseconds), "{nanoseconds}");
                assert!(last_of(class) - first <= nanoseconds / CLASSES, "{nanoseconds}");
            }
            time += time / 7 + 1;
        }
        assert_eq!(last_of(class(LONGEST)), LONGEST);
    }

    #[test]
    fn percentiles_are_those_of_the_times_to_a_thousandth() {
        let mut times: Vec<u64> = (1..=20_000).map(|n: u64| n * n % 7_919 * 1_003).collect();
        let spread = Latencies::of(times.iter().map(|time| Duration::from_nanos(*time))).unwrap();
        times.sort_unstable();
        for percent in [0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0] {
            let rank = (percent / 100.0 * times.len() as f64).ceil().max(1.0) as usize;
            let exact = times[rank - 1];
            let told = spread.percentile(percent).as_nanos() as u64;
            assert!((exact..=exact + exact / 1_000).contains(&told), "{percent}: {told}, {exact}");
        }
        let mean = times.iter().sum::<u64>() / times.len() as u64;
        assert_eq!((spread.mean().as_nanos() as u64, spread.count()), (mean, 20_000));
    }

    #[test]
    fn whole_milliseconds_and_no_times_at_all_are_told_as_they_are() {
        let spread = Latencies::of((1..=200).rev().map(Duration::from_millis)).unwrap();
        let millis = |percent: f64| (spread.percentile(percent).as_secs_f64() * 1e3).round();
        assert_eq!([0.0, 50.0, 99.0, 99.9, 100.0].map(millis), [1.0, 100.0, 198.0, 200.0, 200.0]);
        assert!(spread.to_string().starts_with("min 1.00 ms  p50 10"), "{spread}");
        assert_eq!(spread.between(Duration::from_millis(1), Duration::from_millis(101)), 100);
        assert_eq!(Latencies::of(Vec::new()), None);
        let none = Latencies::new();
        assert_eq!((none.percentile(0.0), none.median(), none.mean()), Default::default());
    }

    #[test]
    fn a_time_that_is_measured_often_counts_as_often_and_what_is_too_long_as_the_longest() {
        let mut spread = Latencies::new();
        spread.add(500, 99);
        let mut other = Latencies::new();
        other.add(u64::MAX, 1);
        spread.add_all(&other);
        assert_eq!((spread.count(), spread.percentile(99.0).as_nanos()), (100, 500));
        assert_eq!(spread.percentile(99.5).as_nanos() as u64, LONGEST);
    }
}
