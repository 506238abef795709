//! Why a data directory cannot be used, in words for its operator.

use merkle_kv_core::journal::{Damage, FileName, HeaderError, SnapshotError};
use std::io;
use std::path::PathBuf;

/// Why a data directory cannot be used. Nothing in it was changed, unless a repair was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Another process has it.
    #[error(
        "the data directory {path} is in use by another process{}; stop that one, or give this \
         node a storage.data_dir of its own",
        .by.as_ref().map_or(String::new(), |by| format!(" ({by})"))
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Who has it, if known.
        by: Option<String>,
    },
    /// The system refused something.
    #[error(
        "cannot {action} {path}: {source}; check storage.data_dir, its permissions and its disk"
    )]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that had been stored is lost.
    #[error(
        "the data directory {path} is damaged: {damage}; nothing was changed. Restore a backup \
         (merkle-kv restore), or start once with --repair: that keeps all that can be read, sets \
         the damaged files aside, and lets the other nodes bring what is missing"
    )]
    Damaged {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        damage: Damage,
    },
    /// No snapshot is whole, and the journal does not reach back to the beginning.
    #[error(
        "the data directory {path} is damaged: {} is not whole: {source}; nothing was changed. \
         Restore a backup (merkle-kv restore), or start once with --repair: that keeps all that \
         can be read, sets the damaged files aside, and lets the other nodes bring what is \
         missing", .snapshot
    )]
    Snapshot {
        /// The folder.
        path: PathBuf,
        /// Which snapshot.
        snapshot: FileName,
        /// What is wrong with it.
        source: SnapshotError,
    },
    /// The files are sound, but not for this release or this node.
    #[error("the data directory {path} is not for this node: {file}: {cause}")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Which file.
        file: String,
        /// Why.
        cause: String,
    },
    /// A file that should be a backup is none.
    #[error("{path} is not a whole backup: {source}")]
    Backup {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: SnapshotError,
    },
    /// Where something is to be written something is already.
    #[error("{path} {what}; nothing was changed")]
    Occupied {
        /// The file or folder.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
}

impl StorageError {
    /// Whether only one process can have what was asked for, and another has it.
    pub fn is_taken(&self) -> bool {
        matches!(self, StorageError::InUse { .. })
    }

    /// Whether the files are no good, and not the circumstances.
    pub fn is_damage(&self) -> bool {
        match self {
            StorageError::Damaged { .. }
            | StorageError::Snapshot { .. }
            | StorageError::Foreign { .. }
            | StorageError::Backup { .. } => true,
            StorageError::InUse { .. }
            | StorageError::Io { .. }
            | StorageError::Occupied { .. } => false,
        }
    }
}

/// Whether a snapshot is good, but of a format that this release does not read.
pub(super) fn is_of_other_release(error: &SnapshotError) -> bool {
    matches!(error, SnapshotError::Header(HeaderError::Format(_)))
}
