//! An engine and the files that it fills.

use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Engine, EngineSettings};
use merkle_kv_core::journal::{
    FileKind, Header, Mode, Recovered, Recovery, Salt, Sequence, SnapshotReader, SnapshotWriter,
    stamp,
};
use merkle_kv_core::merkle::{KeyRange, TreeSeed};
use merkle_kv_core::protocol::Limits;
use merkle_kv_core::registers::Registers;
use merkle_kv_core::replication::MAX_UNPUBLISHED;
use merkle_kv_core::store::HashSeed;
use merkle_kv_core::version::NodeId;

pub(crate) const NODE: &str = "node-1";
pub(crate) const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

pub(crate) fn engine() -> Engine {
    Engine::new(EngineSettings {
        node: NodeId::of(NODE),
        seed: HashSeed(1, 2),
        tree: TreeSeed::of(b"test"),
        limits: Limits::default(),
        memory_limit_bytes: None,
        max_unpublished: Some(MAX_UNPUBLISHED),
    })
}

/// The files of one node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(crate) segments: Vec<(Sequence, Vec<u8>)>,
    pub(crate) snapshot: Option<(Sequence, Vec<u8>)>,
    last: Sequence,
}

fn header(kind: FileKind, sequence: Sequence) -> Header {
    Header { kind, node: NODE.to_owned(), sequence, salt: salt(sequence) }
}

/// Another for each file.
fn salt(sequence: Sequence) -> Salt {
    Salt(sequence.0 as u32)
}

impl Files {
    /// Writes what the engine has noted, and begins another segment behind it if that is asked for.
    pub(crate) fn append(&mut self, engine: &mut Engine, ends_segment: bool) {
        let Some(mut records) = engine.store_mut().take_log() else { return };
        if self.segments.is_empty() {
            self.begin_segment();
        }
        let (first, bytes) = self.segments.last_mut().unwrap();
        stamp(&mut records, self.last, salt(*first));
        bytes.extend(&records.bytes);
        self.last = records.last;
        if ends_segment {
            self.begin_segment();
        }
    }

    fn begin_segment(&mut self) {
        let first = self.last.next();
        self.segments.push((first, header(FileKind::Segment, first).encode().to_vec()));
    }

    /// Writes a snapshot of this moment. Nothing has to have been written of what was noted before.
    pub(crate) fn write_snapshot(&mut self, engine: &mut Engine) {
        let fold = engine.store_mut().begin_fold(NOW).unwrap();
        let last = engine.store_mut().part_log();
        let beside = engine.beside_entries();
        let snapshot = engine.store_mut().end_fold(fold.run());
        let (mut writer, mut bytes) = SnapshotWriter::begin(&header(FileKind::Snapshot, last));
        beside.iter().for_each(|mutation| writer.note(mutation));
        for entry in snapshot.tree.range(KeyRange::ALL) {
            bytes.extend(writer.entry(&entry).into_iter().flatten());
        }
        bytes.extend(writer.end());
        self.snapshot = Some((last, bytes));
    }

    /// Removes segments that the snapshot holds.
    pub(crate) fn drop_segments(&mut self) {
        let Some((held, _)) = self.snapshot else { return };
        while self.segments.get(1).is_some_and(|(first, _)| *first <= held.next()) {
            self.segments.remove(0);
        }
    }

    /// An engine of what is here. The snapshot comes in pieces of this size.
    pub(crate) fn recover(&self, now: UnixMillis, piece: usize) -> (Engine, Recovered) {
        let mut engine = engine();
        let mut held = Sequence::ZERO;
        if let Some((last, bytes)) = &self.snapshot {
            let (mut reader, mut waiting) = (SnapshotReader::default(), Vec::new());
            for piece in bytes.chunks(piece) {
                waiting.extend(piece);
                let done = reader.read(&waiting, &mut |mutation| engine.restore(mutation)).unwrap();
                waiting.drain(..done);
            }
            assert_eq!(reader.end(waiting.len()).unwrap().sequence, *last);
            held = *last;
        }
        let mut recovery = Recovery::behind(held, NODE, Mode::Strict);
        for (first, bytes) in &self.segments {
            recovery.segment(*first, bytes, &mut |mutation| engine.restore(mutation)).unwrap();
        }
        let recovered = recovery.end();
        engine.resume(recovered.last, now);
        (engine, recovered)
    }
}

/// Everything about an engine that outlives it.
#[derive(Debug, PartialEq)]
pub(crate) struct Kept {
    root: Vec<u8>,
    held: Vec<Entry>,
    registers: Registers,
    members: Vec<(NodeId, UnixMillis)>,
    pub(crate) unpublished: Vec<Entry>,
}

pub(crate) fn kept(engine: &mut Engine, published: Hlc) -> Kept {
    let store = engine.store_mut();
    let fold = store.begin_fold(NOW).unwrap();
    let tree = store.end_fold(fold.run()).tree;
    let held: Vec<Entry> = tree.range(KeyRange::ALL).collect();
    assert!(held.iter().all(|entry| store.held(entry.key()) == Some(entry)));
    while store.sweep_step() {}
    assert_eq!(store.keys() + store.tombstones(), held.len());
    let own = held.iter().filter(|entry| entry.version().node == store.node());
    let unpublished = own.filter(|entry| entry.version().hlc > published).cloned().collect();
    Kept {
        root: tree.root().0.to_vec(),
        registers: store.registers(),
        members: engine.kept_members().to_vec(),
        unpublished,
        held,
    }
}
