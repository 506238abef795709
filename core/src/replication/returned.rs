//! Keys of messages that did not arrive: the connection broke before the broker confirmed them.
//! Mostly the broker is to blame, but it may be the message, if it is larger than the broker takes,
//! and then it would break every connection and hold up all that waits behind it. So a message that
//! came back is sent again in pieces, a piece that came back in smaller ones, and an entry that
//! broke a connection by itself stands back for the others. One that goes on doing so is given up.

use crate::store::KeyHash;
use crate::version::Version;
use std::collections::VecDeque;

/// Into how many pieces a message is cut. A message of three thousand entries is down to single
/// ones when it has come back three times.
const PIECES: usize = 16;

/// How often an entry by itself may break a connection. With the delays between connections this
/// takes the better part of a minute, longer than brokers take to restart.
const MAX_LOSSES: u32 = 10;

/// What came back and waits again.
#[derive(Debug, Default)]
pub(super) struct Returned {
    /// Pieces of messages, the next one last.
    pieces: Vec<Vec<KeyHash>>,
    /// Entries that broke a connection by themselves.
    suspects: VecDeque<(KeyHash, Suspect)>,
}

/// An entry that left by itself, and how often it has come back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suspect {
    pub(super) version: Version,
    pub(super) losses: u32,
}

impl Returned {
    /// Takes back the keys of a message of several entries.
    pub(super) fn put(&mut self, message: &[KeyHash]) {
        let piece = message.len().div_ceil(PIECES).max(1);
        self.pieces.extend(message.chunks(piece).rev().map(<[KeyHash]>::to_vec));
    }

    /// Takes back an entry that left by itself. False if it has come back once too often.
    pub(super) fn put_alone(&mut self, key: KeyHash, entry: Suspect) -> bool {
        let losses = entry.losses + 1;
        if losses < MAX_LOSSES {
            self.suspects.push_back((key, Suspect { losses, ..entry }));
        }
        losses < MAX_LOSSES
    }

    /// The next piece, to be sent before anything else.
    pub(super) fn take_piece(&mut self) -> Option<Vec<KeyHash>> {
        self.pieces.pop()
    }

    /// The entry that has stood back for longest, to be sent by itself.
    pub(super) fn take_suspect(&mut self) -> Option<(KeyHash, Suspect)> {
        self.suspects.pop_front()
    }
}
