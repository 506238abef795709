//! Any operations, then the same again out of the files.

use crate::disk::{Files, NOW, engine, kept};
use bytes::BytesMut;
use merkle_kv_core::change::Change;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Batch, Engine, Progress};
use merkle_kv_core::protocol::text::Decoder;
use merkle_kv_core::protocol::{Dialect, Limits, Wording};
use merkle_kv_core::registers::{Lineage, Registers};
use merkle_kv_core::version::{NodeId, Version};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use proptest::{prop_assert, prop_assert_eq};

/// Something that changes an engine or its files.
#[derive(Clone, Debug)]
enum Step {
    Run(&'static str, u8, u16),
    Flush,
    Apply(Entry),
    Merge(Entry),
    Hear(Version),
    Forget(u8),
    Raise(Registers),
    Tick,
    Pass(u64),
    SetBack(u64),
    Members(Vec<(NodeId, UnixMillis)>),
    Publish(bool),
    Append(bool),
    Snapshot(bool),
    Commit,
}

fn key(n: u8) -> [u8; 2] {
    [b'k', b'0' + n % 6]
}

/// Around the tests' now, so that any is greater than another now and then.
fn version() -> impl Strategy<Value = Version> {
    (0_u64..3_000, 0_u64..3).prop_map(|(millis, node)| {
        let hlc = Hlc::at(UnixMillis(NOW.0 - 500 + millis));
        Version { hlc, node: if node == 0 { NodeId::of(crate::disk::NODE) } else { NodeId(node) } }
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    (any::<u8>(), version(), any::<Option<u16>>()).prop_map(|(n, version, value)| match value {
        Some(value) => Entry::value_of(&key(n), &vec![b'e'; usize::from(value % 5_000)], version),
        None => Entry::tombstone(&key(n), version),
    })
}

fn step() -> impl Strategy<Value = Step> {
    let run = (any::<bool>(), any::<u8>(), any::<u16>());
    prop_oneof![
        8 => run.prop_map(|(sets, n, value)| Step::Run(if sets { "SET" } else { "DEL" }, n, value)),
        1 => (0..1).prop_map(|_| Step::Flush),
        4 => entry().prop_map(Step::Apply),
        4 => entry().prop_map(Step::Merge),
        1 => version().prop_map(Step::Hear),
        2 => any::<u8>().prop_map(Step::Forget),
        2 => (version(), version(), 0_u64..3).prop_map(|(flush, watermark, lineage)| {
            // Rarely a flush: it leaves little.
            let flush = if lineage == 2 { flush } else { Version::ZERO };
            Step::Raise(Registers { flush, watermark: watermark.hlc, lineage: Lineage(lineage) })
        }),
        1 => (0..1).prop_map(|_| Step::Tick),
        2 => (0_u64..800).prop_map(Step::Pass),
        1 => (0_u64..100_000).prop_map(Step::SetBack),
        1 => vec((0_u64..9, any::<u32>()), 0..4).prop_map(|members| {
            let one = |(id, heard)| (NodeId(id), UnixMillis(u64::from(heard)));
            Step::Members(members.into_iter().map(one).collect())
        }),
        2 => any::<bool>().prop_map(Step::Publish),
        3 => any::<bool>().prop_map(Step::Append),
        1 => any::<bool>().prop_map(Step::Snapshot),
        4 => (0..1).prop_map(|_| Step::Commit),
    ]
}

fn run(engine: &mut Engine, line: &str, now: UnixMillis) {
    let mut buffer = BytesMut::from(line.as_bytes());
    let requests = Decoder::new(Limits::default(), Dialect::Standard).decode(&mut buffer);
    let mut batch = Batch::new(requests, Wording::Text(Dialect::Standard), BytesMut::new());
    while batch.run(engine, now) != Progress::Done {}
}

/// A node under test: what it was told, and what it may not forget.
struct Subject {
    engine: Engine,
    files: Files,
    now: UnixMillis,
    /// The clock when all had last been published.
    published: Hlc,
}

impl Subject {
    fn take(&mut self, step: Step) {
        let (engine, now) = (&mut self.engine, self.now);
        match step {
            Step::Run(command, n, value) => {
                let key = String::from_utf8(key(n).to_vec()).unwrap();
                let line = match command {
                    "DEL" => format!("DEL {key}\n"),
                    _ => {
                        format!("{command} {key} {}\n", "v".repeat(1 + usize::from(value % 5_000)))
                    }
                };
                run(engine, &line, now);
            }
            Step::Flush => run(engine, "FLUSH\n", now),
            Step::Apply(entry) => _ = engine.apply(Change::Entry(entry), now),
            Step::Merge(entry) => _ = engine.store_mut().merge(entry, now),
            Step::Hear(flush) => _ = engine.apply(Change::Flush(flush), now),
            Step::Forget(n) => {
                let held = engine.store().held(&key(n)).cloned();
                held.iter().for_each(|held| _ = engine.store_mut().forget(held));
            }
            Step::Raise(registers) => engine.store_mut().raise(registers),
            Step::Tick => _ = engine.store_mut().tick(now).unwrap(),
            Step::Pass(millis) => self.now.0 += millis,
            Step::SetBack(millis) => self.now.0 -= millis,
            Step::Members(members) => engine.keep_members(members),
            Step::Publish(arrives) => {
                if engine.take_update(100_000).is_some() {
                    if arrives {
                        engine.settle_update(now);
                    } else {
                        engine.restore_update();
                    }
                }
                if engine.queued() == 0 {
                    self.published = self.published.max(engine.store().last_clock());
                }
                engine.keep_published();
            }
            Step::Append(ends_segment) => {
                engine.store_mut().end_step();
                self.files.append(engine, ends_segment);
            }
            Step::Snapshot(drops) => {
                self.files.write_snapshot(engine);
                if drops {
                    self.files.append(engine, false);
                    self.files.drop_segments();
                }
            }
            Step::Commit => engine.store_mut().end_step(),
        }
    }
}

fn subject() -> Subject {
    let mut engine = engine();
    engine.store_mut().start_log(Default::default());
    let published = Hlc::ZERO;
    Subject { engine, files: Files::default(), now: NOW, published }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::with_cases(3_000) })]

    #[test]
    fn an_engine_that_was_journaled_is_the_same_when_it_starts_again(
        steps in vec(step(), 0..60),
        set_back in 0_u64..200_000,
        piece in 1_usize..3_000,
    ) {
        let mut subject = subject();
        steps.into_iter().for_each(|step| subject.take(step));
        subject.engine.store_mut().end_step();
        subject.files.append(&mut subject.engine, false);
        let last = subject.engine.store().last_clock();
        let position = subject.engine.store().log_position();
        let now = UnixMillis(NOW.0 - set_back);
        let (mut again, recovered) = subject.files.recover(now, piece);
        prop_assert_eq!((recovered.last, recovered.cut), (position, None));
        prop_assert!(again.store().last_clock() >= last);
        prop_assert!(again.store().last_clock().millis().0 <= last.millis().0.max(now.0) + 500);
        let published = subject.published;
        let before = kept(&mut subject.engine, published);
        prop_assert_eq!(&kept(&mut again, published), &before);

        // What the broker may not have waits for it again.
        let mut waits = Vec::new();
        let mut flushes = Vec::new();
        while let Some(changes) = again.take_update(100_000) {
            for change in changes {
                match change {
                    Change::Entry(entry) => waits.push(entry),
                    Change::Flush(flush) => flushes.push(flush),
                }
            }
            again.settle_update(now);
        }
        waits.sort_by(|one, other| one.key().cmp(other.key()));
        prop_assert_eq!(&waits, &before.unpublished);
        let flush = again.store().registers().flush;
        let is_own = flush.node == again.store().node() && flush.hlc > published;
        prop_assert_eq!(flushes, if is_own { vec![flush] } else { vec![] });

        // And once more, with what the second life has noted.
        again.store_mut().end_step();
        subject.files.append(&mut again, true);
        let (mut third, _) = subject.files.recover(now, piece);
        prop_assert_eq!(kept(&mut third, published), kept(&mut again, published));
        prop_assert!(third.store().last_clock() >= again.store().last_clock());
    }
}

/// A snapshot that was said to hold a record to which more was added afterwards would lose that.
#[test]
fn what_is_written_right_behind_a_snapshot_is_not_in_the_record_that_it_holds() {
    let mut subject = subject();
    subject.take(Step::Run("SET", 1, 1));
    subject.take(Step::Snapshot(false));
    subject.take(Step::Run("SET", 2, 1));
    subject.take(Step::Append(false));
    let (again, _) = subject.files.recover(NOW, 100);
    assert!(again.store().get(&key(1), NOW).is_some() && again.store().get(&key(2), NOW).is_some());
}

#[test]
fn a_clean_stop_leaves_the_clock_where_it_was() {
    let mut subject = subject();
    subject.take(Step::Run("SET", 1, 1));
    subject.engine.store_mut().end_step();
    subject.engine.store_mut().note_last_clock();
    subject.take(Step::Append(false));
    let (again, _) = subject.files.recover(UnixMillis(0), 100);
    assert_eq!(again.store().last_clock(), subject.engine.store().last_clock());
    subject.take(Step::Run("SET", 1, 2));
    subject.take(Step::Append(false));
    let (again, _) = subject.files.recover(UnixMillis(0), 100);
    assert!(again.store().last_clock() > subject.engine.store().last_clock());
}

/// Tombstones that were dead already lived again in the index when absence was no longer trusted,
/// and the tree did not know them.
#[test]
fn absence_that_is_not_trusted_brings_nothing_back() {
    let mut subject = subject();
    subject.take(Step::Run("SET", 1, 1));
    subject.take(Step::Run("DEL", 1, 0));
    let watermark = subject.engine.store().last_clock();
    subject.take(Step::Raise(Registers { watermark, ..Registers::default() }));
    subject.take(Step::Append(false));
    let (mut again, _) = subject.files.recover(NOW, 100);
    again.store_mut().distrust_absence();
    assert_eq!(again.store().registers().watermark, Hlc::ZERO);
    assert_eq!(again.store().held(&key(1)), None);
    kept(&mut again, Hlc::ZERO);
}
