//! Peers that do not belong to the cluster, or do not show that they do.

use crate::pair::Node;
use crate::talk::{Talk, assert_all_hold, repair, winners};
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::session::{Frame, Hello, Nonce, Session, SessionError, Side};
use merkle_kv_core::version::{NodeId, Version};

const SECRET: Option<&str> = Some("a secret of the cluster");

/// Two nodes of a cluster with this secret, with things to tell each other.
fn members(secret: Option<&str>) -> Vec<Node> {
    let mut nodes = vec![Node::with_secret(1, secret), Node::with_secret(2, secret)];
    for n in 0..500 {
        nodes[n % 2].put(format!("key:{n}"), "value", 1 + n as u64);
    }
    nodes
}

/// What makes a stranger of a peer.
type Change = fn(&mut Hello);

fn hello_of(session: &mut Session) -> Hello {
    match session.next_frame() {
        Some(Frame::Hello(hello)) => *hello,
        frame => panic!("{frame:?} instead of HELLO"),
    }
}

/// What the answerer sends in its next turn.
fn turn_of(session: &mut Session) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(frame) = session.next_frame() {
        let ends = matches!(frame, Frame::End(_));
        frames.push(frame);
        if ends {
            break;
        }
    }
    frames
}

#[test]
fn members_with_a_secret_repair_each_other() {
    for empty in 0..3 {
        let mut nodes = members(SECRET);
        if empty < 2 {
            nodes[empty] = Node::with_secret(empty as u64 + 1, SECRET);
        }
        let all = winners(&mut nodes);
        Talk::between(&mut nodes, [0, 1], 1, true).finish(&mut nodes);
        assert_all_hold(&mut nodes, &all);
    }
}

#[test]
fn another_protocol_seed_or_the_own_id_is_refused_by_either_side() {
    let changes: [(Change, SessionError); 3] = [
        (|hello| hello.protocol = 2, SessionError::Protocol(2)),
        (|hello| hello.seed ^= 1, SessionError::Seed),
        (|hello| hello.node = NodeId(0), SessionError::SameNode),
    ];
    for secret in [None, SECRET] {
        for (change, expected) in &changes {
            let mut nodes = members(secret);
            let (own, other) = (nodes[0].identity.node, nodes[1].identity.node);
            let changed = |mut hello: Hello, own: NodeId| {
                change(&mut hello);
                if hello.node == NodeId(0) {
                    hello.node = own;
                }
                hello
            };
            let mut opener = nodes[0].open(1, false);
            let hello = hello_of(&mut opener);
            let answer = nodes[1].accept(changed(hello.clone(), other), 9);
            assert_eq!(answer.unwrap_err(), *expected);
            let mut answerer = nodes[1].accept(hello, 9).unwrap();
            turn_of(&mut opener);
            answerer.receive(Frame::End(None)).unwrap();
            let hello = changed(hello_of(&mut answerer), own);
            assert_eq!(opener.receive(Frame::Hello(Box::new(hello))).unwrap_err(), *expected);
        }
    }
}

#[test]
fn a_secret_that_only_one_side_has_or_that_differs_ends_the_session() {
    for secrets in [[SECRET, Some("another")], [SECRET, None], [None, SECRET]] {
        let mut nodes = members(SECRET);
        // The shape of the tree is as if the secrets were equal, so that only the proof is left.
        for (node, secret) in nodes.iter_mut().zip(secrets) {
            node.identity.secret = secret.map(|secret| secret.as_bytes().into());
        }
        let before: Vec<String> = nodes.iter_mut().map(Node::root).collect();
        let mut talk = Talk::between(&mut nodes, [0, 1], 1, false);
        let error = loop {
            match talk.step(&mut nodes) {
                Ok(true) => {}
                Ok(false) => panic!("{secrets:?}: {:?}", talk.outcomes()),
                Err(error) => break error,
            }
        };
        assert_eq!(error, SessionError::Proof, "{secrets:?}");
        let after: Vec<String> = nodes.iter_mut().map(Node::root).collect();
        assert_eq!(before, after);
    }
}

#[test]
fn a_proof_of_another_session_is_worth_nothing() {
    let mut nodes = members(SECRET);
    let mut talk = Talk::between(&mut nodes, [0, 1], 1, false);
    talk.finish(&mut nodes);
    let frames = talk.frames;
    let proof = frames.iter().find(|(_, frame)| matches!(frame, Frame::Proof(_))).unwrap();
    let recorded_hello = |by: Side| {
        let hellos = frames.iter().filter(|(side, _)| *side == by);
        let mut hellos = hellos.filter(|(_, frame)| matches!(frame, Frame::Hello(_)));
        hellos.next().unwrap().1.clone()
    };
    // The opener's hello and proof once more: the answerer has drawn another nonce.
    let Frame::Hello(hello) = recorded_hello(Side::Opener) else { panic!("a hello") };
    let mut answerer = nodes[1].accept(*hello, 77).unwrap();
    answerer.receive(Frame::End(None)).unwrap();
    turn_of(&mut answerer);
    assert_eq!(answerer.receive(proof.1.clone()).unwrap_err(), SessionError::Proof);
    // The answerer's hello once more: the opener has drawn another nonce.
    let mut opener = nodes[0].open(77, false);
    turn_of(&mut opener);
    let again = opener.receive(recorded_hello(Side::Answerer));
    assert_eq!(again.unwrap_err(), SessionError::Proof);
    // A node's own proof comes back: it is the proof of the other role.
    let hello = hello_of(&mut nodes[0].open(5, false));
    let mut answerer = nodes[1].accept(hello, 6).unwrap();
    answerer.receive(Frame::End(None)).unwrap();
    let proof = hello_of(&mut answerer).proof;
    turn_of(&mut answerer);
    assert_eq!(answerer.receive(Frame::Proof(proof)).unwrap_err(), SessionError::Proof);
}

/// Asks for everything in every way there is: an empty cut, an empty list and a list of digests
/// that fit nothing.
fn greedy() -> [Vec<u8>; 3] {
    [vec![1, 1, 14, 0], vec![2, 1, 0], vec![2, 1, 1, 9, 9, 9, 9]]
}

/// An opener without the secret sent HELLO and, in the same turn, an empty cut, and was answered
/// with every entry: records of the first turn were read whether the opener was proved or not, as
/// those of one that is eager come before any proof. Only where there is no secret is one eager.
#[test]
fn whoever_has_not_proved_the_secret_is_sent_nothing_but_a_hello_and_digests() {
    for leaves in [0, 1, 1 << 40] {
        for records in greedy() {
            let mut nodes = members(SECRET);
            let mut hello = hello_of(&mut nodes[0].open(1, false));
            hello.leaves = leaves;
            let mut answerer = nodes[1].accept(hello, 2).unwrap();
            if answerer.receive(Frame::Records(records)).is_err() {
                continue;
            }
            answerer.receive(Frame::End(None)).unwrap();
            let frames = turn_of(&mut answerer);
            let entries = frames.iter().filter(|frame| matches!(frame, Frame::Entries(_)));
            assert_eq!(entries.count(), 0, "to one with {leaves} entries");
        }
    }
}

/// A HELLO with the greatest flush register emptied any node that it reached: the answerer flushed
/// before it took the snapshot for its answer. Now the session says when, which is after the proof.
#[test]
fn whoever_has_not_proved_the_secret_changes_nothing() {
    for frame in 0..6 {
        let mut nodes = members(SECRET);
        let before = nodes[1].root();
        let mut hello = hello_of(&mut nodes[0].open(1, false));
        let everything = Version { hlc: Hlc::from_raw(u64::MAX), node: NodeId(u64::MAX) };
        hello.registers.flush = everything;
        hello.registers.watermark = everything.hlc;
        hello.clock = everything.hlc;
        let intruder = Entry::value_of(b"key:1", b"intruder", everything);
        let frames = [
            Frame::Entries(vec![intruder]),
            Frame::Refused(vec![b"key:1".to_vec()]),
            Frame::Records(vec![1, 1, 14, 0]),
            Frame::Proof(vec![0; 32]),
            Frame::End(None),
            Frame::Hello(Box::new(hello.clone())),
        ];
        let mut answerer = nodes[1].accept(hello, 2).unwrap();
        for frame in [frames[frame].clone(), Frame::End(None), frames[frame].clone()] {
            for effect in answerer.receive(frame).unwrap_or_default() {
                nodes[1].apply(effect);
            }
            turn_of(&mut answerer);
        }
        assert_eq!(answerer.outcome(), None);
        assert_eq!(nodes[1].root(), before, "{}", frames[frame].name());
        assert_eq!(nodes[1].value("key:1").as_deref(), Some("value"));
    }
}

#[test]
fn what_a_stranger_holds_for_dead_does_not_show_in_the_answer() {
    let mut nodes = members(SECRET);
    let mut hello = hello_of(&mut nodes[0].open(1, false));
    hello.registers.flush = Version { hlc: Hlc::from_raw(499), node: NodeId(u64::MAX) };
    hello.registers.watermark = Hlc::from_raw(499);
    let mut answerer = nodes[1].accept(hello, 2).unwrap();
    answerer.receive(Frame::End(None)).unwrap();
    let answer = hello_of(&mut answerer);
    assert_eq!((answer.leaves, answer.root), (250, nodes[1].snapshot().tree.root()));
}

#[test]
fn a_flush_reaches_the_answerer_when_the_opener_has_proved_the_secret() {
    for secret in [None, SECRET] {
        for opens in [0, 1] {
            let mut nodes = members(secret);
            let flush = nodes[0].engine.store_mut().flush(crate::pair::NOW).unwrap();
            nodes[0].put("later", "value", flush.hlc.raw() + 1);
            let mut talk = Talk::between(&mut nodes, [opens, 1 - opens], 1, true);
            talk.finish(&mut nodes);
            repair(&mut nodes, 50);
            assert_eq!(nodes[1].entries().len(), 1);
            assert_eq!(nodes[1].engine.store().registers().flush, flush);
        }
    }
}

#[test]
fn a_nonce_draws_another_key_for_every_session() {
    let mut nodes = members(SECRET);
    let mut cuts = Vec::new();
    for nonce in [1, 2] {
        let mut hello = hello_of(&mut nodes[0].open(1, false));
        hello.nonce = Nonce([nonce; 16]);
        let mut answerer = nodes[1].accept(hello, 3).unwrap();
        answerer.receive(Frame::End(None)).unwrap();
        cuts.push(turn_of(&mut answerer).into_iter().nth(1));
    }
    assert!(matches!(cuts[0], Some(Frame::Records(_))));
    assert_ne!(cuts[0], cuts[1]);
}
