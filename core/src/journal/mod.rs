//! The journal: what a node changes, as bytes that outlive the process, and how they are read back.
//! Makes and reads bytes; files, threads and syncing belong to the caller.
//!
//! ```text
//! journal-<first sequence>.mkv    segments: appended to, about 64 MiB each
//! ┌────────┬────────┬────────┬─   ─┬────────┐
//! │ header │ record │ record │  …  │ record │   sequences rise by one, across segments
//! └────────┴────────┴────────┴─   ─┴────────┘
//! snapshot-<last sequence>.mkv    one data set: what all records up to there come to
//! ┌────────┬────────┬────────┬─   ─┬────────┬────────┐
//! │ header │ record │ record │  …  │ record │  end   │   sequences from 1
//! └────────┴────────┴────────┴─   ─┴────────┴────────┘
//! ```
//!
//! A **record** holds the mutations of one commit, all of which are read back or none. It also
//! tells up to which record everything was synced when it was written. So reading can tell a torn
//! end from damage: a bad record that nothing behind it calls synced was never promised to anybody,
//! and the journal is cut there. A bad record that was synced once is damage, and nothing is cut.
//!
//! Each file has a random **salt**, without which no record of it can be made. What looks like a
//! record but is part of a value, or was left by an older file in the same blocks, is none.

mod header;
mod log;
mod mutation;
mod names;
mod record;
mod recovery;
mod snapshot;

pub use header::{FORMAT, FileKind, HEADER_BYTES, Header, HeaderError};
pub use log::{Log, Records, stamp};
pub use mutation::{Mutation, MutationError};
pub use names::FileName;
pub use record::{BadRecord, RECORD_HEADER_BYTES, Record, Salt, Sequence};
pub use recovery::{Cut, Damage, DamageCause, Mode, Recovered, Recovery};
pub use snapshot::{SnapshotError, SnapshotReader, SnapshotWriter};

#[cfg(test)]
mod tests;
