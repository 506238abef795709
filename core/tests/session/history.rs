//! What is dead and who may say so: watermarks, lineages and flushes of two nodes that meet.

use crate::pair::{NOW, Node, sync};
use crate::talk::{Talk, assert_all_hold, repair, winners, write};
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::registers::Lineage;
use merkle_kv_core::session::{Outcome, Traffic};
use std::collections::BTreeMap;

const SECRET: Option<&str> = Some("a secret");

fn key(n: u64) -> String {
    format!("key:{n:04}")
}

/// A node with the values of a cluster, which are as old as their number.
fn member(id: u64, keys: u64, secret: Option<&str>) -> Node {
    let mut node = Node::with_secret(id, secret);
    let own = std::mem::replace(&mut node.identity.node, Node::new(9).identity.node);
    (1..=keys).for_each(|n| node.put(key(n), "value", n));
    node.identity.node = own;
    node
}

fn held(node: &mut Node) -> BTreeMap<Vec<u8>, Entry> {
    node.entries().into_iter().map(|entry| (entry.key().to_vec(), entry)).collect()
}

/// A session that ends well, opened by either, with and without a secret.
fn in_every_way(mut check: impl FnMut(Option<&str>, usize, bool)) {
    for secret in [None, SECRET] {
        for opens in [0, 1] {
            for eager in [false, true] {
                check(secret, opens, eager);
            }
        }
    }
}

fn met(nodes: &mut [Node], opens: usize, eager: bool) -> Traffic {
    let [a, b] = nodes else { panic!("two nodes") };
    let (opener, answerer) = if opens == 0 { (a, b) } else { (b, a) };
    let (outcome, traffic) = sync(opener, answerer, 1, eager);
    assert!(matches!(outcome, Outcome::Equal { .. }), "{outcome:?}");
    assert!(traffic.turns <= 12, "{traffic:?}");
    traffic
}

#[test]
fn tombstones_that_one_side_has_removed_are_not_sent_again() {
    in_every_way(|secret, opens, eager| {
        let mut nodes = vec![member(1, 500, secret), member(2, 500, secret)];
        for node in &mut nodes {
            node.raise(1, 7);
            (1..=200).for_each(|n| node.delete(key(n), 500 + n));
        }
        nodes[0].raise(800, 7);
        assert_eq!((nodes[0].entries().len(), nodes[1].entries().len()), (300, 500));
        let traffic = met(&mut nodes, opens, eager);
        assert_eq!(traffic.payload, [0, 0]);
        assert_eq!(nodes[0].root(), nodes[1].root());
        assert_eq!(nodes[1].entries().len(), 300);
        assert_eq!(nodes[1].engine.store().registers().watermark, Hlc::from_raw(800));
        assert!(nodes.iter().all(|node| node.given_up.is_empty() && node.written_again == 0));
    });
}

#[test]
fn a_node_from_an_old_backup_gives_up_what_was_deleted_and_nothing_else() {
    in_every_way(|secret, opens, eager| {
        let mut nodes = vec![member(1, 900, secret), member(2, 900, secret)];
        nodes.iter_mut().for_each(|node| node.raise(400, 7));
        for n in (1..=900).filter(|n| n % 3 == 0) {
            nodes[1].delete(key(n), 1_000 + n);
        }
        nodes[1].put(key(1), "changed", 2_100);
        nodes[1].raise(2_000, 7);
        // Written here after the backup: before the watermark, and after it.
        nodes[0].put("lost", "as the cluster cannot know it", 1_999);
        nodes[0].put("news", "of this node", 2_001);
        let mut expected = held(&mut nodes[1]);
        expected.extend(held(&mut nodes[0]).into_iter().filter(|(key, _)| key == b"news"));
        met(&mut nodes, opens, eager);
        assert_all_hold(&mut nodes, &expected);
        let given_up: Vec<&[u8]> = nodes[0].given_up.iter().map(Entry::key).collect();
        assert_eq!(given_up.len(), 301);
        assert!(given_up.contains(&&b"lost"[..]) && given_up.contains(&key(3).as_bytes()));
        assert!(nodes[1].given_up.is_empty());
        assert!(nodes.iter().all(|node| node.written_again == 0));
        let quiet = met(&mut nodes, opens, eager);
        assert_eq!((quiet.payload, quiet.turns <= 3), ([0, 0], true));
    });
}

#[test]
fn a_node_of_another_history_or_of_none_loses_nothing() {
    for lineage in [0, 6, 8] {
        in_every_way(|secret, opens, eager| {
            let mut nodes = vec![member(1, 0, secret), member(2, 300, secret)];
            (1..=200).for_each(|n| nodes[0].put(format!("own:{n}"), "of another", n));
            nodes[0].raise(u64::from(lineage != 0) * 50, lineage);
            nodes[1].raise(400, 7);
            met(&mut nodes, opens, eager);
            assert_eq!(nodes[0].written_again, 200);
            assert!(nodes.iter().all(|node| node.given_up.is_empty()));
            met(&mut nodes, opens, eager);
            let all = winners(&mut nodes);
            assert_eq!(all.len(), 500);
            assert_all_hold(&mut nodes, &all);
            for node in &nodes {
                assert_eq!(node.value("own:7").as_deref(), Some("of another"));
                assert_eq!(node.engine.store().registers().lineage, Lineage(lineage.max(7)));
            }
        });
    }
}

#[test]
fn two_histories_of_equal_age_keep_the_data_of_both() {
    in_every_way(|secret, opens, eager| {
        let mut nodes = vec![member(1, 0, secret), member(2, 300, secret)];
        (1..=200).for_each(|n| nodes[0].put(format!("own:{n}"), "of another", n));
        nodes[0].raise(400, 6);
        nodes[1].raise(400, 7);
        met(&mut nodes, opens, eager);
        met(&mut nodes, opens, eager);
        assert_eq!(winners(&mut nodes).len(), 500);
        assert_eq!(nodes[0].entries().len(), 500);
        assert_eq!(nodes[0].root(), nodes[1].root());
        assert_eq!((nodes[0].written_again, nodes[1].written_again), (200, 300));
    });
}

#[test]
fn an_empty_node_takes_everything_however_old() {
    in_every_way(|secret, opens, eager| {
        let mut nodes = vec![Node::with_secret(1, secret), member(2, 700, secret)];
        (1..=100).for_each(|n| nodes[1].delete(key(n), 1_500 + n));
        nodes[1].raise(1_000, 7);
        let all = held(&mut nodes[1]);
        met(&mut nodes, opens, eager);
        assert_all_hold(&mut nodes, &all);
        let registers = nodes[0].engine.store().registers();
        assert_eq!((registers.watermark, registers.lineage), (Hlc::from_raw(1_000), Lineage(7)));
    });
}

/// A node whose disk lost part of its data would else have the others delete it too.
#[test]
fn who_knows_of_less_takes_what_it_lacks_and_refuses_nothing() {
    in_every_way(|secret, opens, eager| {
        let mut nodes = vec![member(1, 0, secret), member(2, 100, secret)];
        nodes[0].raise(50, 7);
        nodes[1].raise(60, 7);
        let all = held(&mut nodes[1]);
        met(&mut nodes, opens, eager);
        assert_all_hold(&mut nodes, &all);
        assert!(nodes.iter().all(|node| node.given_up.is_empty() && node.written_again == 0));
    });
}

#[test]
fn a_zombie_among_equals_is_given_up_by_who_holds_it() {
    in_every_way(|secret, opens, eager| {
        for holder in [0, 1] {
            let mut nodes = vec![member(1, 500, secret), member(2, 500, secret)];
            nodes[holder].put("zombie", "risen", 250);
            nodes.iter_mut().for_each(|node| node.raise(600, 7));
            met(&mut nodes, opens, eager);
            assert_eq!(nodes[0].root(), nodes[1].root());
            assert_eq!(nodes[holder].value("zombie"), None);
            assert_eq!(nodes[holder].given_up.len(), 1);
        }
    });
}

#[test]
fn a_key_that_is_written_while_it_is_refused_stays() {
    for lineage in [7, 8] {
        let mut nodes = vec![member(1, 300, None), member(2, 300, None)];
        nodes.iter_mut().for_each(|node| node.raise(1, 7));
        nodes[0].raise(1, lineage);
        nodes[1].delete(key(5), 400);
        nodes[1].raise(500, 7);
        let mut talk = Talk::between(&mut nodes, [0, 1], 1, false);
        while talk.step(&mut nodes).unwrap() {
            write(&mut nodes[0], &key(5), "alive");
        }
        assert!(nodes[0].given_up.is_empty() && nodes[0].written_again == 0);
        repair(&mut nodes, 50);
        assert_eq!(nodes[1].value(key(5)).as_deref(), Some("alive"));
    }
}

#[test]
fn a_flush_that_only_one_side_knows_empties_both() {
    in_every_way(|secret, opens, eager| {
        for knows in [0, 1] {
            let mut nodes = vec![member(1, 400, secret), member(2, 500, secret)];
            let flush = nodes[knows].engine.store_mut().flush(NOW).unwrap();
            (0..50).for_each(|n| {
                write(&mut nodes[knows], &key(n * 10), "after");
            });
            let all = held(&mut nodes[knows]);
            met(&mut nodes, opens, eager);
            assert_all_hold(&mut nodes, &all);
            assert!(nodes.iter().all(|node| node.engine.store().registers().flush == flush));
            assert!(nodes.iter().all(|node| node.given_up.is_empty()));
        }
    });
}

#[test]
fn each_side_may_know_more_of_what_is_dead_than_the_other() {
    in_every_way(|secret, opens, eager| {
        let mut nodes = vec![member(1, 400, secret), member(2, 400, secret)];
        let node = nodes[0].identity.node;
        let flush = merkle_kv_core::version::Version { hlc: Hlc::from_raw(100), node };
        let store = nodes[0].engine.store_mut();
        store.raise(merkle_kv_core::registers::Registers { flush, ..store.registers() });
        for node in &mut nodes {
            node.delete(key(300), 450);
        }
        nodes[1].raise(500, 7);
        met(&mut nodes, opens, eager);
        assert_eq!(nodes[0].root(), nodes[1].root());
        let registers: Vec<_> = nodes.iter().map(|node| node.engine.store().registers()).collect();
        assert_eq!(registers[0], registers[1]);
        assert_eq!((registers[0].flush, registers[0].watermark), (flush, Hlc::from_raw(500)));
        assert_eq!(nodes[0].entries().len(), 299);
    });
}

#[test]
fn registers_that_rise_while_a_session_with_another_is_under_way_do_no_harm() {
    for at in 1.. {
        let mut nodes = vec![member(1, 900, None), member(2, 900, None), member(3, 900, None)];
        for (n, node) in nodes.iter_mut().enumerate() {
            node.raise(1, 7);
            (1..=50).for_each(|key_of| node.delete(key(key_of), 1_000));
            node.put(format!("news:{n}"), "value", 1_100);
        }
        let mut expected = winners(&mut nodes);
        expected.retain(|_, entry| entry.value().is_some());
        let mut talk = Talk::between(&mut nodes, [0, 1], 1, true);
        let mut frames = 0;
        while talk.step(&mut nodes).unwrap() {
            frames += 1;
            if frames == at {
                // A third node has heard of a watermark, and tells both in a session of its own.
                nodes[2].raise(1_050, 7);
                Talk::between(&mut nodes, [2, 0], 30, false).finish(&mut nodes);
                Talk::between(&mut nodes, [1, 2], 31, true).finish(&mut nodes);
            }
        }
        if frames < at {
            assert!(at > 8, "a session of {frames} frames");
            break;
        }
        let pairs = [[0, 1], [1, 2], [2, 0], [0, 1]];
        for (nonce, pair) in pairs.into_iter().enumerate() {
            Talk::between(&mut nodes, pair, 40 + nonce as u8, false).finish(&mut nodes);
        }
        assert_all_hold(&mut nodes, &expected);
        assert!(nodes.iter().all(|node| node.given_up.is_empty() && node.written_again == 0));
    }
}

#[test]
fn a_lineage_is_drawn_once_and_handed_on() {
    let mut nodes = [member(1, 10, None), member(2, 20, None), member(3, 30, None)];
    let lineage = |node: &Node| node.engine.store().registers().lineage;
    met(&mut nodes[..2], 0, false);
    let drawn = lineage(&nodes[0]);
    assert!(drawn != Lineage::NONE && drawn == lineage(&nodes[1]));
    met(&mut nodes[1..], 1, false);
    assert!(nodes[1..].iter().all(|node| lineage(node) == drawn));
}

#[test]
fn clocks_an_hour_apart_do_not_decide_what_a_session_finds() {
    const HOUR: u64 = 3_600_000;
    in_every_way(|secret, opens, eager| {
        let mut nodes = vec![Node::with_secret(1, secret), Node::with_secret(2, secret)];
        for (node, ahead) in nodes.iter_mut().zip([HOUR, 0]) {
            let now = merkle_kv_core::clock::UnixMillis(NOW.0 + ahead);
            for n in 0..300 {
                let name = format!("{n}:{ahead}");
                let store = node.engine.store_mut();
                store.put(key(n).as_bytes(), b"value", &[], None, now).unwrap();
                store.put(name.as_bytes(), b"value", &[], None, now).unwrap();
            }
        }
        let all = winners(&mut nodes);
        met(&mut nodes, opens, eager);
        assert_all_hold(&mut nodes, &all);
        // The one whose clock is behind can still overwrite what the other wrote.
        let later = write(&mut nodes[1], &key(7), "later");
        met(&mut nodes, opens, eager);
        assert_eq!(nodes[0].engine.store().get(key(7).as_bytes(), NOW), Some(&later));
    });
}
