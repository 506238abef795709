//! Writes a data set into a file of its own, while writes go on, and proves that it can be read
//! back before anything that it replaces is removed.

use super::disk::{Disk, DiskFile};
use super::load::read_snapshot;
use super::new_salt;
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

/// A picture that is to become a file.
pub(super) struct NewFile<'a, D> {
    pub(super) disk: &'a D,
    pub(super) name: &'a str,
    /// The node whose data it is.
    pub(super) node: &'a str,
    pub(super) picture: &'a Picture,
    /// Whether the node stops meanwhile, and nobody waits for the file any more.
    pub(super) stopping: &'a AtomicBool,
}

impl<D: Disk> NewFile<'_, D> {
    /// Writes the picture, reads it back, and gives it its name. Gives its length.
    pub(super) fn write(&self) -> Result<u64, PictureError> {
        let unfinished = format!("{}{UNFINISHED}", self.name);
        let written = self.write_as(&unfinished).and_then(|bytes| {
            let read = read_snapshot(self.disk.read(&unfinished)?, &mut drop)?;
            let (_, found) = read?;
            if found != bytes {
                let error = format!("{bytes} bytes were written and {found} are there");
                return Err(io::Error::other(error).into());
            }
            self.disk.rename(&unfinished, self.name)?;
            self.disk.sync()?;
            Ok(bytes)
        });
        if written.is_err() {
            // It is removed at the next start otherwise.
            let _ = self.disk.remove(&unfinished);
        }
        written
    }

    fn write_as(&self, name: &str) -> Result<u64, PictureError> {
        let mut output = Output { file: create_anew(self.disk, name)?, bytes: 0, unsynced: 0 };
        let (mut writer, first) = SnapshotWriter::begin(&self.header());
        output.write(&first)?;
        self.picture.beside.iter().for_each(|mutation| writer.note(mutation));
        for entry in self.picture.tree.range(KeyRange::ALL) {
            if let Some(piece) = writer.entry(&entry) {
                output.write(&piece)?;
                if self.stopping.load(Ordering::Relaxed) {
                    return Err(PictureError::Stopping);
                }
            }
        }
        output.write(&writer.end())?;
        output.file.sync()?;
        Ok(output.bytes)
    }

    fn header(&self) -> Header {
        Header {
            kind: FileKind::Snapshot,
            node: self.node.to_owned(),
            sequence: self.picture.last,
            salt: new_salt(),
        }
    }
}

/// Makes a file in the place of one that was not finished.
pub(super) fn create_anew<D: Disk>(disk: &D, name: &str) -> io::Result<D::File> {
    if disk.names()?.iter().any(|found| found == name) {
        disk.remove(name)?;
    }
    disk.create(name)
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
