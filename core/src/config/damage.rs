//! How far a file that is not TOML can still be believed, so that one slip neither hides the other
//! problems nor makes up new ones. Knows no key.

use std::collections::BTreeSet;

use toml::de::Error as SyntaxError;

use super::print::printable;
use super::problem::{Cause, Report};

/// What opens something that may go on in the next line. After a mistake in a line that has one
/// of these, it is anybody's guess to which section or value the following lines belong.
const OPENERS: [&str; 4] = ["[", "{", "\"\"\"", "'''"];

/// Which lines cannot be trusted to mean what they seem to.
pub(super) struct Damage {
    lines: BTreeSet<usize>,
    /// From here on nothing can.
    from: usize,
}

impl Damage {
    /// Reports the first syntax error of each line; the others follow from it.
    pub(super) fn assess(
        lines: &Lines<'_>,
        mut errors: Vec<SyntaxError>,
        report: &mut Report,
    ) -> Self {
        let mut damage = Self { lines: BTreeSet::new(), from: usize::MAX };
        errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
        for error in &errors {
            let span = error.span().unwrap_or(0..0);
            let line = lines.line(span.start);
            if !damage.lines.insert(line) {
                continue;
            }
            let duplicate = error.message() == "duplicate key";
            let opens = |opener: &str| lines.text(line).contains(opener);
            if !duplicate && OPENERS.into_iter().any(opens) {
                damage.from = damage.from.min(line);
            }
            let name = lines.source.get(span.clone()).filter(|_| duplicate).map(printable);
            let column = lines.column(span.start);
            let message = printable(error.message());
            report.add(report.line(line), name, Cause::Syntax { column, message });
        }
        damage
    }

    /// Whether a mistake is in these lines, or makes them doubtful from further up.
    pub(super) fn touches(&self, first: usize, last: usize) -> bool {
        last >= self.from || self.lines.range(first..=last.max(first)).next().is_some()
    }
}

/// Finds the line of a byte.
pub(super) struct Lines<'a> {
    source: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let ends = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(end, _)| end + 1)).collect();
        Self { source, starts }
    }

    /// The line that has the byte at `offset`, from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The character within its line that begins at `offset`, from 1.
    fn column(&self, offset: usize) -> usize {
        let before = self.source.get(self.start(self.line(offset))..offset).unwrap_or_default();
        before.chars().count() + 1
    }

    fn text(&self, line: usize) -> &'a str {
        let end = self.starts.get(line).copied().unwrap_or(self.source.len());
        self.source.get(self.start(line)..end).unwrap_or_default()
    }

    fn start(&self, line: usize) -> usize {
        self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default()
    }
}
