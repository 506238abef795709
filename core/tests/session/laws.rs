//! What holds for any two data sets: sessions make them equal, and what survives is what ought to.

use crate::pair::{NOW, Node, sync};
use crate::talk::{Talk, assert_all_hold, winners};
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::merkle::{KeyRange, Priority};
use merkle_kv_core::registers::{Lineage, Registers};
use merkle_kv_core::session::Outcome;
use merkle_kv_core::version::{NodeId, Version};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof, proptest};
use proptest::test_runner::{Config, FileFailurePersistence};
use proptest::{prop_assert, prop_assert_eq};
use std::collections::BTreeSet;

fn config(cases: u32) -> Config {
    let regressions = FileFailurePersistence::Direct("tests/session.regressions");
    Config { cases, failure_persistence: Some(Box::new(regressions)), ..Config::default() }
}

/// Few keys, timestamps and nodes, so that all of them meet.
fn entry() -> impl Strategy<Value = Entry> {
    let version = (1_u64..40, 1_u64..4)
        .prop_map(|(hlc, node)| Version { hlc: Hlc::from_raw(hlc), node: NodeId(node) });
    (0_u8..60, version, any::<bool>(), 0_u8..3).prop_map(|(key, version, is_value, value)| {
        let key = format!("key:{key:02}");
        if is_value {
            Entry::value_of(key.as_bytes(), &[b'a' + value], version)
        } else {
            Entry::tombstone(key.as_bytes(), version)
        }
    })
}

fn registers() -> impl Strategy<Value = Registers> {
    let hlc = |to: u64| prop_oneof![3 => 0..1_u64, 2 => 0..to].prop_map(Hlc::from_raw);
    (hlc(20), hlc(30), 0_u64..4).prop_map(|(flush, watermark, lineage)| Registers {
        flush: Version { hlc: flush, node: NodeId(2) },
        watermark,
        lineage: Lineage(lineage),
    })
}

type Given = (Vec<Entry>, Registers);

fn node(id: u64, common: u64, (entries, registers): &Given, secret: Option<&str>) -> Node {
    let mut node = Node::with_secret(id, secret);
    let version = Version { hlc: Hlc::from_raw(35), node: NodeId(9) };
    for n in 0..common {
        let key = format!("key:{:02}:{n}", n % 60);
        let entry = Entry::value_of(key.as_bytes(), b"common", version);
        node.engine.store_mut().merge(entry, NOW);
    }
    for entry in entries {
        node.engine.store_mut().merge(entry.clone(), NOW);
    }
    node.engine.store_mut().raise(*registers);
    node
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn three_sessions_make_any_two_nodes_equal_and_keep_what_may_live(
        first in (vec(entry(), 0..60), registers()),
        second in (vec(entry(), 0..60), registers()),
        common in prop_oneof![0..1_u64, 0..600_u64],
        has_secret: bool,
        opens in vec(any::<(bool, bool)>(), 3),
    ) {
        let secret = has_secret.then_some("secret");
        let mut a = node(1, common, &first, secret);
        let mut b = node(2, common, &second, secret);
        let joint = first.1.joined(second.1);
        let nodes = &mut [a, b];
        let before = winners(nodes);
        let values: BTreeSet<(Vec<u8>, Vec<u8>)> = nodes
            .iter_mut()
            .flat_map(Node::entries)
            .filter_map(|entry| Some((entry.key().to_vec(), entry.value()?.to_vec())))
            .collect();
        let [first_node, second_node] = nodes;
        (a, b) = (
            std::mem::replace(first_node, Node::new(8)),
            std::mem::replace(second_node, Node::new(8)),
        );
        for (nonce, (is_turned, eager)) in opens.into_iter().enumerate() {
            if is_turned {
                std::mem::swap(&mut a, &mut b);
            }
            let (outcome, traffic) = sync(&mut a, &mut b, nonce as u8, eager);
            prop_assert!(matches!(outcome, Outcome::Equal { .. }), "{:?}", outcome);
            prop_assert!(traffic.turns <= 12);
        }
        prop_assert_eq!(a.root(), b.root());
        let after = winners(&mut [a, b]);
        for (key, entry) in &after {
            let is_written_again = entry.version().hlc >= Hlc::at(NOW);
            if is_written_again {
                let written = (key.clone(), entry.value().unwrap_or_default().to_vec());
                prop_assert!(values.contains(&written), "{:?} comes from nowhere", entry);
            } else {
                prop_assert_eq!(before.get(key), Some(entry));
            }
            prop_assert!(!joint.kill(entry));
        }
        for (key, entry) in &before {
            // What is above the watermark and the flush cannot be refused by anybody.
            if entry.version().hlc > joint.watermark && entry.version() > joint.flush {
                prop_assert_eq!(after.get(key), Some(entry));
            }
        }
    }
}

/// Separators are told apart by 8 bits. Two sides that hold other keys in a part of many runs find
/// equal tags by chance all the time, and compare runs that begin at different keys.
#[test]
fn runs_that_are_aligned_by_chance_hide_nothing() {
    let mut by_chance = 0;
    for seed in 0..12_u64 {
        let mut nodes = vec![Node::new(1), Node::new(2)];
        for n in 0..6_000_u64 {
            nodes.iter_mut().for_each(|node| {
                let own = std::mem::replace(&mut node.identity.node, NodeId(3));
                node.put(format!("{n:05}"), "common", 1);
                node.identity.node = own;
            });
        }
        for (at, node) in nodes.iter_mut().enumerate() {
            for n in 0..400 {
                let mixed = (n + 1_000 * seed + 77 * at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                node.put(format!("03{:03}:{:x}", seed * 50, mixed >> 20), "own", 2);
            }
        }
        by_chance += tags_in_common(&mut nodes);
        let all = winners(&mut nodes);
        let outcome =
            Talk::between(&mut nodes, [0, 1], seed as u8, seed % 2 == 0).finish(&mut nodes);
        assert!(matches!(outcome, Outcome::Equal { .. }));
        assert_all_hold(&mut nodes, &all);
    }
    assert!(by_chance > 40, "only {by_chance} separators looked like others");
}

/// How many separators of short runs look like one of the other side that stands at another key.
fn tags_in_common(nodes: &mut [Node]) -> usize {
    let separators: Vec<Vec<(u8, Vec<u8>)>> = nodes
        .iter_mut()
        .map(|node| {
            let tree = node.snapshot().tree;
            let runs = tree
                .runs(KeyRange { from: b"03", to: Some(b"04") }, Priority::reached_by_one_in(14));
            let with_key = runs.iter().map(|run| (run.separator.0 as u8, run.first.key().to_vec()));
            with_key.filter(|(_, key)| key.contains(&b':')).collect()
        })
        .collect();
    let looks_like =
        |(tag, _): &&(u8, Vec<u8>)| separators[1].iter().any(|(other, _)| other == tag);
    separators[0].iter().filter(looks_like).count()
}

/// A session that stood still while the cluster deleted a key and forgot about it brings the key
/// back; the next session takes it away again.
#[test]
fn what_a_stalled_session_brings_back_the_next_one_takes_away() {
    let mut nodes = vec![Node::new(1), Node::new(2)];
    (0..300).for_each(|n| nodes[0].put(format!("key:{n}"), "value", 5));
    nodes.iter_mut().for_each(|node| node.raise(1, 7));
    let mut stalled = Talk::between(&mut nodes, [0, 1], 1, false);
    for _ in 0..4 {
        stalled.step(&mut nodes).unwrap();
    }
    nodes[0].delete("key:7", 20);
    Talk::between(&mut nodes, [0, 1], 2, false).finish(&mut nodes);
    nodes.iter_mut().for_each(|node| node.raise(25, 7));
    stalled.finish(&mut nodes);
    Talk::between(&mut nodes, [1, 0], 3, false).finish(&mut nodes);
    for node in &mut nodes {
        assert_eq!((node.value("key:7"), node.entries().len()), (None, 299));
    }
}
