//! A page of keys with the beginning of their values, for the key browser. Reads a snapshot, and
//! never more of it than a page.

use bytes::Bytes;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::store::{Listing, ListingQuery, Snapshot};
use serde::Serialize;

/// Keys on a page.
const PAGE_KEYS: usize = 50;

/// How much of a value is shown, in bytes.
const SHOWN_BYTES: usize = 256;

/// Some keys, and from where to go on.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct KeyPage {
    keys: Vec<Shown>,
    /// The last key in hexadecimal digits, if there are more.
    next: Option<String>,
}

/// One key.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Shown {
    key: String,
    /// The beginning of the value; bytes that are no text are replaced.
    value: String,
    /// Whether there is more of it.
    cut: bool,
    bytes: usize,
    /// Seconds until it is over; nothing if it never is.
    expires_in: Option<u64>,
}

/// The keys with this prefix that may be shown, behind the one that was last on the page before.
pub(super) fn page(
    snapshot: &Snapshot,
    (prefix, after): (Bytes, Option<Bytes>),
    is_shown: impl Fn(&[u8]) -> bool,
    now: UnixMillis,
) -> KeyPage {
    let query = ListingQuery { prefix, after, limit: None, now };
    let listing = Listing::new(snapshot, &query).filter(|entry| is_shown(entry.key()));
    let mut entries: Vec<Entry> = listing.take(PAGE_KEYS + 1).collect();
    let has_more = entries.len() > PAGE_KEYS;
    entries.truncate(PAGE_KEYS);
    let last = entries.last().filter(|_| has_more);
    KeyPage {
        next: last.map(|entry| to_hex(entry.key())),
        keys: entries.iter().map(|entry| shown(entry, now)).collect(),
    }
}

fn shown(entry: &Entry, now: UnixMillis) -> Shown {
    let value = entry.value().unwrap_or_default();
    let beginning = &value[..value.len().min(SHOWN_BYTES)];
    Shown {
        key: String::from_utf8_lossy(entry.key()).into_owned(),
        value: String::from_utf8_lossy(beginning).into_owned(),
        cut: value.len() > SHOWN_BYTES,
        bytes: value.len(),
        expires_in: entry.expires_at().map(|at| at.0.saturating_sub(now.0) / 1_000),
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes from their hexadecimal digits; nothing if they are none.
pub(super) fn from_hex(digits: &str) -> Option<Bytes> {
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !digits.len().is_multiple_of(2) || !are_digits {
        return None;
    }
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect::<Option<Vec<u8>>>().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use merkle_kv_core::merkle::TreeSeed;
    use merkle_kv_core::store::{HashSeed, Store};
    use merkle_kv_core::version::NodeId;

    const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

    fn snapshot(keys: &[(&[u8], &[u8])]) -> Snapshot {
        let mut store = Store::new(NodeId(1), HashSeed(1, 2), TreeSeed::of(b"test"));
        for (key, value) in keys {
            store.put(key, value, b"", None, NOW).unwrap();
        }
        let fold = store.begin_fold(NOW).unwrap();
        store.end_fold(fold.run())
    }

    #[test]
    fn pages_follow_each_other_to_the_last_key_also_if_keys_are_no_text() {
        let keys: Vec<Vec<u8>> = (0..120_u8).map(|number| vec![b'k', 0xff, 120 + number]).collect();
        let pairs: Vec<(&[u8], &[u8])> = keys.iter().map(|key| (&key[..], &b"v"[..])).collect();
        let snapshot = snapshot(&pairs);
        let (mut after, mut sizes) = (None, Vec::new());
        loop {
            let page = page(&snapshot, (Bytes::from_static(b"k"), after), |_| true, NOW);
            sizes.push(page.keys.len());
            match page.next {
                Some(next) => after = from_hex(&next),
                None => break,
            }
        }
        assert_eq!(sizes, [50, 50, 20]);
    }

    #[test]
    fn a_long_value_is_cut_and_its_length_is_told() {
        let value = vec![b'x'; 10_000];
        let snapshot = snapshot(&[(b"long", &value), (b"short", b"\x1b[2J")]);
        let page = page(&snapshot, (Bytes::new(), None), |_| true, NOW);
        let shown: Vec<_> =
            page.keys.iter().map(|key| (key.value.len(), key.cut, key.bytes)).collect();
        assert_eq!(shown, [(SHOWN_BYTES, true, 10_000), (4, false, 4)]);
        assert_eq!(page.next, None);
    }

    #[test]
    fn what_is_no_hexadecimal_is_nothing() {
        assert_eq!(from_hex("6b00ff"), Some(Bytes::from_static(b"k\0\xff")));
        for bad in ["6", "zz", "+1", "é", "6b0é"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
    }
}
