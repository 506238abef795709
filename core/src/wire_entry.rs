//! An entry as it travels between nodes, over MQTT and in sessions:
//!
//! ```text
//! [kind u8, hlc u64, node u64, expiry u64, key bin, value bin]
//! kind:    0 value · 1 tombstone (empty value) · 2 flush register (empty key and value)
//! expiry:  milliseconds since 1970; 0 is none, and all but values have none
//! ```

use crate::change::Change;
use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::version::{NodeId, Version};
use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

pub(crate) const VALUE: u8 = 0;
pub(crate) const TOMBSTONE: u8 = 1;
pub(crate) const FLUSH: u8 = 2;

pub(crate) const NO_EXPIRY: u64 = 0;

#[derive(Serialize, Deserialize)]
pub(crate) struct WireEntry<'a> {
    pub(crate) kind: u8,
    pub(crate) hlc: u64,
    pub(crate) node: u64,
    pub(crate) expiry: u64,
    #[serde(borrow)]
    pub(crate) key: &'a Bytes,
    #[serde(borrow)]
    pub(crate) value: &'a Bytes,
}

impl<'a> WireEntry<'a> {
    pub(crate) fn of(change: &'a Change) -> WireEntry<'a> {
        match change {
            Change::Entry(entry) => WireEntry::of_entry(entry),
            Change::Flush(flush) => WireEntry::new(FLUSH, *flush, &[], &[]),
        }
    }

    pub(crate) fn of_entry(entry: &'a Entry) -> WireEntry<'a> {
        let wire = WireEntry::new(VALUE, entry.version(), entry.key(), &[]);
        match entry.value() {
            Some(value) => {
                let expiry = entry.expires_at().map_or(NO_EXPIRY, |at| at.0);
                WireEntry { expiry, value: Bytes::new(value), ..wire }
            }
            None => WireEntry { kind: TOMBSTONE, ..wire },
        }
    }

    fn new(kind: u8, version: Version, key: &'a [u8], value: &'a [u8]) -> WireEntry<'a> {
        let Version { hlc, node } = version;
        let (key, value) = (Bytes::new(key), Bytes::new(value));
        WireEntry { kind, hlc: hlc.raw(), node: node.0, expiry: NO_EXPIRY, key, value }
    }

    /// What it says; the reason if it cannot be.
    pub(crate) fn change(&self) -> Result<Change, &'static str> {
        let version = Version { hlc: Hlc::from_raw(self.hlc), node: NodeId(self.node) };
        let expires_at = (self.expiry != NO_EXPIRY).then_some(UnixMillis(self.expiry));
        if self.kind != VALUE && expires_at.is_some() {
            return Err("it has an expiry and no value");
        }
        match (self.kind, self.key.is_empty(), self.value.is_empty()) {
            (VALUE, false, _) => {
                let entry = Entry::joined(self.key, self.value, &[], expires_at, version);
                Ok(Change::Entry(entry))
            }
            (TOMBSTONE, false, true) => Ok(Change::Entry(Entry::tombstone(self.key, version))),
            (FLUSH, true, true) => Ok(Change::Flush(version)),
            (VALUE | TOMBSTONE, true, _) => Err("its key is empty"),
            (TOMBSTONE, false, false) => Err("it is a tombstone with a value"),
            (FLUSH, _, _) => Err("it is a flush with a key or a value"),
            (_, _, _) => Err("its kind is unknown"),
        }
    }
}

/// The bytes of an entry without those of its key and its value, at most.
pub(crate) const FRAMING: usize = 1 + 1 + 9 + 9 + 9 + 5 + 5;

/// An upper bound of what one entry adds to a message, in bytes.
pub fn encoded_bytes_at_most(entry: &Entry) -> usize {
    FRAMING + entry.key().len() + entry.value().map_or(0, <[u8]>::len)
}
