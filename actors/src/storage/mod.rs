//! What a node keeps beyond its process: the journal, snapshots and backups in its data directory.
//! Files and threads are here; their formats, and what is to be done about damage, are core's.

mod backups;
mod disk;
mod error;
mod journal;
mod load;
mod lock;
mod meters;
mod open;
mod snapshot;
mod syncer;
pub mod tools;
mod writer;

#[cfg(test)]
mod tests;

pub use error::StorageError;
pub(crate) use journal::{Listener, Said};
pub(crate) use meters::JournalMeters;
pub(crate) use open::{OpenSettings, Opened, open};
pub(crate) use snapshot::Picture;

use crate::random;
use backups::Backups;
use disk::Disk;
use journal::Journal;
use lock::DirectoryLock;
use log::{info, warn};
use merkle_kv_core::journal::{FileName, Records, Salt};
use snapshot::{NewFile, PictureError};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A journal shorter than this is read back in a few seconds, and is no reason for a snapshot.
const SNAPSHOT_AFTER_BYTES: u64 = 256 << 20;

/// How long after a snapshot that failed the next one is tried.
const SNAPSHOT_RETRY: Duration = Duration::from_secs(60);

/// When a reply may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    /// At once: nothing is kept.
    Nothing,
    /// When what it tells of is handed to the operating system; it may show more than that.
    Written,
    /// When all that it shows is on disk.
    Synced,
}

/// Where changes go to be kept. What becomes of them is told as [`Said`].
pub(crate) trait Storage {
    /// When replies may leave.
    fn promise(&self) -> Promise;
    /// Keeps records, behind those before.
    fn append(&mut self, records: Records);
    /// Has all records so far on disk soon, whatever is promised to clients.
    fn sync(&mut self);
    /// Whether the journal has grown so long that a snapshot is worth it.
    fn wants_snapshot(&self) -> bool;
    /// Whether it is time for a backup.
    fn wants_backup(&self) -> bool;
    /// Writes a snapshot or a backup, or both, meanwhile.
    fn take(&mut self, picture: Picture);
    /// Notes how a snapshot or a backup ended.
    fn ended(&mut self, said: &Said);
    /// Returns when everything is on disk, and behind it records that come last.
    fn stop(&mut self, last: Option<Records>);
}

/// Keeps nothing.
pub(crate) struct InMemory;

impl Storage for InMemory {
    fn promise(&self) -> Promise {
        Promise::Nothing
    }

    fn append(&mut self, _: Records) {}

    fn sync(&mut self) {}

    fn wants_snapshot(&self) -> bool {
        false
    }

    fn wants_backup(&self) -> bool {
        false
    }

    fn take(&mut self, _: Picture) {}

    fn ended(&mut self, _: &Said) {}

    fn stop(&mut self, _: Option<Records>) {}
}

/// Keeps everything in a data directory.
pub(crate) struct InDirectory<D: Disk + Sync> {
    journal: Journal,
    promise: Promise,
    disk: D,
    node: String,
    backups: Option<Backups>,
    /// Journaled since the snapshot, in bytes.
    journal_bytes: u64,
    /// Of these, before the snapshot that is being written.
    before_picture: u64,
    snapshot_bytes: u64,
    /// [`SNAPSHOT_AFTER_BYTES`], unless a test needs less.
    snapshot_after_bytes: u64,
    not_before: Option<Instant>,
    pictures: Option<JoinHandle<()>>,
    stopping: Arc<AtomicBool>,
    listener: Listener,
    _lock: DirectoryLock,
}

impl<D: Disk + Sync> InDirectory<D> {
    fn is_busy(&self) -> bool {
        self.pictures.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl<D: Disk + Sync> Storage for InDirectory<D> {
    fn promise(&self) -> Promise {
        self.promise
    }

    fn append(&mut self, records: Records) {
        self.journal_bytes += records.bytes.len() as u64;
        self.journal.write(records);
    }

    fn sync(&mut self) {
        self.journal.sync();
    }

    fn wants_snapshot(&self) -> bool {
        self.journal_bytes > self.snapshot_after_bytes.max(self.snapshot_bytes)
            && self.not_before.is_none_or(|at| Instant::now() >= at)
            && !self.is_busy()
    }

    fn wants_backup(&self) -> bool {
        self.backups.as_ref().is_some_and(Backups::is_due) && !self.is_busy()
    }

    fn take(&mut self, picture: Picture) {
        let job = Job {
            disk: self.disk.clone(),
            node: self.node.clone(),
            snapshot: self.wants_snapshot(),
            synced: self.journal.synced(),
            backups: self.backups.as_ref().filter(|backups| backups.is_due()).cloned(),
            stopping: self.stopping.clone(),
            listener: self.listener.clone(),
        };
        if job.snapshot {
            self.before_picture = self.journal_bytes;
        }
        let spawned =
            thread::Builder::new().name("snapshot".to_owned()).spawn(move || job.run(&picture));
        match spawned {
            Ok(thread) => self.pictures = Some(thread),
            Err(error) => {
                warn!(error:%; "no thread for a snapshot");
                (self.listener)(Said::SnapshotFailed);
            }
        }
    }

    fn ended(&mut self, said: &Said) {
        match said {
            Said::SnapshotWritten { bytes } => {
                self.journal_bytes -= std::mem::take(&mut self.before_picture);
                self.snapshot_bytes = *bytes;
            }
            Said::SnapshotFailed => self.not_before = Some(Instant::now() + SNAPSHOT_RETRY),
            Said::BackupEnded { is_written } => {
                if let Some(backups) = &mut self.backups {
                    backups.ended(*is_written);
                }
            }
            Said::Reached { .. } | Said::Full | Said::HasRoom | Said::Failed(_) => {}
        }
    }

    fn stop(&mut self, last: Option<Records>) {
        self.stopping.store(true, Ordering::Relaxed);
        self.journal.stop(last);
        if let Some(pictures) = self.pictures.take() {
            // Its panic is in the log, and took nothing with it.
            let _ = pictures.join();
        }
    }
}

/// A snapshot or a backup to be written, or both.
struct Job<D> {
    disk: D,
    node: String,
    snapshot: bool,
    synced: Arc<AtomicU64>,
    backups: Option<Backups>,
    stopping: Arc<AtomicBool>,
    listener: Listener,
}

impl<D: Disk> Job<D> {
    fn run(self, picture: &Picture) {
        if self.snapshot {
            (self.listener)(match self.snapshot(picture) {
                Ok(bytes) => Said::SnapshotWritten { bytes },
                Err(()) => Said::SnapshotFailed,
            });
        }
        if let Some(backups) = &self.backups {
            let is_written = backups.write(&self.node, picture, &self.stopping);
            (self.listener)(Said::BackupEnded { is_written });
        }
    }

    fn snapshot(&self, picture: &Picture) -> Result<u64, ()> {
        let begun = Instant::now();
        let name = FileName::Snapshot(picture.last).to_string();
        let Job { disk, node, stopping, .. } = self;
        let bytes = match (NewFile { disk, name: &name, node, picture, stopping }).write() {
            Ok(bytes) => bytes,
            Err(PictureError::Stopping) => return Err(()),
            Err(error) => {
                warn!(
                    error:%, retry_s = SNAPSHOT_RETRY.as_secs();
                    "a snapshot could not be written; the journal goes on growing"
                );
                return Err(());
            }
        };
        let took_ms = begun.elapsed().as_millis();
        info!(file = name.as_str(), bytes, took_ms; "a snapshot was written");
        // Records from now on tell that what the snapshot holds was on disk, so that nobody takes
        // them for the beginning if it is lost.
        self.synced.fetch_max(picture.last.0, Ordering::AcqRel);
        if let Err(error) = snapshot::remove_older(&self.disk, picture.last) {
            warn!(error:%; "files that a snapshot has made superfluous could not be removed");
        }
        Ok(bytes)
    }
}

/// For a file that is begun.
fn new_salt() -> Salt {
    Salt(random::number() as u32)
}

/// Whether the disk, or the share of it that this user has, is full.
fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
