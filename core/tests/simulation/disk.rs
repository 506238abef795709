//! A simulated disk: what a node has journaled, and how much of it outlives a crash.

use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::registers::Registers;
use std::collections::BTreeMap;

/// One journaled change.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    /// What stands under a key now, if anything.
    Held(Box<[u8]>, Option<Entry>),
    Registers(Registers),
}

/// The disk of one node.
///
/// Records become durable when the node syncs; a crash may take those behind. The ceiling of the
/// clock does not wait for a sync: a node reserves timestamps ahead and issues none beyond.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    /// What differs from the data set that the node began with.
    pub(crate) entries: BTreeMap<Box<[u8]>, Option<Entry>>,
    pub(crate) registers: Registers,
    pub(crate) ceiling: Hlc,
    tail: Vec<Record>,
}

impl Disk {
    pub(crate) fn append(&mut self, record: Record) {
        self.tail.push(record);
    }

    pub(crate) fn reserve(&mut self, hlc: Hlc) {
        self.ceiling = self.ceiling.max(hlc);
    }

    pub(crate) fn sync(&mut self) {
        self.keep(self.tail.len());
    }

    /// Records that a crash may take.
    pub(crate) fn unsynced(&self) -> usize {
        self.tail.len()
    }

    /// A crash that so many of the unsynced records outlive.
    pub(crate) fn keep(&mut self, records: usize) {
        for record in self.tail.drain(..).take(records) {
            match record {
                Record::Held(key, entry) => {
                    self.entries.insert(key, entry);
                }
                Record::Registers(registers) => self.registers = registers,
            }
        }
    }
}
