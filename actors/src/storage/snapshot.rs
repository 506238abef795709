//! Writes a data set into a file of its own, while writes go on, and proves that it can be read
//! back before anything that it replaces is removed.

use super::disk::{Disk, DiskFile};
use super::load::read_snapshot;
use merkle_kv_core::journal::{
    FileKind, FileName, Header, Mutation, Sequence, SnapshotError, SnapshotWriter,
};
use merkle_kv_core::merkle::{KeyRange, Tree};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes that are written before they are synced: a sync of all at the end would hold up the
/// journal, which is on the same disk.
const SYNC_BYTES: usize = 8 << 20;

/// What a file that is not whole yet is called behind its name.
pub(super) const UNFINISHED: &str = ".tmp";

/// The data set of one moment.
pub(crate) struct Picture {
    /// The entries.
    pub(crate) tree: Tree,
    /// Everything else.
    pub(crate) beside: Vec<Mutation>,
    /// The last record that it takes in.
    pub(crate) last: Sequence,
}

/// Why there is no snapshot. What was there before is there still.
#[derive(Debug, thiserror::Error)]
pub(super) enum PictureError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it cannot be read back: {0}")]
    Unreadable(#[from] SnapshotError),
    #[error("the node stops")]
    Stopping,
}

/// Writes a picture, reads it back, and gives it its name. Gives its length.
pub(super) fn write<D: Disk>(
    disk: &D,
    name: &str,
    header: &Header,
    picture: &Picture,
    stopping: &AtomicBool,
) -> Result<u64, PictureError> {
    let unfinished = format!("{name}{UNFINISHED}");
    let written = write_unfinished(disk, &unfinished, header, picture, stopping);
    let written = written.and_then(|bytes| {
        let read = read_snapshot(disk.read(&unfinished)?, &mut drop)?;
        let (_, found) = read?;
        if found != bytes {
            let error = format!("{bytes} bytes were written and {found} are there");
            return Err(io::Error::other(error).into());
        }
        disk.rename(&unfinished, name)?;
        disk.sync()?;
        Ok(bytes)
    });
    if written.is_err() {
        // It is removed at the next start otherwise.
        let _ = disk.remove(&unfinished);
    }
    written
}

/// The header of a file that holds a picture.
pub(super) fn header(node: &str, picture: &Picture) -> Header {
    Header {
        kind: FileKind::Snapshot,
        node: node.to_owned(),
        sequence: picture.last,
        created: crate::wall_clock::now(),
    }
}

/// Removes what a snapshot that is proven makes superfluous.
pub(super) fn remove_older<D: Disk>(disk: &D, snapshot: Sequence) -> io::Result<()> {
    let names = disk.names()?;
    let files = names.iter().filter_map(|name| FileName::parse(name));
    let mut segments = Vec::new();
    let mut superfluous = Vec::new();
    for file in files {
        match file {
            FileName::Segment(first) => segments.push(first),
            FileName::Snapshot(last) if last < snapshot => superfluous.push(file),
            FileName::Snapshot(_) => {}
        }
    }
    segments.sort_unstable();
    for pair in segments.windows(2) {
        // All records of the one are before the first of the other.
        if let [first, next] = pair
            && *next <= snapshot.next()
        {
            superfluous.push(FileName::Segment(*first));
        }
    }
    for file in superfluous {
        disk.remove(&file.to_string())?;
    }
    disk.sync()
}

fn write_unfinished<D: Disk>(
    disk: &D,
    name: &str,
    header: &Header,
    picture: &Picture,
    stopping: &AtomicBool,
) -> Result<u64, PictureError> {
    if disk.names()?.iter().any(|found| found == name) {
        disk.remove(name)?;
    }
    let mut output = Output { file: disk.create(name)?, bytes: 0, unsynced: 0 };
    let (mut writer, first) = SnapshotWriter::begin(header);
    output.write(&first)?;
    picture.beside.iter().for_each(|mutation| writer.note(mutation));
    for entry in picture.tree.range(KeyRange::ALL) {
        if let Some(piece) = writer.entry(&entry) {
            output.write(&piece)?;
            if stopping.load(Ordering::Relaxed) {
                return Err(PictureError::Stopping);
            }
        }
    }
    output.write(&writer.end())?;
    output.file.sync()?;
    Ok(output.bytes)
}

struct Output<F> {
    file: F,
    bytes: u64,
    unsynced: usize,
}

impl<F: DiskFile> Output<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write(bytes)?;
        self.bytes += bytes.len() as u64;
        self.unsynced += bytes.len();
        if self.unsynced >= SYNC_BYTES {
            self.file.sync()?;
            self.unsynced = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::disk::Folder;

    #[test]
    fn a_snapshot_removes_what_is_before_it_and_no_segment_that_reaches_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Folder::at(folder.path().to_owned());
        let segments = [1, 5, 9, 12, 20].map(|first| FileName::Segment(Sequence(first)));
        let snapshots = [4, 11, 15].map(|last| FileName::Snapshot(Sequence(last)));
        for file in segments.iter().chain(&snapshots) {
            disk.create(&file.to_string()).unwrap();
        }
        disk.create("LOCK").unwrap();
        remove_older(&disk, Sequence(11)).unwrap();
        let mut left = disk.names().unwrap();
        left.sort();
        let mut expected = [&segments[3..], &snapshots[1..]].concat();
        expected.sort();
        let expected: Vec<String> = std::iter::once("LOCK".to_owned())
            .chain(expected.iter().map(FileName::to_string))
            .collect();
        assert_eq!(left, expected);
        remove_older(&disk, Sequence(15)).unwrap();
        // Records from 16 on are in the segment that begins with 12.
        assert!(disk.names().unwrap().contains(&segments[3].to_string()));
    }
}
