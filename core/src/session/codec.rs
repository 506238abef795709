//! Frames on a byte stream.
//!
//! ```text
//! +---------------------+---------------+
//! | u32, big-endian     | body          |   bit 31: more of this frame follows in the next piece
//! | bit 31 | 31 bits    | so many bytes |   bits 0 to 30: at most 65536
//! +---------------------+---------------+
//! ```
//!
//! A frame is one piece, unless it carries a single entry or key that is larger. Nothing else may be
//! of several pieces: 64 MiB of the smallest entries would take ten times as much memory.

use super::error::SessionError;
use super::frame::Frame;
use bytes::{Buf, BufMut, BytesMut};

/// The longest piece, in bytes: one read of a socket, and little enough that sessions by the dozen
/// need no thought.
pub const MAX_FRAME_BYTES: usize = 64 << 10;

/// The longest frame of several pieces, in bytes: the largest value and key that a configuration
/// allows, with room to spare.
const MAX_WHOLE_BYTES: usize = (64 << 20) + (128 << 10);

const MORE: u32 = 1 << 31;
const HEADER_BYTES: usize = 4;

/// Writes a frame.
pub fn encode_frame(frame: &Frame, out: &mut BytesMut) {
    let body = frame.encode();
    let mut pieces = body.chunks(MAX_FRAME_BYTES).peekable();
    while let Some(piece) = pieces.next() {
        let more = if pieces.peek().is_some() { MORE } else { 0 };
        out.put_u32(piece.len() as u32 | more);
        out.put_slice(piece);
    }
}

/// Takes frames out of what was received. Holds the pieces of at most one unfinished frame.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    begun: Vec<u8>,
}

impl FrameDecoder {
    /// The next frame, if all of it is there. `trusted` is whether the peer may send frames of
    /// several pieces: only one that is known to belong to the cluster.
    pub fn decode(
        &mut self,
        buffer: &mut BytesMut,
        trusted: bool,
    ) -> Result<Option<Frame>, SessionError> {
        while let Some(header) = buffer.first_chunk() {
            let header = u32::from_be_bytes(*header);
            let (bytes, more) = ((header & !MORE) as usize, header & MORE != 0);
            let limit = if trusted { MAX_WHOLE_BYTES } else { MAX_FRAME_BYTES };
            if bytes > MAX_FRAME_BYTES {
                return Err(SessionError::TooLong { found: bytes as u64, limit: MAX_FRAME_BYTES });
            }
            let whole = self.begun.len() + bytes;
            if whole > limit || (more && !trusted) {
                return Err(SessionError::TooLong { found: whole as u64, limit });
            }
            if more && bytes < MAX_FRAME_BYTES {
                return Err(SessionError::Malformed("a piece that is not the last is not full"));
            }
            if buffer.len() < HEADER_BYTES + bytes {
                return Ok(None);
            }
            buffer.advance(HEADER_BYTES);
            let piece = buffer.split_to(bytes);
            if more {
                if self.begun.is_empty() && !Frame::is_of_one(&piece) {
                    return Err(SessionError::Malformed(
                        "several pieces make a single entry or key only",
                    ));
                }
                self.begun.extend_from_slice(&piece);
            } else if self.begun.is_empty() {
                return Frame::decode(&piece).map(Some);
            } else {
                let mut body = std::mem::take(&mut self.begun);
                body.extend_from_slice(&piece);
                return Frame::decode(&body).map(Some);
            }
        }
        Ok(None)
    }
}
