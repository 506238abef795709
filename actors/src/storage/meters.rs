//! What the journal has done since the node started, for metrics. Nothing is decided by it.

use crate::histogram::{Histogram, Measured, Times};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Shared by the threads of the journal and whoever serves metrics.
#[derive(Debug, Default)]
pub(crate) struct JournalMeters {
    bytes: AtomicU64,
    segments: AtomicU64,
    syncs: Histogram,
}

impl JournalMeters {
    /// So many bytes went to the operating system.
    pub(super) fn wrote(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A segment was begun.
    pub(super) fn began_segment(&self) {
        self.segments.fetch_add(1, Ordering::Relaxed);
    }

    /// A sync that began then has ended.
    pub(super) fn synced(&self, begun: Instant) {
        self.syncs.add(Measured::of(begun.elapsed()), 1);
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(crate) fn segments(&self) -> u64 {
        self.segments.load(Ordering::Relaxed)
    }

    pub(crate) fn syncs(&self) -> Times {
        self.syncs.read()
    }
}
