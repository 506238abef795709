//! What the page draws over time: how much was asked, and how long it took, every two seconds for
//! ten minutes. Pure: it is given totals that only grow, and keeps their differences.

use serde::Serialize;
use std::collections::VecDeque;
use std::time::Duration;

/// Between two samples.
pub(crate) const SAMPLE_INTERVAL: Duration = Duration::from_secs(2);

/// Samples that are kept: ten minutes of them.
pub(super) const MAX_SAMPLES: usize = 300;

/// What has been counted since the start of the node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Commands that read, and that write.
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    /// Commands by how long they took: as many as [`Samples`] has bounds, and one for those beyond.
    pub(crate) latencies: Vec<u64>,
}

/// What happened in one interval. Rates are in commands a second, times in microseconds; nothing
/// where no command ran.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Sample(f64, f64, Option<f64>, Option<f64>);

/// The last samples, the latest last.
#[derive(Debug)]
pub(crate) struct Samples {
    /// Upper bounds of latencies, in microseconds, ascending.
    bounds: Vec<f64>,
    last: Option<Totals>,
    kept: VecDeque<Sample>,
}

impl Samples {
    pub(crate) fn new(bounds: Vec<f64>) -> Samples {
        Samples { bounds, last: None, kept: VecDeque::new() }
    }

    /// Takes the difference to the totals before, which were taken an interval ago.
    pub(crate) fn note(&mut self, totals: Totals) {
        if let Some(last) = &self.last {
            let seconds = SAMPLE_INTERVAL.as_secs_f64();
            let rate = |now: u64, before: u64| now.saturating_sub(before) as f64 / seconds;
            // Before the first command there are none.
            let before = last.latencies.iter().copied().chain(std::iter::repeat(0));
            let pairs = totals.latencies.iter().zip(before);
            let counts: Vec<u64> = pairs.map(|(now, before)| now.saturating_sub(before)).collect();
            if self.kept.len() == MAX_SAMPLES {
                self.kept.pop_front();
            }
            self.kept.push_back(Sample(
                rate(totals.reads, last.reads),
                rate(totals.writes, last.writes),
                quantile(&self.bounds, &counts, 0.5),
                quantile(&self.bounds, &counts, 0.99),
            ));
        }
        self.last = Some(totals);
    }

    pub(crate) fn all(&self) -> Vec<Sample> {
        self.kept.iter().copied().collect()
    }
}

/// The value below which this share of what was counted is, if each count is spread evenly between
/// its bounds, as Prometheus' `histogram_quantile` has it. What is beyond the last bound counts as
/// that bound.
fn quantile(bounds: &[f64], counts: &[u64], share: f64) -> Option<f64> {
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return None;
    }
    let wanted = share * all as f64;
    let mut below = 0.0;
    for (at, count) in counts.iter().enumerate() {
        let count = *count as f64;
        if below + count >= wanted && count > 0.0 {
            let Some(upper) = bounds.get(at) else { break };
            let lower = if at == 0 { 0.0 } else { bounds[at - 1] };
            return Some(lower + (upper - lower) * (wanted - below) / count);
        }
        below += count;
    }
    bounds.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: &[f64] = &[10.0, 100.0, 1_000.0];

    fn totals(reads: u64, writes: u64, latencies: [u64; 4]) -> Totals {
        Totals { reads, writes, latencies: latencies.to_vec() }
    }

    #[test]
    fn a_sample_is_the_difference_to_the_totals_before() {
        let mut samples = Samples::new(BOUNDS.to_vec());
        samples.note(totals(1_000, 10, [9, 9, 9, 9]));
        assert_eq!(samples.all(), []);
        samples.note(totals(1_400, 30, [9, 109, 9, 9]));
        samples.note(totals(1_400, 30, [9, 109, 9, 9]));
        let expected = [Sample(200.0, 10.0, Some(55.0), Some(99.1)), Sample(0.0, 0.0, None, None)];
        assert_eq!(samples.all(), expected);
    }

    #[test]
    fn the_oldest_sample_goes_when_there_are_enough() {
        let mut samples = Samples::new(BOUNDS.to_vec());
        for second in 0..1_000 {
            samples.note(totals(second * second, 0, [0; 4]));
        }
        let all = samples.all();
        assert_eq!(all.len(), MAX_SAMPLES);
        assert_eq!(all[MAX_SAMPLES - 1].0, (999.0 * 999.0 - 998.0 * 998.0) / 2.0);
    }

    #[test]
    fn a_quantile_lies_within_the_bounds_of_its_count() {
        assert_eq!(quantile(BOUNDS, &[0, 0, 0, 0], 0.5), None);
        assert_eq!(quantile(BOUNDS, &[4, 0, 0, 0], 0.5), Some(5.0));
        assert_eq!(quantile(BOUNDS, &[1, 0, 9, 0], 0.99), Some(990.0));
        assert_eq!(quantile(BOUNDS, &[1, 0, 0, 9], 0.99), Some(1_000.0));
    }
}
