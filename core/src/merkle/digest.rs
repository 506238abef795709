//! Digests: what is hashed for a leaf and for an inner node.
//!
//! ```text
//! leaf  = SHA-256( 0x00 | key bytes u32 | key | kind u8 | hlc u64 | node u64 | expiry u64
//!                       | value bytes u32 | value, or its SHA-256 if it has over 4096 bytes )
//! inner = SHA-256( 0x01 | left | right )
//! empty = SHA-256( "merkle-kv empty tree" )
//! ```
//!
//! Numbers are big-endian; kind is 0 or 1, and expiry is 0 if there is none. The first byte keeps an inner node
//! from posing as a leaf (RFC 6962, section 2.1). The version is part of a leaf: two nodes with
//! equal values and different versions are not in the same state, and a write that falls between
//! the two versions would later win on one of them only.

use crate::entry::Entry;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// SHA-256 over a part of the data set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of no entries at all.
    pub fn empty() -> Digest {
        Digest(Sha256::digest(b"merkle-kv empty tree").into())
    }

    /// The digest of one entry.
    pub fn leaf(entry: &Entry) -> Digest {
        let version = entry.version();
        let value = entry.value().unwrap_or_default();
        let mut hasher = Sha256::new();
        hasher.update([0]);
        hasher.update((entry.key().len() as u32).to_be_bytes());
        hasher.update(entry.key());
        let mut fixed = [0; 29];
        fixed[0] = entry.kind() as u8;
        fixed[1..9].copy_from_slice(&version.hlc.raw().to_be_bytes());
        fixed[9..17].copy_from_slice(&version.node.0.to_be_bytes());
        let expiry = entry.expires_at().map_or(0, |at| at.0);
        fixed[17..25].copy_from_slice(&expiry.to_be_bytes());
        fixed[25..].copy_from_slice(&(value.len() as u32).to_be_bytes());
        hasher.update(fixed);
        hasher.update(entry.large_value_digest().unwrap_or(value));
        Digest(hasher.finalize().into())
    }

    /// The digest of two neighbouring parts.
    pub fn inner(left: &Digest, right: &Digest) -> Digest {
        let mut both = [1; 65];
        both[1..33].copy_from_slice(&left.0);
        both[33..].copy_from_slice(&right.0);
        Digest(Sha256::digest(both).into())
    }
}

/// 64 hex digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
