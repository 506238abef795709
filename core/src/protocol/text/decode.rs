//! Lines to requests. Holds at most one unfinished line, and of a line that is longer than any
//! legal command nothing at all.

use crate::protocol::args::Args;
use crate::protocol::table::Vocabulary;
use crate::protocol::words::Words;
use crate::protocol::{ClientError, CommandId, Dialect, Limits, Request};
use bytes::{Buf, Bytes, BytesMut};

/// The state of one connection's input between two chunks. Cheap to make, not shared.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    dialect: Dialect,
    /// Bytes at the start of the buffer that are known to hold no line end.
    searched: usize,
    /// Inside a line that was too long: drop everything to its end.
    discarding: bool,
}

impl Decoder {
    /// A decoder at the start of a line.
    pub fn new(limits: Limits, dialect: Dialect) -> Decoder {
        Decoder { limits, dialect, searched: 0, discarding: false }
    }

    /// Takes every complete line out of the buffer, and leaves an unfinished one in it.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Vec<Request> {
        let mut requests = Vec::new();
        if self.discarding {
            self.discard(buffer);
        }
        if let Some(end) = memchr::memrchr(b'\n', &buffer[self.searched..]) {
            let complete = buffer.split_to(self.searched + end + 1).freeze();
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', &complete) {
                requests.push(self.request(&complete, &complete[start..end]));
                start = end + 1;
            }
        }
        self.searched = buffer.len();
        // One more byte than the limit: the line end may be CR LF.
        if buffer.len() > self.limits.max_line_bytes() + 1 {
            requests.push(Request::Refused(self.too_long()));
            self.discarding = true;
            self.searched = 0;
            // Not clear(), which would keep the room of a whole line for as long as the client
            // stays.
            *buffer = BytesMut::new();
        }
        requests
    }

    /// Whether a line has begun and not ended: the client is inside a command.
    pub fn is_inside_line(&self, buffer: &BytesMut) -> bool {
        self.discarding || !buffer.is_empty()
    }

    fn discard(&mut self, buffer: &mut BytesMut) {
        self.searched = 0;
        match memchr::memchr(b'\n', buffer) {
            Some(end) => {
                buffer.advance(end + 1);
                self.discarding = false;
            }
            None => buffer.clear(),
        }
    }

    fn too_long(&self) -> ClientError {
        ClientError::LineTooLong { limit: self.limits.max_line_bytes() }
    }

    fn request(&self, chunk: &Bytes, line: &[u8]) -> Request {
        match self.command(chunk, line) {
            Ok(request) => request,
            Err(error) => Request::Refused(error),
        }
    }

    fn command(&self, chunk: &Bytes, line: &[u8]) -> Result<Request, ClientError> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.limits.max_line_bytes() {
            return Err(self.too_long());
        }
        let text = std::str::from_utf8(line)
            .map_err(|error| ClientError::NotUtf8 { at: error.valid_up_to() })?;
        let line = match self.dialect {
            Dialect::Standard => line,
            Dialect::Legacy => text.trim().as_bytes(),
        };
        if line.iter().all(|byte| *byte == b' ') {
            return Err(ClientError::EmptyLine);
        }
        let space = memchr::memchr(b' ', line).unwrap_or(line.len());
        let id = CommandId::find(&line[..space], Vocabulary::Text)?;
        let rest = &line[(space + 1).min(line.len())..];
        let words = Words::of_line(chunk, rest, self.dialect);
        let args = Args::new(id.spec(), words, &self.limits);
        Ok(Request::Command(id, (id.spec().parse)(&args)?))
    }
}
