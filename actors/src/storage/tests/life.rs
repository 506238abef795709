//! A node without threads, and what it has been told: its engine writes, the writer writes what the
//! engine has changed, and what a disk gives back is compared with both.

use super::disk::SimulatedDisk;
use super::random::Random;
use crate::storage::StorageError;
use crate::storage::load::{Loaded, load, settle};
use crate::storage::open::remove_unfinished;
use crate::storage::snapshot::{self, NewFile, Picture, PictureError};
use crate::storage::writer::Writer;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::execute::{Engine, EngineSettings};
use merkle_kv_core::journal::{FileName, Mode, Records, Sequence};
use merkle_kv_core::merkle::TreeSeed;
use merkle_kv_core::protocol::Limits;
use merkle_kv_core::store::HashSeed;
use merkle_kv_core::version::NodeId;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

pub(super) const NODE: &str = "node-1";

/// So many different keys.
const KEYS: usize = 12;

/// Segments are full behind so many bytes.
pub(super) const SEGMENT_BYTES: u64 = 3_000;

type Data = BTreeMap<usize, Vec<u8>>;

/// What a step does to one key, or to all.
enum Change {
    Put(usize, Vec<u8>),
    Delete(usize),
    Flush,
}

/// What the engine was told, and up to where of that somebody has a promise.
#[derive(Default)]
pub(super) struct History {
    /// Each step and the record that it stands in.
    steps: Vec<(Sequence, Vec<Change>)>,
    /// The last record that was noted.
    pub(super) noted: Sequence,
    /// Of these, handed to the operating system.
    pub(super) written: Sequence,
    /// Of these, on disk.
    pub(super) synced: Sequence,
    now: u64,
}

impl History {
    fn data_at(&self, last: Sequence) -> Data {
        let mut data = Data::new();
        for (_, changes) in self.steps.iter().take_while(|(at, _)| *at <= last) {
            for change in changes {
                match change {
                    Change::Put(key, value) => drop(data.insert(*key, value.clone())),
                    Change::Delete(key) => drop(data.remove(key)),
                    Change::Flush => data.clear(),
                }
            }
        }
        data
    }

    /// What was read back is the truth now.
    fn restart(&mut self, last: Sequence) {
        self.steps.retain(|(at, _)| *at <= last);
        (self.noted, self.written, self.synced) = (last, last, last);
    }
}

pub(super) fn engine() -> Engine {
    Engine::new(EngineSettings {
        node: NodeId::of(NODE),
        seed: HashSeed(1, 2),
        tree: TreeSeed::of(NODE.as_bytes()),
        limits: Limits::default(),
        max_unpublished: None,
        memory_limit_bytes: None,
    })
}

/// Reads a disk, and compares what is there with what should be. `from` is the least record that
/// has to be there.
pub(super) fn read(
    disk: &SimulatedDisk,
    history: &History,
    from: Sequence,
) -> Result<(Engine, Loaded), StorageError> {
    remove_unfinished(disk)?;
    let (engine, loaded) = load(disk, NODE, Mode::Strict, &engine)?;
    assert!(loaded.last >= from, "record {from} was kept, and {} is the last", loaded.last);
    assert!(loaded.last <= history.noted, "record {} was never written", loaded.last);
    let data = data_of(&engine);
    assert_eq!(data, history.data_at(loaded.last), "at record {}", loaded.last);
    Ok((engine, loaded))
}

fn data_of(engine: &Engine) -> Data {
    let value = |key| engine.store().get(&name(key), UnixMillis(0))?.value().map(<[u8]>::to_vec);
    (0..KEYS).filter_map(|key| Some((key, value(key)?))).collect()
}

fn name(key: usize) -> Vec<u8> {
    format!("key-{key}").into_bytes()
}

/// Reads a disk and goes on with it.
pub(super) fn start(
    disk: &SimulatedDisk,
    history: &mut History,
    from: Sequence,
) -> Result<(Engine, Writer<SimulatedDisk>), StorageError> {
    let (mut engine, mut loaded) = read(disk, history, from)?;
    let end = settle(disk, &mut loaded)?;
    history.restart(loaded.last);
    engine.resume(loaded.last, UnixMillis(history.now));
    let writer = Writer::new(disk.clone(), NODE, loaded.last, end)
        .map_err(|source| crate::storage::load::io_error(disk, "open", "", source))?;
    Ok((engine, writer.with_segments_of(SEGMENT_BYTES)))
}

/// Some steps. Gives what is to be written of them.
pub(super) fn steps(
    engine: &mut Engine,
    history: &mut History,
    random: &mut Random,
) -> Option<Records> {
    for _ in 0..=random.below(4) {
        let changes: Vec<Change> =
            (0..=random.below(3)).map(|_| step(engine, history, random)).collect();
        engine.store_mut().end_step();
        history.noted = engine.store().log_position();
        history.steps.push((history.noted, changes));
    }
    engine.store_mut().take_log()
}

fn step(engine: &mut Engine, history: &mut History, random: &mut Random) -> Change {
    history.now += 1 + random.below(300) as u64;
    let (now, key) = (UnixMillis(history.now), random.below(KEYS));
    let store = engine.store_mut();
    match random.below(20) {
        0 => {
            store.flush(now).unwrap();
            Change::Flush
        }
        1..4 => {
            store.delete(&name(key), now).unwrap();
            Change::Delete(key)
        }
        _ => {
            let longest = if random.one_in(10) { 1_500 } else { 100 };
            let byte = random.below(256) as u8;
            let value = vec![byte; random.below(longest)];
            store.put(&name(key), &value, &[], None, now).unwrap();
            Change::Put(key, value)
        }
    }
}

/// The data set of this moment.
pub(super) fn picture(engine: &mut Engine, history: &History) -> Picture {
    let beside = engine.beside_entries();
    let last = engine.store().log_position();
    let tree = engine.fold(UnixMillis(history.now)).unwrap().tree;
    Picture { tree, beside, last }
}

/// Writes a snapshot, and removes what it makes superfluous.
pub(super) fn take_snapshot(disk: &SimulatedDisk, picture: &Picture) -> Result<(), PictureError> {
    write_snapshot(disk, picture)?;
    Ok(snapshot::remove_older(disk, picture.last)?)
}

/// Only the first half of it.
pub(super) fn write_snapshot(disk: &SimulatedDisk, picture: &Picture) -> Result<u64, PictureError> {
    let name = FileName::Snapshot(picture.last).to_string();
    let stopping = &AtomicBool::new(false);
    NewFile { disk, name: &name, node: NODE, picture, stopping }.write()
}
