//! What one write changed, in the form in which it travels to other nodes: the resulting state,
//! never the operation, so that hearing it twice or late does no harm.

use crate::entry::Entry;
use crate::version::Version;

/// A change to replicate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A key has a new value or tombstone.
    Entry(Entry),
    /// Everything at or below this version is dead.
    Flush(Version),
}

impl Change {
    /// The version of the entry, or the new flush register.
    pub fn version(&self) -> Version {
        match self {
            Change::Entry(entry) => entry.version(),
            Change::Flush(flush) => *flush,
        }
    }
}
