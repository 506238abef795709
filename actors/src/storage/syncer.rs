//! The thread that syncs what another one writes, and what both threads know of a failure.

use super::disk::Disk;
use super::journal::{Listener, Said};
use super::writer::{Unsynced, WriteError, sync};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

/// Whether something has failed. A clone is the same failure. After it nothing is written or synced:
/// the system may hold for synced what a failed sync was for, and a second one would tell so.
#[derive(Clone)]
pub(super) struct Failure {
    is_known: Arc<AtomicBool>,
    listener: Listener,
}

impl Failure {
    /// Nothing has failed yet.
    pub(super) fn none(listener: Listener) -> Failure {
        Failure { is_known: Arc::new(AtomicBool::new(false)), listener }
    }

    pub(super) fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Acquire)
    }

    /// Says the first one.
    pub(super) fn say(&self, folder: &Path, failed: &WriteError) {
        let cause = match failed {
            WriteError::Full(source) => format!("the disk is full: {source}"),
            WriteError::Failed { action, file, source } => {
                format!(
                    "cannot {action} {}: {source}; check the disk, then start the node again: what \
                     was acknowledged is read back as far as the disk kept it",
                    folder.join(file).display()
                )
            }
        };
        if !self.is_known.swap(true, Ordering::AcqRel) {
            (self.listener)(Said::Failed(cause));
        }
    }
}

/// The thread that syncs.
pub(super) struct Syncer<D: Disk> {
    pub(super) disk: D,
    pub(super) jobs: Receiver<Unsynced<D::File>>,
    pub(super) synced: Arc<AtomicU64>,
    pub(super) failure: Failure,
    pub(super) listener: Listener,
}

impl<D: Disk> Syncer<D> {
    /// Runs until nobody has jobs any more.
    pub(super) fn run(self) {
        for unsynced in &self.jobs {
            if self.failure.is_known() {
                return;
            }
            if let Err(failed) = sync(&self.disk, &unsynced) {
                return self.failure.say(self.disk.path(), &failed);
            }
            self.synced.fetch_max(unsynced.last.0, Ordering::AcqRel);
            let reached = unsynced.last;
            (self.listener)(Said::Reached { written: reached, synced: reached });
        }
    }
}
