//! A search through all keys, which can take a second: it is run on a snapshot, on a thread that
//! nobody waits for.

use crate::access::Sight;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::pattern::Pattern;
use crate::store::{Listing, ListingQuery, Snapshot};

/// Which keys are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySearch {
    wanted: Wanted,
    /// Of these, the ones that may be shown.
    sight: Sight,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Like(Pattern),
    Listed(ListingQuery),
}

impl KeySearch {
    /// Keys that match.
    pub fn like(pattern: Pattern) -> KeySearch {
        KeySearch { wanted: Wanted::Like(pattern), sight: Sight::default() }
    }

    /// A listing. Whoever sees all keys needs no search for it.
    pub(super) fn listed(query: ListingQuery) -> KeySearch {
        KeySearch { wanted: Wanted::Listed(query), sight: Sight::default() }
    }

    /// The same search by somebody who sees these keys.
    pub(super) fn by(self, sight: Sight) -> KeySearch {
        KeySearch { sight, ..self }
    }

    /// What is found, in byte order.
    pub fn run(&self, snapshot: &Snapshot, now: UnixMillis) -> Vec<Entry> {
        let is_seen = |entry: &Entry| self.sight.sees(entry.key());
        match &self.wanted {
            Wanted::Like(pattern) => snapshot.keys_like(pattern, now).filter(is_seen).collect(),
            Wanted::Listed(query) => {
                let all = Listing::new(snapshot, &ListingQuery { limit: None, ..query.clone() });
                all.filter(is_seen).take(query.limit.unwrap_or(usize::MAX)).collect()
            }
        }
    }
}
