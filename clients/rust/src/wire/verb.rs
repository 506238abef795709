//! The commands, one row each: the word, the form of its reply, and whether it may be repeated.

/// What is asked of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Append,
    Auth,
    Dbsize,
    Decr,
    Delete,
    Echo,
    Exists,
    Expire,
    Flush,
    Get,
    Hash,
    Incr,
    Info,
    Memory,
    Mget,
    Mset,
    Persist,
    Ping,
    Prepend,
    Scan,
    Set,
    Stats,
    Ttl,
    Version,
}

/// What the reply looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `OK`.
    Done,
    /// `VALUE v`, or the sign of a missing key.
    Value,
    /// `VALUE v`.
    Whole,
    /// `VALUE n`.
    Number,
    /// This word, or `NOT_FOUND`.
    Flag(&'static str),
    /// This word and a number from this one on.
    Count(&'static str, i64),
    /// This word and a text.
    Message(&'static str),
    /// `MerkleKV 0.2.0`.
    Version,
    /// `HASH`, perhaps a prefix, and 64 hex digits.
    Digest,
    /// A line for each key that was asked for.
    Values,
    /// Keys, one a line.
    Keys,
    /// A header, in both dialects, and lines of names and texts.
    Report { standard: &'static str, legacy: &'static str },
}

/// How an argument is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A key or a number, as it is.
    Word,
    /// All up to the end of the line, quoted if need be.
    Value,
    /// A value among words, quoted if need be.
    ValueAmongWords,
    /// Always in quotes.
    Quoted,
}

/// Whether a command that may have been done is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Once,
    Never,
}

impl Verb {
    pub(crate) fn word(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn form(self) -> Form {
        self.row().1
    }

    /// Whether it changes nothing, so that it may be sent again if the connection broke.
    pub(crate) fn is_read(self) -> bool {
        self.row().2 == Repeat::Once
    }

    /// How the argument at this place is written.
    pub(crate) fn role(self, at: usize) -> Role {
        match self {
            Verb::Echo | Verb::Ping => Role::Value,
            Verb::Append | Verb::Prepend | Verb::Set if at == 1 => Role::Value,
            Verb::Mset if at % 2 == 1 => Role::ValueAmongWords,
            Verb::Auth | Verb::Hash | Verb::Scan => Role::Quoted,
            Verb::Append | Verb::Prepend | Verb::Set | Verb::Mset => Role::Word,
            Verb::Decr | Verb::Delete | Verb::Exists | Verb::Expire | Verb::Get => Role::Word,
            Verb::Incr | Verb::Mget | Verb::Persist | Verb::Ttl => Role::Word,
            Verb::Dbsize | Verb::Flush | Verb::Info | Verb::Memory => Role::Word,
            Verb::Stats | Verb::Version => Role::Word,
        }
    }

    fn row(self) -> (&'static str, Form, Repeat) {
        use Repeat::{Never, Once};
        match self {
            Verb::Append => ("APPEND", Form::Whole, Never),
            Verb::Auth => ("AUTH", Form::Done, Never),
            Verb::Dbsize => ("DBSIZE", Form::Count("DBSIZE", 0), Once),
            Verb::Decr => ("DECR", Form::Number, Never),
            Verb::Delete => ("DEL", Form::Flag("DELETED"), Never),
            Verb::Echo => ("ECHO", Form::Message("ECHO"), Once),
            Verb::Exists => ("EXISTS", Form::Count("EXISTS", 0), Once),
            Verb::Expire => ("EXPIRE", Form::Flag("OK"), Never),
            Verb::Flush => ("FLUSH", Form::Done, Never),
            Verb::Get => ("GET", Form::Value, Once),
            Verb::Hash => ("HASH", Form::Digest, Once),
            Verb::Incr => ("INCR", Form::Number, Never),
            Verb::Info => {
                let form = Form::Report { standard: "# Server Information", legacy: "INFO" };
                ("INFO", form, Once)
            }
            Verb::Memory => ("MEMORY", Form::Count("MEMORY", 0), Once),
            Verb::Mget => ("MGET", Form::Values, Once),
            Verb::Mset => ("MSET", Form::Done, Never),
            Verb::Persist => ("PERSIST", Form::Flag("OK"), Never),
            Verb::Ping => ("PING", Form::Message("PONG"), Once),
            Verb::Prepend => ("PREPEND", Form::Whole, Never),
            Verb::Scan => ("SCAN", Form::Keys, Once),
            Verb::Set => ("SET", Form::Done, Never),
            Verb::Stats => ("STATS", Form::Report { standard: "STATS", legacy: "STATS" }, Once),
            Verb::Ttl => ("TTL", Form::Count("TTL", -2), Once),
            Verb::Version => ("VERSION", Form::Version, Once),
        }
    }
}
