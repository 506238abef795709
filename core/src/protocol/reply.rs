//! What a command answers, before any protocol words it. Holds references to entries, so a reply
//! costs no copy of its values.

use super::error::ClientError;
use super::report::{ReplicationFacts, Report};
use crate::entry::Entry;
use crate::merkle::Digest;
use bytes::Bytes;
use std::fmt;

/// One reply.
#[derive(Debug)]
pub enum Reply {
    /// Done.
    Ok,
    /// The entry's value.
    Value(Entry),
    /// The key has no value.
    NoValue,
    /// The key had a value and has none now.
    Deleted,
    /// There was nothing to delete.
    NotFound,
    /// Several keys and what stands under each.
    Values(Vec<(Bytes, Option<Entry>)>),
    /// Keys in byte order.
    Keys(Keys),
    /// A number under its name (EXISTS, DBSIZE, MEMORY).
    Number(&'static str, u64),
    /// How long a key has still, -1 if it stays, -2 if there is none (TTL).
    Remaining(i64),
    /// A message under its name (PONG, ECHO).
    Message(&'static str, Option<Bytes>),
    /// The version of the program.
    Version,
    /// The digest of everything, or of the keys with a prefix.
    Hash(Option<Bytes>, Digest),
    /// Lines of facts (INFO, STATS, SYNC, PEERS, CLIENT LIST, HELP).
    Report(Report),
    /// The state of replication.
    Replication(ReplicationFacts),
    /// The command was refused.
    Error(ClientError),
}

/// A list of keys that is made while it is sent.
pub struct Keys {
    /// How many keys there are.
    pub count: usize,
    /// The keys, as their entries.
    pub entries: Box<dyn Iterator<Item = Entry> + Send>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("count", &self.count).finish_non_exhaustive()
    }
}
