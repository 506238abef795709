//! Sessions that run at the same time, and writes that come while they run.

use crate::pair::{NOW, Node};
use crate::shapes::{SHAPES, SMALL};
use crate::talk::{Talk, assert_all_hold, repair, winners, write};
use merkle_kv_core::session::Outcome;

/// Which of so many sessions moves next: one order for each seed.
fn order(seed: u64, sessions: usize) -> impl Iterator<Item = usize> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % sessions
    })
}

/// Leads sessions to their ends, frame by frame in this order.
fn interleave(talks: &mut [Talk], nodes: &mut [Node], order: impl Iterator<Item = usize>) {
    for next in order {
        talks[next].step(nodes).unwrap();
        let is_over = |talk: &Talk| talk.outcomes().iter().all(Option::is_some);
        if talks.iter().all(is_over) {
            return;
        }
    }
}

#[test]
fn two_nodes_that_open_sessions_at_once_repair_each_other() {
    for make in SHAPES.into_iter().chain(SMALL) {
        for seed in 0..6 {
            let mut shape = make();
            let nodes = &mut shape.nodes[..];
            let mut talks = vec![
                Talk::between(nodes, [0, 1], 1, seed % 2 == 0),
                Talk::between(nodes, [1, 0], 2, seed % 3 == 0),
            ];
            match seed {
                0 => interleave(&mut talks, nodes, [0, 1].into_iter().cycle()),
                1 => interleave(&mut talks, nodes, [1, 0, 0].into_iter().cycle()),
                2 => {
                    // One is led to its end between two frames of the other.
                    for _ in 0..5 {
                        talks[1].step(nodes).unwrap();
                    }
                    talks[0].finish(nodes);
                    talks[1].finish(nodes);
                }
                _ => interleave(&mut talks, nodes, order(seed, 2)),
            }
            for talk in &talks {
                let [opener, answerer] = talk.outcomes();
                assert_eq!(opener, answerer);
                assert!(matches!(opener, Some(Outcome::Equal { .. })), "{}", shape.name);
            }
            repair(nodes, 50);
            if shape.name != "written again" {
                assert_all_hold(nodes, &shape.expected);
            }
        }
    }
}

#[test]
fn three_sessions_among_three_nodes_lose_nothing() {
    for seed in 0..12 {
        let mut nodes = vec![Node::new(1), Node::new(2), Node::new(3)];
        for n in 0..1_500_u64 {
            for (at, node) in nodes.iter_mut().enumerate() {
                match (n + at as u64) % 5 {
                    0 => {}
                    1 if n % 7 == 0 => node.delete(format!("key:{n}"), 2),
                    2 if n % 11 == 0 => node.put(format!("key:{n}"), "changed", 3),
                    _ => node.put(format!("key:{n}"), "value", 1),
                }
            }
        }
        let all = winners(&mut nodes);
        let pairs = [[0, 1], [1, 2], [2, 0]];
        for round in 0..2 {
            let nonce = |at: usize| 10 * round + at as u8;
            let mut talks: Vec<Talk> = pairs
                .iter()
                .enumerate()
                .map(|(at, pair)| Talk::between(&mut nodes, *pair, nonce(at), seed % 2 == 0))
                .collect();
            interleave(&mut talks, &mut nodes, order(seed + 100 * u64::from(round), 3));
        }
        assert_all_hold(&mut nodes, &all);
    }
}

#[test]
fn writes_during_a_session_neither_hold_it_up_nor_get_lost() {
    for make in SHAPES.into_iter().chain(SMALL) {
        let mut shape = make();
        let nodes = &mut shape.nodes[..];
        let mut talk = Talk::between(nodes, [0, 1], 1, false);
        let mut acknowledged = Vec::new();
        let mut frames = 0;
        while talk.step(nodes).unwrap() {
            for node in &mut *nodes {
                // A key that the session may be about, a new one, and one that both write.
                let name = node.identity.name.clone();
                let keys = [
                    format!("user:{:08}", frames * 40 % 6_000),
                    format!("new:{frames}:{name}"),
                    "both".to_owned(),
                ];
                acknowledged.extend(keys.iter().map(|key| write(node, key, &name)));
                let earlier = format!("new:{}:{name}", frames / 2);
                let deleted = node.engine.store_mut().delete(earlier.as_bytes(), NOW).unwrap();
                acknowledged.extend(deleted);
            }
            frames += 1;
        }
        let outcomes = talk.outcomes();
        assert_eq!(outcomes[0], outcomes[1]);
        assert!(matches!(outcomes[0], Some(Outcome::Equal { .. })), "{}", shape.name);
        assert_ne!(nodes[0].root(), nodes[1].root(), "the stores have moved on");
        let all = winners(nodes);
        assert!(talk.turns() <= 12);
        Talk::between(nodes, [1, 0], 2, false).finish(nodes);
        assert_all_hold(nodes, &all);
        for entry in acknowledged {
            let winner = &all[entry.key()];
            assert!(*winner == entry || winner.supersedes(&entry), "{entry:?} is lost");
        }
    }
}

#[test]
fn a_flush_in_the_middle_of_a_session_kills_what_was_before_and_spares_what_comes_after() {
    for make in SHAPES.into_iter().chain(SMALL) {
        for at in [1, 2, 3, 4, 6, 9] {
            let mut shape = make();
            let nodes = &mut shape.nodes[..];
            let mut talk = Talk::between(nodes, [0, 1], 1, true);
            let mut frames = 0;
            while talk.step(nodes).unwrap() {
                frames += 1;
                if frames == at {
                    nodes[at % 2].engine.store_mut().flush(NOW).unwrap();
                    write(&mut nodes[at % 2], "after", "the flush");
                }
            }
            if frames < at {
                continue;
            }
            repair(nodes, 50);
            for node in nodes {
                // What is written again is written after the flush, of which the writer knew nothing.
                let is_alone = node.entries().len() == 1;
                assert!(is_alone || shape.name == "written again", "{} at {at}", shape.name);
                assert_eq!(node.value("after").as_deref(), Some("the flush"));
            }
        }
    }
}
