//! Snapshots on a disk that is full or fails at each of their operations, loses power between any
//! two of them, or has gone bad afterwards.

use super::disk::{Fault, Operation, SimulatedDisk};
use super::life::{
    History, NODE, engine, picture, read, start, steps, take_snapshot, write_snapshot,
};
use super::random::Random;
use crate::storage::StorageError;
use crate::storage::disk::Disk;
use crate::storage::load::load;
use crate::storage::snapshot::Picture;
use crate::storage::writer::sync;
use merkle_kv_core::journal::{FileName, Mode, Sequence};

/// A disk with a snapshot and some segments, all of it synced, and the picture of a newer snapshot.
struct Scene {
    disk: SimulatedDisk,
    history: History,
    picture: Picture,
    older: Sequence,
}

impl Scene {
    fn new(seed: u64) -> Scene {
        let (disk, mut history, mut random) =
            (SimulatedDisk::new(seed), History::default(), Random::of(seed));
        let (mut engine, mut writer) = start(&disk, &mut history, Sequence::ZERO).unwrap();
        let mut older = None;
        for turn in 0..40 {
            let Some(mut records) = steps(&mut engine, &mut history, &mut random) else { continue };
            writer.write(&mut records, history.synced).unwrap();
            let jobs = [writer.take_ended(), writer.unsynced().unwrap()];
            jobs.iter().flatten().for_each(|job| sync(&disk, job).unwrap());
            (history.written, history.synced) = (records.last, records.last);
            if turn == 15 {
                let picture = picture(&mut engine, &history);
                take_snapshot(&disk, &picture).unwrap();
                older = Some(picture.last);
            }
        }
        let picture = picture(&mut engine, &history);
        Scene { disk, history, picture, older: older.unwrap() }
    }

    fn name(&self) -> String {
        FileName::Snapshot(self.picture.last).to_string()
    }

    /// What is there is read back, from this disk and from what a power cut leaves of it.
    fn check(&self, seed: u64) {
        for disk in [self.disk.kill(), self.disk.crash(seed), self.disk.crash(seed + 1)] {
            read(&disk, &self.history, self.history.synced).unwrap();
        }
    }
}

#[test]
fn a_snapshot_that_fails_at_any_operation_leaves_everything_as_it_was() {
    for fault in [Fault::Full, Fault::Device] {
        for after in 0.. {
            let scene = Scene::new(after);
            let names = scene.disk.names().unwrap();
            scene.disk.fail(None, after, fault);
            let Err(error) = write_snapshot(&scene.disk, &scene.picture) else {
                assert!(after > 5, "{after} operations write a snapshot");
                break;
            };
            scene.disk.mend();
            let mut now = scene.disk.names().unwrap();
            // Its name may be there already, if only that could not be synced; then it is whole.
            now.retain(|name| *name != scene.name());
            assert_eq!(now, names, "{error} at operation {after}");
            scene.check(after);
            // The next one is written all the same.
            take_snapshot(&scene.disk, &scene.picture).unwrap();
            scene.check(after);
        }
    }
}

#[test]
fn a_snapshot_for_which_there_is_no_room_leaves_everything_as_it_was() {
    for room in (0..2_000).step_by(37) {
        let scene = Scene::new(room as u64);
        let names = scene.disk.names().unwrap();
        scene.disk.leave_room(Some(room));
        if write_snapshot(&scene.disk, &scene.picture).is_err() {
            assert_eq!(scene.disk.names().unwrap(), names);
        }
        scene.check(room as u64);
    }
}

#[test]
fn power_may_go_at_any_operation_of_a_snapshot_and_of_what_it_makes_superfluous() {
    for seed in 0..40 {
        for after in 0.. {
            let scene = Scene::new(seed);
            scene.disk.fail(None, after, Fault::End);
            let has_ended = take_snapshot(&scene.disk, &scene.picture).is_err();
            for cut in 0..5 {
                let after_cut = scene.disk.crash(after * 8 + cut);
                read(&after_cut, &scene.history, scene.history.synced).unwrap();
            }
            read(&scene.disk.kill(), &scene.history, scene.history.synced).unwrap();
            if !has_ended {
                break;
            }
        }
    }
}

#[test]
fn what_a_snapshot_makes_superfluous_is_removed_and_nothing_else() {
    let scene = Scene::new(1);
    let older = FileName::Snapshot(scene.older).to_string();
    assert!(scene.disk.names().unwrap().contains(&older));
    take_snapshot(&scene.disk, &scene.picture).unwrap();
    let names = scene.disk.names().unwrap();
    let is_segment = |name: &String| matches!(FileName::parse(name), Some(FileName::Segment(_)));
    assert_eq!(names.iter().filter(|name| is_segment(name)).count(), 1, "{names:?}");
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.contains(&scene.name()));
}

#[test]
fn an_older_snapshot_serves_if_the_newest_is_bad_and_the_journal_reaches_far_enough() {
    for seed in 0..200 {
        let scene = Scene::new(seed);
        write_snapshot(&scene.disk, &scene.picture).unwrap();
        let mut random = Random::of(seed);
        scene.disk.damage(&scene.name(), random.below(scene.disk.bytes_of(&scene.name()).len()));
        let disk = scene.disk.kill();
        match read(&disk, &scene.history, scene.history.synced) {
            Ok((_, loaded)) => assert_eq!(loaded.bad_snapshots.len(), 1),
            // The one byte that makes it one of a later release is covered by the checksum.
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_bad_snapshot_for_which_nothing_makes_up_is_named() {
    for seed in 0..200 {
        let scene = Scene::new(seed);
        take_snapshot(&scene.disk, &scene.picture).unwrap();
        let mut random = Random::of(seed);
        scene.disk.damage(&scene.name(), random.below(scene.disk.bytes_of(&scene.name()).len()));
        let names = scene.disk.names().unwrap();
        match load(&scene.disk, NODE, Mode::Strict, &engine) {
            Err(StorageError::Snapshot { snapshot, .. }) => {
                assert_eq!(snapshot, FileName::Snapshot(scene.picture.last));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(scene.disk.names().unwrap(), names);
    }
}

#[test]
fn a_disk_that_cannot_be_read_is_no_empty_one() {
    for operation in [Operation::Names, Operation::Read] {
        for after in 0.. {
            let scene = Scene::new(after);
            let before = scene.disk.done(operation);
            scene.disk.fail(Some(operation), after, Fault::Device);
            match load(&scene.disk, NODE, Mode::Strict, &engine) {
                Err(StorageError::Io { .. }) => {}
                Ok(_) => {
                    assert_eq!(scene.disk.done(operation) - before, after);
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}
