//! A simulated disk: the files that a node's journal is, in the bytes that core makes, and what of
//! them outlives a crash.

use crate::random::Random;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::execute::Engine;
use merkle_kv_core::journal::{
    Cut, FileKind, HEADER_BYTES, Header, Mode, Mutation, Records, Recovered, Recovery, Salt,
    Sequence, SnapshotReader, SnapshotWriter, stamp,
};
use merkle_kv_core::merkle::KeyRange;

/// What a disk loses or keeps at a time.
const PAGE_BYTES: usize = 64;

/// The disk of one node. All but the end of the last segment is synced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    name: String,
    segments: Vec<(Sequence, Vec<u8>)>,
    snapshot: Option<(Sequence, Vec<u8>)>,
    last: Sequence,
    synced: Sequence,
    synced_bytes: usize,
    /// Where the records begin that were synced last.
    synced_from: usize,
    /// No timestamp above this was issued before the last sync, or is told before the next one.
    pub(crate) synced_clock: Hlc,
}

impl Disk {
    pub(crate) fn of(name: &str) -> Disk {
        let mut disk = Disk { name: name.to_owned(), ..Disk::default() };
        disk.begin_segment();
        disk
    }

    pub(crate) fn write(&mut self, mut records: Records) {
        let (first, _) = self.segments.last().expect("a disk has a segment");
        stamp(&mut records, self.synced, salt(*first));
        self.last = records.last;
        self.end_mut().extend(&records.bytes);
    }

    pub(crate) fn sync(&mut self, reserved: Hlc) {
        self.synced_clock = self.synced_clock.max(reserved);
        if self.synced < self.last {
            self.synced_from = self.synced_bytes;
            self.synced_bytes = self.end_mut().len();
            self.synced = self.last;
        }
    }

    /// Writes all that the engine holds into another file.
    pub(crate) fn write_snapshot(&mut self, engine: &mut Engine, now: UnixMillis) {
        let fold = engine.store_mut().begin_fold(now).expect("no fold is under way");
        let last = engine.store_mut().part_log();
        let beside = engine.beside_entries();
        let tree = engine.store_mut().end_fold(fold.run()).tree;
        let (mut writer, mut bytes) = SnapshotWriter::begin(&self.header(FileKind::Snapshot, last));
        beside.iter().for_each(|mutation| writer.note(mutation));
        for entry in tree.range(KeyRange::ALL) {
            bytes.extend(writer.entry(&entry).into_iter().flatten());
        }
        bytes.extend(writer.end());
        self.snapshot = Some((last, bytes));
    }

    /// Begins another segment, and removes those that the snapshot holds.
    pub(crate) fn rotate(&mut self) {
        self.sync(Hlc::ZERO);
        if self.end_mut().len() > HEADER_BYTES {
            self.begin_segment();
        }
        let held = self.snapshot.as_ref().map_or(Sequence::ZERO, |(last, _)| *last);
        while self.segments.get(1).is_some_and(|(first, _)| *first <= held.next()) {
            self.segments.remove(0);
        }
    }

    /// Bytes that a crash may take.
    pub(crate) fn unsynced(&self) -> usize {
        self.segments.last().map_or(0, |(_, bytes)| bytes.len()) - self.synced_bytes
    }

    /// A crash that so many of the unsynced bytes outlive, and perhaps not all pages of those.
    pub(crate) fn keep(&mut self, bytes: usize, random: &mut Random) {
        let from = self.synced_bytes;
        let is_cut = bytes < self.unsynced();
        let end = self.end_mut();
        end.truncate(from + bytes);
        while is_cut && random.one_in(2) && bytes > 0 {
            let page = from + random.below(bytes) / PAGE_BYTES * PAGE_BYTES;
            let behind = end.len().min(page + PAGE_BYTES);
            end[page..behind].fill(0);
        }
    }

    /// Of a mutant: the last records that were synced are gone.
    pub(crate) fn lose_synced(&mut self) {
        let from = self.synced_from;
        self.end_mut().truncate(from.max(HEADER_BYTES));
    }

    /// Reads everything back, and tells of each mutation whether it is out of the snapshot.
    pub(crate) fn recover(&mut self, apply: &mut dyn FnMut(Mutation, bool)) -> Recovered {
        let mut held = Sequence::ZERO;
        if let Some((last, bytes)) = &self.snapshot {
            let mut reader = SnapshotReader::default();
            let read = reader.read(bytes, &mut |mutation| apply(mutation, true));
            let header = reader.end(bytes.len() - read.expect("a snapshot that was synced"));
            assert_eq!(header.expect("a whole snapshot").sequence, *last);
            held = *last;
        }
        let mut recovery = Recovery::behind(held, &self.name, Mode::Strict);
        for (first, bytes) in &self.segments {
            let read = recovery.segment(*first, bytes, &mut |mutation| apply(mutation, false));
            read.unwrap_or_else(|damage| panic!("{damage}"));
        }
        let recovered = recovery.end();
        if let Some(Cut { segment, at }) = recovered.cut {
            self.segments.retain(|(first, _)| *first <= segment);
            self.end_mut().truncate(at as usize);
        }
        self.last = recovered.last;
        self.synced = recovered.last;
        self.synced_bytes = self.end_mut().len();
        self.synced_from = self.synced_bytes;
        recovered
    }

    fn begin_segment(&mut self) {
        let first = self.last.next();
        let header = self.header(FileKind::Segment, first).encode().to_vec();
        self.synced_bytes = header.len();
        self.synced_from = header.len();
        self.segments.push((first, header));
    }

    fn header(&self, kind: FileKind, sequence: Sequence) -> Header {
        Header { kind, node: self.name.clone(), sequence, salt: salt(sequence) }
    }

    fn end_mut(&mut self) -> &mut Vec<u8> {
        &mut self.segments.last_mut().expect("a disk has a segment").1
    }
}

/// Another for each file.
fn salt(sequence: Sequence) -> Salt {
    Salt(sequence.0 as u32)
}
