//! Power cuts and ends of the process at every moment, for the writer, snapshots and recovery,
//! without threads: what is synced here is what the threads have synced, in their order.

use super::disk::{Fault, SimulatedDisk, SimulatedFile};
use super::life::{History, picture, start, steps, take_snapshot};
use super::random::Random;
use crate::storage::writer::{Unsynced, WriteError, Writer, sync};
use merkle_kv_core::config::Durability;
use merkle_kv_core::execute::Engine;
use merkle_kv_core::journal::{HEADER_BYTES, Records, Sequence};
use std::collections::VecDeque;
use std::time::Instant;

/// Schedules of each durability. More take longer than anybody waits.
const SCHEDULES: u64 = 1_500;

/// Lives of one disk.
const LIVES: usize = 6;

/// The node, as far as it is without threads.
struct Node<'a> {
    disk: &'a SimulatedDisk,
    history: &'a mut History,
    random: &'a mut Random,
    durability: Durability,
    engine: Engine,
    writer: Writer<SimulatedDisk>,
    waiting: Option<Records>,
    /// What the thread that syncs has before it.
    jobs: VecDeque<Unsynced<SimulatedFile>>,
}

/// The disk does nothing any more.
#[derive(Debug)]
struct Ended;

impl Node<'_> {
    fn live(mut self) -> Ended {
        loop {
            if let Err(ended) = self.turn() {
                return ended;
            }
        }
    }

    fn turn(&mut self) -> Result<(), Ended> {
        let records = steps(&mut self.engine, self.history, self.random);
        match (&mut self.waiting, records) {
            (Some(waiting), Some(records)) => {
                waiting.bytes.extend_from_slice(&records.bytes);
                waiting.last = records.last;
            }
            (waiting, Some(records)) => *waiting = Some(records),
            (_, None) => {}
        }
        if self.random.one_in(8) {
            self.disk.leave_room(if self.random.one_in(2) {
                Some(self.random.below(400))
            } else {
                None
            });
        }
        if self.random.one_in(10) {
            self.snapshot()?;
        }
        if !self.random.one_in(4) {
            self.write()?;
        }
        self.sync_some()
    }

    fn snapshot(&mut self) -> Result<(), Ended> {
        let picture = picture(&mut self.engine, self.history);
        // Without room there is none, and nothing else changes.
        let _ = take_snapshot(self.disk, &picture);
        self.go_on()
    }

    fn write(&mut self) -> Result<(), Ended> {
        let Some(mut records) = self.waiting.take() else { return Ok(()) };
        let before = self.disk.bytes();
        let written = self.writer.write(&mut records, self.history.synced);
        self.jobs.extend(self.writer.take_ended());
        match written {
            Ok(()) => self.history.written = records.last,
            Err(WriteError::Full(_)) => {
                // At most the header of a new segment has come.
                assert!([0, HEADER_BYTES].contains(&(self.disk.bytes() - before)));
                self.waiting = Some(records);
            }
            Err(WriteError::Failed { .. }) if self.disk.has_ended() => return Err(Ended),
            Err(failed) => panic!("{failed:?}"),
        }
        Ok(())
    }

    fn sync_some(&mut self) -> Result<(), Ended> {
        let syncs = match self.durability {
            Durability::Always => true,
            Durability::Interval => self.random.one_in(4),
            Durability::None => false,
        };
        if syncs {
            self.jobs.extend(self.writer.unsynced().unwrap());
        }
        while !self.jobs.is_empty()
            && (self.durability == Durability::Always || self.random.one_in(2))
        {
            let job = self.jobs.pop_front().unwrap();
            match sync(self.disk, &job) {
                Ok(()) => self.history.synced = self.history.synced.max(job.last),
                Err(_) if self.disk.has_ended() => return Err(Ended),
                Err(failed) => panic!("{failed:?}"),
            }
        }
        self.go_on()
    }

    fn go_on(&self) -> Result<(), Ended> {
        if self.disk.has_ended() { Err(Ended) } else { Ok(()) }
    }
}

fn run(seed: u64, durability: Durability) {
    let mut random = Random::of(seed);
    let mut history = History::default();
    let mut disk = SimulatedDisk::new(random.number());
    let mut from = Sequence::ZERO;
    for _ in 0..LIVES {
        let last = if random.one_in(3) { 10 } else { 120 };
        disk.fail(None, random.below(last) as u64, Fault::End);
        match start(&disk, &mut history, from) {
            Ok((engine, writer)) => {
                let (waiting, jobs) = (None, VecDeque::new());
                let (disk, history, random) = (&disk, &mut history, &mut random);
                let Ended =
                    Node { disk, history, random, durability, engine, writer, waiting, jobs }
                        .live();
            }
            // Whatever an earlier power cut has taken is not written any more.
            Err(error) => {
                assert!(disk.has_ended(), "{error}");
                history.written = from;
            }
        }
        (disk, from) = if random.one_in(4) {
            (disk.kill(), history.written)
        } else {
            (disk.crash(random.number()), history.synced)
        };
    }
    start(&disk, &mut history, from).unwrap();
}

fn run_all(durability: Durability) {
    let begun = Instant::now();
    let first = std::env::var("STORAGE_FIRST_SEED").ok().and_then(|seed| seed.parse().ok());
    let many = std::env::var("STORAGE_SCHEDULES").ok().and_then(|many| many.parse().ok());
    let first = first.unwrap_or(0);
    for seed in first..first + many.unwrap_or(SCHEDULES) {
        let ran = std::panic::catch_unwind(|| run(seed, durability));
        assert!(ran.is_ok(), "the schedule of seed {seed} failed: STORAGE_FIRST_SEED={seed}");
    }
    println!("{durability:?}: {:?}", begun.elapsed());
}

#[test]
fn what_every_write_synced_survives_every_crash() {
    run_all(Durability::Always);
}

#[test]
fn what_was_synced_now_and_then_survives_every_crash() {
    run_all(Durability::Interval);
}

#[test]
fn a_journal_that_is_never_synced_still_comes_back_whole_up_to_some_record() {
    run_all(Durability::None);
}
