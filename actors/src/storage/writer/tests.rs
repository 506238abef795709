//! Segments on a disk that is full at the worst moment.

use super::{Disk, DiskFile, WriteError, Writer};
use crate::storage::disk::Folder;
use crate::storage::load::list;
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::journal::{
    FileName, HEADER_BYTES, Log, Mode, Mutation, Records, Recovery, Sequence,
};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder with room for so many bytes more. What does not fit is written as far as it does.
#[derive(Clone)]
struct Tight {
    folder: Folder,
    room: Arc<AtomicUsize>,
}

struct TightFile {
    file: File,
    room: Arc<AtomicUsize>,
}

impl Disk for Tight {
    type File = TightFile;

    fn names(&self) -> io::Result<Vec<String>> {
        self.folder.names()
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        self.folder.read(name)
    }

    fn create(&self, name: &str) -> io::Result<TightFile> {
        Ok(TightFile { file: self.folder.create(name)?, room: self.room.clone() })
    }

    fn append(&self, name: &str) -> io::Result<(TightFile, u64)> {
        let (file, bytes) = self.folder.append(name)?;
        Ok((TightFile { file, room: self.room.clone() }, bytes))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.folder.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.folder.sync()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl DiskFile for TightFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = self.room.load(Ordering::Relaxed);
        let fits = bytes.len().min(room);
        DiskFile::write(&mut self.file, &bytes[..fits])?;
        self.room.store(room - fits, Ordering::Relaxed);
        if fits < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&self) -> io::Result<()> {
        DiskFile::sync(&self.file)
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.file.truncate(bytes)
    }

    fn again(&self) -> io::Result<TightFile> {
        Ok(TightFile { file: self.file.again()?, room: self.room.clone() })
    }
}

fn record(after: u64) -> Records {
    let mut log = Log::behind(Sequence(after));
    log.note(&Mutation::Clock(Hlc::from_raw(after + 1)));
    log.take().unwrap()
}

/// The numbers that can be read back.
fn read_back(disk: &Tight) -> Vec<u64> {
    let mut found = Vec::new();
    let mut recovery = Recovery::behind(Sequence::ZERO, "one", Mode::Strict);
    for file in list(disk).unwrap() {
        let FileName::Segment(first) = file else { panic!("{file}") };
        let mut bytes = Vec::new();
        disk.read(&file.to_string()).unwrap().read_to_end(&mut bytes).unwrap();
        let mut apply = |mutation| match mutation {
            Mutation::Clock(hlc) => found.push(hlc.raw()),
            other => panic!("{other:?}"),
        };
        recovery.segment(first, &bytes, &mut apply).unwrap();
    }
    assert_eq!(recovery.end().cut, None);
    found
}

/// A disk can be full at any byte: in a record, in the header of a new segment, and behind that
/// header. In the last case the segment was created once more, and the node ended because it was
/// there.
#[test]
fn a_disk_that_is_full_at_any_byte_costs_no_record_and_no_segment() {
    const SEGMENT_BYTES: u64 = HEADER_BYTES as u64 + 60;
    for room in 0..500 {
        let folder = tempfile::tempdir().unwrap();
        let room = Arc::new(AtomicUsize::new(room));
        let disk = Tight { folder: Folder::at(folder.path().to_owned()), room: room.clone() };
        let writer = Writer::new(disk.clone(), "one", Sequence::ZERO, None).unwrap();
        let mut writer = writer.with_segments_of(SEGMENT_BYTES);
        let mut ended = Vec::new();
        let mut synced = Sequence::ZERO;
        for n in 0..8 {
            let mut records = record(n);
            for _ in 0..3 {
                let written = writer.write(&mut records, synced);
                ended.extend(writer.take_ended().map(|segment| segment.last.0));
                match written {
                    Ok(()) => break,
                    Err(WriteError::Full(_)) => {
                        assert_eq!(writer.last(), Sequence(n));
                        assert_eq!(read_back(&disk), (1..=n).collect::<Vec<u64>>());
                        // The second try fails as well.
                        if room.fetch_add(HEADER_BYTES + 10, Ordering::Relaxed) > 0 {
                            room.store(10_000, Ordering::Relaxed);
                        }
                    }
                    Err(failed) => panic!("{failed:?}"),
                }
            }
            synced = writer.last();
        }
        assert_eq!(read_back(&disk), (1..=8).collect::<Vec<u64>>());
        let segments = list(&disk).unwrap().len();
        assert!(segments > 2 && ended.len() == segments - 1, "{segments} {ended:?}");
        assert!(ended.is_sorted(), "{ended:?}");
    }
}
