//! An entry: one key with its value or its tombstone, the version that decides which of two
//! entries survives, and the time at which the value is over, if there is one. Knows nothing of
//! stores or messages.

mod writers;

use crate::clock::{Hlc, UnixMillis};
use crate::version::{NodeId, Version};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Range;
use triomphe::{Arc, ThinArc};
use writers::WRITERS;

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
/// reply under way share one allocation. The reference is one pointer: the count of references and
/// the length stand with the bytes.
///
/// ```text
/// 0     8      9
/// +-----+------+-----------+-----------+-----+---------------+-------+------------------+
/// | hlc | form | writer    | key bytes | key | expiry        | value | SHA-256 of value |
/// | u64 | u8   | u8 or u64 | u8 or u32 |     | u64, only     |       | only if > 4096 B |
/// |     |      |           |           |     | if state is 2 |       |                  |
/// +-----+------+-----------+-----------+-----+---------------+-------+------------------+
/// form:   state · 4 if the key has over 255 bytes, a u32 · 8 if the writer is a node id, a u64,
///         and not the name that this process has for it
/// state:  0 value · 1 tombstone · 2 value with an expiry, in milliseconds since 1970
/// ```
///
/// There is one for every key, and the allocator knows no sizes between 96, 112, 128 and 160 bytes:
/// what this saves beside the journaled form is a class for most.
#[derive(Clone)]
pub struct Entry(ThinArc<(), u8>);

const FORM_AT: usize = 8;
const WRITER_AT: usize = 9;

const STATE: u8 = 3;
const LONG_KEY: u8 = 4;
const SPELT_WRITER: u8 = 8;

const VALUE: u8 = Kind::Value as u8;
const TOMBSTONE: u8 = Kind::Tombstone as u8;
const EXPIRING: u8 = 2;
const EXPIRY_BYTES: usize = 8;

/// What stands before the key in the encoded form, and where.
const ENCODED_NODE_AT: usize = 8;
const ENCODED_STATE_AT: usize = 16;
const ENCODED_KEY_BYTES_AT: usize = 17;
const ENCODED_KEY_AT: usize = 21;

/// A value longer than this has its SHA-256 with it, in bytes. The Merkle tree hashes an entry again
/// whenever a neighbour changes, and takes the digest then.
const LARGE_VALUE_BYTES: usize = 4096;
const DIGEST_BYTES: usize = 32;

/// The reference count and the length in front of the bytes of an entry.
const COUNTS_BYTES: usize = 16;

/// What the processor brings into its cache at once, in bytes.
const CACHE_LINE_BYTES: usize = 64;

/// What an entry is made of before its bytes are copied into it, unless it is larger.
static EMPTY: [u8; 16 << 10] = [0; 16 << 10];

/// What allocations are rounded up to: multiples of this while they are small, then a quarter, two
/// quarters, three quarters or all of the way to the next power of two (the size classes of
/// mimalloc).
const ALLOCATION_UNIT_BYTES: usize = 16;
const CLASSES_OF_A_DOUBLING: usize = 4;

/// What one entry costs in the hash index: 8 bytes of pointer, a control byte and a few marks for
/// each place. A table doubles when it is seven eighths full, so there are between 8/7 and 16/7
/// places for an entry, 8/7 / ln 2 = 1.65 on average over all sizes.
const INDEX_BYTES: usize = 9 * 165 / 100;

/// What one entry costs in the Merkle tree: 24 bytes if the tree is built at once, as
/// `benches/tree.rs` measures it, and this in a node, whose folds have copied most pages several
/// times. It is what is left of the resident memory of nodes with 200,000 to a million keys when
/// the above is taken away: 30 to 43 bytes for each key.
const TREE_BYTES: usize = 38;

impl Entry {
    /// A key with a value that stays.
    pub fn value_of(key: &[u8], value: &[u8], version: Version) -> Entry {
        Entry::joined(key, value, &[], None, version)
    }

    /// A key whose value is the two parts one after the other (what APPEND makes), until a time if
    /// there is one.
    pub fn joined(
        key: &[u8],
        head: &[u8],
        tail: &[u8],
        expires_at: Option<UnixMillis>,
        version: Version,
    ) -> Entry {
        let state = if expires_at.is_some() { EXPIRING } else { VALUE };
        // Zero would be read as no expiry; both are over.
        let expiry = expires_at.map(|at| at.0.max(1).to_be_bytes());
        let expiry: &[u8] = expiry.as_ref().map_or(&[], |expiry| expiry);
        Entry::build(key, expiry, &[head, tail], state, version)
    }

    /// A deleted key.
    pub fn tombstone(key: &[u8], version: Version) -> Entry {
        Entry::build(key, &[], &[], TOMBSTONE, version)
    }

    /// What becomes of the entry when its time is over: a tombstone of the same version. It wins
    /// over the value and over nothing else, and every node makes the same one by itself.
    pub fn expired(&self) -> Entry {
        Entry::tombstone(self.key(), self.version())
    }

    /// Adds its encoded form, in which it is journaled.
    ///
    /// ```text
    /// hlc u64 · node u64 · state u8 · key bytes u32 · key · expiry u64, only if state is 2 · value
    /// ```
    pub(crate) fn encode(&self, to: &mut Vec<u8>) {
        let (key, version) = (self.key(), self.version());
        let mut head = [0; ENCODED_KEY_AT];
        head[..ENCODED_NODE_AT].copy_from_slice(&version.hlc.raw().to_be_bytes());
        head[ENCODED_NODE_AT..ENCODED_STATE_AT].copy_from_slice(&version.node.0.to_be_bytes());
        head[ENCODED_STATE_AT] = self.state();
        head[ENCODED_KEY_BYTES_AT..].copy_from_slice(&(key.len() as u32).to_be_bytes());
        to.extend_from_slice(&head);
        // Key, expiry and value stand in a row in both forms.
        to.extend_from_slice(&self.bytes()[self.key_range().start..self.data_range().end]);
    }

    /// The length of the encoded form.
    pub(crate) fn encoded_bytes(&self) -> usize {
        ENCODED_KEY_AT + self.data_range().end - self.key_range().start
    }

    /// The entry that is encoded so; nothing if none can be.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Entry> {
        let head = bytes.first_chunk::<ENCODED_KEY_AT>()?;
        let key_bytes = u32::from_be_bytes(array_at(head, ENCODED_KEY_BYTES_AT)) as usize;
        let (key, data) = bytes[ENCODED_KEY_AT..].split_at_checked(key_bytes)?;
        let state = head[ENCODED_STATE_AT];
        let (expiry, value) = match state {
            VALUE => (&[][..], data),
            TOMBSTONE if data.is_empty() => (&[][..], data),
            EXPIRING => data.split_at_checked(EXPIRY_BYTES).filter(|(at, _)| *at != [0; 8])?,
            _ => return None,
        };
        if key.is_empty() {
            return None;
        }
        let hlc = Hlc::from_raw(u64::from_be_bytes(array_at(head, 0)));
        let node = NodeId(u64::from_be_bytes(array_at(head, ENCODED_NODE_AT)));
        Some(Entry::build(key, expiry, &[value], state, Version { hlc, node }))
    }

    fn build(key: &[u8], expiry: &[u8], value: &[&[u8]], state: u8, version: Version) -> Entry {
        let value_bytes: usize = value.iter().map(|part| part.len()).sum();
        let digest = (value_bytes > LARGE_VALUE_BYTES).then(|| {
            let parts = value.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part));
            <[u8; 32]>::from(parts.finalize())
        });
        let digest: &[u8] = digest.as_ref().map_or(&[], |digest| digest);
        let (name, short_key) = (WRITERS.name_of(version.node), u8::try_from(key.len()).ok());
        let spelt_writer = name.map_or(SPELT_WRITER, |_| 0);
        let long_key = short_key.map_or(LONG_KEY, |_| 0);
        let form = state | spelt_writer | long_key;
        let bytes = key_at(form) + key.len() + expiry.len() + value_bytes + digest.len();
        let large: Vec<u8>;
        let empty = match EMPTY.get(..bytes) {
            Some(empty) => empty,
            None => {
                large = vec![0; bytes];
                &large
            }
        };
        let mut shared = ThinArc::from_header_and_slice((), empty);
        shared.with_arc_mut(|shared| {
            // It is not shared yet, so this always happens.
            if let Some(data) = Arc::get_mut(shared).map(|shared| shared.slice_mut()) {
                data[..FORM_AT].copy_from_slice(&version.hlc.raw().to_be_bytes());
                data[FORM_AT] = form;
                let key_at = key_at(form);
                let (writer, key_bytes) = data[WRITER_AT..key_at].split_at_mut(writer_bytes(form));
                match name {
                    Some(name) => writer[0] = name,
                    None => writer.copy_from_slice(&version.node.0.to_be_bytes()),
                }
                match short_key {
                    Some(bytes) => key_bytes[0] = bytes,
                    None => key_bytes.copy_from_slice(&(key.len() as u32).to_be_bytes()),
                }
                let mut at = key_at;
                for part in [key, expiry].iter().chain(value).chain([&digest]) {
                    data[at..at + part.len()].copy_from_slice(part);
                    at += part.len();
                }
            }
        });
        Entry(shared)
    }

    fn bytes(&self) -> &[u8] {
        &self.0.slice
    }

    /// Something of each part of memory that a small entry is in, to have it in the cache.
    pub(crate) fn touched(&self) -> usize {
        let bytes = &self.0.slice;
        let at = |at: usize| usize::from(bytes.get(at).copied().unwrap_or(0));
        at(0) + at(CACHE_LINE_BYTES) + at(bytes.len().min(2 * CACHE_LINE_BYTES) - 1)
    }

    /// The length, which stands beside the count of references, to have both in the cache.
    pub(crate) fn counts_touched(&self) -> usize {
        self.0.slice.len()
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        &self.bytes()[self.key_range()]
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
        if self.state() == TOMBSTONE { Kind::Tombstone } else { Kind::Value }
    }

    /// When the value is over; nothing if it stays, and for a tombstone.
    pub fn expires_at(&self) -> Option<UnixMillis> {
        let expires = self.state() == EXPIRING;
        expires
            .then(|| UnixMillis(u64::from_be_bytes(array_at(self.bytes(), self.key_range().end))))
    }

    /// Whether readers see a value.
    pub fn is_live(&self, now: UnixMillis) -> bool {
        self.value().is_some() && !self.is_expired(now)
    }

    /// Whether the value is over. From then on nobody reads it, though it may stand here still.
    pub fn is_expired(&self, now: UnixMillis) -> bool {
        self.expires_at().is_some_and(|at| at <= now)
    }

    /// The version.
    pub fn version(&self) -> Version {
        let bytes = self.bytes();
        let node = match bytes[FORM_AT] & SPELT_WRITER {
            0 => WRITERS.node(bytes[WRITER_AT]),
            _ => NodeId(u64::from_be_bytes(array_at(bytes, WRITER_AT))),
        };
        Version { hlc: Hlc::from_raw(u64::from_be_bytes(array_at(bytes, 0))), node }
    }

    /// Decides between two entries of one key: the greater of (timestamp, node, kind, SHA-256 of
    /// the value, expiry). Every node decides alike whatever it heard first.
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
            })
            .then_with(|| self.expires_at().cmp(&other.expires_at()));
        order == Ordering::Greater
    }

    /// What the entry takes in memory, in bytes: its allocation as the allocator rounds it, its
    /// place in the index and its share of the tree. An estimate, within 10 percent of what the
    /// resident memory of a node grows by when it is filled (`tests/memory_report.rs`). Counted as
    /// if its writer had a short name, so that it depends on the entry alone.
    pub fn memory_bytes(&self) -> usize {
        let longer = writer_bytes(self.bytes()[FORM_AT]) - writer_bytes(VALUE);
        memory_bytes(self.bytes().len() - longer)
    }

    /// What an entry with a key and a value of these lengths takes.
    pub(crate) fn value_memory_bytes(key_bytes: usize, value_bytes: usize, expires: bool) -> usize {
        let expiry = if expires { EXPIRY_BYTES } else { 0 };
        let form = if key_bytes > usize::from(u8::MAX) { LONG_KEY } else { 0 };
        let head = key_at(form);
        memory_bytes(head + key_bytes + expiry + value_bytes + digest_bytes(value_bytes))
    }

    /// The SHA-256 of a value that has over 4096 bytes.
    pub(crate) fn large_value_digest(&self) -> Option<&[u8]> {
        let behind_value = &self.bytes()[self.data_range().end..];
        (!behind_value.is_empty()).then_some(behind_value)
    }

    fn data(&self) -> &[u8] {
        &self.bytes()[self.data_range()]
    }

    fn state(&self) -> u8 {
        self.bytes()[FORM_AT] & STATE
    }

    fn key_range(&self) -> Range<usize> {
        let bytes = self.bytes();
        let form = bytes[FORM_AT];
        let at = key_at(form);
        let key_bytes = match form & LONG_KEY {
            0 => usize::from(bytes[at - 1]),
            _ => u32::from_be_bytes(array_at(bytes, at - 4)) as usize,
        };
        at..at + key_bytes
    }

    fn data_range(&self) -> Range<usize> {
        let expiry_bytes = if self.state() == EXPIRING { EXPIRY_BYTES } else { 0 };
        let (from, to) = (self.key_range().end + expiry_bytes, self.bytes().len());
        // A value of 4097 bytes has a digest behind it, and one of 4096 has none.
        from..to - digest_bytes(to - from)
    }
}

/// What the writer takes in an entry of this form.
fn writer_bytes(form: u8) -> usize {
    if form & SPELT_WRITER == 0 { 1 } else { 8 }
}

/// Where the key stands in an entry of this form.
fn key_at(form: u8) -> usize {
    WRITER_AT + writer_bytes(form) + if form & LONG_KEY == 0 { 1 } else { 4 }
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
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
            .field("expires_at", &self.expires_at().map(|at| at.0))
            .finish()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        std::ptr::eq(self.bytes(), other.bytes()) || self.bytes() == other.bytes()
    }
}

impl Eq for Entry {}

#[cfg(test)]
mod tests;
