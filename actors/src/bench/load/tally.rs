//! What a load has come to so far.

use super::wire::Kind;
use crate::bench::latencies::Latencies;

/// Counts of a load.
#[derive(Clone, Debug)]
pub(in crate::bench) struct Tally {
    /// Replies to reads and to writes, whatever they said.
    pub(in crate::bench) reads: u64,
    pub(in crate::bench) writes: u64,
    /// Reads of keys that are not there.
    pub(in crate::bench) misses: u64,
    /// Replies that were none of those to be expected.
    pub(in crate::bench) errors: u64,
    pub(in crate::bench) first_error: Option<String>,
    pub(in crate::bench) sent_bytes: u64,
    pub(in crate::bench) received_bytes: u64,
    /// From when a request was due until its reply was read.
    pub(in crate::bench) latencies: Latencies,
}

impl Tally {
    pub(super) fn new() -> Tally {
        Tally {
            reads: 0,
            writes: 0,
            misses: 0,
            errors: 0,
            first_error: None,
            sent_bytes: 0,
            received_bytes: 0,
            latencies: Latencies::new(),
        }
    }

    /// So many replies of one kind, which took so many nanoseconds each.
    pub(super) fn answered(&mut self, kind: Kind, count: u64, nanoseconds: u64) {
        if count == 0 {
            return;
        }
        match kind {
            Kind::Get => self.reads += count,
            Kind::Set => self.writes += count,
        }
        self.latencies.add(nanoseconds, count);
    }

    /// Counts an error, and keeps what the first one said.
    pub(super) fn note_error(&mut self, said: impl FnOnce() -> String) {
        self.errors += 1;
        self.first_error.get_or_insert_with(said);
    }

    /// Replies to reads and writes together.
    pub(in crate::bench) fn operations(&self) -> u64 {
        self.reads + self.writes
    }
}
