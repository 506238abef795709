//! An entry: one key with its value or its tombstone, and the version that decides which of two
//! entries survives. Knows nothing of stores or messages.

use crate::clock::Hlc;
use crate::version::{NodeId, Version};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::fmt;
use std::iter;
use std::sync::Arc;

/// What an entry says about its key. At equal versions a delete wins over a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The key has a value.
    Value = 0,
    /// The key was deleted.
    Tombstone = 1,
}

/// One immutable entry. A clone is a reference to the same bytes, so the index, the outbox and a
/// reply under way share one allocation:
///
/// ```text
/// 0     8      16     17          21
/// +-----+------+------+-----------+-----+-------+------------------+
/// | hlc | node | kind | key bytes | key | value | SHA-256 of value |
/// | u64 | u64  | u8   | u32       |     |       | only if > 4096 B |
/// +-----+------+------+-----------+-----+-------+------------------+
/// ```
#[derive(Clone)]
pub struct Entry(Arc<[u8]>);

const NODE_AT: usize = 8;
const KIND_AT: usize = 16;
const KEY_BYTES_AT: usize = 17;
const KEY_AT: usize = 21;

/// A value longer than this has its SHA-256 with it, in bytes. The Merkle tree hashes an entry again
/// whenever a neighbour changes, and takes the digest then.
const LARGE_VALUE_BYTES: usize = 4096;
const DIGEST_BYTES: usize = 32;

/// The two reference counts in front of the bytes of an entry.
const COUNTS_BYTES: usize = 16;

/// What allocations are rounded up to: multiples of this while they are small, then a quarter, two
/// quarters, three quarters or all of the way to the next power of two (the size classes of
/// mimalloc).
const ALLOCATION_UNIT_BYTES: usize = 16;
const CLASSES_OF_A_DOUBLING: usize = 4;

/// What one entry costs in the hash index: 16 bytes of pointer and length and a control byte for
/// each place. A table doubles when it is seven eighths full, so there are between 8/7 and 16/7
/// places for an entry, 8/7 / ln 2 = 1.65 on average over all sizes.
const INDEX_BYTES: usize = 17 * 165 / 100;

/// What one entry costs in the Merkle tree: 50 bytes if the tree is built at once, as
/// `benches/tree.rs` measures it, and this in a node, whose folds have copied most pages several
/// times. It is what is left of the resident memory of nodes with 200,000 to a million keys when
/// the above is taken away: 63 to 77 bytes for each key.
const TREE_BYTES: usize = 66;

impl Entry {
    /// A key with a value.
    pub fn value_of(key: &[u8], value: &[u8], version: Version) -> Entry {
        Entry::build(key, &[value], Kind::Value, version)
    }

    /// A key whose value is the two parts one after the other (what APPEND makes).
    pub fn joined(key: &[u8], head: &[u8], tail: &[u8], version: Version) -> Entry {
        Entry::build(key, &[head, tail], Kind::Value, version)
    }

    /// A deleted key.
    pub fn tombstone(key: &[u8], version: Version) -> Entry {
        Entry::build(key, &[], Kind::Tombstone, version)
    }

    /// Its bytes up to the end of the value: the layout above without the digest.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0[..KEY_AT + self.key_bytes() + self.data().len()]
    }

    /// The entry that has these bytes; nothing if none can.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Entry> {
        let header = bytes.first_chunk::<KEY_AT>()?;
        let mut key_bytes = [0; KEY_AT - KEY_BYTES_AT];
        key_bytes.copy_from_slice(&header[KEY_BYTES_AT..]);
        let (key, value) =
            bytes[KEY_AT..].split_at_checked(u32::from_be_bytes(key_bytes) as usize)?;
        let is_value = header[KIND_AT] == Kind::Value as u8;
        let is_tombstone = header[KIND_AT] == Kind::Tombstone as u8 && value.is_empty();
        if key.is_empty() || !(is_value || is_tombstone) {
            return None;
        }
        let kind = if is_value { Kind::Value } else { Kind::Tombstone };
        let mut version = [0; 8];
        version.copy_from_slice(&header[..NODE_AT]);
        let hlc = Hlc::from_raw(u64::from_be_bytes(version));
        version.copy_from_slice(&header[NODE_AT..KIND_AT]);
        let node = NodeId(u64::from_be_bytes(version));
        Some(Entry::build(key, &[value], kind, Version { hlc, node }))
    }

    fn build(key: &[u8], value: &[&[u8]], kind: Kind, version: Version) -> Entry {
        let value_bytes: usize = value.iter().map(|part| part.len()).sum();
        let digest = (value_bytes > LARGE_VALUE_BYTES).then(|| {
            let parts = value.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
            <[u8; 32]>::from(parts.finalize())
        });
        let digest: &[u8] = digest.as_ref().map_or(&[], |digest| digest);
        let bytes = KEY_AT + key.len() + value_bytes + digest.len();
        // An iterator of known length makes the Arc in a single allocation; it is not shared yet,
        // so the copy below always happens.
        let mut shared: Arc<[u8]> = iter::repeat_n(0, bytes).collect();
        if let Some(data) = Arc::get_mut(&mut shared) {
            data[..NODE_AT].copy_from_slice(&version.hlc.raw().to_be_bytes());
            data[NODE_AT..KIND_AT].copy_from_slice(&version.node.0.to_be_bytes());
            data[KIND_AT] = kind as u8;
            data[KEY_BYTES_AT..KEY_AT].copy_from_slice(&(key.len() as u32).to_be_bytes());
            let mut at = KEY_AT;
            for part in iter::once(&key).chain(value).chain([&digest]) {
                data[at..at + part.len()].copy_from_slice(part);
                at += part.len();
            }
        }
        Entry(shared)
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        &self.0[KEY_AT..KEY_AT + self.key_bytes()]
    }

    /// The value; nothing for a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        match self.kind() {
            Kind::Value => Some(self.data()),
            Kind::Tombstone => None,
        }
    }

    /// Whether the key has a value or was deleted.
    pub fn kind(&self) -> Kind {
        if self.0[KIND_AT] == Kind::Value as u8 { Kind::Value } else { Kind::Tombstone }
    }

    /// The version.
    pub fn version(&self) -> Version {
        Version { hlc: Hlc::from_raw(self.word_at(0)), node: NodeId(self.word_at(NODE_AT)) }
    }

    /// Decides between two entries of one key: the greater of (timestamp, node, kind, SHA-256 of
    /// the value). Every node decides alike whatever it heard first.
    pub fn supersedes(&self, other: &Entry) -> bool {
        let order = self
            .version()
            .cmp(&other.version())
            .then_with(|| self.kind().cmp(&other.kind()))
            .then_with(|| {
                if self.data() == other.data() {
                    return Ordering::Equal;
                }
                Sha256::digest(self.data()).cmp(&Sha256::digest(other.data()))
            });
        order == Ordering::Greater
    }

    /// What the entry takes in memory, in bytes: its allocation as the allocator rounds it, its
    /// place in the index and its share of the tree. An estimate, within 10 percent of what the
    /// resident memory of a node grows by when it is filled (`tests/memory_report.rs`).
    pub fn memory_bytes(&self) -> usize {
        memory_bytes(self.0.len())
    }

    /// What an entry with a key and a value of these lengths takes.
    pub(crate) fn value_memory_bytes(key_bytes: usize, value_bytes: usize) -> usize {
        memory_bytes(KEY_AT + key_bytes + value_bytes + digest_bytes(value_bytes))
    }

    /// The SHA-256 of a value that has over 4096 bytes.
    pub(crate) fn large_value_digest(&self) -> Option<&[u8]> {
        let behind_value = &self.0[KEY_AT + self.key_bytes() + self.data().len()..];
        (!behind_value.is_empty()).then_some(behind_value)
    }

    fn data(&self) -> &[u8] {
        let behind_key = &self.0[KEY_AT + self.key_bytes()..];
        // A value of 4097 bytes has a digest behind it, and one of 4096 has none.
        &behind_key[..behind_key.len() - digest_bytes(behind_key.len())]
    }

    fn key_bytes(&self) -> usize {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.0[KEY_BYTES_AT..KEY_AT]);
        u32::from_be_bytes(bytes) as usize
    }

    fn word_at(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[at..at + 8]);
        u64::from_be_bytes(bytes)
    }
}

/// What an entry that consists of so many bytes takes in memory.
fn memory_bytes(bytes: usize) -> usize {
    let bytes = bytes + COUNTS_BYTES;
    let between = bytes.next_power_of_two() / 2 / CLASSES_OF_A_DOUBLING;
    let allocation = bytes.next_multiple_of(between.max(ALLOCATION_UNIT_BYTES));
    allocation + INDEX_BYTES + TREE_BYTES
}

/// The bytes of the digest behind this many others, of the value alone or with its digest.
fn digest_bytes(bytes: usize) -> usize {
    if bytes > LARGE_VALUE_BYTES { DIGEST_BYTES } else { 0 }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("key", &self.key().escape_ascii().to_string())
            .field("value", &self.value().map(|value| value.escape_ascii().to_string()))
            .field("version", &self.version().to_string())
            .finish()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.0 == other.0
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(hlc: u64, node: u64) -> Version {
        Version { hlc: Hlc::from_raw(hlc), node: NodeId(node) }
    }

    #[test]
    fn an_entry_gives_back_what_it_was_made_of() {
        let put = Entry::value_of(b"key", b"value", version(7, 9));
        assert_eq!((put.key(), put.value()), (&b"key"[..], Some(&b"value"[..])));
        assert_eq!((put.kind(), put.version()), (Kind::Value, version(7, 9)));
        assert_eq!(Entry::joined(b"key", b"va", b"lue", version(7, 9)), put);
        let gone = Entry::tombstone(b"key", version(8, 9));
        assert_eq!((gone.value(), gone.kind()), (None, Kind::Tombstone));
        assert_eq!(Entry::value_of(b"k", b"", version(1, 1)).value(), Some(&b""[..]));
    }

    #[test]
    fn a_large_value_has_its_digest_with_it_and_a_small_one_has_none() {
        for bytes in [4095, 4096, 4097, 4128, 4129, 100_000] {
            let value = vec![b'x'; bytes];
            let entry = Entry::joined(b"key", &value[..5], &value[5..], version(1, 1));
            assert_eq!(entry.value(), Some(&value[..]));
            let digest = (bytes > 4096).then(|| Sha256::digest(&value).to_vec());
            assert_eq!(entry.large_value_digest(), digest.as_deref());
        }
    }

    #[test]
    fn what_an_entry_takes_is_known_before_it_is_made() {
        for value_bytes in (0..40).chain([4095, 4096, 4097, 100_000]) {
            let entry = Entry::value_of(b"key", &vec![b'x'; value_bytes], version(1, 1));
            assert_eq!(entry.memory_bytes(), Entry::value_memory_bytes(3, value_bytes));
        }
        // 21 + 3 + 16 = 40; 48 is a multiple of 16, and 1024 + 256 is a quarter of the way to 2048.
        assert_eq!(Entry::tombstone(b"key", version(1, 1)).memory_bytes(), 48 + 28 + 66);
        assert_eq!(Entry::value_memory_bytes(3, 9), 64 + 28 + 66);
        assert_eq!(Entry::value_memory_bytes(3, 1000), 1280 + 28 + 66);
    }

    #[test]
    fn the_greater_of_time_node_kind_and_value_digest_survives_from_either_side() {
        // SHA-256("b") starts 3e, ("a") ca, ("5") ef, and (""), of the tombstone, e3.
        let rising = [
            Entry::value_of(b"k", b"z", version(1, 9)),
            Entry::value_of(b"k", b"b", version(2, 1)),
            Entry::value_of(b"k", b"a", version(2, 1)),
            Entry::value_of(b"k", b"5", version(2, 1)),
            Entry::tombstone(b"k", version(2, 1)),
            Entry::value_of(b"k", b"b", version(2, 2)),
        ];
        for (at, lesser) in rising.iter().enumerate() {
            assert!(!lesser.supersedes(lesser));
            for greater in &rising[at + 1..] {
                assert!(greater.supersedes(lesser), "{greater:?} over {lesser:?}");
                assert!(!lesser.supersedes(greater), "{lesser:?} over {greater:?}");
            }
        }
    }
}
