//! Bytes to and from one node, with a limit for each wait.

use super::connection::{Patience, Target};
use super::error::CallError;
use super::wire::{Wire, connect};
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

/// The most that a reply may have, all its lines together. A value has at most 64 MiB, and four
/// times that where each of its bytes is escaped; a list may have many.
pub(super) const MAX_REPLY_BYTES: usize = 1 << 30;

/// What is read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// An open stream. Dropping it closes it.
pub(super) struct Stream {
    pub(super) address: String,
    stream: BufReader<Box<dyn Wire>>,
    patience: Patience,
    /// What a wait was before it began, for messages.
    limit: Duration,
}

impl Stream {
    /// Connects, and secures the connection if the target asks for it.
    pub(super) fn open(target: &Target, patience: Patience) -> Result<Stream, CallError> {
        let address = target.address();
        let stream = connect(address, patience.left())?;
        let wire: Box<dyn Wire> = match target.tls() {
            None => Box::new(stream),
            Some(tls) => {
                let failed = |error| CallError::of(address, patience.left(), error);
                Box::new(tls.over(stream, address).map_err(failed)?)
            }
        };
        Ok(Stream::over(wire, address, patience))
    }

    /// The same over what is connected already.
    pub(super) fn over(wire: Box<dyn Wire>, address: &str, patience: Patience) -> Stream {
        Stream {
            address: address.to_owned(),
            stream: BufReader::with_capacity(BUFFER_BYTES, wire),
            patience,
            limit: patience.left(),
        }
    }

    /// How long the next waits may be.
    pub(super) fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
        self.limit = patience.left();
    }

    /// Whether the node has closed it while nothing was asked.
    pub(super) fn is_closed(&self) -> bool {
        self.stream.get_ref().is_closed()
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), CallError> {
        let wire = self.stream.get_mut();
        let sent = wire
            .set_wait(self.patience.left())
            .and_then(|()| wire.write_all(bytes))
            .and_then(|()| wire.flush());
        sent.map_err(|error| CallError::of(&self.address, self.limit, error))
    }

    /// The next line, without its line end.
    pub(super) fn line(&mut self) -> Result<Vec<u8>, CallError> {
        let mut line = Vec::new();
        loop {
            let piece = self.piece()?;
            let end = piece.iter().position(|byte| *byte == b'\n');
            line.extend_from_slice(&piece[..end.unwrap_or(piece.len())]);
            let used = end.map_or(piece.len(), |end| end + 1);
            self.stream.consume(used);
            if line.len() > MAX_REPLY_BYTES {
                return Err(self.too_long());
            }
            if end.is_some() {
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(line);
            }
        }
    }

    /// So many bytes. Room is made as they come, not as they are announced.
    pub(super) fn exactly(&mut self, count: usize) -> Result<Vec<u8>, CallError> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let missing = count - bytes.len();
            let piece = self.piece()?;
            let used = piece.len().min(missing);
            bytes.extend_from_slice(&piece[..used]);
            self.stream.consume(used);
        }
        Ok(bytes)
    }

    /// What has come, at least a byte of it: a piece at a time, so that the limit is looked at while a
    /// line drips in.
    fn piece(&mut self) -> Result<&[u8], CallError> {
        let Stream { address, stream, patience, limit } = self;
        let failed = |error| CallError::of(address, *limit, error);
        while stream.buffer().is_empty() {
            if patience.is_over() {
                return Err(failed(io::ErrorKind::TimedOut.into()));
            }
            stream.get_ref().set_wait(patience.left()).map_err(failed)?;
            match stream.fill_buf() {
                Ok(_) => break,
                // A signal ends a wait that has a limit.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
        let piece = stream.buffer();
        if piece.is_empty() {
            return Err(CallError::Closed { address: address.clone() });
        }
        Ok(piece)
    }

    pub(super) fn too_long(&self) -> CallError {
        CallError::TooLong { address: self.address.clone(), limit: MAX_REPLY_BYTES }
    }
}
