//! Figures of several rounds as one, and as people read them.

/// The middle, or between both middle ones; not a number if there are none.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| numbers.get(index).copied().unwrap_or(f64::NAN);
    let count = numbers.len();
    (at(count.saturating_sub(1) / 2) + at(count / 2)) / 2.0
}

/// A number with a comma before each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let text = [0, 999, 1_000, 65_536, 1_234_567].map(grouped);
        assert_eq!(text, ["0", "999", "1,000", "65,536", "1,234,567"]);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!((median(vec![4.0, 1.0]), median(vec![9.0, 1.0, 4.0])), (2.5, 4.0));
        assert!(median(Vec::new()).is_nan());
    }
}
