//! The session in which two nodes find every difference between their data sets and repair it, as a
//! state machine over frames. Knows no sockets and no store: it works on a pinned snapshot, and
//! says what is to be applied.
//!
//! The two take turns. A turn is any number of frames, each at most 64 KiB, and its last one says
//! so; only who has the turn sends, so neither side can drown the other. Counted in turns:
//!
//! ```text
//!      the one that opens                       the one that answers
//!   1  HELLO root, clock, registers  ────────►
//!   2                                ◄────────  HELLO, and if the roots differ:
//!                                               the whole key space, cut into about 150 runs
//!   3  each run that differs, cut    ────────►
//!      into shorter runs
//!   4                                ◄────────  each of those that differs, cut into runs of
//!                                               about 14 entries
//!   5  a digest of each entry in     ────────►
//!      the runs that differ
//!   6                                ◄────────  the entries that this list lacks, and which of
//!                                               the list are wanted
//!   7  the wanted entries, root      ────────►
//!   8                                ◄────────  root
//! ```
//!
//! What is short enough skips levels. Both cut their trees at the same separators (see
//! [`crate::merkle`]), so a cut needs no keys: a run is a tag of its separator and a digest, and
//! the lists are aligned by tag. Digests are cut short and keyed with the session's nonce: two
//! parts that differ look alike once in 2^32 or 2^48 times, and not again in the next session.
//! Success is the equality of whole roots and nothing else.
//!
//! Entries are merged as the last writer wins, so a session may die after any frame and leaves
//! nothing undone but what is missing still.

mod align;
mod codec;
mod compare;
mod converse;
mod error;
mod frame;
mod greeting;
mod hello;
mod key;
mod outgoing;
mod records;
mod state;

pub use codec::{FrameDecoder, MAX_FRAME_BYTES, encode_frame};
pub use converse::{Side, Traffic, converse};
pub use error::SessionError;
pub use frame::Frame;
pub use greeting::{ACCEPTED, GREETING, Greeting, TLS_HANDSHAKE, greeting};
pub use hello::{Hello, Identity, Nonce, PROTOCOL};
pub use state::{Effect, Outcome, Session};
