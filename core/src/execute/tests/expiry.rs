//! EXPIRE, PERSIST and TTL, and what every other command makes of a key whose time is over.

use super::{NOW, batch, engine, engine_with, published, run};
use crate::change::Change;
use crate::clock::{Hlc, MAX_DRIFT_MILLIS, UnixMillis};
use crate::entry::Entry;
use crate::execute::expiry::time_of;
use crate::execute::{Answer, Engine, Progress, Question};
use crate::protocol::{
    ClientError, Command, CommandId, ExpireWhen, Expiry, Limits, Reply, Request, TimeUnit,
};
use crate::session::Effect;
use crate::store::Reaping;
use crate::version::{NodeId, Version};
use bytes::Bytes;

/// Milliseconds after the tests' now.
fn later(millis: u64) -> UnixMillis {
    UnixMillis(NOW.0 + millis)
}

fn run_at(engine: &mut Engine, text: &str, now: UnixMillis) -> String {
    let mut batch = batch(text);
    loop {
        match batch.run(engine, now) {
            Progress::Done => break,
            Progress::More => {}
            Progress::Ask(question) => panic!("{question:?}"),
        }
    }
    String::from_utf8(batch.output.to_vec()).unwrap()
}

/// Runs what no line of text says.
fn execute(engine: &mut Engine, command: Command) -> Reply {
    let Request::Command(id, _) = super::requests("PING\n").remove(0) else { panic!("a command") };
    let id: CommandId = id;
    match engine.start(id, command, NOW) {
        crate::execute::engine::Outcome::Reply(reply) => reply,
        _ => panic!("it is not answered at once"),
    }
}

fn expire(engine: &mut Engine, millis: i64, when: ExpireWhen) -> bool {
    let at = Expiry::At { millis: NOW.0 as i64 + millis };
    match execute(engine, Command::Expire { key: Bytes::from("k"), at, when }) {
        Reply::Did(did) => did,

        other => panic!("{other:?}"),
    }
}

fn reap(engine: &mut Engine, now: UnixMillis) {
    while engine.expire_step(now) == Reaping::More {}
}

fn expiring(key: &str, hlc: u64, expires_at: u64) -> Entry {
    let version = Version { hlc: Hlc::from_raw(hlc), node: NodeId(9) };
    Entry::joined(key.as_bytes(), b"v", b"", Some(UnixMillis(expires_at)), version)
}

#[test]
fn at_its_time_and_not_before_a_key_is_gone_for_every_command() {
    for (text, before, after) in [
        ("GET k\n", "VALUE 1\r\n", "(null)\r\n"),
        ("MGET k\n", "VALUES 1\r\nVALUE 1\r\nEND\r\n", "VALUES 1\r\n(null)\r\nEND\r\n"),
        ("EXISTS k\n", "EXISTS 1\r\n", "EXISTS 0\r\n"),
        ("INCR k 5\n", "VALUE 6\r\n", "VALUE 5\r\n"),
        ("APPEND k x\n", "VALUE 1x\r\n", "VALUE x\r\n"),
        ("PREPEND k x\n", "VALUE x1\r\n", "VALUE x\r\n"),
        ("DEL k\n", "DELETED\r\n", "NOT_FOUND\r\n"),
        ("EXPIRE k 5\n", "OK\r\n", "NOT_FOUND\r\n"),
        ("PERSIST k\n", "OK\r\n", "NOT_FOUND\r\n"),
        ("TTL k\n", "TTL 0\r\n", "TTL -2\r\n"),
        ("SCAN\n", "KEYS 1\r\nk\r\nEND\r\n", "KEYS 0\r\nEND\r\n"),
        ("SCAN k LIMIT 1\n", "KEYS 1\r\nk\r\nEND\r\n", "KEYS 0\r\nEND\r\n"),
        ("DBSIZE\n", "DBSIZE 1\r\n", "DBSIZE 0\r\n"),
    ] {
        let mut engine = engine();
        run(&mut engine, "SET k 1\nEXPIRE k 10\n");
        let mut same = super::engine();
        run(&mut same, "SET k 1\nEXPIRE k 10\n");
        assert_eq!(run_at(&mut engine, text, later(9_999)), before, "{text}");
        assert_eq!(run_at(&mut same, text, later(10_000)), after, "{text}");
    }
}

/// The tree was away for a fold, and the keys were counted without it: one too many.
#[test]
fn what_is_over_is_counted_by_no_reply_although_the_tree_is_away() {
    let mut engine = engine();
    let many: String = (0..2_500).map(|n| format!("SET gone{n} v\nEXPIRE gone{n} 10\n")).collect();
    run(&mut engine, &many);
    run(&mut engine, "SET stays v\nEXPIRE stays 20\n");
    let mut count = batch("DBSIZE\n");
    let fold = engine.store_mut().begin_fold(NOW).unwrap();
    run(&mut engine, "SET gone0 again\n");
    let asked = Progress::Ask(Question::Snapshot);
    assert_eq!(count.run(&mut engine, later(10_000)), asked);
    assert_eq!(count.run(&mut engine, later(10_000)), asked, "it stays asked");
    let snapshot = engine.store_mut().end_fold(fold.run());
    // It is away again by the time that the answer is there.
    let _fold = engine.store_mut().begin_fold(NOW).unwrap();
    count.answer(Answer::Snapshot(snapshot));
    while count.run(&mut engine, later(10_000)) == Progress::More {}
    assert_eq!(&count.output[..], b"DBSIZE 2\r\n");
    let facts = engine.facts();
    assert_eq!((facts.keys, facts.expiring, facts.expired), (2, 1, 2_499));
}

#[test]
fn a_write_over_an_expired_key_is_above_it_and_begins_without_its_expiry() {
    for text in ["SET k 2\n", "INCR k\n", "APPEND k 2\n", "MSET k 2\n"] {
        let mut engine = engine();
        run(&mut engine, "SET k 1\nEXPIRE k 10\n");
        let before = engine.store().held(b"k").unwrap().version();
        run_at(&mut engine, text, later(10_000));
        let after = engine.store().held(b"k").unwrap();
        assert!(after.version() > before && after.expires_at().is_none(), "{text}");
        assert_eq!(run_at(&mut engine, "TTL k\n", later(u64::from(u32::MAX))), "TTL -1\r\n");
    }
}

#[test]
fn what_a_value_becomes_keeps_its_expiry_and_another_value_has_none() {
    for (text, ttl) in [
        ("INCR k\n", 10),
        ("DECR k\n", 10),
        ("APPEND k 1\n", 10),
        ("PREPEND k 1\n", 10),
        ("SET k 2\n", -1),
        ("MSET k 2\n", -1),
        ("DEL k\n", -2),
        ("PERSIST k\n", -1),
        ("EXPIRE k 20\n", 20),
    ] {
        let mut engine = engine();
        run(&mut engine, &format!("SET k 1\nEXPIRE k 10\n{text}"));
        assert_eq!(run(&mut engine, "TTL k\n"), format!("TTL {ttl}\r\n"), "{text}");
    }
}

#[test]
fn ttl_is_rounded_to_the_nearest_second_and_to_nothing_in_milliseconds() {
    let mut engine = engine();
    run(&mut engine, "SET k v\nEXPIRE k 10\n");
    for (passed, told) in [(0, 10), (499, 10), (500, 10), (501, 9), (9_500, 1), (9_501, 0)] {
        let reply = run_at(&mut engine, "TTL k\n", later(passed));
        assert_eq!(reply, format!("TTL {told}\r\n"), "after {passed} ms");
    }
    let millis = Command::TimeToLive { key: Bytes::from("k"), unit: TimeUnit::Millis };
    assert!(matches!(execute(&mut engine, millis), Reply::Remaining(10_000)));
}

#[test]
fn an_expiry_is_a_write_that_is_published_and_one_in_the_past_is_a_delete() {
    let mut engine = engine();
    run(&mut engine, "SET k v\n");
    let first = engine.store().held(b"k").unwrap().version();
    published(&mut engine);
    run(&mut engine, "EXPIRE k 10\n");
    let with = engine.store().held(b"k").cloned().unwrap();
    assert_eq!((with.expires_at(), with.value()), (Some(later(10_000)), Some(&b"v"[..])));
    assert!(with.version() > first);
    assert_eq!(published(&mut engine), [Change::Entry(with.clone())]);
    run(&mut engine, "PERSIST k\n");
    let without = engine.store().held(b"k").cloned().unwrap();
    assert!(without.version() > with.version() && without.expires_at().is_none());
    assert_eq!(published(&mut engine), [Change::Entry(without)]);
    run(&mut engine, "EXPIRE k 0\n");
    let gone = engine.store().held(b"k").cloned().unwrap();
    assert_eq!(gone.value(), None);
    assert_eq!(published(&mut engine), [Change::Entry(gone)]);
}

#[test]
fn a_condition_is_about_the_expiry_that_is_there_and_none_is_later_than_any() {
    let after = |held: Option<i64>, when, new| {
        let mut engine = engine();
        run(&mut engine, "SET k v\n");
        held.iter().for_each(|at| assert!(expire(&mut engine, *at, ExpireWhen::Always)));
        expire(&mut engine, new, when)
    };
    let (none, some) = (None, Some(1_000));
    for (when, held, new, done) in [
        (ExpireWhen::NoExpiry, none, 500, true),
        (ExpireWhen::NoExpiry, some, 500, false),
        (ExpireWhen::HasExpiry, none, 500, false),
        (ExpireWhen::HasExpiry, some, 500, true),
        (ExpireWhen::Later, none, 5_000, false),
        (ExpireWhen::Later, some, 1_001, true),
        (ExpireWhen::Later, some, 1_000, false),
        (ExpireWhen::Sooner, none, 5_000, true),
        (ExpireWhen::Sooner, some, 999, true),
        (ExpireWhen::Sooner, some, 1_000, false),
        (ExpireWhen::SoonerThanAny, none, 5_000, false),
        (ExpireWhen::SoonerThanAny, some, 999, true),
        (ExpireWhen::SoonerThanAny, some, 1_000, false),
        // A time in the past deletes if the condition lets it.
        (ExpireWhen::Later, some, -1, false),
        (ExpireWhen::Sooner, some, -1, true),
    ] {
        assert_eq!(after(held, when, new), done, "{when:?} {held:?} {new}");
    }
}

#[test]
fn a_time_behind_the_last_that_a_timestamp_names_is_refused_and_one_before_all_times_is_over() {
    let last = (1 << 48) - 1;
    assert_eq!(time_of(Expiry::At { millis: last }, NOW), Ok(UnixMillis(last as u64)));
    assert_eq!(time_of(Expiry::At { millis: i64::MIN }, NOW), Ok(UnixMillis(0)));
    assert_eq!(time_of(Expiry::In { millis: i64::MIN }, NOW), Ok(UnixMillis(0)));
    for at in [
        Expiry::At { millis: last + 1 },
        Expiry::At { millis: i64::MAX },
        Expiry::In { millis: i64::MAX },
        Expiry::In { millis: last },
    ] {
        assert_eq!(time_of(at, NOW), Err(ClientError::ExpiryTooFar), "{at:?}");
    }
    assert!(time_of(Expiry::In { millis: 1 }, UnixMillis(u64::MAX)).is_err());
}

#[test]
fn an_expiry_can_be_given_and_taken_without_room() {
    let mut engine = engine_with(Limits::default(), Some(1));
    let entry = Entry::value_of(b"k", b"v", Version { hlc: Hlc::at(NOW), node: NodeId(9) });
    engine.apply(Change::Entry(entry), NOW);
    assert!(run(&mut engine, "SET other v\n").starts_with("ERROR: Storage full"));
    assert_eq!(run(&mut engine, "EXPIRE k 10\nPERSIST k\nEXPIRE k 10\n"), "OK\r\n".repeat(3));
    reap(&mut engine, later(10_000));
    assert_eq!(engine.store().keys(), 0);
}

#[test]
fn a_write_that_expires_before_it_is_published_goes_out_as_its_tombstone() {
    let mut engine = engine();
    run(&mut engine, "SET k v\nEXPIRE k 1\n");
    let entry = engine.store().held(b"k").cloned().unwrap();
    reap(&mut engine, later(1_000));
    assert_eq!(engine.store().held(b"k"), Some(&entry.expired()));
    let told = engine.take_update(1 << 20).unwrap();
    assert_eq!(told, [Change::Entry(entry.expired())]);
}

#[test]
fn reaping_publishes_nothing() {
    let mut engine = engine();
    run(&mut engine, "SET k v\nEXPIRE k 1\n");
    published(&mut engine);
    reap(&mut engine, later(1_000));
    assert_eq!((engine.store().keys(), engine.store().tombstones()), (0, 1));
    assert_eq!(published(&mut engine), []);
    let facts = engine.facts();
    assert_eq!((facts.keys, facts.expiring, facts.expired), (0, 0, 1));
}

#[test]
fn of_what_a_session_gives_up_the_operator_gets_what_would_have_stayed() {
    let mut engine = engine();
    let soon = NOW.0 + MAX_DRIFT_MILLIS;
    let entries = [
        expiring("over", 1, NOW.0 - 1),
        expiring("nearly", 2, soon),
        expiring("later", 3, soon + 1),
    ];
    // The first came before its time was over.
    for entry in &entries {
        engine.apply(Change::Entry(entry.clone()), UnixMillis(NOW.0 - 10));
    }
    let carried = engine.carry_out(Effect::GiveUp(entries.to_vec()), NOW);
    assert_eq!(carried.given_up, entries[2..]);
    assert_eq!(engine.store().keys(), 0);
}

#[test]
fn what_is_written_once_more_keeps_its_expiry_and_what_is_over_is_not() {
    let mut engine = engine();
    let (over, stays) = (expiring("over", 1, NOW.0), expiring("stays", 2, NOW.0 + 5));
    for entry in [&over, &stays] {
        engine.apply(Change::Entry(entry.clone()), UnixMillis(NOW.0 - 10));
    }
    let carried = engine.carry_out(Effect::WriteAgain(vec![over, stays.clone()]), NOW);
    assert_eq!(carried.written_again, 1);
    let again = engine.store().held(b"stays").unwrap();
    assert_eq!(again.expires_at(), stays.expires_at());
    assert!(again.version() > stays.version());
}
