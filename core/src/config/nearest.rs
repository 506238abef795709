//! Finds the name that was probably meant. Knows nothing of configuration.

/// A longer name gets no suggestion: the search is quadratic, and no name of ours is as long.
const MAX_CHARS: usize = 64;

/// The candidate with the fewest single-character edits from `name`, unless even that one is
/// further away than a slip of the hand (a third of the name, at least two edits).
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let name_chars: Vec<char> = name.chars().take(MAX_CHARS + 1).collect();
    if name_chars.len() > MAX_CHARS {
        return None;
    }
    let furthest = (name_chars.len() / 3).max(2).min(name_chars.len().saturating_sub(1));
    candidates
        .map(|candidate| (edits(&name_chars, candidate), candidate))
        .filter(|(distance, _)| *distance <= furthest)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance without regard to case, one row of the matrix at a time.
fn edits(from: &[char], to: &str) -> usize {
    let mut row: Vec<usize> = (0..=from.len()).collect();
    let mut last = from.len();
    for (line, target) in to.chars().enumerate() {
        let mut diagonal = line;
        let mut left = line + 1;
        for (cell, source) in row.iter_mut().skip(1).zip(from) {
            let replaced = diagonal + usize::from(!source.eq_ignore_ascii_case(&target));
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        last = left;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(from: &str, to: &str) -> usize {
        edits(&from.chars().collect::<Vec<_>>(), to)
    }

    #[test]
    fn an_edit_is_one_character_added_removed_or_replaced() {
        assert_eq!(distance("port", "port"), 0);
        assert_eq!(distance("", "port"), 4);
        assert_eq!(distance("port", ""), 4);
        assert_eq!(distance("prt", "port"), 1);
        assert_eq!(distance("poort", "port"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("PORT", "port"), 0);
    }

    #[test]
    fn a_name_unlike_any_other_gets_no_suggestion() {
        let candidates = ["network", "mqtt", "broker"];
        assert_eq!(nearest("netwrok", candidates.into_iter()), Some("network"));
        assert_eq!(nearest("anti_entropy", candidates.into_iter()), None);
        assert_eq!(nearest("", candidates.into_iter()), None);
        assert_eq!(nearest(&"n".repeat(65), candidates.into_iter()), None);
    }
}
