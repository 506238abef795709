//! The names of the files, from which their order is known before any is opened.

use super::record::Sequence;
use std::fmt;

/// A file of the journal, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileName {
    /// The segment that begins with this record.
    Segment(Sequence),
    /// The snapshot of all records up to this one.
    Snapshot(Sequence),
}

impl FileName {
    /// The file with this name; nothing if the journal gives no such name.
    pub fn parse(name: &str) -> Option<FileName> {
        let (kind, rest) = name.split_once('-')?;
        let digits = rest.strip_suffix(".mkv").filter(|digits| digits.len() == 16)?;
        let number = u64::from_str_radix(digits, 16).ok()?;
        let file = match kind {
            "journal" => FileName::Segment(Sequence(number)),
            "snapshot" => FileName::Snapshot(Sequence(number)),
            _ => return None,
        };
        (file.to_string() == name).then_some(file)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileName::Segment(first) => write!(f, "journal-{:016x}.mkv", first.0),
            FileName::Snapshot(last) => write!(f, "snapshot-{:016x}.mkv", last.0),
        }
    }
}
