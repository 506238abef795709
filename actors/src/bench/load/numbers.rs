//! Numbers that look random, and which of the keys they choose: all alike, or some more often, as
//! Zipf has it.

use crate::bench::sync::scattered;

/// Prime and above any number of keys, so that its multiples visit all keys in a mixed order.
const STRIDE: u64 = 4_294_967_311;

/// Numbers that look random; the same for the same seed.
pub(in crate::bench) struct Numbers {
    state: u64,
}

impl Numbers {
    pub(in crate::bench) fn new(seed: u64) -> Numbers {
        Numbers { state: scattered(seed) }
    }

    pub(in crate::bench) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(1);
        scattered(self.state)
    }

    /// At most 2^32 of them, so that a multiplication does for a division (Lemire, "Fast Random
    /// Integer Generation in an Interval", 2019).
    pub(in crate::bench) fn below(&mut self, bound: u64) -> u64 {
        ((self.next() >> 32) * bound) >> 32
    }

    /// From 0 to 1, and never 1.
    fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The key at this place of an order that looks mixed and has every key once. At most 2^32 keys.
pub(super) fn mixed(place: u64, keys: u64) -> u64 {
    // Below 2^65.
    (u128::from(place) * u128::from(STRIDE) % u128::from(keys)) as u64
}

/// Ranks from 1 to `most`, rank k with a probability in proportion to k^-exponent.
///
/// By rejection-inversion: W. Hörmann and G. Derflinger, "Rejection-inversion to generate variates
/// from monotone discrete distributions", ACM TOMACS 6 (1996), in the form of Apache Commons'
/// `RejectionInversionZipfSampler`. Needs no table, and 1 to 1.1 attempts for a rank.
#[derive(Clone, Copy, Debug)]
pub(super) struct Zipf {
    most: f64,
    exponent: f64,
    /// The integral of the density from the middle of rank 1, less that rank, and to the end.
    integral_first: f64,
    integral_most: f64,
    /// Within this distance below a rank there is nothing to reject.
    near: f64,
}

impl Zipf {
    pub(super) fn new(most: u64, exponent: f64) -> Zipf {
        let most = most as f64;
        let mut zipf = Zipf { most, exponent, integral_first: 0.0, integral_most: 0.0, near: 0.0 };
        zipf.integral_first = zipf.integral(1.5) - 1.0;
        zipf.integral_most = zipf.integral(most + 0.5);
        zipf.near = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    pub(super) fn rank(&self, numbers: &mut Numbers) -> u64 {
        loop {
            let fraction = numbers.fraction();
            let under = self.integral_most + fraction * (self.integral_first - self.integral_most);
            let point = self.inverse(under);
            let rank = (point + 0.5).floor().clamp(1.0, self.most);
            let is_under = || under >= self.integral(rank + 0.5) - self.density(rank);
            if rank - point <= self.near || is_under() {
                return rank as u64;
            }
        }
    }

    fn density(&self, point: f64) -> f64 {
        point.powf(-self.exponent)
    }

    /// Of the density, (x^(1-s) - 1) / (1-s), which is ln x for s = 1.
    fn integral(&self, point: f64) -> f64 {
        let logarithm = point.ln();
        let power = (1.0 - self.exponent) * logarithm;
        if power.abs() < SMALL { logarithm } else { power.exp_m1() / power * logarithm }
    }

    fn inverse(&self, integral: f64) -> f64 {
        // Not below -1 but for rounding.
        let power = (integral * (1.0 - self.exponent)).max(-1.0);
        let logarithm =
            if power.abs() < SMALL { integral } else { power.ln_1p() / power * integral };
        logarithm.exp()
    }
}

/// Below it, (e^x - 1) / x and ln(1 + x) / x are 1.
const SMALL: f64 = 1e-12;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn random_keys_are_below_the_bound_and_reach_all_of_it() {
        let mut numbers = Numbers::new(1);
        let mut seen = [0; 10];
        (0..10_000).for_each(|_| seen[numbers.below(10) as usize] += 1);
        assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
    }

    #[test]
    fn a_mixed_order_has_every_key_once_and_no_neighbours() {
        let order: Vec<u64> = (0..1_003).map(|place| mixed(place, 1_003)).collect();
        assert_eq!(order.iter().collect::<HashSet<_>>().len(), 1_003);
        assert!(order.iter().all(|key| *key < 1_003));
        assert!(order.windows(2).all(|pair| pair[0].abs_diff(pair[1]) > 1));
    }

    #[test]
    fn ranks_are_as_frequent_as_zipf_has_them() {
        const DRAWN: u64 = 200_000;
        for exponent in [0.5, 0.99, 1.0, 1.5] {
            let (most, mut numbers) = (1_000, Numbers::new(7));
            let zipf = Zipf::new(most, exponent);
            let mut counts = vec![0_u64; most as usize + 1];
            (0..DRAWN).for_each(|_| counts[zipf.rank(&mut numbers) as usize] += 1);
            assert_eq!(counts[0], 0);
            let weight = |rank: u64| (rank as f64).powf(-exponent);
            let all: f64 = (1..=most).map(weight).sum();
            for ranks in [1..2, 2..3, 3..6, 6..30, 30..200, 200..1_001] {
                let expected: f64 = ranks.clone().map(weight).sum::<f64>() / all * DRAWN as f64;
                let found: u64 = ranks.clone().map(|rank| counts[rank as usize]).sum();
                // Five standard deviations of a count.
                let allowed = 5.0 * expected.sqrt();
                let difference = (found as f64 - expected).abs();
                assert!(difference < allowed, "{exponent}, {ranks:?}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn a_single_key_is_always_chosen() {
        let mut numbers = Numbers::new(3);
        let zipf = Zipf::new(1, 1.2);
        assert!((0..100).all(|_| zipf.rank(&mut numbers) == 1));
    }
}
