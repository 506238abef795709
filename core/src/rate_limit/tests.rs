//! The limit at its edges: burst, window, counting, and readings that go back.

use super::*;

const EVERY: Duration = Duration::from_secs(10);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_burst_passes_and_the_next_event_waits_for_the_window_to_end() {
    let mut limit = RateLimit::new(EVERY, 2);

    assert_eq!(limit.check(at(100)), Verdict::Allow { suppressed: 0 });
    assert_eq!(limit.check(at(101)), Verdict::Allow { suppressed: 0 });
    assert_eq!(limit.check(at(102)), Verdict::Suppress);
    assert_eq!(limit.check(at(109)), Verdict::Suppress);
    assert_eq!(limit.check(at(110)), Verdict::Allow { suppressed: 2 });
}

#[test]
fn the_count_of_suppressed_events_is_told_once() {
    let mut limit = RateLimit::new(EVERY, 2);
    for second in [0, 0, 0, 1, 2] {
        limit.check(at(second));
    }

    assert_eq!(limit.check(at(10)), Verdict::Allow { suppressed: 3 });
    assert_eq!(limit.check(at(10)), Verdict::Allow { suppressed: 0 });
}

#[test]
fn a_flood_lets_one_burst_through_per_window() {
    let mut limit = RateLimit::new(EVERY, 3);

    let allowed = (0..60_000)
        .map(|millis| limit.check(Duration::from_millis(millis)))
        .filter(|verdict| matches!(verdict, Verdict::Allow { .. }))
        .count();

    assert_eq!(allowed, 6 * 3);
}

#[test]
fn a_clock_that_goes_back_does_not_open_a_window() {
    let mut limit = RateLimit::new(EVERY, 1);
    limit.check(at(100));

    assert_eq!(limit.check(at(50)), Verdict::Suppress);
    assert_eq!(limit.check(Duration::ZERO), Verdict::Suppress);
    assert_eq!(limit.check(at(110)), Verdict::Allow { suppressed: 2 });
}

#[test]
fn a_burst_of_zero_still_lets_one_event_tell_the_story() {
    let mut limit = RateLimit::new(EVERY, 0);

    assert_eq!(limit.check(at(0)), Verdict::Allow { suppressed: 0 });
    assert_eq!(limit.check(at(0)), Verdict::Suppress);
}
