//! What is looked up in a snapshot of the data set: listings, SCAN's pieces, and a random key.

use crate::access::Sight;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::merkle::KeyRange;
use crate::protocol::{Keys, Reply, ScanQuery};
use crate::store::{Listing, ListingQuery, Snapshot, Store};

/// What is to be found.
#[derive(Clone, Debug)]
pub(super) enum Lookup {
    /// All keys of a range.
    List(ListingQuery),
    /// Some keys from a cursor on, and the next cursor.
    Scan(ScanQuery, Sight),
    /// Any key.
    Random,
}

impl Lookup {
    /// What it comes to. Takes time for what is given, and for the keys that SCAN passes over.
    pub(super) fn reply(&self, snapshot: &Snapshot, store: &Store, now: UnixMillis) -> Reply {
        match self {
            Lookup::List(query) => {
                let listing = Listing::new(snapshot, query);
                Reply::Keys(Keys { count: listing.left(), entries: Box::new(listing) })
            }
            Lookup::Scan(query, sight) => scan(query, sight, snapshot, store, now),
            Lookup::Random => random(snapshot, store, now),
        }
    }
}

/// Keys in byte order. The cursor is the keyed hash of the last key that was looked at: that key is
/// found again by it, deleted or not, and the scan goes on behind it, whatever was written
/// meanwhile. So nothing has to be remembered for a client, and no key that is there throughout is
/// missed. Once a deleted key is forgotten altogether, as everybody has seen that it is deleted, its
/// cursor leads to the beginning: keys may then be given twice, as SCAN may anyway.
fn scan(
    query: &ScanQuery,
    sight: &Sight,
    snapshot: &Snapshot,
    store: &Store,
    now: UnixMillis,
) -> Reply {
    let ScanQuery { cursor, pattern, count, nothing } = query;
    if *nothing {
        return Reply::Scanned(0, Vec::new());
    }
    let behind = match cursor {
        0 => None,
        cursor => store.at_cursor(*cursor).map(|entry| KeyRange::behind(entry.key())),
    };
    // Only keys with the pattern's prefix have to be looked at.
    let prefix = pattern.as_ref().map(|pattern| pattern.prefix()).unwrap_or_default();
    let end = KeyRange::end_of_prefix(&prefix);
    let from = behind.as_deref().unwrap_or_default().max(&prefix[..]);
    let to = end.as_deref().map(|end| end.max(from));
    let mut live = snapshot.tree.range(KeyRange { from, to }).filter(|entry| entry.is_live(now));
    let mut found = Vec::new();
    let mut last = None;
    for entry in live.by_ref().take(*count) {
        let is_like = pattern.as_ref().is_none_or(|pattern| pattern.matches(entry.key()));
        if is_like && sight.sees(entry.key()) {
            found.push(entry.clone());
        }
        last = Some(entry);
    }
    let next = last.filter(|_| live.next().is_some()).map(|last| store.cursor_of(last.key()));
    Reply::Scanned(next.unwrap_or(0), found)
}

/// A key at a place that nobody outside can foretell.
fn random(snapshot: &Snapshot, store: &Store, now: UnixMillis) -> Reply {
    let keys = u64::from(snapshot.tree.totals().values);
    let chance = store.cursor_of(&store.last_clock().raw().wrapping_add(now.0).to_be_bytes());
    let Some(place) = chance.checked_rem(keys) else { return Reply::NoValue };
    let chosen = snapshot.tree.value_at(place as u32);
    let from = chosen.as_ref().map(Entry::key).unwrap_or_default();
    // What is at its end but not gone yet is passed over.
    let onwards = snapshot.tree.range(KeyRange { from, to: None });
    let mut live = onwards.chain(snapshot.tree.range(KeyRange::ALL));
    live.find(|entry| entry.is_live(now)).map_or(Reply::NoValue, Reply::Key)
}
