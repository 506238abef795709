//! Where the separators' priorities come from, and which of them cut the tree into pages.

use sha2::{Digest, Sha256};
use siphasher::sip::SipHasher24;
use std::fmt;

/// The secret that gives the tree its shape; the same on all nodes of a cluster. Whoever knows it
/// can choose keys that make the tree deep, nothing worse.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TreeSeed(u64, u64);

/// The priority of the separator before a key: SipHash-2-4 of the key under the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u64);

/// A page of entries ends before one key in so many, on average. As a power of two. Twice as many
/// take 17 bytes of memory less for each key, and a fresh root after a few writes a third longer:
/// all that is in a page is hashed again.
pub(super) const LEAF_PAGE_BITS: u32 = 4;

/// A page of pages ends before one of them in so many, on average. As a power of two.
pub(super) const INNER_PAGE_BITS: u32 = 3;

impl TreeSeed {
    /// The seed of the cluster that shares this secret, or this name if it has no secret.
    pub fn of(cluster: &[u8]) -> TreeSeed {
        let digest = Sha256::new().chain_update("merkle-kv tree seed").chain_update(cluster);
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..]: [u8; 32] =
            digest.finalize().into();
        let first = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        TreeSeed(first, u64::from_be_bytes([i, j, k, l, m, n, o, p]))
    }

    /// Tells two seeds apart without giving either away: the first 8 bytes of a SHA-256.
    pub fn fingerprint(self) -> u64 {
        let digest = Sha256::new()
            .chain_update("merkle-kv seed fingerprint")
            .chain_update(self.0.to_be_bytes())
            .chain_update(self.1.to_be_bytes());
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = digest.finalize().into();
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// The priority of the separator before this key.
    pub fn priority(self, key: &[u8]) -> Priority {
        Priority(SipHasher24::new_with_keys(self.0, self.1).hash(key))
    }
}

/// It is a secret.
impl fmt::Debug for TreeSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeSeed({:016x})", self.fingerprint())
    }
}

impl Priority {
    /// A priority that one key in `mean` reaches: runs that begin at such keys have `mean` entries
    /// on average. For 1 and less, every key does.
    pub fn reached_by_one_in(mean: u64) -> Priority {
        match u64::MAX.checked_div(mean) {
            Some(share) if mean > 1 => Priority(u64::MAX - share),
            Some(_) | None => Priority(0),
        }
    }

    /// The least priority that begins a page of this height (0 for a page of entries).
    pub(super) fn begins_page(height: u8) -> Priority {
        let ones = LEAF_PAGE_BITS + u32::from(height) * INNER_PAGE_BITS;
        Priority(u64::MAX.checked_shl(64 - ones.min(63)).unwrap_or(u64::MAX))
    }
}
