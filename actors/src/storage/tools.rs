//! What an operator does with data directories: check one, copy one into a file, and make one of
//! such a file.

use super::disk::{Disk, DiskFile, Folder};
use super::error::StorageError;
use super::load::{Loaded, io_error, list, load, read_snapshot};
use super::lock::DirectoryLock;
use super::snapshot::{NewFile, Picture, UNFINISHED, create_anew};
use crate::wall_clock;
use merkle_kv_core::execute::{Engine, EngineSettings};
use merkle_kv_core::journal::{
    Cut, Damage, FileKind, FileName, HEADER_BYTES, Header, HeaderError, Mode, Mutation, Recovered,
    Recovery, Sequence, SnapshotError,
};
use merkle_kv_core::merkle::{Tree, TreeSeed};
use merkle_kv_core::protocol::Limits;
use merkle_kv_core::store::HashSeed;
use merkle_kv_core::version::NodeId;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// How often a directory is read again because its node has removed a file meanwhile.
const TRIES: usize = 5;

/// How much of a backup is copied at once, in bytes.
const PIECE_BYTES: usize = 1 << 20;

/// Reads everything in a data directory, whether its node runs or not. `say` hears a line about
/// each file, good or bad, before it is known whether the whole is good.
pub fn verify(folder: &Path, say: &mut dyn FnMut(&str)) -> Result<String, StorageError> {
    let disk = existing(folder)?;
    let files = list(&disk)?;
    if files.is_empty() {
        return Ok("nothing is stored there".to_owned());
    }
    let named = node_of(&disk, &files)?;
    let node = named.as_deref().unwrap_or_default();
    for file in files {
        say(&match describe(&disk, node, file) {
            Ok(line) => line,
            Err(source) => format!("{file}  cannot be read: {source}"),
        });
    }
    let (engine, loaded) = load_at_rest(&disk, node)?;
    let whose = named.map_or("no file names its node".to_owned(), |node| format!("node {node}"));
    let (keys, tombstones) = (engine.store().keys(), engine.store().tombstones());
    let torn = match loaded.recovered.cut {
        Some(cut) => format!(
            ", then a write that was cut off at byte {} of {} (a crash, or the node runs)",
            cut.at,
            FileName::Segment(cut.segment)
        ),
        None => String::new(),
    };
    let spare = if loaded.bad_snapshots.is_empty() { "" } else { "; a bad snapshot is not needed" };
    Ok(format!(
        "{whose}: good up to record {}, {keys} keys and {tombstones} tombstones{torn}{spare}",
        loaded.last
    ))
}

/// Reads a directory whose node may be running.
fn load_at_rest(disk: &Folder, node: &str) -> Result<(Engine, Loaded), StorageError> {
    let mut tries = 1;
    loop {
        match load(disk, node, Mode::Strict, &|| engine_of(node)) {
            // The node has written a snapshot and removed what it makes superfluous.
            Err(StorageError::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound && tries < TRIES =>
            {
                tries += 1;
            }
            loaded => return loaded,
        }
    }
}

/// Copies what a data directory holds at this moment into one file, whether its node runs or not.
/// Says what was copied.
pub fn backup(folder: &Path, to: &Path) -> Result<String, StorageError> {
    let disk = existing(folder)?;
    let (target, name) = place(to)?;
    let named = node_of(&disk, &list(&disk)?)?;
    let (mut engine, loaded) = load_at_rest(&disk, named.as_deref().unwrap_or_default())?;
    let node = named.ok_or_else(|| StorageError::Occupied {
        path: folder.to_owned(),
        what: "holds nothing that could be copied",
    })?;
    let folded = engine.fold(wall_clock::now());
    let tree = folded.map_or_else(|| Tree::new(tree_seed(&node)), |snapshot| snapshot.tree);
    let picture = Picture { tree, beside: engine.beside_entries(), last: loaded.last };
    let (disk, stopping) = (&target, &AtomicBool::new(false));
    let file = NewFile { disk, name: &name, node: &node, picture: &picture, stopping };
    let bytes = file
        .write()
        .map_err(|error| io_error(&target, "write", &name, io::Error::other(error.to_string())))?;
    let keys = engine.store().keys();
    Ok(format!("{}: {keys} keys of node {node}, {bytes} bytes", to.display()))
}

/// Makes a data directory of a backup, for the node that made it, or for another one. Says what it
/// holds.
pub fn restore(from: &Path, folder: &Path, node: Option<&str>) -> Result<String, StorageError> {
    let open = |action| move |source| StorageError::Io { action, path: from.to_owned(), source };
    let file = File::open(from).map_err(open("open"))?;
    let (entries, read) = count_entries(file).map_err(open("read"))?;
    let (mut header, _) =
        read.map_err(|source| StorageError::Backup { path: from.to_owned(), source })?;
    if let Some(node) = node {
        header.node = node.to_owned();
    }
    let disk = Folder::make(folder).map_err(|source| StorageError::Io {
        action: "make the folder",
        path: folder.to_owned(),
        source,
    })?;
    let _lock = DirectoryLock::take(folder, &header.node)?;
    if !list(&disk)?.is_empty() {
        let what = "holds data already; name an empty folder, or move that away";
        return Err(StorageError::Occupied { path: folder.to_owned(), what });
    }
    let name = FileName::Snapshot(header.sequence).to_string();
    copy(from, &header, &disk, &name).map_err(|source| io_error(&disk, "write", &name, source))?;
    Ok(format!("{}: {entries} entries for node {}", folder.display(), header.node))
}

fn copy(from: &Path, header: &Header, disk: &Folder, name: &str) -> io::Result<()> {
    let unfinished = format!("{name}{UNFINISHED}");
    let mut source = File::open(from)?;
    let mut bytes = vec![0; HEADER_BYTES];
    source.read_exact(&mut bytes)?;
    let mut target = create_anew(disk, &unfinished)?;
    target.write(&header.encode())?;
    loop {
        bytes.clear();
        if source.by_ref().take(PIECE_BYTES as u64).read_to_end(&mut bytes)? == 0 {
            break;
        }
        target.write(&bytes)?;
    }
    target.sync()?;
    disk.rename(&unfinished, name)?;
    disk.sync()
}

/// A line about one file by itself, which is read as a start reads it.
fn describe(disk: &Folder, node: &str, file: FileName) -> io::Result<String> {
    let name = file.to_string();
    Ok(match file {
        FileName::Snapshot(_) => {
            let (entries, read) = count_entries(disk.read(&name)?)?;
            match read {
                Ok((_, bytes)) => format!("{name}  {bytes} bytes  {entries} entries  good"),
                Err(error) => format!("{name}  {entries} entries, then bad: {error}"),
            }
        }
        FileName::Segment(first) => {
            let mut bytes = Vec::new();
            disk.read(&name)?.read_to_end(&mut bytes)?;
            let before = Sequence(first.0.saturating_sub(1));
            let mut recovery = Recovery::behind(before, node, Mode::Strict);
            let read = recovery.segment(first, &bytes, &mut drop);
            let Recovered { records, cut, .. } = recovery.end();
            let verdict = match (read, cut, Header::parse(FileKind::Segment, &bytes)) {
                (Err(Damage { at, cause, .. }), _, _) => {
                    format!(", then bad at byte {at}: {cause}")
                }
                (Ok(()), Some(Cut { at, .. }), _) => format!(", then cut off at byte {at}"),
                (Ok(()), None, Err(error)) => format!("  good, but {error}"),
                (Ok(()), None, Ok(_)) => "  good".to_owned(),
            };
            format!("{name}  {} bytes  {records} records{verdict}", bytes.len())
        }
    })
}

type ReadSnapshot = Result<(Header, u64), SnapshotError>;

/// Reads a file that should be a snapshot, and counts its entries, up to where it is bad.
fn count_entries(file: impl Read) -> io::Result<(u64, ReadSnapshot)> {
    let mut entries = 0;
    let mut count = |mutation| {
        entries += u64::from(matches!(mutation, Mutation::Entry(_)));
    };
    let read = read_snapshot(file, &mut count)?;
    Ok((entries, read))
}

/// The node that wrote the files; nothing if no file says so.
fn node_of(disk: &Folder, files: &[FileName]) -> Result<Option<String>, StorageError> {
    let mut newer = None;
    for file in files {
        let name = file.to_string();
        let kind = match file {
            FileName::Segment(_) => FileKind::Segment,
            FileName::Snapshot(_) => FileKind::Snapshot,
        };
        let mut bytes = Vec::new();
        let read = disk
            .read(&name)
            .and_then(|file| file.take(HEADER_BYTES as u64).read_to_end(&mut bytes));
        read.map_err(|source| io_error(disk, "read", &name, source))?;
        match Header::parse(kind, &bytes) {
            Ok(header) => return Ok(Some(header.node)),
            Err(cause @ HeaderError::Format(_)) => newer = Some((name, cause.to_string())),
            // Whether that is damage shows when everything is read.
            Err(HeaderError::CutOff | HeaderError::Foreign(_) | HeaderError::Checksum) => {}
        }
    }
    match newer {
        None => Ok(None),
        Some((file, cause)) => {
            Err(StorageError::Foreign { path: disk.path().to_owned(), file, cause })
        }
    }
}

fn existing(folder: &Path) -> Result<Folder, StorageError> {
    match folder.read_dir() {
        Ok(_) => Ok(Folder::at(folder.to_owned())),
        Err(source) => Err(StorageError::Io { action: "read", path: folder.to_owned(), source }),
    }
}

/// The folder and the name of a file that is to be written.
fn place(to: &Path) -> Result<(Folder, String), StorageError> {
    if to.exists() {
        let what = "is there already; name another file";
        return Err(StorageError::Occupied { path: to.to_owned(), what });
    }
    let Some(name) = to.file_name().and_then(|name| name.to_str()) else {
        let what = "is no name for a file";
        return Err(StorageError::Occupied { path: to.to_owned(), what });
    };
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = existing(folder.unwrap_or(Path::new(".")))?;
    Ok((folder, name.to_owned()))
}

fn engine_of(node: &str) -> Engine {
    Engine::new(EngineSettings {
        node: NodeId::of(node),
        seed: HashSeed(crate::random::number(), crate::random::number()),
        tree: tree_seed(node),
        limits: Limits::default(),
        max_unpublished: None,
        memory_limit_bytes: None,
    })
}

/// The shape of a tree that is only gone through.
fn tree_seed(node: &str) -> TreeSeed {
    TreeSeed::of(node.as_bytes())
}
