//! The threads of the journal on the simulated disk: what they claim, what they do on a disk that
//! is full, and that they do nothing on one that has failed.

use super::disk::{Fault, Operation, SimulatedDisk};
use super::life::{History, read, start, steps};
use super::random::Random;
use crate::storage::journal::{Journal, Said, Syncing};
use merkle_kv_core::config::Durability;
use merkle_kv_core::execute::Engine;
use merkle_kv_core::journal::Sequence;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const DURABILITIES: [Durability; 3] = [Durability::Always, Durability::Interval, Durability::None];

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Everything that the threads have said.
#[derive(Default)]
struct Heard {
    said: Mutex<Vec<Said>>,
    more: Condvar,
}

impl Heard {
    fn hear(&self, said: Said) {
        self.said.lock().unwrap().push(said);
        self.more.notify_all();
    }

    fn wait_for(&self, what: &str, is_enough: impl Fn(&[Said]) -> bool) {
        let said = self.said.lock().unwrap();
        let (said, waited) =
            self.more.wait_timeout_while(said, LIMIT, |said| !is_enough(said)).unwrap();
        assert!(!waited.timed_out(), "waited for {what}, and heard {said:?}");
    }

    /// How far records are written, and how far they are synced.
    fn reached(&self) -> (Sequence, Sequence) {
        reached(&self.said.lock().unwrap())
    }

    fn wait_until_written(&self, last: Sequence) {
        self.wait_for("a write", |said| reached(said).0 >= last);
    }

    fn wait_until_synced(&self, last: Sequence) {
        self.wait_for("a sync", |said| reached(said).1 >= last);
    }

    fn count(&self, is_it: impl Fn(&Said) -> bool) -> usize {
        self.said.lock().unwrap().iter().filter(|said| is_it(said)).count()
    }

    fn failures(&self) -> usize {
        self.count(|said| matches!(said, Said::Failed(_)))
    }
}

fn reached(said: &[Said]) -> (Sequence, Sequence) {
    said.iter().fold((Sequence::ZERO, Sequence::ZERO), |before, said| match said {
        Said::Reached { written, synced } => {
            assert!(synced <= written, "{synced} was synced, and only {written} written");
            (before.0.max(*written), before.1.max(*synced))
        }
        Said::Full
        | Said::HasRoom
        | Said::Failed(_)
        | Said::SnapshotWritten { .. }
        | Said::SnapshotFailed
        | Said::BackupEnded { .. } => before,
    })
}

/// A node with threads.
struct Node {
    disk: SimulatedDisk,
    history: History,
    random: Random,
    engine: Engine,
    journal: Journal,
    heard: Arc<Heard>,
}

impl Node {
    fn new(seed: u64, durability: Durability, interval: Duration) -> Node {
        Node::on(SimulatedDisk::new(seed), History::default(), seed, durability, interval)
    }

    fn on(
        disk: SimulatedDisk,
        mut history: History,
        seed: u64,
        durability: Durability,
        interval: Duration,
    ) -> Node {
        let from = history.synced;
        let (engine, writer) = start(&disk, &mut history, from).unwrap();
        let heard = Arc::new(Heard::default());
        let listener = heard.clone();
        let syncing = Syncing { durability, interval };
        let journal = Journal::start(
            disk.clone(),
            writer,
            syncing,
            Arc::new(move |said| listener.hear(said)),
        );
        let (random, journal) = (Random::of(seed), journal.unwrap());
        Node { disk, history, random, engine, journal, heard }
    }

    /// Hands over some steps. Gives the last record.
    fn write(&mut self) -> Sequence {
        let records = steps(&mut self.engine, &mut self.history, &mut self.random);
        records.into_iter().for_each(|records| self.journal.write(records));
        self.history.noted
    }

    /// Whatever was claimed by now is there after a power cut, and after the end of the process.
    fn check(&mut self) {
        let (written, synced) = self.heard.reached();
        let seed = self.random.number();
        read(&self.disk.crash(seed), &self.history, synced).unwrap();
        read(&self.disk.kill(), &self.history, written).unwrap();
    }

    /// Stops, and checks that everything is on disk.
    fn stop(mut self) {
        self.journal.stop(None);
        let last = self.history.noted;
        assert_eq!(self.heard.reached(), (last, last));
        let seed = self.random.number();
        read(&self.disk.crash(seed), &self.history, last).unwrap();
    }
}

#[test]
fn what_the_threads_say_is_synced_survives_a_power_cut_at_any_moment() {
    for seed in 0..120 {
        let durability = DURABILITIES[seed as usize % 3];
        let interval = Duration::from_micros(seed * 20);
        let mut node = Node::new(seed, durability, interval);
        for life in 0..3 {
            for _ in 0..25 {
                node.write();
                if node.random.one_in(6) {
                    node.journal.sync();
                }
                if node.random.one_in(6) {
                    std::thread::sleep(Duration::from_micros(node.random.below(300) as u64));
                }
                if node.random.one_in(3) {
                    node.check();
                }
            }
            if life == 2 {
                node.stop();
                break;
            }
            let (written, synced) = node.heard.reached();
            let after = node.disk.crash(node.random.number());
            let Node { mut history, mut journal, .. } = node;
            journal.stop(None);
            (history.written, history.synced) = (written, synced);
            node = Node::on(after, history, seed + 1_000, durability, interval);
        }
    }
}

#[test]
fn what_is_said_to_be_written_and_synced_only_grows() {
    for durability in DURABILITIES {
        let mut node = Node::new(7, durability, Duration::from_micros(100));
        for _ in 0..200 {
            node.write();
            if node.random.one_in(10) {
                node.journal.sync();
            }
        }
        let heard = node.heard.clone();
        node.stop();
        let mut before = Sequence::ZERO;
        for said in heard.said.lock().unwrap().iter() {
            if let Said::Reached { synced, .. } = said {
                assert!(*synced >= before || durability != Durability::Always);
                before = before.max(*synced);
            }
        }
        assert_eq!(heard.count(|said| !matches!(said, Said::Reached { .. })), 0);
    }
}

#[test]
fn writes_that_wait_at_the_same_time_share_a_sync() {
    let mut node = Node::new(1, Durability::Always, Duration::ZERO);
    node.disk.hold_syncs(true);
    node.write();
    let before = node.disk.done(Operation::Sync);
    let last = (0..300).map(|_| node.write()).last().unwrap();
    node.disk.hold_syncs(false);
    node.heard.wait_until_synced(last);
    // That of the first write, that of the rest, and those of a segment that ended meanwhile.
    let syncs = node.disk.done(Operation::Sync) - before;
    assert!(syncs <= 6, "{syncs} syncs");
    node.stop();
}

#[test]
fn a_sync_that_takes_long_holds_up_no_write() {
    for durability in [Durability::Interval, Durability::None] {
        let mut node = Node::new(2, durability, Duration::ZERO);
        node.disk.hold_syncs(true);
        node.write();
        node.journal.sync();
        let last = (0..100).map(|_| node.write()).last().unwrap();
        node.heard.wait_until_written(last);
        assert_eq!(node.heard.reached().1, Sequence::ZERO);
        node.check();
        node.disk.hold_syncs(false);
        node.journal.sync();
        node.heard.wait_until_synced(last);
        node.check();
        node.stop();
    }
}

#[test]
fn everything_is_synced_when_somebody_asks_even_if_nothing_is_promised() {
    let mut node = Node::new(3, Durability::None, Duration::ZERO);
    for _ in 0..50 {
        let last = node.write();
        node.journal.sync();
        node.heard.wait_until_synced(last);
        node.check();
    }
    node.stop();
}

#[test]
fn records_wait_for_room_on_a_full_disk_and_none_is_lost_or_doubled() {
    for seed in 0..60 {
        let durability = DURABILITIES[seed as usize % 3];
        let mut node = Node::new(seed, durability, Duration::from_micros(300));
        for _ in 0..4 {
            (0..node.random.below(10)).for_each(|_| {
                node.write();
            });
            let before = node.heard.count(|said| *said == Said::Full);
            node.disk.leave_room(Some(node.random.below(3_500)));
            while node.heard.count(|said| *said == Said::Full) == before {
                node.write();
                std::thread::sleep(Duration::from_micros(100));
            }
            (0..node.random.below(5)).for_each(|_| {
                node.write();
            });
            node.check();
            // A little room, which may be enough for a part.
            node.disk.leave_room(Some(node.random.below(400)));
            std::thread::sleep(Duration::from_millis(node.random.below(8) as u64));
            node.check();
            node.disk.leave_room(None);
            node.heard.wait_until_written(node.history.noted);
            node.check();
        }
        let full = node.heard.count(|said| *said == Said::Full);
        assert_eq!(node.heard.count(|said| *said == Said::HasRoom), full);
        node.stop();
    }
}

#[test]
fn what_is_written_is_synced_while_the_rest_waits_for_room() {
    for durability in [Durability::Interval, Durability::None] {
        let mut node = Node::new(4, durability, Duration::from_millis(300));
        let written = node.write();
        node.heard.wait_until_written(written);
        node.disk.leave_room(Some(0));
        let all = node.write();
        node.heard.wait_for("a full disk", |said| said.contains(&Said::Full));
        node.journal.sync();
        node.heard.wait_until_synced(written);
        node.disk.leave_room(None);
        // Whoever asked for it asked for all.
        node.heard.wait_until_synced(all);
        node.stop();
    }
}

#[test]
fn a_stop_on_a_full_disk_ends_soon_and_keeps_what_is_written() {
    for durability in DURABILITIES {
        let mut node = Node::new(5, durability, Duration::from_secs(60));
        let written = node.write();
        node.heard.wait_until_written(written);
        node.disk.leave_room(Some(10));
        (0..50).for_each(|_| {
            node.write();
        });
        let begun = Instant::now();
        node.journal.stop(None);
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(node.heard.reached(), (written, written));
        node.check();
    }
}

#[test]
fn nothing_is_written_or_synced_after_a_failure_which_is_said_once() {
    let operations = [Operation::Write, Operation::Sync, Operation::SyncNames, Operation::Create];
    for seed in 0..240 {
        let (durability, operation) =
            (DURABILITIES[seed as usize % 3], operations[seed as usize / 3 % 4]);
        let mut node = Node::new(seed, durability, Duration::ZERO);
        // The first write creates a segment and syncs its name, and later ones do.
        let after = node.random.below(if operation == Operation::Write { 8 } else { 3 }) as u64;
        node.disk.fail(Some(operation), after, Fault::Device);
        while node.heard.failures() == 0 {
            let last = node.write();
            node.journal.sync();
            node.heard.wait_for("a write or a failure", |said| {
                reached(said).0 >= last || said.iter().any(|said| matches!(said, Said::Failed(_)))
            });
        }
        node.check();
        let (_, synced) = node.heard.reached();
        let done = [Operation::Write, Operation::Sync].map(|operation| node.disk.done(operation));
        for _ in 0..10 {
            node.write();
            node.journal.sync();
        }
        node.journal.stop(None);
        let now = [Operation::Write, Operation::Sync].map(|operation| node.disk.done(operation));
        // What was being written when the other thread failed: a record, and if it begins a segment
        // the header before it.
        assert!(now[0] <= done[0] + 2 && now[1] <= done[1], "{done:?}, then {now:?}");
        assert_eq!(node.heard.failures(), 1, "of {operation:?}, {durability:?}");
        assert_eq!(node.heard.reached().1, synced);
        node.check();
    }
}
