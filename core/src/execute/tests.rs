//! Commands against an engine: what each answers and changes, and how a batch is sliced.

mod expiry;
mod memory_limit;
mod users;

use super::batch::SLICE_OUTPUT_BYTES;
use super::{Answer, Batch, Engine, EngineSettings, Progress, Question};
use crate::change::Change;
use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::merkle::{Digest, TreeSeed};
use crate::naming::PeerAddress;
use crate::protocol::text::Decoder;
use crate::protocol::{
    ClientAction, ClientError, ClientFacts, Dialect, Limits, MqttState, NodeFacts, ReplicateAction,
    ReplicationFacts, Request, Wording,
};
use crate::replication::MAX_UNPUBLISHED;
use crate::store::HashSeed;
use crate::version::{NodeId, Version};
use bytes::{Bytes, BytesMut};

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

fn engine() -> Engine {
    engine_with(Limits::default(), None)
}

fn engine_with(limits: Limits, memory_limit_bytes: Option<u64>) -> Engine {
    Engine::new(EngineSettings {
        node: NodeId(5),
        seed: HashSeed(1, 2),
        tree: TreeSeed::of(b"test"),
        limits,
        max_unpublished: Some(MAX_UNPUBLISHED),
        memory_limit_bytes,
    })
}

fn requests(text: &str) -> Vec<Request> {
    let mut buffer = BytesMut::from(text.as_bytes());
    let requests = Decoder::new(Limits::default(), Dialect::Standard).decode(&mut buffer);
    assert!(buffer.is_empty(), "the text ends inside a line");
    requests
}

fn batch(text: &str) -> Batch {
    Batch::new(requests(text), Wording::Text(Dialect::Standard), BytesMut::new())
}

/// Runs to the end, sending after every slice, and counts the slices.
fn finish(batch: &mut Batch, engine: &mut Engine) -> (String, usize) {
    let (mut sent, mut slices) = (BytesMut::new(), 0);
    loop {
        slices += 1;
        let progress = batch.run(engine, NOW);
        sent.extend_from_slice(&batch.output.split());
        match progress {
            Progress::Done => break,
            Progress::More => {}
            Progress::Ask(question) => panic!("{question:?}"),
        }
    }
    (String::from_utf8(sent.to_vec()).unwrap(), slices)
}

fn run(engine: &mut Engine, text: &str) -> String {
    finish(&mut batch(text), engine).0
}

fn fill(engine: &mut Engine, keys: usize) {
    let text: String = (0..keys).map(|n| format!("SET key{n:06} value{n}\n")).collect();
    assert_eq!(run(engine, &text), "OK\r\n".repeat(keys));
}

fn last_timestamp(key: &str, value: &str) -> Change {
    let version = Version { hlc: Hlc::from_raw(u64::MAX), node: NodeId(1) };
    Change::Entry(Entry::value_of(key.as_bytes(), value.as_bytes(), version))
}

fn published(engine: &mut Engine) -> Vec<Change> {
    let mut all = Vec::new();
    while let Some(message) = engine.take_update(1 << 20) {
        all.extend(message);
        engine.settle_update(UnixMillis(0));
    }
    all
}

#[test]
fn numbers_go_to_the_limits_of_64_bits_and_not_beyond() {
    let mut engine = engine();
    for (text, reply) in [
        ("INCR n 9223372036854775807\n", "VALUE 9223372036854775807"),
        (
            "INCR n\n",
            "ERROR: Overflow: the new value of 'n' would not fit 64 bits, it stays as it was",
        ),
        ("GET n\n", "VALUE 9223372036854775807"),
        (
            "DECR n -1\n",
            "ERROR: Overflow: the new value of 'n' would not fit 64 bits, it stays as it was",
        ),
        ("INCR n -9223372036854775808\n", "VALUE -1"),
        ("DECR n 9223372036854775807\n", "VALUE -9223372036854775808"),
        (
            "DECR n\n",
            "ERROR: Overflow: the new value of 'n' would not fit 64 bits, it stays as it was",
        ),
        ("DECR n -9223372036854775808\n", "VALUE 0"),
        (
            "DECR m -9223372036854775808\n",
            "ERROR: Overflow: the new value of 'm' would not fit 64 bits, it stays as it was",
        ),
        ("GET m\n", "(null)"),
        ("DECR m 9223372036854775807\n", "VALUE -9223372036854775807"),
        ("SET t text\n", "OK"),
        ("INCR t\n", "ERROR: Wrong type: the value of 't' is not a 64-bit signed integer"),
        ("GET t\n", "VALUE text"),
        ("SET t \"\"\n", "OK"),
        ("DECR t\n", "ERROR: Wrong type: the value of 't' is not a 64-bit signed integer"),
        ("SET t 9223372036854775808\n", "OK"),
        ("INCR t\n", "ERROR: Wrong type: the value of 't' is not a 64-bit signed integer"),
    ] {
        assert_eq!(run(&mut engine, text), format!("{reply}\r\n"), "{text}");
    }
}

#[test]
fn append_and_prepend_go_up_to_the_value_limit_and_leave_the_value_if_it_would_be_passed() {
    let mut engine = engine_with(Limits { max_key_bytes: 8, max_value_bytes: 5 }, None);
    let too_long = "ERROR: Value too long: it has 6 bytes, the limit is 5\r\n";
    assert_eq!(run(&mut engine, "APPEND k abc\nAPPEND k de\n"), "VALUE abc\r\nVALUE abcde\r\n");
    assert_eq!(run(&mut engine, "APPEND k x\nPREPEND k x\n"), too_long.repeat(2));
    assert_eq!(run(&mut engine, "GET k\nAPPEND k \"\"\n"), "VALUE abcde\r\nVALUE abcde\r\n");
    assert_eq!(run(&mut engine, "PREPEND new b\nPREPEND new a\n"), "VALUE b\r\nVALUE ab\r\n");
    assert_eq!(run(&mut engine, "DEL new\nAPPEND new z\n"), "DELETED\r\nVALUE z\r\n");
    assert_eq!(published(&mut engine).len(), 2);
}

#[test]
fn setting_several_keys_is_all_or_nothing() {
    let mut engine = engine();
    engine.apply(last_timestamp("end", "v"), NOW);
    let reply = run(&mut engine, "MSET a 1 end 2 b 3\n");
    assert!(reply.starts_with("ERROR: Clock exhausted: "), "{reply}");
    assert!(reply.ends_with("\r\n") && reply.lines().count() == 1);
    assert_eq!(run(&mut engine, "EXISTS a b end\nGET end\n"), "EXISTS 1\r\nVALUE v\r\n");
    assert_eq!(run(&mut engine, "MSET a 1 b\nEXISTS a b\n").lines().last(), Some("EXISTS 0"));
    let long = "x".repeat((1 << 20) + 1);
    run(&mut engine, &format!("MSET a 1 b {long}\n"));
    assert_eq!(run(&mut engine, "EXISTS a b\n"), "EXISTS 0\r\n");
    assert!(published(&mut engine).is_empty());
    assert_eq!(
        run(&mut engine, "MSET a 1 b 2 a 3\nMGET a b\n"),
        "OK\r\nVALUES 2\r\nVALUE 3\r\nVALUE 2\r\nEND\r\n"
    );
}

#[test]
fn a_key_named_twice_counts_twice() {
    let mut engine = engine();
    run(&mut engine, "SET a 1\nSET gone 1\nDEL gone\n");
    assert_eq!(run(&mut engine, "EXISTS a a none gone a\n"), "EXISTS 3\r\n");
    assert_eq!(
        run(&mut engine, "MGET a none a\n"),
        "VALUES 3\r\nVALUE 1\r\n(null)\r\nVALUE 1\r\nEND\r\n"
    );
}

#[test]
fn without_a_timestamp_left_every_write_of_the_key_is_an_error_and_reads_go_on() {
    let mut engine = engine();
    engine.apply(last_timestamp("k", "5"), NOW);
    for write in
        ["SET k v", "DEL k", "INCR k", "DECR k", "APPEND k v", "PREPEND k v", "MSET k v", "FLUSH"]
    {
        let reply = run(&mut engine, &format!("{write}\n"));
        assert!(reply.starts_with("ERROR: Clock exhausted: "), "{write}: {reply}");
    }
    assert_eq!(run(&mut engine, "GET k\nSET other v\nDBSIZE\n"), "VALUE 5\r\nOK\r\nDBSIZE 2\r\n");
}

#[test]
fn what_a_client_changes_is_published_as_the_resulting_state_and_what_others_changed_is_not() {
    let mut engine = engine();
    run(&mut engine, "FLUSH\nSET a 1\nINCR a\nAPPEND b x\nDEL none\nSET c 1\nDEL c\nGET a\n");
    let version = Version { hlc: Hlc::at(NOW), node: NodeId(9) };
    engine.apply(Change::Entry(Entry::value_of(b"remote", b"v", version)), NOW);
    let mut changes = published(&mut engine);
    assert!(matches!(changes.remove(0), Change::Flush(_)));
    changes.sort_by_key(Change::version);
    let seen: Vec<(&[u8], Option<&[u8]>)> = changes
        .iter()
        .map(|change| match change {
            Change::Entry(entry) => (entry.key(), entry.value()),
            Change::Flush(_) => panic!("a second flush"),
        })
        .collect();
    let expected: [(&[u8], Option<&[u8]>); 3] =
        [(b"a", Some(b"2")), (b"b", Some(b"x")), (b"c", None)];
    assert_eq!(seen, expected);
}

#[test]
fn a_node_that_does_not_replicate_keeps_nothing_for_publishing() {
    let settings = EngineSettings {
        node: NodeId(5),
        seed: HashSeed(1, 2),
        tree: TreeSeed::of(b"test"),
        limits: Limits::default(),
        max_unpublished: None,
        memory_limit_bytes: None,
    };
    let mut engine = Engine::new(settings);
    assert_eq!(run(&mut engine, "SET a 1\nFLUSH\nGET a\n"), "OK\r\nOK\r\n(null)\r\n");
    assert_eq!((engine.take_update(1 << 20), engine.queued()), (None, 0));
}

#[test]
fn the_size_is_right_directly_after_a_flush_of_many_keys() {
    let mut engine = engine();
    fill(&mut engine, 20_000);
    let (replies, slices) = finish(&mut batch("FLUSH\nSET k v\nDBSIZE\nMEMORY\n"), &mut engine);
    let memory = engine.store().memory_bytes();
    assert_eq!(replies, format!("OK\r\nOK\r\nDBSIZE 1\r\nMEMORY {memory}\r\n"));
    assert!(slices >= 64, "the sweep was done in pieces: {slices}");
    assert!(memory < 200);
}

/// The counts of INFO and STATS still held the keys that a FLUSH had killed a moment ago.
#[test]
fn reports_directly_after_a_flush_count_no_dead_keys() {
    for (line, fact) in [("INFO\n", "total_keys:1\r\n"), ("STATS\n", "\r\nkeys:1\r\n")] {
        let mut engine = engine();
        fill(&mut engine, 5_000);
        let mut batch = batch(&format!("FLUSH\nSET k v\n{line}"));
        loop {
            match batch.run(&mut engine, NOW) {
                Progress::More => {}
                Progress::Ask(_) => batch.answer(Answer::Node(Box::default())),
                Progress::Done => break,
            }
        }
        let text = String::from_utf8(batch.output.to_vec()).unwrap();
        assert!(text.contains(fact), "{text}");
    }
}

#[test]
fn replies_pass_in_slices_of_bounded_size_and_resume_exactly() {
    let mut engine = engine();
    fill(&mut engine, 30_000);
    let keys: Vec<String> = (0..30_000).map(|n| format!("key{n:06}")).collect();
    let values = |n: usize| format!("VALUE value{n}\r\n");
    let get: String = keys.iter().map(|key| format!("GET {key}\n")).collect();
    let gotten: String = (0..30_000).map(values).collect();
    let listed = format!("KEYS 30000\r\n{}\r\nEND\r\n", keys.join("\r\n"));
    let text = format!("MGET {}\n{get}SCAN key\nPING\n", keys.join(" "));
    let expected = format!("VALUES 30000\r\n{gotten}END\r\n{gotten}{listed}PONG\r\n");
    let mut batch = batch(&text);
    let (mut sent, mut full) = (Vec::new(), 0);
    loop {
        let progress = batch.run(&mut engine, NOW);
        assert!(batch.output.len() < SLICE_OUTPUT_BYTES + 64);
        full += usize::from(batch.output.len() >= SLICE_OUTPUT_BYTES);
        sent.extend_from_slice(&batch.output.split());
        match progress {
            Progress::Done => break,
            Progress::Ask(Question::Snapshot) => {
                let store = engine.store_mut();
                let fold = store.begin_fold(NOW).unwrap();
                batch.answer(Answer::Snapshot(store.end_fold(fold.run())));
            }
            other => assert_eq!(other, Progress::More),
        }
    }
    assert_eq!(String::from_utf8(sent).unwrap(), expected);
    assert!(full >= 3, "{full} slices were full");
}

#[test]
fn a_batch_whose_output_is_not_taken_runs_nothing_more() {
    let mut engine = engine();
    let value = "x".repeat(SLICE_OUTPUT_BYTES);
    let mut batch = batch(&format!("SET k {value}\nGET k\nSET after 1\n"));
    assert_eq!(batch.run(&mut engine, NOW), Progress::More);
    for _ in 0..3 {
        assert_eq!(batch.run(&mut engine, NOW), Progress::More);
        assert_eq!(run(&mut engine, "EXISTS after\n"), "EXISTS 0\r\n");
    }
    batch.output.clear();
    assert_eq!(batch.run(&mut engine, NOW), Progress::Done);
    assert_eq!(run(&mut engine, "EXISTS after\n"), "EXISTS 1\r\n");
}

#[test]
fn other_clients_have_their_turn_within_a_long_batch_of_short_commands() {
    let mut engine = engine();
    let (_, slices) = finish(&mut batch(&"SET k v\n".repeat(10_000)), &mut engine);
    assert!((10..=12).contains(&slices), "{slices}");
}

#[test]
fn a_listing_waits_for_the_tree_and_shows_nothing_that_comes_later() {
    let mut engine = engine();
    fill(&mut engine, 5_000);
    let mut scan = batch("SCAN\n");
    assert_eq!(scan.run(&mut engine, NOW), Progress::Ask(Question::Snapshot));
    assert_eq!(scan.run(&mut engine, NOW), Progress::Ask(Question::Snapshot), "it stays asked");
    let fold = engine.store_mut().begin_fold(NOW).unwrap();
    run(&mut engine, "DEL key000003\nSET new v\n");
    scan.answer(Answer::Snapshot(engine.store_mut().end_fold(fold.run())));
    let (text, _) = finish(&mut scan, &mut engine);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("KEYS 5000"));
    let keys: Vec<&str> = lines.by_ref().take(5_000).collect();
    assert_eq!((lines.next(), lines.next()), (Some("END"), None));
    assert!(keys.is_sorted_by(|a, b| a < b));
    assert!(keys.contains(&"key000003"));
}

#[test]
fn what_only_the_node_knows_is_asked_and_answered_in_its_place() {
    let mut engine = engine();
    let mut batch =
        batch("PING 1\nREPLICATE STATUS\nREPLICATE ENABLE\nCLIENT LIST\nSHUTDOWN\nPING 2\n");
    let client = ClientFacts {
        id: 7,
        address: "1.2.3.4:5".into(),
        age_seconds: 3,
        idle_seconds: 1,
        name: "app".into(),
        user: None,
    };
    let facts =
        ReplicationFacts { enabled: true, state: MqttState::Connected, queued: 4, peers: 2 };
    let turns = [
        (Question::Replicate(ReplicateAction::Status), Answer::Replication(facts)),
        (
            Question::Replicate(ReplicateAction::Enable),
            Answer::Refused(ClientError::ReplicationOff),
        ),
        (Question::Client(ClientAction::List), Answer::Clients(vec![client])),
        (Question::Shutdown, Answer::Done),
    ];
    for (question, answer) in turns {
        assert_eq!(batch.run(&mut engine, NOW), Progress::Ask(question.clone()));
        assert_eq!(batch.run(&mut engine, NOW), Progress::Ask(question), "it stays asked");
        batch.answer(answer);
    }
    assert_eq!(batch.run(&mut engine, NOW), Progress::Done);
    assert!(!batch.closes());
    assert_eq!(
        std::str::from_utf8(&batch.output).unwrap(),
        "PONG 1\r\nREPLICATION enabled connected queued=4\r\n\
         ERROR: Replication off: mqtt.enabled is false in this node's configuration\r\n\
         CLIENT LIST\r\nid=7 addr=1.2.3.4:5 age=3 idle=1 name=app\r\nEND\r\nOK\r\nPONG 2\r\n"
    );
}

#[test]
fn a_digest_is_given_for_the_prefix_that_was_asked_for_and_sessions_for_the_peer() {
    let mut engine = engine();
    let mut batch = batch("HASH\nHASH user:\nSYNC\nSYNC node-2:7379\nPEERS\nHASH x\nPING\n");
    let digest = Digest::empty();
    let turns = [
        (Question::Hash(None), Answer::Hash(digest)),
        (Question::Hash(Some(Bytes::from_static(b"user:"))), Answer::Hash(digest)),
        (Question::Sync(None), Answer::Sync(Vec::new())),
        (
            Question::Sync(PeerAddress::parse("node-2:7379")),
            Answer::Refused(ClientError::Unavailable { what: "anti-entropy" }),
        ),
        (Question::Peers, Answer::Peers(Vec::new())),
        (Question::Hash(Some(Bytes::from_static(b"x"))), Answer::Refused(ClientError::SyncOff)),
    ];
    for (question, answer) in turns {
        assert_eq!(batch.run(&mut engine, NOW), Progress::Ask(question));
        batch.answer(answer);
    }
    assert_eq!(batch.run(&mut engine, NOW), Progress::Done);
    assert_eq!(
        std::str::from_utf8(&batch.output).unwrap(),
        format!(
            "HASH {digest}\r\nHASH user: {digest}\r\nSYNC\r\nEND\r\n\
             ERROR: Unavailable: anti-entropy did not answer, try again\r\nPEERS 0\r\nEND\r\n\
             ERROR: Anti-entropy off: anti_entropy.enabled is false in this node's configuration\r\n\
             PONG\r\n"
        )
    );
}

#[test]
fn quit_is_answered_and_what_follows_it_is_not_run() {
    let mut engine = engine();
    let mut batch = batch("SET a 1\nQUIT\nSET b 1\nPING\n");
    assert_eq!(batch.run(&mut engine, NOW), Progress::Ask(Question::Quit));
    assert!(!batch.closes());
    batch.answer(Answer::Done);
    assert_eq!(batch.run(&mut engine, NOW), Progress::Done);
    assert!(batch.closes());
    assert_eq!(&batch.output[..], b"OK\r\nOK\r\n");
    assert_eq!(run(&mut engine, "EXISTS a b\n"), "EXISTS 1\r\n");
}

/// An answer that came when none was asked for took away the reply that was being written.
#[test]
fn an_answer_that_nobody_asked_for_changes_nothing() {
    let mut engine = engine();
    fill(&mut engine, 1_000);
    let line = "GET key000000\n".repeat(1_001);
    let mut gets = batch(&line);
    assert_eq!(gets.run(&mut engine, NOW), Progress::More);
    gets.answer(Answer::Done);
    assert_eq!(finish(&mut gets, &mut engine).0, "VALUE value0\r\n".repeat(1_001));

    fill(&mut engine, 5_000);
    let mut scan = batch("SCAN LIMIT 1\n");
    assert_eq!(scan.run(&mut engine, NOW), Progress::Ask(Question::Snapshot));
    scan.answer(Answer::Done);
    assert_eq!(scan.run(&mut engine, NOW), Progress::Ask(Question::Snapshot));
}

#[test]
fn commands_and_refusals_are_counted_by_their_row() {
    let mut engine = engine();
    run(&mut engine, "GET a\nget a\nSET a 1\nNONSENSE\nGET\nDELETE a\nINCR a x\n");
    let facts = engine.facts();
    let runs = |name: &str| {
        let row = crate::protocol::COMMANDS.iter().position(|spec| spec.name == name).unwrap();
        facts.commands[row]
    };
    assert_eq!((runs("GET"), runs("SET"), runs("DEL"), runs("INCR")), (2, 1, 1, 0));
    assert_eq!((facts.refused, facts.keys, facts.tombstones), (3, 0, 1));
}

#[test]
fn info_tells_of_the_node_and_its_data() {
    let mut engine = engine();
    fill(&mut engine, 3);
    let mut batch = batch("INFO\n");
    while batch.run(&mut engine, NOW) == Progress::More {}
    let node = NodeFacts { node_id: "node1".into(), uptime_seconds: 9, ..NodeFacts::default() };
    batch.answer(Answer::Node(Box::new(node)));
    assert_eq!(batch.run(&mut engine, NOW), Progress::Done);
    let text = String::from_utf8(batch.output.to_vec()).unwrap();
    assert!(text.starts_with("# Server Information\r\n") && text.ends_with("\r\nEND\r\n"));
    assert!(!text.contains("memory_rss_mb"), "nobody knows it");
    for line in ["node_id:node1", "uptime_seconds:9", "total_keys:3", "broker:none"] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

/// Symptom: a key that was deleted, and its tombstone removed, came back on a node that had restarted.
/// Cause: an old write of it had waited for the broker meanwhile. Fix: what is no longer held is not
/// published.
#[test]
fn what_waited_for_the_broker_and_was_deleted_by_a_session_meanwhile_is_not_published() {
    let mut engine = engine();
    run(&mut engine, "SET old v\nSET kept v\n");
    let held = engine.store().held(b"old").cloned().unwrap();
    let later = Version { hlc: Hlc::from_raw(held.version().hlc.raw() + 1), node: NodeId(9) };
    engine.store_mut().merge(Entry::tombstone(b"old", later), NOW);
    let taken = engine.take_update(1 << 20).unwrap();
    assert_eq!(taken, [Change::Entry(engine.store().held(b"kept").cloned().unwrap())]);
    engine.settle_update(NOW);
    run(&mut engine, "SET old v\n");
    let held = engine.store().held(b"old").cloned().unwrap();
    assert!(engine.store_mut().forget(&held));
    assert_eq!(engine.take_update(1 << 20), None);
    assert_eq!(engine.queued(), 0);
}
