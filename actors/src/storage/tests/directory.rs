//! When the storage in a data directory wants a snapshot. These files are real ones.

use super::life::{History, NODE, engine, picture, steps};
use super::random::Random;
use crate::storage::disk::Folder;
use crate::storage::open::{OpenSettings, open};
use crate::storage::snapshot::Picture;
use crate::storage::{InDirectory, Said, Storage};
use merkle_kv_core::config::{Durability, Persistence};
use merkle_kv_core::execute::Engine;
use merkle_kv_core::journal::{FileName, Mode};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

struct Node {
    storage: InDirectory<Folder>,
    engine: Engine,
    history: History,
    random: Random,
    said: Receiver<Said>,
}

impl Node {
    fn open(folder: &Path) -> Node {
        let persistence = Persistence {
            durability: Durability::Interval,
            sync_interval: Duration::from_secs(1),
            backup_interval: None,
            backup_keep: 1,
        };
        let (folder, node) = (folder.to_owned(), NODE.to_owned());
        let settings = OpenSettings { folder, node, persistence, mode: Mode::Strict };
        let (engine, opened) = open(settings, &engine).unwrap();
        let (say, said) = mpsc::channel();
        let mut storage =
            opened.start(Arc::new(move |said| drop(say.send(said))), Arc::default()).unwrap();
        storage.snapshot_after_bytes = 2_000;
        Node { storage, engine, history: History::default(), random: Random::of(1), said }
    }

    fn write(&mut self) {
        let records = steps(&mut self.engine, &mut self.history, &mut self.random);
        records.into_iter().for_each(|records| self.storage.append(records));
    }

    fn write_until_a_snapshot_is_wanted(&mut self) {
        while !self.storage.wants_snapshot() {
            self.write();
        }
    }

    fn picture(&mut self) -> Picture {
        picture(&mut self.engine, &self.history)
    }

    /// Waits until the thread of snapshots has told how it went, and has ended.
    fn hear(&mut self) -> Said {
        loop {
            let said = self.said.recv_timeout(Duration::from_secs(20)).unwrap();
            if !matches!(said, Said::Reached { .. }) {
                self.storage.ended(&said);
                while self.storage.is_busy() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                return said;
            }
        }
    }
}

#[test]
fn a_snapshot_is_wanted_when_the_journal_is_longer_than_the_last_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path());
    assert!(!node.storage.wants_snapshot());
    node.write_until_a_snapshot_is_wanted();
    let picture = node.picture();
    node.storage.take(picture);
    let before = node.storage.journal_bytes;
    node.write();
    let meanwhile = node.storage.journal_bytes - before;
    let Said::SnapshotWritten { bytes } = node.hear() else { panic!("no snapshot") };
    // What came meanwhile is not in it.
    assert_eq!((node.storage.journal_bytes, node.storage.snapshot_bytes), (meanwhile, bytes));
    assert!(!node.storage.wants_snapshot());
    node.storage.snapshot_after_bytes = 1;
    node.write_until_a_snapshot_is_wanted();
    assert!(node.storage.journal_bytes > bytes);
}

#[test]
fn a_snapshot_that_failed_is_tried_again_later_and_takes_nothing_off_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path());
    node.write_until_a_snapshot_is_wanted();
    let picture = node.picture();
    let in_its_way = format!("{}.tmp", FileName::Snapshot(picture.last));
    std::fs::create_dir(folder.path().join(&in_its_way)).unwrap();
    let before = node.storage.journal_bytes;
    node.storage.take(picture);
    assert_eq!(node.hear(), Said::SnapshotFailed);
    assert_eq!(node.storage.journal_bytes, before);
    assert!(!node.storage.wants_snapshot());
    node.storage.not_before = Some(Instant::now());
    assert!(node.storage.wants_snapshot());
    std::fs::remove_dir(folder.path().join(in_its_way)).unwrap();
    let picture = node.picture();
    node.storage.take(picture);
    assert!(matches!(node.hear(), Said::SnapshotWritten { .. }));
    assert_eq!(node.storage.journal_bytes, 0);
}

#[test]
fn what_was_journaled_before_a_start_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::open(folder.path());
    node.write_until_a_snapshot_is_wanted();
    node.storage.stop(None);
    drop(node);
    let node = Node::open(folder.path());
    assert!(node.storage.wants_snapshot());
}
