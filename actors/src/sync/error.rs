//! Why a session with a peer did not come to its end. Sorted by what follows: a busy peer is asked
//! again soon, any other later.

use merkle_kv_core::peers::Ended;
use merkle_kv_core::session::SessionError;
use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    #[error("cannot connect: {0}")]
    Connect(#[source] io::Error),
    #[error("it did not take the connection within {0} s")]
    ConnectTimeout(u64),
    #[error("TLS with it did not come about: {}", crate::tls::reason(.0))]
    Insecure(#[source] io::Error),
    #[error("the connection failed: {}", crate::tls::reason(.0))]
    Broken(#[source] io::Error),
    #[error("it closed the connection in the middle of a session")]
    Closed,
    #[error("it has sent or taken nothing for too long")]
    Stalled,
    /// The snapshot was kept for as long as one may be; what has been exchanged counts.
    #[error("the session took too long and is begun again")]
    TooLong,
    #[error("it takes no sessions: {0}")]
    NotTaken(String),
    #[error(transparent)]
    Peer(#[from] SessionError),
    #[error("cannot write {path}, where what is given up is set aside: {source}")]
    SetAside { path: PathBuf, source: io::Error },
    #[error("replication is disabled on this node; REPLICATE ENABLE lifts that")]
    Isolated,
    #[error("the disk of this node is full, so it takes no changes")]
    DiskFull,
    #[error("it is met under another address now")]
    Moved,
    #[error("this node is stopping")]
    Stopping,
    /// The session's task ended without a word: it panicked.
    #[error("this node's side of the session failed; its log says why")]
    Failed,
}

impl SyncError {
    /// `is_there` is whether the peer had introduced itself.
    pub(super) fn ended(&self, is_there: bool) -> Ended {
        match self {
            SyncError::Peer(SessionError::Busy) => Ended::Busy,
            SyncError::TooLong => Ended::Different,
            SyncError::Connect(_)
            | SyncError::ConnectTimeout(_)
            | SyncError::Insecure(_)
            | SyncError::Broken(_)
            | SyncError::Closed
            | SyncError::Stalled
            | SyncError::NotTaken(_)
            | SyncError::Peer(_)
            | SyncError::SetAside { .. }
            | SyncError::Isolated
            | SyncError::DiskFull
            | SyncError::Moved
            | SyncError::Stopping
            | SyncError::Failed => Ended::Failed { reason: self.to_string(), is_there },
        }
    }
}
