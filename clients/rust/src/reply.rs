//! What a node answers, and what the operations make of it.

use std::collections::BTreeMap;

/// The result of one operation of a [`Pipeline`](crate::Pipeline).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Of set, mset and flush.
    Done,
    /// Of get, for a key without a value.
    Missing,
    /// Of get, append and prepend, ping and echo, version and hash.
    Value(Vec<u8>),
    /// Of incr and decr, exists, ttl, dbsize and memory.
    Number(i64),
    /// Of delete, expire and persist: whether there was something to do.
    Flag(bool),
    /// Of mget: for each key its value, if it has one.
    Values(Vec<Option<Vec<u8>>>),
    /// Of info and stats.
    Report(BTreeMap<String, String>),
}

impl Reply {
    /// The value, if there is one and it is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Reply::Value(value) => std::str::from_utf8(value).ok(),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<i64> {
        match self {
            Reply::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The answer to a question of yes or no, if it is one.
    pub fn as_flag(&self) -> Option<bool> {
        match self {
            Reply::Flag(flag) => Some(*flag),
            _ => None,
        }
    }
}

/// Why a reply is not what an operation gives.
#[derive(Debug)]
pub(crate) enum Mismatch {
    /// A value that is no text.
    NotText,
    /// A reply of another kind.
    OtherReply,
}

/// What an operation gives.
pub(crate) trait FromReply: Sized {
    fn from_reply(reply: Reply) -> Result<Self, Mismatch>;
}

/// `from_reply` for a type, of one kind of reply.
macro_rules! from_reply {
    ($type:ty, $($pattern:pat => $value:expr),+) => {
        impl FromReply for $type {
            fn from_reply(reply: Reply) -> Result<Self, Mismatch> {
                match reply {
                    $($pattern => $value,)+
                    _ => Err(Mismatch::OtherReply),
                }
            }
        }
    };
}

from_reply!((), Reply::Done => Ok(()));
from_reply!(bool, Reply::Flag(flag) => Ok(flag));
from_reply!(i64, Reply::Number(number) => Ok(number));
from_reply!(u64, Reply::Number(number) => number.try_into().map_err(|_| Mismatch::OtherReply));
from_reply!(String, Reply::Value(value) => text(value));
from_reply!(Option<String>, Reply::Value(value) => text(value).map(Some), Reply::Missing => Ok(None));
from_reply!(Option<Vec<u8>>, Reply::Value(value) => Ok(Some(value)), Reply::Missing => Ok(None));
from_reply!(Vec<Option<Vec<u8>>>, Reply::Values(values) => Ok(values));
from_reply!(
    Vec<Option<String>>,
    Reply::Values(values) => values.into_iter().map(|value| value.map(text).transpose()).collect()
);
from_reply!(BTreeMap<String, String>, Reply::Report(texts) => Ok(texts));

pub(crate) fn text(value: Vec<u8>) -> Result<String, Mismatch> {
    String::from_utf8(value).map_err(|_| Mismatch::NotText)
}
