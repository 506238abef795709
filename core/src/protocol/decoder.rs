//! Bytes of a client to requests, in whatever protocol it speaks: its first byte tells.

use super::command::Request;
use super::limits::{Dialect, Limits};
use super::wording::{RespVersion, Wording};
use super::{resp, text};
use bytes::BytesMut;

/// The state of one connection's input between two chunks. Cheap to make, not shared.
#[derive(Debug)]
pub struct Decoder(Spoken);

#[derive(Debug)]
enum Spoken {
    Text(text::Decoder, Dialect),
    Resp(Box<resp::Decoder>),
    /// Nothing yet.
    Unknown(Limits, Dialect),
}

impl Decoder {
    /// A decoder of a connection that has said nothing yet. Lines of text are read in this dialect.
    pub fn new(limits: Limits, dialect: Dialect) -> Decoder {
        Decoder(Spoken::Unknown(limits, dialect))
    }

    /// Takes every complete request out of the buffer, and leaves an unfinished one in it.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Vec<Request> {
        if let Spoken::Unknown(limits, dialect) = self.0 {
            self.0 = match buffer.first() {
                Some(b'*') => Spoken::Resp(Box::new(resp::Decoder::new(limits))),
                Some(_) => Spoken::Text(text::Decoder::new(limits, dialect), dialect),
                None => return Vec::new(),
            };
        }
        match &mut self.0 {
            Spoken::Text(decoder, _) => decoder.decode(buffer),
            Spoken::Resp(decoder) => decoder.decode(buffer),
            Spoken::Unknown(..) => Vec::new(),
        }
    }

    /// How the first reply is to be worded; a HELLO changes it.
    pub fn wording(&self) -> Wording {
        match self.0 {
            Spoken::Text(_, dialect) | Spoken::Unknown(_, dialect) => Wording::Text(dialect),
            Spoken::Resp(_) => Wording::Resp(RespVersion::default()),
        }
    }

    /// Whether a request has begun and not ended.
    pub fn is_inside_request(&self, buffer: &BytesMut) -> bool {
        match &self.0 {
            Spoken::Text(decoder, _) => decoder.is_inside_line(buffer),
            Spoken::Resp(decoder) => decoder.is_inside_command(buffer),
            Spoken::Unknown(..) => !buffer.is_empty(),
        }
    }
}
