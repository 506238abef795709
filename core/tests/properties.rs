//! What holds for all inputs: merging, the commands against a model, the codecs, the outbox.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use bytes::{Bytes, BytesMut};
use merkle_kv_core::change::Change;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Batch, Engine, EngineSettings, Progress};
use merkle_kv_core::merkle::{Edit, Tree, TreeSeed};
use merkle_kv_core::protocol::text::Decoder;
use merkle_kv_core::protocol::{Dialect, Limits, Wording};
use merkle_kv_core::registers::Registers;
use merkle_kv_core::replication::{
    MAX_UNPUBLISHED, Outbox, Presence, PresenceState, Update, decode_update, encode_update,
    encoded_bytes_at_most,
};
use merkle_kv_core::store::{HashSeed, Listing, ListingQuery, Reaping, Store};
use merkle_kv_core::version::{BootId, NodeId, Version};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, FileFailurePersistence};
use proptest::{prop_assert, prop_assert_eq};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const SEED: HashSeed = HashSeed(1, 2);
const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
const KEYS: [&str; 5] = ["a", "b", "k:1", "k:10", "k:2"];
const LIMITS: Limits = Limits { max_key_bytes: 8, max_value_bytes: 24 };

fn config(cases: u32) -> Config {
    let regressions = FileFailurePersistence::Direct("tests/properties.regressions");
    Config { cases, failure_persistence: Some(Box::new(regressions)), ..Config::default() }
}

fn key() -> impl Strategy<Value = &'static str> {
    select(&KEYS[..])
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(select(&b"\"\\ \t\r\n\0ax\x80\xc3\xa9\x7f7"[..]), 0..10),
        any::<i8>().prop_map(|number| number.to_string().into_bytes()),
        select(&["9223372036854775807", "-9223372036854775808", "END", "(null)"][..])
            .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

/// Few timestamps and nodes, so that equal versions are frequent.
fn version() -> impl Strategy<Value = Version> {
    (1_u64..8, 1_u64..4)
        .prop_map(|(hlc, node)| Version { hlc: Hlc::from_raw(hlc), node: NodeId(node) })
}

fn change() -> impl Strategy<Value = Change> {
    let short = || vec(select(&b"xy5"[..]), 0..2);
    let expiry = select(&[1, NOW.0, NOW.0 + 1, u64::MAX][..]);
    prop_oneof![
        6 => (key(), short(), version()).prop_map(|(key, value, version)| {
            Change::Entry(Entry::value_of(key.as_bytes(), &value, version))
        }),
        3 => (key(), short(), expiry, version()).prop_map(|(key, value, expiry, version)| {
            let expires_at = Some(UnixMillis(expiry));
            Change::Entry(Entry::joined(key.as_bytes(), &value, b"", expires_at, version))
        }),
        3 => (key(), version())
            .prop_map(|(key, version)| Change::Entry(Entry::tombstone(key.as_bytes(), version))),
        1 => version().prop_map(Change::Flush),
    ]
}

fn tree_seed() -> TreeSeed {
    TreeSeed::of(b"properties")
}

/// Everything that a store holds, tombstones and versions included.
fn state(store: &mut Store) -> (Version, Vec<Entry>) {
    let held_unswept: Vec<Entry> = held(store);
    while store.sweep_step() {}
    let held = held(store);
    assert_eq!(held, held_unswept, "a sweep changes nothing that can be seen");
    assert_eq!(store.keys() + store.tombstones(), held.len());
    assert_eq!(store.memory_bytes(), held.iter().map(Entry::memory_bytes).sum::<usize>());
    let snapshot = store.snapshot(NOW).expect("few edits");
    let mut rebuilt = Tree::new(tree_seed());
    rebuilt.edit(held.iter().cloned().map(Edit::Put).collect());
    assert_eq!(snapshot.tree.root(), rebuilt.root());
    let listing = Listing::new(&snapshot, &ListingQuery::default());
    let values: Vec<Entry> = held.iter().filter(|entry| entry.value().is_some()).cloned().collect();
    assert_eq!(listing.collect::<Vec<_>>(), values);
    (store.registers().flush, held)
}

fn held(store: &Store) -> Vec<Entry> {
    KEYS.iter().filter_map(|key| store.held(key.as_bytes())).cloned().collect()
}

fn as_of_now(change: &Change) -> Change {
    match change {
        Change::Entry(entry) if entry.expires_at().is_some_and(|at| at <= NOW) => {
            Change::Entry(Entry::tombstone(entry.key(), entry.version()))
        }
        other => other.clone(),
    }
}

/// One of the writes that there are: each has a version of its own, some have an expiry.
fn write() -> impl Strategy<Value = Entry> {
    (key(), version()).prop_map(|(key, version)| {
        let Version { hlc, node } = version;
        let value = format!("{}{}", hlc.raw(), node.0);
        let expires_at = match (hlc.raw() + node.0) % 4 {
            0 => None,
            1 => return Entry::tombstone(key.as_bytes(), version),
            2 => Some(UnixMillis(NOW.0 - hlc.raw())),
            _ => Some(UnixMillis(NOW.0 + hlc.raw())),
        };
        Entry::joined(key.as_bytes(), value.as_bytes(), b"", expires_at, version)
    })
}

/// What must be left of these changes, by the rule of the specification.
fn merged(changes: &[Change]) -> (Version, Vec<Entry>) {
    let flushes = changes.iter().filter_map(|change| match change {
        Change::Flush(flush) => Some(*flush),
        Change::Entry(_) => None,
    });
    let flush = flushes.max().unwrap_or_default();
    let rank = |entry: &Entry| {
        let Version { hlc, node } = entry.version();
        let digest: [u8; 32] = Sha256::digest(entry.value().unwrap_or_default()).into();
        let expiry = entry.expires_at().map_or(0, |at| at.0);
        (hlc, node, entry.value().is_none(), digest, expiry)
    };
    // What is over when it arrives is deleted when it arrives.
    let changes: Vec<Change> = changes.iter().map(as_of_now).collect();
    let mut newest: BTreeMap<&[u8], &Entry> = BTreeMap::new();
    for change in &changes {
        if let Change::Entry(entry) = change
            && entry.version() > flush
        {
            let place = newest.entry(entry.key()).or_insert(entry);
            if rank(entry) > rank(place) {
                *place = entry;
            }
        }
    }
    (flush, newest.into_values().cloned().collect())
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn any_order_repetition_and_grouping_of_the_same_changes_gives_the_same_state(
        (changes, shuffled) in vec(change(), 0..24)
            .prop_flat_map(|changes| (Just(changes.clone()), Just(changes).prop_shuffle())),
        repeated in vec(any::<Index>(), 0..12),
        sweeps in vec(any::<Index>(), 0..4),
        seed in any::<(u64, u64)>(),
    ) {
        let mut forwards = Store::new(NodeId(1), SEED, tree_seed());
        for change in &changes {
            forwards.apply(change.clone(), NOW);
        }
        let mut otherwise = Store::new(NodeId(2), HashSeed(seed.0, seed.1), tree_seed());
        let sweeps: BTreeSet<usize> =
            sweeps.iter().map(|at| at.index(shuffled.len().max(1))).collect();
        for (at, change) in shuffled.iter().enumerate() {
            otherwise.apply(change.clone(), NOW);
            if sweeps.contains(&at) {
                while otherwise.sweep_step() {}
            }
        }
        if !changes.is_empty() {
            for at in repeated {
                otherwise.apply(at.get(&changes).clone(), NOW);
            }
        }
        let expected = merged(&changes);
        prop_assert_eq!(state(&mut forwards), expected.clone());
        prop_assert_eq!(state(&mut otherwise), expected);
    }

    #[test]
    fn whenever_nodes_hear_of_keys_and_reap_them_the_same_is_left_when_all_times_are_over(
        (writes, shuffled) in vec(write(), 1..16)
            .prop_flat_map(|writes| (Just(writes.clone()), Just(writes).prop_shuffle())),
        moments in vec((0_u64..20, any::<bool>()), 32),
        watermark in 0_u64..8,
    ) {
        const END: UnixMillis = UnixMillis(NOW.0 + 20);
        let reap = |store: &mut Store, now| while store.expire_step(now) == Reaping::More {};
        let lives = |order: &[Entry], moments: &[(u64, bool)]| {
            let mut store = Store::new(NodeId(1), SEED, tree_seed());
            for (entry, (moment, reaps)) in order.iter().zip(moments) {
                let now = UnixMillis(NOW.0 - 10 + moment);
                store.apply(Change::Entry(entry.clone()), now);
                if *reaps {
                    reap(&mut store, now);
                }
            }
            // Everybody has all of it: what is old enough may be forgotten.
            let watermark = Hlc::from_raw(watermark);
            store.raise(Registers { watermark, ..store.registers() });
            reap(&mut store, END);
            assert_eq!(store.expiring(), 0);
            state(&mut store).1
        };
        let (some, others) = moments.split_at(16);
        let left = lives(&writes, some);
        prop_assert_eq!(&left, &lives(&shuffled, others));
        let over = |entry: &Entry| match entry.expires_at() {
            Some(_) => Entry::tombstone(entry.key(), entry.version()),
            None => entry.clone(),
        };
        let changes: Vec<Change> = writes.iter().map(over).map(Change::Entry).collect();
        let mut expected = merged(&changes).1;
        expected.retain(|entry| entry.value().is_some() || entry.version().hlc.raw() > watermark);
        prop_assert_eq!(left, expected);
    }

    #[test]
    fn of_two_entries_of_a_key_exactly_one_wins_unless_they_are_equal(
        versions in (version(), version()),
        values in (proptest::option::of(vec(0_u8..3, 0..3)), proptest::option::of(vec(0_u8..3, 0..3))),
        expiries in (0_u64..3, 0_u64..3),
    ) {
        let entry = |value: &Option<Vec<u8>>, expiry: u64, version| match value {
            Some(value) => {
                let expires_at = expiry.checked_sub(1).map(UnixMillis);
                Entry::joined(b"k", value, b"", expires_at, version)
            }
            None => Entry::tombstone(b"k", version),
        };
        let one = entry(&values.0, expiries.0, versions.0);
        let other = entry(&values.1, expiries.1, versions.1);
        let wins = (one.supersedes(&other), other.supersedes(&one));
        prop_assert_eq!(wins == (false, false), one == other);
        prop_assert!(wins != (true, true));
    }
}

/// What a client of the text protocol sends and how it reads the answers, written anew.
mod client {
    pub(crate) fn quoted(value: &[u8]) -> String {
        let escaped = value.iter().map(|byte| match byte {
            b'a'..=b'z' | b'0'..=b'9' | b' ' => char::from(*byte).to_string(),
            b'\n' => "\\n".to_string(),
            b'"' => "\\\"".to_string(),
            byte => format!("\\x{byte:02X}"),
        });
        format!("\"{}\"", escaped.collect::<String>())
    }

    pub(crate) fn value(shown: &str) -> Vec<u8> {
        let Some(inside) = shown.strip_prefix('"') else {
            return shown.as_bytes().to_vec();
        };
        let inside = inside.strip_suffix('"').expect("a closing quote").as_bytes();
        let (mut value, mut at) = (Vec::new(), 0);
        while at < inside.len() {
            assert!(!inside[at].is_ascii_control() || inside[at] == b'\t');
            if inside[at] != b'\\' {
                value.push(inside[at]);
                at += 1;
                continue;
            }
            let byte = match inside[at + 1] {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'0' => 0,
                b'x' => {
                    let digits = std::str::from_utf8(&inside[at + 2..at + 4]).unwrap();
                    at += 2;
                    u8::from_str_radix(digits, 16).unwrap()
                }
                escaped @ (b'"' | b'\\') => escaped,
                other => panic!("an unknown escape: {other}"),
            };
            value.push(byte);
            at += 2;
        }
        value
    }
}

fn engine(node: u64) -> Engine {
    let max_unpublished = Some(MAX_UNPUBLISHED);
    let tree = tree_seed();
    Engine::new(EngineSettings {
        node: NodeId(node),
        seed: SEED,
        tree,
        limits: LIMITS,
        max_unpublished,
        memory_limit_bytes: None,
    })
}

fn run(engine: &mut Engine, dialect: Dialect, now: UnixMillis, text: &str) -> String {
    let mut input = BytesMut::from(text.as_bytes());
    let requests = Decoder::new(LIMITS, dialect).decode(&mut input);
    let mut batch = Batch::new(requests, Wording::Text(dialect), BytesMut::new());
    while batch.run(engine, now) == Progress::More {}
    String::from_utf8(batch.output.to_vec()).expect("answers are UTF-8")
}

/// A command, as a client means it.
#[derive(Clone, Debug)]
enum Op {
    Get(&'static str),
    Set(&'static str, Vec<u8>),
    Del(&'static str),
    Add(&'static str, bool, i64),
    Append(&'static str, Vec<u8>),
    Prepend(&'static str, Vec<u8>),
    MGet(Vec<&'static str>),
    MSet(Vec<(&'static str, Vec<u8>)>),
    Exists(Vec<&'static str>),
    Scan(&'static str, Option<&'static str>, Option<usize>),
    Size,
    Flush,
}

fn op() -> impl Strategy<Value = Op> {
    let amount = prop_oneof![-3_i64..3, Just(i64::MAX), Just(i64::MIN), any::<i64>()];
    prop_oneof![
        key().prop_map(Op::Get),
        (key(), value()).prop_map(|(key, value)| Op::Set(key, value)),
        key().prop_map(Op::Del),
        (key(), any::<bool>(), amount).prop_map(|(key, up, by)| Op::Add(key, up, by)),
        (key(), value()).prop_map(|(key, value)| Op::Append(key, value)),
        (key(), value()).prop_map(|(key, value)| Op::Prepend(key, value)),
        vec(key(), 1..5).prop_map(Op::MGet),
        vec((key(), value()), 1..4).prop_map(Op::MSet),
        vec(key(), 1..5).prop_map(Op::Exists),
        (
            select(&["", "k", "k:1", "z"][..]),
            proptest::option::of(key()),
            proptest::option::of(1_usize..4)
        )
            .prop_map(|(prefix, after, limit)| Op::Scan(prefix, after, limit)),
        Just(Op::Size),
        Just(Op::Flush),
    ]
}

impl Op {
    fn line(&self) -> String {
        let quoted = |value: &Vec<u8>| client::quoted(value);
        let line = match self {
            Op::Get(key) => format!("GET {key}"),
            Op::Set(key, value) => format!("SET {key} {}", quoted(value)),
            Op::Del(key) => format!("DEL {key}"),
            Op::Add(key, true, by) => format!("INCR {key} {by}"),
            Op::Add(key, false, by) => format!("DECR {key} {by}"),
            Op::Append(key, value) => format!("APPEND {key} {}", quoted(value)),
            Op::Prepend(key, value) => format!("PREPEND {key} {}", quoted(value)),
            Op::MGet(keys) => format!("MGET {}", keys.join(" ")),
            Op::MSet(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| format!("{key} {}", quoted(value)));
                format!("MSET {}", pairs.collect::<Vec<_>>().join(" "))
            }
            Op::Exists(keys) => format!("EXISTS {}", keys.join(" ")),
            Op::Scan(prefix, after, limit) => {
                let after = after.map(|key| format!(" AFTER {key}")).unwrap_or_default();
                let limit = limit.map(|count| format!(" LIMIT {count}")).unwrap_or_default();
                format!("SCAN {prefix}{after}{limit}")
            }
            Op::Size => "DBSIZE".to_string(),
            Op::Flush => "FLUSH".to_string(),
        };
        format!("{line}\r\n")
    }
}

/// An answer without its wording.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Word(String),
    Value(Vec<u8>),
    Missing,
    Values(Vec<Option<Vec<u8>>>),
    Keys(Vec<String>),
    Error,
}

fn answer(text: &str) -> Answer {
    let mut lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.pop(), Some(""), "an answer ends with its line");
    let one = |line: &str| match line.strip_prefix("VALUE ") {
        Some(shown) => Some(client::value(shown)),
        None if line == "(null)" => None,
        None => panic!("{line}"),
    };
    let listed = |count: &str| {
        assert_eq!(count.parse::<usize>().unwrap() + 2, lines.len());
        assert_eq!(lines.last(), Some(&"END"));
        &lines[1..lines.len() - 1]
    };
    match lines[0].split_once(' ') {
        Some(("VALUES", count)) => {
            Answer::Values(listed(count).iter().map(|line| one(line)).collect())
        }
        Some(("KEYS", count)) => {
            Answer::Keys(listed(count).iter().map(|line| line.to_string()).collect())
        }
        Some(("ERROR:", _)) => Answer::Error,
        Some(("VALUE", _)) => Answer::Value(one(lines[0]).unwrap()),
        Some(_) | None if lines[0] == "(null)" => Answer::Missing,
        Some(_) | None => Answer::Word(text.trim_end().to_string()),
    }
}

type Model = BTreeMap<&'static str, Vec<u8>>;

fn join(model: &mut Model, key: &'static str, whole: Vec<u8>) -> Answer {
    if whole.len() > LIMITS.max_value_bytes {
        return Answer::Error;
    }
    model.insert(key, whole.clone());
    Answer::Value(whole)
}

fn on_model(model: &mut Model, op: &Op) -> Answer {
    let word = |text: &str| Answer::Word(text.to_string());
    match op {
        Op::Get(key) => model.get(key).cloned().map_or(Answer::Missing, Answer::Value),
        Op::Set(key, value) => {
            model.insert(key, value.clone());
            word("OK")
        }
        Op::Del(key) => word(if model.remove(key).is_some() { "DELETED" } else { "NOT_FOUND" }),
        Op::Add(key, up, by) => {
            let old = match model.get(key) {
                None => Some(0),
                Some(value) => {
                    String::from_utf8(value.clone()).ok().and_then(|text| text.parse().ok())
                }
            };
            let by = if *up { i128::from(*by) } else { -i128::from(*by) };
            let new = old.and_then(|old: i64| i64::try_from(i128::from(old) + by).ok());
            let Some(new) = new else { return Answer::Error };
            model.insert(key, new.to_string().into_bytes());
            Answer::Value(new.to_string().into_bytes())
        }
        Op::Append(key, value) => {
            let old = model.get(key).cloned().unwrap_or_default();
            join(model, key, [old, value.clone()].concat())
        }
        Op::Prepend(key, value) => {
            let old = model.get(key).cloned().unwrap_or_default();
            join(model, key, [value.clone(), old].concat())
        }
        Op::MGet(keys) => Answer::Values(keys.iter().map(|key| model.get(key).cloned()).collect()),
        Op::MSet(pairs) => {
            model.extend(pairs.iter().cloned());
            word("OK")
        }
        Op::Exists(keys) => {
            let count = keys.iter().filter(|key| model.contains_key(**key)).count();
            word(&format!("EXISTS {count}"))
        }
        Op::Scan(prefix, after, limit) => {
            let listed = model
                .keys()
                .filter(|key| key.starts_with(prefix) && after.is_none_or(|after| **key > after));
            let limit = limit.unwrap_or(usize::MAX);
            Answer::Keys(listed.take(limit).map(|key| key.to_string()).collect())
        }
        Op::Size => word(&format!("DBSIZE {}", model.len())),
        Op::Flush => {
            model.clear();
            word("OK")
        }
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn commands_do_to_the_engine_what_they_do_to_a_map(
        ops in vec((op(), 0_u64..5_000), 1..60),
        steps_back in any::<bool>(),
    ) {
        let (mut engine, mut model) = (engine(1), Model::new());
        for (op, millis) in &ops {
            let now = UnixMillis(if steps_back { NOW.0 - millis } else { NOW.0 + millis });
            let given = answer(&run(&mut engine, Dialect::Standard, now, &op.line()));
            prop_assert_eq!(given, on_model(&mut model, op), "{}", op.line());
        }
    }

    #[test]
    fn replicas_that_heard_everything_hold_the_same_whatever_their_clocks(
        ops in vec((0_usize..3, op(), 0_u64..3), 1..40),
        skew in [0_u64..5_000, 0..5_000, 0..100_000_000],
        passed_on in vec(any::<Index>(), 0..20),
        orders in vec(any::<Index>(), 200),
    ) {
        let mut nodes = [engine(1), engine(2), engine(3)];
        let mut said = Vec::new();
        let (mut passed_on, mut millis) = (passed_on.into_iter(), 0);
        for (node, op, wait) in &ops {
            millis += wait;
            let now = UnixMillis(NOW.0 + skew[*node] + millis);
            run(&mut nodes[*node], Dialect::Standard, now, &op.line());
            said.extend(nodes[*node].take_update(usize::MAX).unwrap_or_default());
            nodes[*node].settle_update(UnixMillis(0));
            if let Some(at) = passed_on.next()
                && !said.is_empty()
            {
                nodes[(node + 1) % 3].apply(at.get(&said).clone(), now);
            }
        }
        let mut states = Vec::new();
        for (node, engine) in nodes.iter_mut().enumerate() {
            let mut order: Vec<usize> = (0..said.len()).collect();
            for at in 1..order.len() {
                order.swap(at, orders[(at + node * 67) % orders.len()].index(at + 1));
            }
            for at in order {
                engine.apply(said[at].clone(), NOW);
            }
            while engine.sweep_step() {}
            states.push((engine.store().registers().flush, held(engine.store())));
        }
        prop_assert_eq!(&states[0], &states[1]);
        prop_assert_eq!(&states[0], &states[2]);
        prop_assert_eq!(&states[0], &merged(&said));
    }

    #[test]
    fn any_value_comes_back_through_the_text_protocol_as_it_was_sent(
        value in vec(any::<u8>(), 0..24),
    ) {
        let mut engine = engine(1);
        let quoted = client::quoted(&value);
        let lines = format!("SET a {quoted}\nMSET b {quoted} c x\nAPPEND d {quoted}\nGET a\nMGET b d\nECHO {quoted}\n");
        let text = run(&mut engine, Dialect::Standard, NOW, &lines);
        let shown: Vec<&str> = text.split("\r\n").collect();
        prop_assert_eq!(shown.len(), 10, "{}", text);
        for at in [2, 3, 5, 6, 8] {
            let (_, shown) = shown[at].split_once(' ').unwrap();
            prop_assert_eq!(client::value(shown), &value[..]);
        }
    }

    #[test]
    fn whatever_comes_in_whatever_pieces_gives_the_same_requests_and_no_broken_answer(
        words in vec(select(&[
            "GET", "set", "MSET", "SCAN", "ECHO", "INCR", "k", "\"", "\"a b\"", "\\x41", "1", "-5",
            " ", "  ", "\t", "\r", "\n", "\r\n", "\0", "é", "AFTER", "LIMIT", "PING",
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ][..]), 0..80),
        noise in vec((any::<Index>(), any::<u8>()), 0..3),
        cuts in vec(any::<Index>(), 0..8),
        legacy in any::<bool>(),
    ) {
        let dialect = if legacy { Dialect::Legacy } else { Dialect::Standard };
        let mut text = words.concat().into_bytes();
        text.push(b'\n');
        for (at, byte) in noise {
            let at = at.index(text.len());
            text.insert(at, byte);
        }
        let mut whole = BytesMut::from(&text[..]);
        let mut decoder = Decoder::new(LIMITS, dialect);
        let requests = decoder.decode(&mut whole);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let (mut buffer, mut in_pieces) = (BytesMut::new(), Vec::new());
        let mut decoder = Decoder::new(LIMITS, dialect);
        for piece in cuts.windows(2) {
            buffer.extend_from_slice(&text[piece[0]..piece[1]]);
            in_pieces.extend(decoder.decode(&mut buffer));
        }
        prop_assert_eq!(&in_pieces, &requests);
        let mut batch = Batch::new(requests, Wording::Text(Dialect::Standard), BytesMut::new());
        while batch.run(&mut engine(1), NOW) == Progress::More {}
        let answers = std::str::from_utf8(&batch.output).expect("answers are UTF-8");
        for line in answers.split("\r\n") {
            prop_assert!(!line.chars().any(|c| c.is_ascii_control() && c != '\t'), "{line:?}");
        }
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let version = (any::<u64>(), any::<u64>())
        .prop_map(|(hlc, node)| Version { hlc: Hlc::from_raw(hlc), node: NodeId(node) });
    let bytes = || vec(any::<u8>(), 0..300);
    let key = vec(any::<u8>(), 1..300);
    (0..3, key, bytes(), version).prop_map(|(kind, key, value, version)| match kind {
        0 => Change::Entry(Entry::value_of(&key, &value, version)),
        1 => Change::Entry(Entry::tombstone(&key, version)),
        _ => Change::Flush(version),
    })
}

proptest! {
    #![proptest_config(config(500))]

    #[test]
    fn an_update_is_read_as_it_was_written(
        origin in "[A-Za-z0-9._-]{1,64}",
        boot in any::<u64>(),
        seq in any::<u64>(),
        changes in vec(any_change(), 0..20),
        cut in any::<Index>(),
        flipped in (any::<Index>(), 0..8_u8),
    ) {
        let mut message = encode_update(&origin, BootId(boot), seq, &changes).unwrap();
        let at_most: usize = changes.iter().map(|change| match change {
            Change::Entry(entry) => encoded_bytes_at_most(entry),
            Change::Flush(_) => 40,
        }).sum();
        prop_assert!(message.len() <= at_most + 100);
        let update = Update { origin, boot: BootId(boot), seq, changes };
        prop_assert_eq!(decode_update(&message).unwrap(), update);
        prop_assert!(decode_update(&message[..cut.index(message.len())]).is_err());
        let at = flipped.0.index(message.len());
        message[at] ^= 1 << flipped.1;
        drop(decode_update(&message)); // refused or another update, and no panic
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(noise in vec(any::<u8>(), 0..200)) {
        drop(decode_update(&noise));
        drop(decode_update(&[&[1][..], &noise].concat()));
        drop(Presence::decode(&noise));
    }

    #[test]
    fn presence_is_read_as_it_was_written(
        node_id in ".{0,20}", address in ".{0,20}", boot in any::<u64>(), keys in any::<u64>(),
        time in any::<u64>(), online in any::<bool>(),
    ) {
        let state = if online { PresenceState::Online } else { PresenceState::Offline };
        let boot_id = BootId(boot).to_string();
        let presence =
            Presence { node_id, state, address, boot_id, joined: keys, version: "1.2.3".to_string(), root: None, keys, time };
        prop_assert_eq!(Presence::decode(&presence.encode()).unwrap(), presence);
    }
}

/// What happens to an outbox and its store.
#[derive(Clone, Debug)]
enum Step {
    Write(&'static str, usize),
    Delete(&'static str),
    /// Another node writes.
    Hear(&'static str),
    Flush,
    Sweep,
    Take(usize),
    Settle,
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (key(), 0_usize..200).prop_map(|(key, bytes)| Step::Write(key, bytes)),
        2 => key().prop_map(Step::Delete),
        1 => key().prop_map(Step::Hear),
        1 => Just(Step::Flush),
        1 => Just(Step::Sweep),
        3 => (1_usize..400).prop_map(Step::Take),
        2 => Just(Step::Settle),
        2 => Just(Step::Restore),
    ]
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn the_newest_change_of_every_key_leaves_the_outbox_or_is_counted_as_dropped(
        steps in vec(step(), 1..80),
        max_keys in prop_oneof![Just(MAX_UNPUBLISHED), 1_usize..6],
    ) {
        let mut store = Store::new(NodeId(1), SEED, tree_seed());
        store.start_publishing(max_keys);
        let mut outbox = Outbox::default();
        let mut newest: BTreeMap<Vec<u8>, Version> = BTreeMap::new();
        let mut flushed = Version::ZERO;
        let mut arrived: BTreeSet<(Vec<u8>, Version)> = BTreeSet::new();
        let mut in_flight: Vec<Change> = Vec::new();
        let arrive = |message: Vec<Change>, arrived: &mut BTreeSet<(Vec<u8>, Version)>| {
            arrived.extend(message.iter().map(|change| match change {
                Change::Entry(entry) => (entry.key().to_vec(), entry.version()),
                Change::Flush(flush) => (Vec::new(), *flush),
            }));
        };
        for step in steps {
            match step {
                Step::Write(key, bytes) => {
                    let value = vec![b'x'; bytes];
                    let entry = store.put(key.as_bytes(), &value, b"", None, NOW).unwrap();
                    newest.insert(key.as_bytes().to_vec(), entry.version());
                }
                Step::Delete(key) => {
                    if let Some(entry) = store.delete(key.as_bytes(), NOW).unwrap() {
                        newest.insert(key.as_bytes().to_vec(), entry.version());
                    }
                }
                Step::Hear(key) => {
                    let version = Version { hlc: store.tick(NOW).unwrap(), node: NodeId(2) };
                    let entry = Entry::value_of(key.as_bytes(), b"theirs", version);
                    store.apply(Change::Entry(entry), NOW);
                    newest.remove(key.as_bytes());
                }
                Step::Flush => {
                    flushed = store.flush(NOW).unwrap();
                    outbox.push_flush(flushed);
                    newest.clear();
                }
                Step::Sweep => while store.sweep_step() {},
                Step::Take(max_bytes) => match outbox.take(&mut store, max_bytes) {
                    Some(message) => {
                        prop_assert!(in_flight.is_empty(), "one message at a time");
                        let keys: BTreeSet<&[u8]> = message.iter().map(|change| match change {
                            Change::Entry(entry) => entry.key(),
                            Change::Flush(_) => &[],
                        }).collect();
                        prop_assert_eq!(keys.len(), message.len(), "a key once in a message");
                        for change in &message {
                            if let Change::Entry(entry) = change {
                                prop_assert_eq!(store.held(entry.key()), Some(entry));
                                prop_assert_eq!(entry.version().node, NodeId(1));
                            }
                        }
                        in_flight = message;
                    }
                    None => prop_assert!(!in_flight.is_empty() || outbox.len(&store) == 0),
                },
                Step::Settle => {
                    outbox.settle(UnixMillis(0));
                    arrive(std::mem::take(&mut in_flight), &mut arrived);
                }
                Step::Restore => {
                    outbox.restore(&mut store);
                    in_flight.clear();
                }
            }
            // Beside the keys that wait, those of a message that came back, and flushes.
            let most = max_keys.saturating_add(KEYS.len() + 2);
            prop_assert!(outbox.len(&store) <= most);
        }
        outbox.restore(&mut store);
        while let Some(message) = outbox.take(&mut store, 100) {
            arrive(message, &mut arrived);
            outbox.settle(UnixMillis(0));
        }
        prop_assert_eq!(outbox.len(&store), 0);
        let lost = newest.into_iter().filter(|change| !arrived.contains(change)).count();
        let counted = store.dropped() + outbox.given_up();
        prop_assert!(lost as u64 <= counted, "{} lost, {} counted", lost, counted);
        if flushed > Version::ZERO {
            prop_assert!(arrived.contains(&(Vec::new(), flushed)));
        }
    }
}

#[test]
fn keys_of_the_model_are_in_byte_order() {
    assert!(KEYS.is_sorted());
    assert!(Bytes::from_static(b"k:1") < Bytes::from_static(b"k:10"));
}
