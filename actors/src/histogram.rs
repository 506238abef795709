//! Times in classes, counted by any thread without a lock and read by whoever serves metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000 * MICROSECOND;
const SECOND: u64 = 1_000 * MILLISECOND;

/// Upper ends of the classes in nanoseconds, with one more class above: from what a command in memory
/// takes to what nobody waits for, three to a decade. Each is a time series for each command.
const BOUNDS: [u64; 15] = [
    50 * MICROSECOND,
    100 * MICROSECOND,
    250 * MICROSECOND,
    500 * MICROSECOND,
    MILLISECOND,
    2_500 * MICROSECOND,
    5 * MILLISECOND,
    10 * MILLISECOND,
    25 * MILLISECOND,
    50 * MILLISECOND,
    100 * MILLISECOND,
    250 * MILLISECOND,
    500 * MILLISECOND,
    SECOND,
    10 * SECOND,
];

/// The upper ends in microseconds.
pub(crate) fn bounds_micros() -> Vec<f64> {
    BOUNDS.iter().map(|bound| *bound as f64 / MICROSECOND as f64).collect()
}

/// Times since the node started.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    classes: [AtomicU64; BOUNDS.len() + 1],
    total_nanoseconds: AtomicU64,
}

/// A time and the class that it is in, found once for whatever took that long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    nanoseconds: u64,
    class: usize,
}

impl Measured {
    pub(crate) fn of(time: Duration) -> Measured {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Measured { nanoseconds, class: BOUNDS.partition_point(|bound| *bound < nanoseconds) }
    }
}

/// What a histogram holds: the sum in seconds, and how many there are in each class, by its upper end
/// in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Times {
    pub(crate) total_seconds: f64,
    pub(crate) classes: Vec<(f64, u64)>,
}

impl Times {
    pub(crate) fn count(&self) -> u64 {
        self.classes.iter().map(|(_, count)| count).sum()
    }
}

impl Histogram {
    /// Adds a time, as often as it was measured.
    pub(crate) fn add(&self, measured: Measured, times: u64) {
        self.classes[measured.class].fetch_add(times, Ordering::Relaxed);
        let total = measured.nanoseconds.saturating_mul(times);
        self.total_nanoseconds.fetch_add(total, Ordering::Relaxed);
    }

    /// All times so far. What is added meanwhile may be in it or not.
    pub(crate) fn read(&self) -> Times {
        let bounds = BOUNDS.iter().map(|nanoseconds| seconds(*nanoseconds)).chain([f64::INFINITY]);
        let counts = self.classes.iter().map(|class| class.load(Ordering::Relaxed));
        Times {
            total_seconds: seconds(self.total_nanoseconds.load(Ordering::Relaxed)),
            classes: bounds.zip(counts).collect(),
        }
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / SECOND as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_counted_in_the_class_that_ends_at_or_above_it() {
        let histogram = Histogram::default();
        for nanoseconds in [0, 50 * MICROSECOND, 50 * MICROSECOND + 1, 10 * SECOND, 11 * SECOND] {
            histogram.add(Measured::of(Duration::from_nanos(nanoseconds)), 2);
        }
        let times = histogram.read();
        let counts: Vec<u64> = times.classes.iter().map(|(_, count)| *count).collect();
        assert_eq!((counts[0], counts[1], counts[14], counts[15]), (4, 2, 2, 2));
        assert_eq!((times.count(), times.classes[15].0), (10, f64::INFINITY));
        assert!((times.total_seconds - 42.0002).abs() < 0.001, "{}", times.total_seconds);
    }

    #[test]
    fn the_classes_are_in_order() {
        assert!(BOUNDS.is_sorted());
    }
}
