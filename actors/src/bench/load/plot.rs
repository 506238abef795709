//! Latencies as bars of block characters: the share of each class, from 1 to 2 to 5 and so on.

use crate::bench::latencies::Latencies;
use std::time::Duration;

/// Columns of the longest bar.
const WIDTH: usize = 40;

/// Bars of an eighth to eight eighths of a column.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Limits of the classes: 1, 2 and 5 of every power of ten, in nanoseconds up to 1000 s.
fn limits() -> impl Iterator<Item = Duration> {
    let powers = (0..12).map(|power| 10_u64.pow(power));
    powers.flat_map(|power| [1, 2, 5].map(|first| Duration::from_nanos(first * power)))
}

/// Lines of the plot, from the shortest class that has a time to the longest.
pub(super) fn plot(latencies: &Latencies) -> Vec<String> {
    let limits: Vec<Duration> = limits().collect();
    let class = |pair: &[Duration]| (pair[1], latencies.between(pair[0], pair[1]));
    let classes: Vec<(Duration, u64)> = limits.windows(2).map(class).collect();
    let is_empty = |class: &(Duration, u64)| class.1 == 0;
    let first = classes.iter().take_while(|class| is_empty(class)).count();
    let last = classes.iter().rev().take_while(|class| is_empty(class)).count();
    let most = classes.iter().map(|class| class.1).max().unwrap_or(0).max(1);
    let shown = classes.get(first..classes.len() - last).unwrap_or_default();
    let line = |(limit, count): &(Duration, u64)| {
        let share = *count as f64 / latencies.count() as f64 * 100.0;
        let bar = bar(*count, most);
        format!("< {:>7}  {bar:<WIDTH$}  {share:>7.3} %", named(*limit))
    };
    shown.iter().map(line).collect()
}

fn bar(count: u64, most: u64) -> String {
    let eighths = (count as f64 / most as f64 * (8 * WIDTH) as f64).round() as usize;
    // What is there shows, however little it is.
    let eighths = if count > 0 { eighths.max(1) } else { 0 };
    let end = (eighths % 8).checked_sub(1).map(|eighth| EIGHTHS[eighth]);
    EIGHTHS[7].to_string().repeat(eighths / 8) + &end.map(String::from).unwrap_or_default()
}

/// A time of one significant digit.
fn named(time: Duration) -> String {
    match time.as_nanos() {
        nanos @ 0..1_000 => format!("{nanos} ns"),
        nanos @ 1_000..1_000_000 => format!("{} µs", nanos / 1_000),
        nanos @ 1_000_000..1_000_000_000 => format!("{} ms", nanos / 1_000_000),
        nanos => format!("{} s", nanos / 1_000_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_a_bar_as_long_as_its_share() {
        let mut latencies = Latencies::new();
        latencies.add(150_000, 800);
        latencies.add(300_000, 100);
        latencies.add(3_000_000, 1);
        let lines = plot(&latencies);
        let full = "█".repeat(WIDTH);
        assert_eq!(lines[0], format!("<  200 µs  {full}   88.790 %"));
        assert_eq!(lines[1], format!("<  500 µs  {:<WIDTH$}   11.099 %", "█████"));
        assert_eq!(lines[2], format!("<    1 ms  {:<WIDTH$}    0.000 %", ""));
        assert_eq!(lines[4], format!("<    5 ms  {:<WIDTH$}    0.111 %", "▏"));
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn nothing_has_no_bars_and_any_time_has_one() {
        assert_eq!(plot(&Latencies::new()), [""; 0]);
        for time in [0, 1, 999, 1_000_000_000, u64::MAX] {
            let mut one = Latencies::new();
            one.add(time, 1);
            assert!(plot(&one).len() <= 1, "{time}");
        }
        assert_eq!((bar(0, 9), bar(9, 9).chars().count()), (String::new(), WIDTH));
    }
}
