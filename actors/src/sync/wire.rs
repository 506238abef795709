//! The socket of a session: frames in and out, with a limit on every wait.

use super::error::SyncError;
use crate::socket::Socket;
use bytes::{BufMut, BytesMut};
use merkle_kv_core::session::{ACCEPTED, Frame, FrameDecoder, GREETING, encode_frame};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time;

/// How much is gathered before it is written, in bytes.
const WRITE_BYTES: usize = 64 << 10;

/// How much is read at once, in bytes.
const READ_BYTES: usize = 64 << 10;

/// The longest answer to the greeting that is looked at, in bytes: an error of a client's port.
const MAX_ANSWER_BYTES: usize = 400;

pub(super) struct Wire {
    stream: Socket,
    input: BytesMut,
    output: BytesMut,
    decoder: FrameDecoder,
    /// How long the peer may take to send, or to take, anything at all.
    stall_limit: Duration,
    pub(super) sent: u64,
    pub(super) received: u64,
}

impl Wire {
    /// `input` is what was read of the socket already.
    pub(super) fn new(stream: Socket, input: BytesMut, stall_limit: Duration) -> Wire {
        let received = input.len() as u64;
        let (output, decoder) = (BytesMut::new(), FrameDecoder::default());
        Wire { stream, input, output, decoder, stall_limit, sent: 0, received }
    }

    /// Begins a session: the first bytes of whoever opens it.
    pub(super) fn greet(&mut self) {
        self.output.put_slice(GREETING);
    }

    /// Answers the greeting, which was read by whoever took the connection.
    pub(super) fn accept(&mut self) {
        self.received += GREETING.len() as u64;
        self.output.put_slice(ACCEPTED);
    }

    /// Waits for the answer to the greeting.
    pub(super) async fn accepted(&mut self) -> Result<(), SyncError> {
        let end = loop {
            match self.input.iter().position(|byte| *byte == b'\n') {
                Some(end) => break end,
                None if self.input.len() > MAX_ANSWER_BYTES => break MAX_ANSWER_BYTES,
                None => self.read().await?,
            }
        };
        let line = self.input.split_to(end + 1);
        if line == ACCEPTED {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line);
        Err(SyncError::NotTaken(line.chars().filter(|character| !character.is_control()).collect()))
    }

    /// Sends a frame, some time before the next one is received.
    pub(super) async fn send(&mut self, frame: &Frame) -> Result<(), SyncError> {
        encode_frame(frame, &mut self.output);
        if self.output.len() >= WRITE_BYTES { self.flush().await } else { Ok(()) }
    }

    pub(super) async fn flush(&mut self) -> Result<(), SyncError> {
        while !self.output.is_empty() {
            let write = self.stream.write_buf(&mut self.output);
            match time::timeout(self.stall_limit, write).await {
                Err(_) => return Err(SyncError::Stalled),
                Ok(Ok(0)) => return Err(SyncError::Closed),
                Ok(Ok(bytes)) => self.sent += bytes as u64,
                Ok(Err(error)) => return Err(SyncError::Broken(error)),
            }
        }
        if self.stream.holds_back() {
            match time::timeout(self.stall_limit, self.stream.flush()).await {
                Err(_) => return Err(SyncError::Stalled),
                Ok(flushed) => flushed.map_err(SyncError::Broken)?,
            }
        }
        Ok(())
    }

    /// The next frame of the peer.
    pub(super) async fn receive(&mut self, trusted: bool) -> Result<Frame, SyncError> {
        loop {
            if let Some(frame) = self.decoder.decode(&mut self.input, trusted)? {
                return Ok(frame);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), SyncError> {
        self.input.reserve(READ_BYTES);
        let read = self.stream.read_buf(&mut self.input);
        match time::timeout(self.stall_limit, read).await {
            Err(_) => Err(SyncError::Stalled),
            Ok(Ok(0)) => Err(SyncError::Closed),
            Ok(Ok(bytes)) => {
                self.received += bytes as u64;
                Ok(())
            }
            Ok(Err(error)) => Err(SyncError::Broken(error)),
        }
    }

    /// Says goodbye, so that the last frames arrive.
    pub(super) async fn close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}
