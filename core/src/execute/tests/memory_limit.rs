//! The limit of memory: what is refused at it, and what is not.

use super::{NOW, engine, engine_with, finish, requests, run};
use crate::change::Change;
use crate::clock::Hlc;
use crate::entry::Entry;
use crate::execute::{Batch, Engine};
use crate::protocol::{Dialect, Limits, Wording};
use crate::session::Effect;
use crate::version::{NodeId, Version};
use bytes::BytesMut;

const FULL: &str = "ERROR: Storage full: ";

fn limited(bytes: usize) -> Engine {
    engine_with(Limits::default(), Some(bytes as u64))
}

/// An entry of another node that is newer than all that was written at `NOW`.
fn foreign(key: &str, value: &[u8]) -> Entry {
    let hlc = Hlc::from_raw(Hlc::at(NOW).raw() + (1 << 20));
    Entry::value_of(key.as_bytes(), value, Version { hlc, node: NodeId(9) })
}

/// What the data takes once all this has run, without a limit.
fn size_after(text: &str) -> usize {
    let mut engine = engine();
    assert!(!run(&mut engine, text).contains("ERROR"), "{text}");
    engine.store().memory_bytes()
}

#[test]
fn a_write_may_fill_the_data_to_the_limit_and_not_a_byte_beyond() {
    let long = "x".repeat(100);
    let cases = [
        ("", format!("SET k {long}\n")),
        ("SET k v\n", format!("SET k {long}\n")),
        ("", "INCR n\n".to_owned()),
        ("SET n 0\n", "INCR n 1000000000000000000\n".to_owned()),
        ("", "DECR n\n".to_owned()),
        ("SET n 0\n", "DECR n 1000000000000000000\n".to_owned()),
        ("", format!("APPEND k {long}\n")),
        ("SET k v\n", format!("APPEND k {long}\n")),
        ("", format!("PREPEND k {long}\n")),
        ("SET k v\n", format!("PREPEND k {long}\n")),
        ("", "MSET a 1 b 2\n".to_owned()),
        ("SET a 1\n", "MSET a 1 b 2\n".to_owned()),
    ];
    for (before, command) in cases {
        let size = size_after(&format!("{before}{command}"));
        let mut enough = limited(size);
        run(&mut enough, before);
        let reply = run(&mut enough, &command);
        assert!(!reply.contains("ERROR"), "{before}{command}: {reply}");
        assert_eq!(enough.facts().refused_full, 0);

        let mut short = limited(size - 1);
        run(&mut short, before);
        let held = short.store().memory_bytes();
        assert!(held < size, "{before}{command} adds nothing");
        let queued = short.queued();
        let reply = run(&mut short, &command);
        assert!(reply.starts_with(FULL), "{before}{command}: {reply}");
        assert_eq!(short.store().memory_bytes(), held);
        assert_eq!(short.queued(), queued);
        assert_eq!(short.facts().refused_full, 1);
        let mut untouched = engine();
        run(&mut untouched, before);
        for key in ["k", "n", "a", "b"] {
            let get = format!("GET {key}\n");
            assert_eq!(run(&mut short, &get), run(&mut untouched, &get), "{before}{command}");
        }
    }
}

#[test]
fn a_refusal_says_the_limit_what_is_used_and_what_to_do_in_both_dialects() {
    let fill = format!("SET k {}\n", "x".repeat(900_000));
    let why = "Storage full: the limit is 1 MB and 0.9 MB are used; delete keys or raise \
               storage.memory_limit_mb\r\n";
    for (dialect, start) in [(Dialect::Standard, "ERROR: "), (Dialect::Legacy, "ERROR ")] {
        let mut engine = limited(1 << 20);
        run(&mut engine, &fill);
        let command = requests(&format!("SET other {}\n", "x".repeat(200_000)));
        let mut batch = Batch::new(command, Wording::Text(dialect), BytesMut::new());
        assert_eq!(finish(&mut batch, &mut engine).0, format!("{start}{why}"));
    }
}

#[test]
fn what_adds_nothing_is_done_however_full_it_is() {
    let mut engine = limited(1_000);
    for (key, value) in [("big", &[b'x'; 5_000][..]), ("a", b"1111"), ("b", b"22"), ("n", b"41")] {
        engine.apply(Change::Entry(foreign(key, value)), NOW);
    }
    let done = [
        ("SET a 2222\n", "OK\r\n"),
        ("SET a 3\n", "OK\r\n"),
        ("INCR n\n", "VALUE 42\r\n"),
        ("DECR n\n", "VALUE 41\r\n"),
        ("MSET a 1 a 2 b 11\n", "OK\r\n"),
        ("APPEND a \"\"\n", "VALUE 2\r\n"),
        ("GET b\n", "VALUE 11\r\n"),
        ("DEL b\n", "DELETED\r\n"),
    ];
    for (command, reply) in done {
        assert_eq!(run(&mut engine, command), reply, "{command}");
    }
    let longer = format!("SET a {}\n", "1".repeat(50));
    for command in ["SET new v\n", &longer, "MSET a 1 new 1\n", "INCR m\n", "PREPEND new a\n"] {
        assert!(run(&mut engine, command).starts_with(FULL), "{command}");
    }
    assert_eq!(run(&mut engine, "FLUSH\n"), "OK\r\n");
    assert_eq!(run(&mut engine, "SET new v\n"), "OK\r\n");
}

#[test]
fn a_write_of_many_keys_counts_what_it_replaces_and_each_key_once() {
    let (long, short) = ("x".repeat(500), "x");
    let fill = format!("MSET a {long} b {short}\n");
    let mut engine = limited(size_after(&fill));
    assert_eq!(run(&mut engine, &fill), "OK\r\n");
    assert_eq!(run(&mut engine, &format!("MSET a {short} b {long}\n")), "OK\r\n");
    let twice = format!("MSET a {long} a {short} b {long}\n");
    assert_eq!(run(&mut engine, &twice), "OK\r\n");
    assert!(run(&mut engine, &format!("MSET a {short} a {long} b {long}\n")).starts_with(FULL));
}

#[test]
fn no_write_is_refused_for_what_a_flush_has_killed() {
    let sets = |key| -> String { (1_000..6_000).map(|n| format!("SET {key}{n} v\n")).collect() };
    let mut engine = limited(size_after(&sets('k')));
    run(&mut engine, &sets('k'));
    assert!(run(&mut engine, "SET other v\n").starts_with(FULL));

    let flush = format!("FLUSH\n{}", sets('j'));
    let (replies, slices) = finish(&mut super::batch(&flush), &mut engine);
    assert!(replies.lines().all(|line| line == "OK"));
    assert!(slices > 60, "{slices}: others have their turn between the steps of the sweep");
    assert_eq!(engine.facts().refused_full, 1);
}

#[test]
fn a_write_that_has_waited_for_a_sweep_is_refused_if_there_is_no_room_still() {
    let fill: String = (0..1_000).map(|k| format!("SET k{k} v\n")).collect();
    let mut engine = limited(size_after(&fill));
    run(&mut engine, &fill);
    run(&mut engine, "FLUSH\n");
    engine.apply(Change::Entry(foreign("big", &[b'x'; 1_000_000])), NOW);
    assert!(run(&mut engine, "SET other v\n").starts_with(FULL));
    assert!(!engine.is_sweeping());
    assert_eq!(engine.facts().refused_full, 1);
    let sets = engine.facts().commands
        [crate::protocol::COMMANDS.iter().position(|spec| spec.name == "SET").unwrap()];
    assert_eq!(sets, 1_001, "a command that waits is counted once");
}

#[test]
fn other_nodes_write_beyond_the_limit_and_are_counted() {
    let mut engine = limited(1_000);
    let entry = foreign("a", &[b'x'; 2_000]);
    engine.apply(Change::Entry(entry.clone()), NOW);
    assert_eq!(engine.applied_over_limit(), 1);
    engine.apply(Change::Entry(entry.clone()), NOW);
    assert_eq!(engine.applied_over_limit(), 1, "it was here already");

    let watermark = engine.store().registers().watermark;
    let entries = vec![entry, foreign("b", b"v"), foreign("c", b"v")];
    engine.carry_out(Effect::Apply { entries, watermark }, NOW);
    assert_eq!(engine.facts().applied_over_limit, 3);
    assert_eq!(engine.store().keys(), 3);

    let held = engine.store().held(b"b").cloned().unwrap();
    let carried = engine.carry_out(Effect::WriteAgain(vec![held]), NOW);
    assert_eq!((carried.written_again, engine.applied_over_limit()), (1, 3));

    let flush = Version { hlc: Hlc::from_raw(Hlc::at(NOW).raw() + (1 << 30)), node: NodeId(9) };
    engine.apply(Change::Flush(flush), NOW);
    assert_eq!(engine.applied_over_limit(), 3);
}

#[test]
fn without_a_limit_nothing_is_refused_and_nothing_counted() {
    let mut engine = engine();
    let text = format!("SET k {}\n", "x".repeat(1_000_000));
    assert_eq!(run(&mut engine, &text), "OK\r\n");
    engine.apply(Change::Entry(foreign("a", &[b'x'; 1_000_000])), NOW);
    assert_eq!((engine.facts().refused_full, engine.applied_over_limit()), (0, 0));
}
