//! Slows down whoever tries passwords: after some wrong ones from an address, the next one has to
//! wait, longer with each that is wrong again. Time and addresses are arguments.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::BTreeMap;
use std::time::Duration;

/// Wrong passwords from an address that cost nothing but the time to verify them: typing errors.
const FREE_FAILURES: u32 = 3;

/// How long the address has to wait after the next one; each that follows doubles it.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// The longest wait. At one password in ten seconds, ten thousand common ones take more than a day,
/// and whoever shares the address with somebody who guesses is not shut out for long.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Whoever would wait longer than this is told to come again: a connection that waits is held open.
const LONGEST_HELD: Duration = Duration::from_secs(2);

/// Wrong passwords are forgotten once an address has sent none for so long.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);

/// Addresses that are remembered, about a hundred bytes each. If there are more, the one that has
/// been good for longest is forgotten.
const MAX_ADDRESSES: usize = 4_096;

/// Where a password came from: an address, or of IPv6 the network of one customer, a /64, since
/// everybody has 2^64 addresses of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    V4(Ipv4Addr),
    V6([u8; 8]),
}

impl Source {
    fn of(address: IpAddr) -> Source {
        match address.to_canonical() {
            IpAddr::V4(address) => Source::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h, ..] = address.octets();
                Source::V6([a, b, c, d, e, f, g, h])
            }
        }
    }
}

/// What was tried, as a number that nobody outside can make a password of: a keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess(pub u64);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Duration,
    guess: Guess,
}

impl Failures {
    /// When the next attempt is looked at.
    fn next(&self) -> Duration {
        let Some(doublings) = self.count.checked_sub(FREE_FAILURES) else { return self.last };
        let wait = match doublings.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_WAIT.saturating_mul(1 << doublings.min(31)).min(LONGEST_WAIT),
        };
        self.last.saturating_add(wait)
    }
}

/// What becomes of an attempt to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is looked at.
    Now,
    /// It is asked again after this time.
    After(Duration),
    /// It is refused, unseen; this is how long the next one has to wait.
    Refused(Duration),
}

/// Who has sent wrong passwords. Time is a monotonic reading, from any fixed moment.
#[derive(Debug, Default)]
pub struct Slowdown {
    failures: BTreeMap<Source, Failures>,
}

impl Slowdown {
    /// What becomes of an attempt from an address that has waited so long for it already.
    pub fn admit(&self, address: IpAddr, now: Duration, waited: Duration) -> Admission {
        let Some(failures) = self.failures.get(&Source::of(address)) else {
            return Admission::Now;
        };
        let wait = failures.next().saturating_sub(now);
        if wait.is_zero() {
            Admission::Now
        } else if waited.saturating_add(wait) <= LONGEST_HELD {
            Admission::After(wait)
        } else {
            Admission::Refused(wait)
        }
    }

    /// A password from there was wrong. The same one again tells nobody anything: it is a program
    /// that was left with an old password, and shall not shut out its neighbours. A right one changes
    /// nothing either, or somebody who has one could try as many others as they like.
    pub fn failed(&mut self, address: IpAddr, now: Duration, guess: Guess) {
        let source = Source::of(address);
        let is_old = |failures: &Failures| now.saturating_sub(failures.last) >= FORGOTTEN_AFTER;
        let before = self.failures.get(&source).filter(|failures| !is_old(failures));
        if before.is_some_and(|failures| failures.guess == guess) {
            return;
        }
        let count = before.map_or(0, |failures| failures.count).saturating_add(1);
        if self.failures.len() >= MAX_ADDRESSES && !self.failures.contains_key(&source) {
            self.failures.retain(|_, failures| !is_old(failures));
            if self.failures.len() >= MAX_ADDRESSES {
                self.forget_one();
            }
        }
        self.failures.insert(source, Failures { count, last: now, guess });
    }

    fn forget_one(&mut self) {
        let oldest = self.failures.iter().min_by_key(|(_, failures)| failures.last);
        if let Some(source) = oldest.map(|(source, _)| *source) {
            self.failures.remove(&source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_000);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn after(failures: u32, from: &str) -> Slowdown {
        let mut slowdown = Slowdown::default();
        for n in 0..failures {
            slowdown.failed(address(from), NOW, Guess(n.into()));
        }
        slowdown
    }

    fn wait(slowdown: &Slowdown, from: &str, now: Duration) -> Duration {
        match slowdown.admit(address(from), now, Duration::ZERO) {
            Admission::Now => Duration::ZERO,
            Admission::After(wait) | Admission::Refused(wait) => wait,
        }
    }

    #[test]
    fn some_typing_errors_are_free_and_then_each_wrong_password_doubles_the_wait() {
        let waits: Vec<u128> =
            (0..=11).map(|n| wait(&after(n, "10.0.0.1"), "10.0.0.1", NOW).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
        assert_eq!(wait(&after(1_000, "10.0.0.1"), "10.0.0.1", NOW), LONGEST_WAIT);
    }

    #[test]
    fn a_wait_ends_and_a_long_one_is_a_refusal() {
        let slowdown = after(FREE_FAILURES + 1, "10.0.0.1");
        let admit = |now, waited| slowdown.admit(address("10.0.0.1"), now, waited);
        assert_eq!(admit(NOW, Duration::ZERO), Admission::After(FIRST_WAIT));
        assert_eq!(admit(NOW + FIRST_WAIT, FIRST_WAIT), Admission::Now);
        assert_eq!(admit(NOW, LONGEST_HELD), Admission::Refused(FIRST_WAIT));
        let slowdown = after(100, "10.0.0.1");
        let admission = slowdown.admit(address("10.0.0.1"), NOW, Duration::ZERO);
        assert_eq!(admission, Admission::Refused(LONGEST_WAIT));
    }

    #[test]
    fn the_same_wrong_password_again_is_no_other_guess() {
        let mut slowdown = Slowdown::default();
        for _ in 0..100 {
            slowdown.failed(address("10.0.0.1"), NOW, Guess(7));
        }
        assert_eq!(wait(&slowdown, "10.0.0.1", NOW), Duration::ZERO);
        for n in 0..100 {
            slowdown.failed(address("10.0.0.1"), NOW, Guess(n % 2));
        }
        assert_eq!(wait(&slowdown, "10.0.0.1", NOW), LONGEST_WAIT);
    }

    #[test]
    fn others_do_not_wait_but_a_whole_network_of_version_six_does() {
        let slowdown = after(100, "10.0.0.1");
        assert_eq!(wait(&slowdown, "10.0.0.2", NOW), Duration::ZERO);
        assert_eq!(wait(&slowdown, "::ffff:10.0.0.1", NOW), LONGEST_WAIT);
        let slowdown = after(100, "2001:db8:0:1::1");
        assert_eq!(wait(&slowdown, "2001:db8:0:1:ffff::2", NOW), LONGEST_WAIT);
        assert_eq!(wait(&slowdown, "2001:db8:0:2::1", NOW), Duration::ZERO);
    }

    #[test]
    fn an_address_that_is_good_for_long_is_forgiven() {
        let mut slowdown = after(100, "10.0.0.1");
        let later = NOW + FORGOTTEN_AFTER;
        slowdown.failed(address("10.0.0.1"), later, Guess(0));
        assert_eq!(wait(&slowdown, "10.0.0.1", later), Duration::ZERO);
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_oldest() {
        let mut slowdown = after(100, "10.0.0.1");
        for n in 0..u32::try_from(MAX_ADDRESSES).unwrap() {
            let from = IpAddr::V4(Ipv4Addr::from(0x0b00_0000 + n));
            slowdown.failed(from, NOW + Duration::from_millis(u64::from(n) + 1), Guess(0));
        }
        assert_eq!(slowdown.failures.len(), MAX_ADDRESSES);
        assert_eq!(wait(&slowdown, "10.0.0.1", NOW), Duration::ZERO);
        for n in 0..u32::try_from(MAX_ADDRESSES).unwrap() {
            slowdown.failed(IpAddr::V4(Ipv4Addr::from(n)), NOW + 2 * FORGOTTEN_AFTER, Guess(0));
        }
        assert_eq!(slowdown.failures.len(), MAX_ADDRESSES);
    }
}
