//! Known moments, and every day of four centuries against a plain calendar.

use std::time::Duration;

use super::*;

fn shown(seconds: u64, millis: u64) -> String {
    let since_epoch = Duration::from_secs(seconds) + Duration::from_millis(millis);
    Timestamp(UNIX_EPOCH + since_epoch).to_string()
}

#[test]
fn known_moments_are_written_as_the_calendar_has_them() {
    assert_eq!(shown(0, 0), "1970-01-01T00:00:00.000Z");
    assert_eq!(shown(951_782_399, 999), "2000-02-28T23:59:59.999Z");
    assert_eq!(shown(951_782_400, 0), "2000-02-29T00:00:00.000Z");
    assert_eq!(shown(1_795_412_463, 123), "2026-11-23T05:41:03.123Z");
    assert_eq!(shown(4_107_542_400, 0), "2100-03-01T00:00:00.000Z");
}

#[test]
fn every_day_of_four_centuries_follows_the_one_before() {
    let leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    let (mut year, mut month, mut day) = (1970, 1, 1);
    for days in 0..146_097 {
        assert_eq!(civil_from_days(days), (year, month, day));
        let last = match month {
            2 => 28 + u64::from(leap(year)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if day < last {
            day += 1;
        } else if month < 12 {
            (month, day) = (month + 1, 1);
        } else {
            (year, month, day) = (year + 1, 1, 1);
        }
    }
}

#[test]
fn a_clock_before_the_epoch_shows_the_epoch() {
    let before = UNIX_EPOCH - Duration::from_secs(1);

    assert_eq!(Timestamp(before).to_string(), "1970-01-01T00:00:00.000Z");
}
