//! A reply on its way to bytes, in whatever protocol its connection speaks. A long one is written a
//! piece at a time, so that no client makes the node hold more than a bounded number of bytes for it.

use super::reply::Reply;
use super::wording::Wording;
use super::{resp, text};
use bytes::BytesMut;

/// A reply that is being written. Made when its command has run; done when `write` says so.
#[derive(Debug)]
pub struct ReplyWriter {
    reply: Reply,
    wording: Wording,
    /// How many items of a list have been written, its head included.
    written: usize,
}

impl ReplyWriter {
    /// A reply of which nothing has been written yet.
    pub fn new(reply: Reply, wording: Wording) -> ReplyWriter {
        ReplyWriter { reply, wording, written: 0 }
    }

    /// Writes until `out` holds `enough` bytes or the reply ends; true if it ended. One item may
    /// overshoot, so `out` grows to at most `enough` and the longest value.
    pub fn write(&mut self, out: &mut BytesMut, enough: usize) -> bool {
        let ReplyWriter { reply, wording, written } = self;
        match wording {
            Wording::Text(dialect) => text::write(reply, *dialect, written, out, enough),
            Wording::Resp(version) => resp::write(reply, *version, written, out, enough),
        }
    }
}
