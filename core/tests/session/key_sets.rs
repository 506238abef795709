//! Key sets that somebody chose, and data sets that have little in common: sessions find the
//! differences at the price that random keys have.

use crate::pair::{NOW, Node, sync};
use crate::talk::{Talk, assert_all_hold, winners};
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::session::{Outcome, Traffic};
use merkle_kv_core::version::{NodeId, Version};

const KEYS: usize = 1_024;
const ROUNDS: usize = 3;

/// A number that looks random.
fn scattered(n: usize) -> u64 {
    let mut mixed = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

/// Keys of one kind, in the order in which they are written.
type Keys = fn(usize) -> Vec<u8>;

fn random(n: usize) -> Vec<u8> {
    format!("{:016x}", scattered(n + 7_777)).into_bytes()
}

/// Each is a prefix of the next.
fn chain(n: usize) -> Vec<u8> {
    vec![b'a'; n + 1]
}

fn long_prefix(n: usize) -> Vec<u8> {
    [&[b'p'; 1_024][..], format!("{n}").as_bytes()].concat()
}

fn rising(n: usize) -> Vec<u8> {
    format!("{n:08}").into_bytes()
}

fn falling(n: usize) -> Vec<u8> {
    rising(KEYS - n)
}

/// The owner of rank r has a share of about 1 / r of all keys.
fn zipf(n: usize) -> Vec<u8> {
    let share = scattered(n) as f64 / u64::MAX as f64;
    let rank = (KEYS as f64).powf(share) as u64;
    format!("owner:{rank}:{n}").into_bytes()
}

/// The last byte of a key alone tells it from its neighbours, and it may be any.
fn binary(n: usize) -> Vec<u8> {
    vec![0, (n >> 8) as u8, 0xff, n as u8]
}

const SETS: [(&str, Keys); 6] = [
    ("chain", chain),
    ("long prefix", long_prefix),
    ("rising", rising),
    ("falling", falling),
    ("zipf", zipf),
    ("binary", binary),
];

/// Which version of the key at this place each side holds; 0 is none. The last is the round.
type Spread = fn(usize, usize) -> [u64; 2];

const SPREADS: [(&str, Spread); 8] = [
    ("one changed", |at, round| if at == 97 + 211 * round { [2, 1] } else { [1, 1] }),
    ("some changed", |at, round| if at % 50 == round { [2, 1] } else { [1, 1] }),
    ("neighbours missing", |at, round| {
        if (300..350).contains(&(at - (at.min(40 * round)))) { [1, 0] } else { [1, 1] }
    }),
    ("odd and even", |at, _| if at % 2 == 0 { [1, 0] } else { [0, 1] }),
    ("lower and upper half", |at, _| if at < KEYS / 2 { [1, 0] } else { [0, 1] }),
    ("nothing and everything", |_, _| [0, 1]),
    ("everything and nothing", |_, _| [1, 0]),
    ("a tenth", |at, round| if at % 10 == round { [1, 1] } else { [0, 1] }),
];

fn pair_of(keys: Keys, spread: Spread, round: usize) -> (Node, Node) {
    let mut keys: Vec<Vec<u8>> = (0..KEYS).map(keys).collect();
    let order = keys.clone();
    keys.sort();
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    for key in order {
        let at = keys.binary_search(&key).unwrap();
        for (node, hlc) in [&mut a, &mut b].into_iter().zip(spread(at, round)) {
            if hlc > 0 {
                let version = Version { hlc: Hlc::from_raw(hlc), node: NodeId(3) };
                let entry = Entry::value_of(&key, b"value", version);
                node.engine.store_mut().merge(entry, NOW);
            }
        }
    }
    (a, b)
}

/// The mean bytes of a session, entries excluded, for keys that are spread like this.
fn overhead(name: &str, keys: Keys, spread: Spread) -> u64 {
    let mut sum = 0;
    for round in 0..ROUNDS {
        let (mut a, mut b) = pair_of(keys, spread, round);
        let Traffic { turns, overhead, .. } = synced(name, &mut a, &mut b, round % 2 == 1);
        assert!(turns <= 12, "{name}: {turns} turns");
        sum += overhead.iter().sum::<u64>();
    }
    sum / ROUNDS as u64
}

fn synced(name: &str, a: &mut Node, b: &mut Node, eager: bool) -> Traffic {
    let (outcome, traffic) = sync(a, b, 1, eager);
    assert!(matches!(outcome, Outcome::Equal { .. }), "{name}: {outcome:?}");
    assert_eq!(a.root(), b.root(), "{name}");
    traffic
}

#[test]
fn chosen_keys_cost_at_most_twice_what_random_keys_cost() {
    for (spread_name, spread) in SPREADS {
        let usual = overhead("random", random, spread);
        for (name, keys) in SETS {
            let bytes = overhead(name, keys, spread);
            assert!(
                bytes <= 2 * usual,
                "{name}, {spread_name}: {bytes} bytes, random keys take {usual}"
            );
        }
    }
}

#[test]
fn a_side_with_many_times_more_is_met_in_few_turns() {
    for (few, many) in [(300, 3_000), (200, 20_000), (1_500, 15_000), (40, 10_000)] {
        let (mut a, mut b) = (Node::new(1), Node::new(2));
        (0..many).for_each(|n| a.put(random(n), "value", 1));
        (0..few).for_each(|n| b.put(random(n * 9), "value", 1));
        (0..few / 3).for_each(|n| b.put(format!("own:{n}"), "value", 1));
        let traffic = synced("many", &mut a, &mut b, false);
        assert!(traffic.turns <= 12, "{traffic:?}");
        let payload: u64 = traffic.payload.iter().sum();
        let bytes: u64 = traffic.overhead.iter().sum();
        assert!(bytes * 4 <= payload, "{few} of {many}: {bytes} beside {payload}");
    }
}

#[test]
fn large_entries_go_through_a_session_in_pieces() {
    let mut nodes = vec![Node::new(1), Node::new(2)];
    (0..200).for_each(|n| nodes[n % 2].put(format!("{n}"), "value", 1));
    nodes[0].put(vec![b'k'; 64 << 10], "a long key", 2);
    nodes[1].put("a megabyte", &"x".repeat(1 << 20), 2);
    nodes[1].put(vec![b'l'; 64 << 10], &"y".repeat((64 << 20) - 64), 2);
    let all = winners(&mut nodes);
    Talk::between(&mut nodes, [0, 1], 1, true).finish(&mut nodes);
    assert_all_hold(&mut nodes, &all);
}

#[test]
fn refused_keys_may_be_long_too() {
    let mut nodes = vec![Node::new(1), Node::new(2)];
    for n in 0..5_u8 {
        nodes[0].put(vec![n + 1; 64 << 10], "long forgotten", 2);
    }
    nodes.iter_mut().for_each(|node| node.raise(9, 7));
    Talk::between(&mut nodes, [0, 1], 1, true).finish(&mut nodes);
    assert_eq!((nodes[0].entries().len(), nodes[0].given_up.len()), (0, 5));
}
