//! Opens a data directory: locks it, reads it, and makes of it an engine and the storage that goes
//! on behind it.

use super::backups::{self, Backups};
use super::disk::{Disk, Folder};
use super::error::StorageError;
use super::journal::{Journal, Listener, Syncing};
use super::load::{io_error, load, settle};
use super::lock::DirectoryLock;
use super::snapshot::{NewFile, Picture, UNFINISHED};
use super::writer::Writer;
use super::{InDirectory, JournalMeters, Promise, SNAPSHOT_AFTER_BYTES};
use crate::wall_clock;
use log::{info, warn};
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::config::{Durability, Persistence};
use merkle_kv_core::execute::Engine;
use merkle_kv_core::journal::{FileName, Mode, Mutation, Sequence};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// A wall clock that is so many milliseconds behind what the journal tells has been set back, as
/// the clock of a machine without a battery is after a power cut.
const SET_BACK_MILLIS: u64 = 1_000;

/// What a data directory is opened with.
#[derive(Clone, Debug)]
pub(crate) struct OpenSettings {
    pub(crate) folder: PathBuf,
    pub(crate) node: String,
    pub(crate) persistence: Persistence,
    /// Take what can be read, and set the rest aside.
    pub(crate) mode: Mode,
}

/// A data directory that was read, and whose lock is held.
pub(crate) struct Opened {
    settings: OpenSettings,
    disk: Folder,
    lock: DirectoryLock,
    last: Sequence,
    end: Option<(Sequence, u64)>,
    snapshot_bytes: u64,
    journal_bytes: u64,
}

/// Opens a data directory. `make` gives an engine without data.
pub(crate) fn open(
    settings: OpenSettings,
    make: &dyn Fn() -> Engine,
) -> Result<(Engine, Opened), StorageError> {
    let begun = Instant::now();
    let made = Folder::make(&settings.folder);
    let disk = made.map_err(|source| {
        let path = settings.folder.clone();
        StorageError::Io { action: "make the folder", path, source }
    })?;
    let lock = DirectoryLock::take(disk.path(), &settings.node)?;
    remove_unfinished(&disk)?;
    let (mut engine, mut loaded) = load(&disk, &settings.node, settings.mode, make)?;
    let now = wall_clock::now();
    let reserved = engine.store().reserved_clock();
    if now.0.saturating_add(SET_BACK_MILLIS) < reserved.millis().0 {
        // Timestamps of the last moments before a power cut may be known to others only.
        let interval = settings.persistence.sync_interval.as_millis() as u64;
        let clock = Hlc::at(UnixMillis(reserved.millis().0.saturating_add(2 * interval)));
        warn!(
            behind_ms = reserved.millis().0 - now.0;
            "the wall clock has been set back; this node writes with the time that it had before, \
             until the clock is there again"
        );
        engine.restore(Mutation::Clock(clock));
    }
    let is_repaired = loaded.recovered.lost > 0 || !loaded.bad_snapshots.is_empty();
    if settings.mode == Mode::Repair && is_repaired {
        engine.store_mut().distrust_absence();
    }
    engine.resume(loaded.last, now);
    let mut opened = Opened {
        disk,
        lock,
        last: loaded.last,
        end: None,
        snapshot_bytes: loaded.snapshot_bytes,
        journal_bytes: loaded.journal_bytes,
        settings,
    };
    if opened.settings.mode == Mode::Repair && is_repaired {
        opened.write_anew(&mut engine, loaded.recovered.lost)?;
    } else {
        opened.end = settle(&opened.disk, &mut loaded)?;
    }
    let (keys, took_ms) = (engine.store().keys(), begun.elapsed().as_millis());
    info!(
        folder:% = opened.disk.path().display(), keys, records = loaded.records, took_ms;
        "the data directory was read"
    );
    Ok((engine, opened))
}

impl Opened {
    /// Starts the journal's threads.
    pub(crate) fn start(
        self,
        listener: Listener,
        meters: Arc<JournalMeters>,
    ) -> Result<InDirectory<Folder>, StorageError> {
        let Opened { settings, disk, lock, last, end, snapshot_bytes, journal_bytes } = self;
        let Persistence { durability, sync_interval, backup_interval, backup_keep } =
            settings.persistence;
        let writer = Writer::new(disk.clone(), &settings.node, last, end)
            .map_err(|source| io_error(&disk, "open", "the last segment", source))?
            .metered(meters);
        let syncing = Syncing { durability, interval: sync_interval };
        let journal = Journal::start(disk.clone(), writer, syncing, listener.clone())
            .map_err(|source| io_error(&disk, "start a thread for", "", source))?;
        Ok(InDirectory {
            journal,
            promise: match durability {
                Durability::Always => Promise::Synced,
                Durability::Interval | Durability::None => Promise::Written,
            },
            backups: backup_interval.map(|interval| {
                Backups::new(settings.folder.join(backups::FOLDER), interval, backup_keep)
            }),
            disk,
            node: settings.node,
            journal_bytes,
            before_picture: 0,
            snapshot_bytes,
            snapshot_after_bytes: SNAPSHOT_AFTER_BYTES,
            not_before: None,
            pictures: None,
            stopping: Arc::new(AtomicBool::new(false)),
            listener,
            _lock: lock,
        })
    }

    /// After a repair: what could be read becomes a snapshot, and the old files are set aside.
    fn write_anew(&mut self, engine: &mut Engine, lost: u64) -> Result<(), StorageError> {
        let disk = &self.disk;
        let old = super::load::list(disk)?;
        self.last = self.last.next();
        let now = wall_clock::now();
        let folded = engine.fold(now).map(|snapshot| snapshot.tree);
        let tree = folded.ok_or_else(|| {
            io_error(disk, "repair", "", std::io::Error::other("a fold is under way"))
        })?;
        let picture = Picture { tree, beside: engine.beside_entries(), last: self.last };
        let name = FileName::Snapshot(self.last).to_string();
        let (node, stopping) = (&self.settings.node, &AtomicBool::new(false));
        let file = NewFile { disk, name: &name, node, picture: &picture, stopping };
        let bytes = file.write().map_err(|error| {
            let source = std::io::Error::other(error.to_string());
            io_error(disk, "write", &name, source)
        })?;
        let aside = format!("damaged-{}", now.0);
        Folder::make(&disk.path().join(&aside))
            .map_err(|source| io_error(disk, "make the folder", &aside, source))?;
        for file in old {
            let file = file.to_string();
            let to = format!("{aside}/{file}");
            disk.rename(&file, &to).map_err(|source| io_error(disk, "move", &file, source))?;
        }
        disk.sync().map_err(|source| io_error(disk, "sync", "", source))?;
        (self.end, self.snapshot_bytes, self.journal_bytes) = (None, bytes, 0);
        engine.resume(self.last, now);
        warn!(
            lost_records = lost, aside = aside.as_str();
            "the data directory was repaired: what could be read is kept, the damaged files are \
             set aside, and the other nodes bring what is missing"
        );
        Ok(())
    }
}

/// What was being written when the node ended.
pub(super) fn remove_unfinished<D: Disk>(disk: &D) -> Result<(), StorageError> {
    let names = disk.names().map_err(|source| io_error(disk, "read", "", source))?;
    for name in names.iter().filter(|name| name.ends_with(&format!(".mkv{UNFINISHED}"))) {
        disk.remove(name).map_err(|source| io_error(disk, "remove", name, source))?;
    }
    Ok(())
}
