//! One connection to one node that speaks RESP, for commands whose keys and values are any bytes, and
//! of which many are sent before their replies are read.

use super::connection::{Patience, Target};
use super::error::CallError;
use super::stream::{MAX_REPLY_BYTES, Stream};
use merkle_kv_core::console::{Garbage, RespHead, RespReply, write_command};
use std::time::Duration;

/// Lists within a reply: SCAN has one.
const MAX_DEPTH: usize = 2;

/// An open connection. Dropping it closes it.
pub(crate) struct RespConnection {
    stream: Stream,
    /// Bytes that the reply which is being read may have still.
    left: usize,
}

impl RespConnection {
    /// Connects, makes sure that a node of this kind is there, and logs in. `limit` is for the
    /// connection, and for each wait afterwards.
    pub(crate) fn open(target: &Target, limit: Duration) -> Result<RespConnection, CallError> {
        let stream = Stream::open(target, Patience::EachLine(limit))?;
        let mut connection = RespConnection { stream, left: MAX_REPLY_BYTES };
        connection.greet()?;
        if let Some((user, password)) = target.login() {
            connection.log_in(user, password)?;
        }
        Ok(connection)
    }

    fn greet(&mut self) -> Result<(), CallError> {
        self.send_command(&[b"VERSION"])?;
        let line = self.stream.line()?;
        let address = self.stream.address.clone();
        // What turns a connection away does so before it knows which protocol is spoken.
        if let Some(said) = line.strip_prefix(b"ERROR: ") {
            let said = String::from_utf8_lossy(said).into_owned();
            return Err(CallError::TurnedAway { address, said });
        }
        match self.reply_behind(&line, 0)? {
            RespReply::Bulk(version) if version.starts_with(b"MerkleKV ") => Ok(()),
            RespReply::Bulk(_)
            | RespReply::Word(_)
            | RespReply::Error(_)
            | RespReply::Number(_)
            | RespReply::Null
            | RespReply::Array(_) => {
                Err(CallError::Garbage { address, garbage: Garbage::of(&line) })
            }
        }
    }

    fn log_in(&mut self, user: &str, password: &str) -> Result<(), CallError> {
        self.send_command(&[b"AUTH", user.as_bytes(), password.as_bytes()])?;
        match self.reply()? {
            RespReply::Error(said) => {
                let address = self.stream.address.clone();
                Err(CallError::Login { address, user: user.to_owned(), said })
            }
            RespReply::Word(_)
            | RespReply::Number(_)
            | RespReply::Bulk(_)
            | RespReply::Null
            | RespReply::Array(_) => Ok(()),
        }
    }

    fn send_command(&mut self, words: &[&[u8]]) -> Result<(), CallError> {
        let mut command = Vec::new();
        write_command(words, &mut command);
        self.send(&command)
    }

    /// Sends commands, as `write_command` writes them. More than the sockets hold must not be sent
    /// before replies are read, where replies are long: neither side would read any more.
    pub(crate) fn send(&mut self, commands: &[u8]) -> Result<(), CallError> {
        self.stream.send(commands)
    }

    /// The reply to the first command that has not been answered.
    pub(crate) fn reply(&mut self) -> Result<RespReply, CallError> {
        self.left = MAX_REPLY_BYTES;
        self.reply_within(0)
    }

    fn reply_within(&mut self, depth: usize) -> Result<RespReply, CallError> {
        let line = self.stream.line()?;
        self.reply_behind(&line, depth)
    }

    fn reply_behind(&mut self, line: &[u8], depth: usize) -> Result<RespReply, CallError> {
        let address = &self.stream.address;
        let garbage = |garbage| CallError::Garbage { address: address.clone(), garbage };
        match RespHead::of(line).map_err(garbage)? {
            RespHead::Whole(reply) => Ok(reply),
            RespHead::Bulk(length) => {
                self.count(length)?;
                let bytes = self.stream.exactly(length)?;
                let end = self.stream.exactly(LINE_END.len())?;
                if end == LINE_END { Ok(RespReply::Bulk(bytes)) } else { Err(self.garbage(&end)) }
            }
            RespHead::Array(_) if depth == MAX_DEPTH => Err(self.garbage(line)),
            RespHead::Array(length) => {
                let mut items = Vec::new();
                for _ in 0..length {
                    self.count(size_of::<RespReply>())?;
                    items.push(self.reply_within(depth + 1)?);
                }
                Ok(RespReply::Array(items))
            }
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), CallError> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or_else(|| self.stream.too_long())?;
        Ok(())
    }

    /// A complaint about a reply that the command does not have.
    pub(crate) fn unexpected(&self, reply: &RespReply) -> CallError {
        let address = self.stream.address.clone();
        match reply {
            RespReply::Error(said) if is_stranger(said) => CallError::Stranger { address },
            RespReply::Error(said) => CallError::Told { address, said: said.clone() },
            RespReply::Word(_)
            | RespReply::Number(_)
            | RespReply::Bulk(_)
            | RespReply::Null
            | RespReply::Array(_) => self.garbage(format!("{reply:?}").as_bytes()),
        }
    }

    fn garbage(&self, found: &[u8]) -> CallError {
        let address = self.stream.address.clone();
        CallError::Garbage { address, garbage: Garbage::of(found) }
    }
}

/// Whether the node wants to be told first who asks.
pub(crate) fn is_stranger(error: &str) -> bool {
    error.starts_with("NOAUTH")
}

const LINE_END: &[u8] = b"\r\n";
