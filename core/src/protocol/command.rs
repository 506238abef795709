//! A command as a client means it, whatever protocol it came in.

use super::error::ClientError;
use super::table::CommandId;
use super::wording::RespVersion;
use crate::naming::PeerAddress;
use crate::pattern::Pattern;
use bytes::Bytes;
use std::fmt;

/// One command with its arguments, checked for form and size.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each variant is a row of the command table, which documents it
pub enum Command {
    Get {
        key: Bytes,
    },
    Set {
        key: Bytes,
        value: Bytes,
    },
    Delete {
        key: Bytes,
    },
    Add {
        key: Bytes,
        step: Step,
    },
    Append {
        key: Bytes,
        value: Bytes,
    },
    Prepend {
        key: Bytes,
        value: Bytes,
    },
    Expire {
        key: Bytes,
        at: Expiry,
        when: ExpireWhen,
    },
    Persist {
        key: Bytes,
    },
    TimeToLive {
        key: Bytes,
        unit: TimeUnit,
    },
    GetMany {
        keys: Vec<Bytes>,
    },
    SetMany {
        pairs: Vec<(Bytes, Bytes)>,
    },
    Exists {
        keys: Vec<Bytes>,
    },
    Scan {
        prefix: Bytes,
        after: Option<Bytes>,
        limit: Option<usize>,
    },
    KeyCount,
    Flush,
    Replicate(ReplicateAction),
    Hash {
        prefix: Option<Bytes>,
    },
    Sync {
        peer: Option<PeerAddress>,
    },
    Peers,
    Ping {
        message: Option<Bytes>,
    },
    Echo {
        message: Bytes,
    },
    Version,
    Info,
    Stats,
    Memory,
    Client(ClientAction),
    Auth(Credentials),
    Help,
    Quit,
    Shutdown,
    /// SET with options, and the commands that are short for it.
    SetIf {
        key: Bytes,
        value: Bytes,
        options: SetOptions,
    },
    SetManyIfNone {
        pairs: Vec<(Bytes, Bytes)>,
    },
    GetAndDelete {
        key: Bytes,
    },
    DeleteMany {
        keys: Vec<Bytes>,
    },
    Length {
        key: Bytes,
    },
    Type {
        key: Bytes,
    },
    KeysLike {
        pattern: Pattern,
    },
    ScanFrom(ScanQuery),
    RandomKey,
    Time,
    Select,
    Hello(Hello, Option<Credentials>),
    Reset,
    Table(TableQuery),
    Settings {
        patterns: Vec<Pattern>,
    },
}

impl Command {
    /// The key, of a command that has one and acts on it: worth looking up ahead.
    pub fn key(&self) -> Option<&Bytes> {
        match self.touches() {
            Touches::Reads(key) | Touches::Writes(key) => key,
            Touches::Nothing => None,
        }
    }

    /// All keys that it acts on, in the order in which they were named.
    pub fn keys(&self) -> impl Iterator<Item = &Bytes> {
        let (some, pairs): (&[Bytes], &[(Bytes, Bytes)]) = match self {
            Command::GetMany { keys } | Command::Exists { keys } | Command::DeleteMany { keys } => {
                (keys, &[])
            }
            Command::SetMany { pairs } | Command::SetManyIfNone { pairs } => (&[], pairs),
            one_or_none => (one_or_none.key().map(std::slice::from_ref).unwrap_or_default(), &[]),
        };
        some.iter().chain(pairs.iter().map(|(key, _)| key))
    }

    /// Whether it changes the data set.
    pub fn writes(&self) -> bool {
        matches!(self.touches(), Touches::Writes(_))
    }

    fn touches(&self) -> Touches<'_> {
        match self {
            Command::Get { key }
            | Command::TimeToLive { key, .. }
            | Command::Length { key }
            | Command::Type { key } => Touches::Reads(Some(key)),
            Command::Set { key, .. }
            | Command::SetIf { key, .. }
            | Command::Delete { key }
            | Command::GetAndDelete { key }
            | Command::Add { key, .. }
            | Command::Append { key, .. }
            | Command::Prepend { key, .. }
            | Command::Expire { key, .. }
            | Command::Persist { key } => Touches::Writes(Some(key)),
            Command::SetMany { .. }
            | Command::SetManyIfNone { .. }
            | Command::DeleteMany { .. }
            | Command::Flush => Touches::Writes(None),
            Command::GetMany { .. }
            | Command::Exists { .. }
            | Command::Scan { .. }
            | Command::KeysLike { .. }
            | Command::ScanFrom(_)
            | Command::RandomKey
            | Command::KeyCount
            | Command::Hash { .. } => Touches::Reads(None),
            Command::Replicate(_)
            | Command::Sync { .. }
            | Command::Peers
            | Command::Ping { .. }
            | Command::Echo { .. }
            | Command::Version
            | Command::Info
            | Command::Stats
            | Command::Memory
            | Command::Client(_)
            | Command::Auth(_)
            | Command::Help
            | Command::Quit
            | Command::Shutdown
            | Command::Time
            | Command::Select
            | Command::Hello(..)
            | Command::Reset
            | Command::Table(_)
            | Command::Settings { .. } => Touches::Nothing,
        }
    }
}

/// What a command does to the data set, and under which key if it is one.
enum Touches<'a> {
    Reads(Option<&'a Bytes>),
    Writes(Option<&'a Bytes>),
    Nothing,
}

/// What SET is asked beside key and value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetOptions {
    /// Whether it is done at all.
    pub when: SetWhen,
    /// What becomes of the expiry.
    pub expiry: SetExpiry,
    /// What is answered.
    pub answer: SetAnswer,
}

/// When SET is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetWhen {
    /// Whatever is there.
    #[default]
    Always,
    /// Only if the key has no value.
    Missing,
    /// Only if the key has a value.
    Present,
}

/// What SET does to the expiry of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetExpiry {
    /// The value stays.
    #[default]
    None,
    /// The expiry of the old value stays.
    Keep,
    /// The value goes then.
    At(Expiry),
}

/// What SET answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetAnswer {
    /// That it is done, or nothing if it is not.
    #[default]
    Done,
    /// How many keys it has set.
    Count,
    /// The value that was there before, whether it is done or not.
    Old,
}

/// Which keys SCAN goes through, and how far at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanQuery {
    /// Where the call before ended; 0 at first.
    pub cursor: u64,
    /// Which keys to give; the others are passed over.
    pub pattern: Option<Pattern>,
    /// How many keys to look at.
    pub count: usize,
    /// Give nothing: other types than strings were asked for.
    pub nothing: bool,
}

/// Who somebody claims to be, and what shall prove it. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: Option<Bytes>,
    password: Bytes,
}

impl Credentials {
    /// As a client sends them; without a user they are those of `default`, as in Redis.
    pub fn new(user: Option<Bytes>, password: Bytes) -> Credentials {
        Credentials { user, password }
    }

    /// The name, if there is one.
    pub fn user(&self) -> Option<&Bytes> {
        self.user.as_ref()
    }

    /// The password, for the one place that verifies it.
    pub fn password(&self) -> &Bytes {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(not shown)")
    }
}

/// What a client says of itself when it begins, or asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The version of RESP to go on with.
    pub version: Option<RespVersion>,
    /// A name for CLIENT LIST.
    pub name: Option<Bytes>,
}

/// What CLIENT is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientAction {
    /// Tell of all connections.
    List,
    /// Tell of this one.
    Info,
    /// Tell its number.
    Id,
    /// Give it a name.
    SetName(Bytes),
    /// Tell the name.
    GetName,
    /// Nothing that would make a difference here.
    Ignored,
}

/// What COMMAND is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableQuery {
    /// How many commands there are.
    Count,
    /// Their names.
    List,
    /// Arity, flags and places of keys: of all, or of those with these names.
    Info(Option<Vec<Bytes>>),
    /// Summaries likewise.
    Docs(Option<Vec<Bytes>>),
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
    /// It has one, and the new one is sooner.
    SoonerThanAny,
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
    /// Something after which nothing can be understood: to be answered, and the connection closed.
    Broken(ClientError),
}
