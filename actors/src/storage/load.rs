//! Reads a data directory: the newest good snapshot, and the segments behind it. Changes nothing;
//! what a crash has torn is cut by [`settle`] afterwards.

use super::disk::{Disk, DiskFile};
use super::error::{StorageError, is_of_other_release};
use log::{info, warn};
use merkle_kv_core::execute::Engine;
use merkle_kv_core::journal::{
    Damage, DamageCause, FileName, HEADER_BYTES, Mode, Mutation, Recovered, Recovery, Sequence,
    SnapshotError, SnapshotReader,
};
use std::io::{self, Read};
use std::time::{Duration, Instant};

/// How much of a snapshot is read at once, in bytes.
const PIECE_BYTES: usize = 4 << 20;

/// How often a long start says that it goes on.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// What a data directory holds.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The last record.
    pub(crate) last: Sequence,
    /// All segments, in order.
    pub(crate) segments: Vec<Sequence>,
    /// Records behind the snapshot.
    pub(crate) records: u64,
    /// What was read from the journal.
    pub(crate) recovered: Recovered,
    /// Snapshots that were not whole. Without a repair, something else has made up for them.
    pub(crate) bad_snapshots: Vec<(Sequence, SnapshotError)>,
    /// Bytes of the snapshot, and of the segments.
    pub(crate) snapshot_bytes: u64,
    pub(crate) journal_bytes: u64,
}

/// Reads everything into an engine that `make` gives. The engine still has to
/// [`resume`](Engine::resume).
pub(crate) fn load<D: Disk>(
    disk: &D,
    node: &str,
    mode: Mode,
    make: &dyn Fn() -> Engine,
) -> Result<(Engine, Loaded), StorageError> {
    let files = list(disk)?;
    let mut reading = Reading { disk, node, mode, progress: Progress::new() };
    let (mut engine, snapshot, bad_snapshots) = reading.newest_snapshot(&files, make)?;
    let (from, snapshot_bytes) = snapshot.unwrap_or((Sequence::ZERO, 0));
    let segments: Vec<Sequence> = files.iter().filter_map(segment_of).collect();
    let mut recovery = Recovery::behind(from, node, mode);
    let mut journal_bytes = 0;
    for (at, segment) in segments.iter().enumerate() {
        // A segment is of use if the next one does not begin early enough.
        let is_covered = segments.get(at + 1).is_some_and(|next| *next <= from.next());
        if !is_covered {
            let read = reading.segment(*segment, &mut recovery, &mut engine);
            journal_bytes += read.map_err(|error| match bad_snapshots.first() {
                // Only the snapshot held what the journal does not begin with.
                Some(bad) if lacks_beginning(&error, from) => bad_snapshot(disk, bad),
                Some(_) | None => error,
            })?;
        }
    }
    let recovered = recovery.end();
    // A snapshot that was made proves that everything in it had been there.
    let missing = bad_snapshots.iter().find(|(last, _)| *last > recovered.last);
    if let Some(bad) = missing.filter(|_| mode == Mode::Strict) {
        return Err(bad_snapshot(disk, bad));
    }
    let loaded = Loaded {
        last: recovered.last,
        segments,
        records: recovered.records,
        recovered,
        bad_snapshots,
        snapshot_bytes,
        journal_bytes,
    };
    Ok((engine, loaded))
}

/// Makes the end of what was loaded the end of the files, and puts all of it on disk. Gives the
/// segment to go on with, and its length.
pub(crate) fn settle<D: Disk>(
    disk: &D,
    loaded: &mut Loaded,
) -> Result<Option<(Sequence, u64)>, StorageError> {
    if let Some(cut) = loaded.recovered.cut {
        let keeps_none = cut.at <= HEADER_BYTES as u64;
        let is_kept =
            |segment: Sequence| segment < cut.segment || (segment == cut.segment && !keeps_none);
        for segment in loaded.segments.iter().filter(|segment| !is_kept(**segment)) {
            let name = FileName::Segment(*segment).to_string();
            disk.remove(&name).map_err(|source| io_error(disk, "remove", &name, source))?;
        }
        loaded.segments.retain(|segment| is_kept(*segment));
        let name = FileName::Segment(cut.segment).to_string();
        if !keeps_none {
            let cut_off = disk.append(&name).and_then(|(mut file, bytes)| {
                file.truncate(cut.at)?;
                Ok(bytes.saturating_sub(cut.at))
            });
            let bytes = cut_off.map_err(|source| io_error(disk, "truncate", &name, source))?;
            warn!(file = name.as_str(), at = cut.at, bytes; "the journal ended in the middle of a write, which nobody was promised; it was cut there");
        }
    }
    let mut end = None;
    for segment in &loaded.segments {
        let name = FileName::Segment(*segment).to_string();
        let synced = disk.append(&name).and_then(|(file, bytes)| file.sync().map(|()| bytes));
        let bytes = synced.map_err(|source| io_error(disk, "sync", &name, source))?;
        end = Some((*segment, bytes));
    }
    disk.sync().map_err(|source| io_error(disk, "sync", "", source))?;
    Ok(end)
}

/// The files of the journal, oldest first: segments, then snapshots.
pub(super) fn list<D: Disk>(disk: &D) -> Result<Vec<FileName>, StorageError> {
    let names = disk.names().map_err(|source| io_error(disk, "read", "", source))?;
    let mut files: Vec<FileName> = names.iter().filter_map(|name| FileName::parse(name)).collect();
    files.sort_unstable();
    Ok(files)
}

/// Reads a file that should be a snapshot. Gives its length.
pub(super) fn read_snapshot(
    mut file: impl Read,
    apply: &mut dyn FnMut(Mutation),
) -> io::Result<Result<(merkle_kv_core::journal::Header, u64), SnapshotError>> {
    let mut reader = SnapshotReader::default();
    let mut buffer: Vec<u8> = Vec::new();
    let mut total = 0;
    loop {
        let read = file.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut buffer)?;
        if read == 0 {
            let unread = buffer.len();
            return Ok(reader.end(unread).map(|header| (header, total)));
        }
        total += read as u64;
        match reader.read(&buffer, apply) {
            Ok(done) => drop(buffer.drain(..done)),
            Err(error) => return Ok(Err(error)),
        }
    }
}

pub(super) fn io_error<D: Disk>(
    disk: &D,
    action: &'static str,
    name: &str,
    source: io::Error,
) -> StorageError {
    StorageError::Io { action, path: disk.path().join(name), source }
}

/// Whether the journal does not go back to where it should begin.
fn lacks_beginning(error: &StorageError, from: Sequence) -> bool {
    match error {
        StorageError::Damaged { damage, .. } => {
            matches!(damage.cause, DamageCause::Gap { expected, .. } if expected == from.next())
        }
        StorageError::InUse { .. }
        | StorageError::Io { .. }
        | StorageError::Snapshot { .. }
        | StorageError::Foreign { .. }
        | StorageError::Backup { .. }
        | StorageError::Occupied { .. } => false,
    }
}

fn bad_snapshot<D: Disk>(disk: &D, (last, error): &(Sequence, SnapshotError)) -> StorageError {
    let (path, snapshot) = (disk.path().to_owned(), FileName::Snapshot(*last));
    StorageError::Snapshot { path, snapshot, source: error.clone() }
}

fn segment_of(file: &FileName) -> Option<Sequence> {
    match file {
        FileName::Segment(first) => Some(*first),
        FileName::Snapshot(_) => None,
    }
}

fn snapshot_of(file: &FileName) -> Option<Sequence> {
    match file {
        FileName::Snapshot(last) => Some(*last),
        FileName::Segment(_) => None,
    }
}

type Snapshots = (Engine, Option<(Sequence, u64)>, Vec<(Sequence, SnapshotError)>);

struct Reading<'a, D: Disk> {
    disk: &'a D,
    node: &'a str,
    mode: Mode,
    progress: Progress,
}

impl<D: Disk> Reading<'_, D> {
    /// The newest snapshot that is whole, and the newer ones that are not. A repair also keeps what
    /// it can read of those.
    fn newest_snapshot(
        &mut self,
        files: &[FileName],
        make: &dyn Fn() -> Engine,
    ) -> Result<Snapshots, StorageError> {
        let mut bad = Vec::new();
        let mut engine = make();
        for last in files.iter().rev().filter_map(snapshot_of) {
            let name = FileName::Snapshot(last).to_string();
            let progress = &mut self.progress;
            let mut apply = |mutation| {
                progress.step();
                engine.restore(mutation);
            };
            let read = self.disk.read(&name).and_then(|file| read_snapshot(file, &mut apply));
            let read = read.map_err(|source| io_error(self.disk, "read", &name, source))?;
            match read {
                Ok((header, bytes)) if header.node == self.node => {
                    return Ok((engine, Some((last, bytes)), bad));
                }
                Ok((header, _)) => {
                    let cause = format!("it belongs to the node {}", header.node);
                    return Err(self.foreign(name, cause));
                }
                Err(error) if is_of_other_release(&error) => {
                    return Err(self.foreign(name, error.to_string()));
                }
                Err(error) => {
                    warn!(file = name.as_str(), error:%; "a snapshot is not whole");
                    bad.push((last, error));
                    if self.mode == Mode::Strict {
                        engine = make();
                    }
                }
            }
        }
        Ok((engine, None, bad))
    }

    fn segment(
        &mut self,
        segment: Sequence,
        recovery: &mut Recovery,
        engine: &mut Engine,
    ) -> Result<u64, StorageError> {
        let name = FileName::Segment(segment).to_string();
        let mut bytes = Vec::new();
        let read = self.disk.read(&name).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|source| io_error(self.disk, "read", &name, source))?;
        let progress = &mut self.progress;
        let applied = recovery.segment(segment, &bytes, &mut |mutation| {
            progress.step();
            engine.restore(mutation);
        });
        applied.map_err(|damage: Damage| {
            if damage.cause.is_foreign() {
                return self.foreign(name, damage.cause.to_string());
            }
            StorageError::Damaged { path: self.disk.path().to_owned(), damage }
        })?;
        Ok(bytes.len() as u64)
    }

    fn foreign(&self, file: String, cause: String) -> StorageError {
        StorageError::Foreign { path: self.disk.path().to_owned(), file, cause }
    }
}

/// Says now and then how far reading is.
struct Progress {
    mutations: u64,
    said: Instant,
}

impl Progress {
    fn new() -> Progress {
        Progress { mutations: 0, said: Instant::now() }
    }

    fn step(&mut self) {
        self.mutations += 1;
        if self.mutations.is_multiple_of(65_536) && self.said.elapsed() >= PROGRESS_INTERVAL {
            info!(changes = self.mutations; "reading the data directory");
            self.said = Instant::now();
        }
    }
}
