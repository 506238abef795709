//! Entries of messages that did not arrive: the connection broke before the broker confirmed them.
//! Mostly the broker is to blame, but it may be the message, if it is larger than the broker takes,
//! and then it would break every connection and hold up all that waits behind it. So a message that
//! came back is sent again in pieces, a piece that came back in smaller ones, and an entry that broke
//! a connection by itself stands back for the others. One that goes on doing so is given up.

use crate::entry::Entry;
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
    pieces: Vec<Vec<Entry>>,
    /// Entries that broke a connection by themselves.
    suspects: VecDeque<Suspect>,
    entries: usize,
}

/// An entry, and how often it has come back by itself.
#[derive(Debug)]
pub(super) struct Suspect {
    pub(super) entry: Entry,
    pub(super) losses: u32,
}

impl Returned {
    /// How many entries wait here.
    pub(super) fn len(&self) -> usize {
        self.entries
    }

    /// Takes back the entries of a message. `losses` counts how often that happened before, if it
    /// is one entry. Gives the entry back if that was once too often.
    pub(super) fn put(&mut self, message: Vec<Entry>, losses: u32) -> Option<Entry> {
        if let [entry] = &message[..] {
            let suspect = Suspect { entry: entry.clone(), losses: losses + 1 };
            if suspect.losses >= MAX_LOSSES {
                return Some(suspect.entry);
            }
            self.suspects.push_back(suspect);
        } else {
            let piece = message.len().div_ceil(PIECES).max(1);
            self.pieces.extend(message.chunks(piece).rev().map(<[Entry]>::to_vec));
        }
        self.entries += message.len();
        None
    }

    /// Takes out the entry of this key that stands back, since another takes its place.
    pub(super) fn forget(&mut self, key: &[u8]) -> Option<Entry> {
        let at = self.suspects.iter().position(|suspect| suspect.entry.key() == key)?;
        self.entries -= 1;
        self.suspects.remove(at).map(|suspect| suspect.entry)
    }

    /// The next piece, to be sent before anything else.
    pub(super) fn take_piece(&mut self) -> Option<Vec<Entry>> {
        let piece = self.pieces.pop()?;
        self.entries -= piece.len();
        Some(piece)
    }

    /// The entry that has stood back for longest, to be sent by itself.
    pub(super) fn take_suspect(&mut self) -> Option<Suspect> {
        let suspect = self.suspects.pop_front()?;
        self.entries -= 1;
        Some(suspect)
    }
}
