//! Writes a moment as RFC 3339 in UTC with milliseconds. Knows no time zone and reads no clock.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

#[cfg(test)]
mod tests;

/// A moment that displays as `2026-11-23T05:41:03.123Z`.
///
/// Cut to the millisecond, not rounded, so a line never carries a time that has not come yet. A
/// clock set before 1970 shows as the epoch.
pub(crate) struct Timestamp(pub(crate) SystemTime);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_epoch = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since_epoch.as_secs();
        let (year, month, day) = civil_from_days(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        let millis = since_epoch.subsec_millis();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// Year, month and day of a count of days since 1970-01-01 (proleptic Gregorian).
///
/// Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`, without the
/// branch for days before the epoch. Years start in March, which puts the leap day last.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}
