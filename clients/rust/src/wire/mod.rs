//! The text protocol without input and output: makes bytes of commands and replies of bytes. Knows
//! nothing of sockets, of time, or of the node that it talks to.

mod decoder;
mod lists;
mod quote;
mod request;
mod single;
mod verb;

pub(crate) use decoder::{Answer, Decoder, Malformed};
pub(crate) use request::{PAGE, Request, checked_key};
pub(crate) use verb::Verb;

/// How a node writes its replies, which the answer to `VERSION` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Standard,
    /// That of MerkleKV 0.1.
    Legacy,
}
