//! Writes records into segments. Knows when a segment is full and what has to be synced; threads
//! and times belong to the caller.

use super::disk::{Disk, DiskFile};
use super::meters::JournalMeters;
use super::{is_full, new_salt};
use merkle_kv_core::journal::{
    FileKind, FileName, HEADER_BYTES, Header, Records, Salt, Sequence, stamp,
};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Instant;

#[cfg(test)]
mod tests;

/// A segment that has so many bytes takes no further records. Small enough to be removed soon after
/// a snapshot, and read at once when the node starts.
const SEGMENT_BYTES: u64 = 64 << 20;

/// Why records were not written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// There is no room, and nothing of them was kept: try again later.
    Full(io::Error),
    /// What is in the file now is unknown.
    Failed {
        /// What was tried.
        action: &'static str,
        /// With which file.
        file: String,
        /// What the system said.
        source: io::Error,
    },
}

/// Something whose bytes are to be put on disk, up to a record.
#[derive(Debug)]
pub(super) struct Unsynced<F> {
    pub(super) file: F,
    pub(super) name: String,
    /// Its name is not on disk either.
    pub(super) is_new: bool,
    pub(super) last: Sequence,
    pub(super) meters: Arc<JournalMeters>,
}

/// The open end of the journal.
pub(super) struct Writer<D: Disk> {
    disk: D,
    node: String,
    segment: Option<Segment<D::File>>,
    /// The segment before it, until it is taken to be synced.
    ended: Option<Unsynced<D::File>>,
    last: Sequence,
    segment_bytes: u64,
    meters: Arc<JournalMeters>,
}

struct Segment<F> {
    name: String,
    file: F,
    bytes: u64,
    salt: Salt,
    is_new: bool,
}

impl<D: Disk> Writer<D> {
    /// Goes on behind `last`, in a segment that is there already, or in a new one if there is none or
    /// its header, with its salt, is bad.
    pub(super) fn new(
        disk: D,
        node: &str,
        last: Sequence,
        end: Option<(Sequence, u64)>,
    ) -> io::Result<Writer<D>> {
        let segment = match end {
            Some((first, bytes)) => reopen(&disk, first, bytes)?,
            None => None,
        };
        let node = node.to_owned();
        Ok(Writer {
            disk,
            node,
            segment,
            ended: None,
            last,
            segment_bytes: SEGMENT_BYTES,
            meters: Arc::default(),
        })
    }

    /// Tells what it does there.
    pub(super) fn metered(mut self, meters: Arc<JournalMeters>) -> Writer<D> {
        self.meters = meters;
        self
    }

    /// Ends segments at another size, so that a test sees many.
    #[cfg(test)]
    pub(super) fn with_segments_of(mut self, bytes: u64) -> Writer<D> {
        self.segment_bytes = bytes;
        self
    }

    /// The last record that was written.
    pub(super) fn last(&self) -> Sequence {
        self.last
    }

    /// Writes records. That may end a segment, whether there is room for a new one or not: see
    /// [`Writer::take_ended`].
    pub(super) fn write(
        &mut self,
        records: &mut Records,
        synced: Sequence,
    ) -> Result<(), WriteError> {
        if let Some(full) = self.segment.take_if(|segment| segment.bytes >= self.segment_bytes) {
            let Segment { name, file, is_new, .. } = full;
            let meters = self.meters.clone();
            self.ended = Some(Unsynced { file, name, is_new, last: self.last, meters });
        }
        self.write_here(records, synced)
    }

    /// A segment that the last write has ended, to be synced: nothing behind it counts as synced
    /// before it is.
    pub(super) fn take_ended(&mut self) -> Option<Unsynced<D::File>> {
        self.ended.take()
    }

    /// What has to be synced so that all that was written is.
    pub(super) fn unsynced(&mut self) -> io::Result<Option<Unsynced<D::File>>> {
        let Some(segment) = &mut self.segment else { return Ok(None) };
        let file = segment.file.again()?;
        // Whoever syncs it syncs its name too, or ends the node.
        let is_new = std::mem::take(&mut segment.is_new);
        let (name, meters) = (segment.name.clone(), self.meters.clone());
        Ok(Some(Unsynced { file, name, is_new, last: self.last, meters }))
    }

    fn write_here(&mut self, records: &mut Records, synced: Sequence) -> Result<(), WriteError> {
        let segment = match &mut self.segment {
            Some(segment) => segment,
            none => {
                let segment = create(&self.disk, &self.node, self.last.next())?;
                self.meters.began_segment();
                none.insert(segment)
            }
        };
        stamp(records, synced, segment.salt);
        match segment.file.write(&records.bytes) {
            Ok(()) => {
                segment.bytes += records.bytes.len() as u64;
                self.meters.wrote(records.bytes.len());
                self.last = records.last;
                Ok(())
            }
            Err(source) if is_full(&source) => {
                let failed = |source| WriteError::Failed {
                    action: "truncate",
                    file: segment.name.clone(),
                    source,
                };
                segment.file.truncate(segment.bytes).map_err(failed)?;
                Err(WriteError::Full(source))
            }
            Err(source) => {
                Err(WriteError::Failed { action: "write", file: segment.name.clone(), source })
            }
        }
    }
}

fn reopen<D: Disk>(disk: &D, first: Sequence, bytes: u64) -> io::Result<Option<Segment<D::File>>> {
    let name = FileName::Segment(first).to_string();
    let mut header = Vec::new();
    disk.read(&name)?.take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    let Ok(Header { salt, .. }) = Header::parse(FileKind::Segment, &header) else {
        return Ok(None);
    };
    let (file, _) = disk.append(&name)?;
    Ok(Some(Segment { name, file, bytes, salt, is_new: false }))
}

fn create<D: Disk>(disk: &D, node: &str, first: Sequence) -> Result<Segment<D::File>, WriteError> {
    let name = FileName::Segment(first).to_string();
    let salt = new_salt();
    let header = Header { kind: FileKind::Segment, node: node.to_owned(), sequence: first, salt };
    let header = header.encode();
    let written = disk.create(&name).and_then(|mut file| file.write(&header).map(|()| file));
    match written {
        Ok(file) => Ok(Segment { name, file, bytes: header.len() as u64, salt, is_new: true }),
        Err(source) if is_full(&source) => match disk.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(WriteError::Failed { action: "remove", file: name, source: error })
            }
            Ok(()) | Err(_) => Err(WriteError::Full(source)),
        },
        Err(source) => Err(WriteError::Failed { action: "create", file: name, source }),
    }
}

/// Puts it on disk.
pub(super) fn sync<D: Disk>(disk: &D, unsynced: &Unsynced<D::File>) -> Result<(), WriteError> {
    let failed =
        |source| WriteError::Failed { action: "sync", file: unsynced.name.clone(), source };
    let begun = Instant::now();
    unsynced.file.sync().map_err(failed)?;
    if unsynced.is_new {
        disk.sync().map_err(failed)?;
    }
    unsynced.meters.synced(begun);
    Ok(())
}
