//! A command as a client means it, whatever protocol it came in.

use super::error::ClientError;
use super::table::CommandId;
use crate::config::PeerAddress;
use bytes::Bytes;

/// One command with its arguments, checked for form and size.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each variant is a row of the command table, which documents it
pub enum Command {
    Get { key: Bytes },
    Set { key: Bytes, value: Bytes },
    Delete { key: Bytes },
    Add { key: Bytes, step: Step },
    Append { key: Bytes, value: Bytes },
    Prepend { key: Bytes, value: Bytes },
    Expire { key: Bytes, at: Expiry, when: ExpireWhen },
    Persist { key: Bytes },
    TimeToLive { key: Bytes, unit: TimeUnit },
    GetMany { keys: Vec<Bytes> },
    SetMany { pairs: Vec<(Bytes, Bytes)> },
    Exists { keys: Vec<Bytes> },
    Scan { prefix: Bytes, after: Option<Bytes>, limit: Option<usize> },
    KeyCount,
    Flush,
    Replicate(ReplicateAction),
    Hash { prefix: Option<Bytes> },
    Sync { peer: Option<PeerAddress> },
    Peers,
    Ping { message: Option<Bytes> },
    Echo { message: Bytes },
    Version,
    Info,
    Stats,
    Memory,
    ClientList,
    Auth,
    Help,
    Quit,
    Shutdown,
}

impl Command {
    /// The key, of a command that has one and acts on it.
    pub fn key(&self) -> Option<&Bytes> {
        match self {
            Command::Get { key }
            | Command::Set { key, .. }
            | Command::Delete { key }
            | Command::Add { key, .. }
            | Command::Append { key, .. }
            | Command::Prepend { key, .. }
            | Command::Expire { key, .. }
            | Command::Persist { key }
            | Command::TimeToLive { key, .. } => Some(key),
            Command::GetMany { .. }
            | Command::SetMany { .. }
            | Command::Exists { .. }
            | Command::Scan { .. }
            | Command::KeyCount
            | Command::Flush
            | Command::Replicate(_)
            | Command::Hash { .. }
            | Command::Sync { .. }
            | Command::Peers
            | Command::Ping { .. }
            | Command::Echo { .. }
            | Command::Version
            | Command::Info
            | Command::Stats
            | Command::Memory
            | Command::ClientList
            | Command::Auth
            | Command::Help
            | Command::Quit
            | Command::Shutdown => None,
        }
    }

    /// Whether it changes the data set.
    pub fn writes(&self) -> bool {
        match self {
            Command::Set { .. }
            | Command::Delete { .. }
            | Command::Add { .. }
            | Command::Append { .. }
            | Command::Prepend { .. }
            | Command::Expire { .. }
            | Command::Persist { .. }
            | Command::SetMany { .. }
            | Command::Flush => true,
            Command::Get { .. }
            | Command::TimeToLive { .. }
            | Command::GetMany { .. }
            | Command::Exists { .. }
            | Command::Scan { .. }
            | Command::KeyCount
            | Command::Replicate(_)
            | Command::Hash { .. }
            | Command::Sync { .. }
            | Command::Peers
            | Command::Ping { .. }
            | Command::Echo { .. }
            | Command::Version
            | Command::Info
            | Command::Stats
            | Command::Memory
            | Command::ClientList
            | Command::Auth
            | Command::Help
            | Command::Quit
            | Command::Shutdown => false,
        }
    }
}

/// What INCR and DECR do to a number. Two forms, because -2^63 has no positive twin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Add so much.
    Up(i64),
    /// Subtract so much.
    Down(i64),
}

impl Step {
    /// The number after the step, or nothing if 64 bits do not hold it.
    pub fn from(self, number: i64) -> Option<i64> {
        match self {
            Step::Up(by) => number.checked_add(by),
            Step::Down(by) => number.checked_sub(by),
        }
    }
}

/// When a value is to be over, as a client says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// So long from now; what is not above zero is over at once.
    In {
        /// How long.
        millis: i64,
    },
    /// At this time.
    At {
        /// Since 1970.
        millis: i64,
    },
}

/// Under which condition a key gets another expiry. A key without one has it later than any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpireWhen {
    /// In any case.
    Always,
    /// It has none.
    NoExpiry,
    /// It has one.
    HasExpiry,
    /// The new one is later.
    Later,
    /// The new one is sooner.
    Sooner,
}

/// In what a time is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Rounded to the nearest.
    Seconds,
    /// As it is kept.
    Millis,
}

/// What REPLICATE is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicateAction {
    /// Publish and apply from now on.
    Enable,
    /// Neither publish nor apply.
    Disable,
    /// Say which of the two holds.
    Status,
}

/// What one line or frame from a client came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A command to run, and its row in the table.
    Command(CommandId, Command),
    /// Something else, to be answered in its turn.
    Refused(ClientError),
}
