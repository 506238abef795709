//! Lists keys in byte order, out of a snapshot: what is written or deleted meanwhile does not show.

use super::fold::Snapshot;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::merkle::{KeyRange, Range};
use bytes::Bytes;

/// Which keys to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListingQuery {
    /// Only keys that begin with this.
    pub prefix: Bytes,
    /// Only keys greater than this.
    pub after: Option<Bytes>,
    /// At most so many.
    pub limit: Option<usize>,
    /// Only keys whose values are not over at this time.
    pub now: UnixMillis,
}

/// A listing under way: an iterator over the entries.
#[derive(Debug)]
pub struct Listing {
    entries: Range,
    left: usize,
    now: UnixMillis,
}

impl Listing {
    /// A listing that has given nothing yet.
    pub fn new(snapshot: &Snapshot, query: &ListingQuery) -> Listing {
        let ListingQuery { prefix, after, limit, now } = query;
        let end = KeyRange::end_of_prefix(prefix);
        let behind = after.as_deref().map(KeyRange::behind).unwrap_or_default();
        let from = prefix.max(&Bytes::from(behind)).clone();
        let to = end.as_deref().map(|end| end.max(&from));
        let range = KeyRange { from: &from, to };
        // What is over is reaped in a moment, so these are few.
        let over = snapshot.tree.expired(range, *now).count();
        let found = (snapshot.tree.totals_of(range).values as usize).saturating_sub(over);
        let left = limit.map_or(found, |limit| found.min(limit));
        Listing { entries: snapshot.tree.range(range), left, now: *now }
    }

    /// How many entries are still to come.
    pub fn left(&self) -> usize {
        self.left
    }
}

impl Iterator for Listing {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.left = self.left.checked_sub(1)?;
        let now = self.now;
        self.entries.find(|entry| entry.value().is_some() && !entry.is_expired(now))
    }
}
