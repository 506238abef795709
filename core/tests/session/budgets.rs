//! What sessions cost on the wire.

use crate::pair::{Node, sync};
use merkle_kv_core::session::Outcome;

/// A number that looks random.
fn scattered(n: u64) -> u64 {
    let mut mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn key(n: u64) -> String {
    format!("user:{n:014}")
}

const KEYS: u64 = 1_000_000;

/// Two nodes with a million keys each, all the same.
fn twins() -> (Node, Node) {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    for node in [&mut a, &mut b] {
        let id = node.identity.node;
        node.identity.node = merkle_kv_core::version::NodeId(7);
        (0..KEYS).for_each(|n| node.put(key(n), "value", 1));
        node.identity.node = id;
    }
    (a, b)
}

#[test]
fn sessions_at_a_million_keys_stay_within_their_budgets() {
    let (mut a, mut b) = twins();
    let mut hlc = 10;
    let mut measure = |keys: &[u64], rounds: u64, budget: u64| {
        let mut overhead = 0;
        for round in 0..rounds {
            hlc += 1;
            for n in keys {
                let writer = if n % 2 == 0 { &mut a } else { &mut b };
                writer.put(key((scattered(round) + n) % KEYS), "changed", hlc);
            }
            let (outcome, traffic) = sync(&mut a, &mut b, hlc as u8, false);
            assert!(matches!(outcome, Outcome::Equal { .. }));
            assert!(traffic.repaired <= 7 && traffic.turns <= 8, "{traffic:?}");
            overhead += traffic.overhead.iter().sum::<u64>();
        }
        // Runs differ in length, and so do sessions: the budget is for their mean.
        let mean = overhead / rounds;
        assert!(mean <= budget, "{} keys: {mean} bytes, the budget is {budget}", keys.len());
    };
    let many: Vec<u64> = (0..10_000).map(|n| scattered(n) % KEYS).collect();
    measure(&[0], 30, 2_500);
    measure(&many[..100], 3, 45_000);
    measure(&many, 1, 1_450_000);
    measure(&(500_000..510_000).collect::<Vec<_>>(), 1, 50_000);
}

#[test]
fn equal_replicas_cost_two_short_messages() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    sync(&mut a, &mut b, 1, false);
    for eager in [false, true] {
        let (outcome, traffic) = sync(&mut a, &mut b, 2, eager);
        assert!(matches!(outcome, Outcome::Equal { .. }));
        assert_eq!(traffic.turns, 2);
        assert!(traffic.overhead.iter().sum::<u64>() <= 300, "{traffic:?}");
    }
}

#[test]
fn one_that_is_eager_repairs_a_turn_earlier() {
    let (mut a, mut b) = (Node::new(1), Node::new(2));
    for n in 0..50_000 {
        a.put(key(n), "v", 1);
    }
    sync(&mut a, &mut b, 1, false);
    a.put("one", "more", 99);
    let (_, traffic) = sync(&mut a, &mut b, 2, true);
    assert!(traffic.repaired <= 6, "{traffic:?}");
    assert_eq!(a.root(), b.root());
}
