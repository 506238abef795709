//! The MerkleKV engine, without I/O, clocks, threads or randomness: time and seeds are arguments,
//! and what should happen is a return value.
//!
//! ```text
//! bytes ─► protocol ─► execute ─► store ─► merkle ─► entry ─► version ─► clock
//!          (commands,   (batches,  (index,  (tree,    (who      (hybrid
//!           replies)     engine)    what     digests,  wins)     logical)
//!                          ▲        is dead) runs)
//!                          │
//!           replication ───┴─── session
//!           (update and         (how two nodes find
//!            presence messages,  and repair what
//!            outbox)             differs)
//!
//! peers: with whom a session is held, and when
//! members: which nodes count, and up to when all of them hold everything
//! trace: which writes are traced, and under which names
//! access: users, and what each may do
//! console: what a person or a script at a client makes of lines and replies
//! overview: a cluster as its nodes tell of it
//! naming: how a node is called and where it is met
//! config: the configuration file and the environment, to settings
//! ```

pub mod access;
pub mod backoff;
pub mod change;
pub mod clock;
pub mod config;
pub mod console;
pub mod entry;
pub mod execute;
pub mod journal;
pub mod members;
pub mod merkle;
pub mod naming;
pub mod overview;
mod pace;
pub mod pattern;
pub mod peers;
pub mod protocol;
pub mod rate_limit;
pub mod registers;
pub mod replication;
pub mod session;
pub mod store;
pub mod trace;
pub mod version;
mod wire_entry;

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
