//! What the simulator has found, as short as it gets.

use crate::pair::{NOW, Node, sync};
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::registers::{Lineage, Registers};
use merkle_kv_core::session::{Effect, Frame, Outcome};
use merkle_kv_core::version::{NodeId, Version};

fn watermark(hlc: u64) -> Registers {
    Registers { watermark: Hlc::from_raw(hlc), lineage: Lineage(7), ..Registers::default() }
}

fn node(number: u64) -> NodeId {
    NodeId::of(&format!("node{number}"))
}

fn written_by(number: u64, key: &str) -> Entry {
    let version = Version { hlc: Hlc::from_raw(5), node: node(number) };
    Entry::value_of(key.as_bytes(), b"v", version)
}

fn is_flushed(node: &Node) -> bool {
    node.engine.store().get(b"key", NOW).is_none()
}

/// Symptom: one HELLO of a stranger emptied a node. Cause: its flush register was taken over before
/// its proof had come. Fix: the session asks for the flush once the peer has proved itself.
#[test]
fn a_flush_is_not_believed_before_the_proof() {
    let [mut asked, mut peer] = [1, 2].map(|id| Node::with_secret(id, Some("secret")));
    asked.put("key", "v", 5);
    peer.engine.store_mut().flush(NOW).unwrap();
    let mut opener = peer.open(1, false);
    let Some(Frame::Hello(hello)) = opener.next_frame() else { panic!("no HELLO") };
    let mut answerer = asked.accept(*hello, 2).unwrap();
    assert!(!is_flushed(&asked));
    let end = opener.next_frame().unwrap();
    assert_eq!(answerer.receive(end).unwrap(), [], "no proof has come");
    while let Some(frame) = answerer.next_frame() {
        opener.receive(frame).unwrap();
    }
    let proof = opener.next_frame().unwrap();
    assert_eq!(proof.name(), "PROOF");
    answerer.receive(proof).unwrap().into_iter().for_each(|effect| asked.apply(effect));
    assert!(is_flushed(&asked));
}

/// Symptom: a deleted key could be read again. Cause: the watermark rose and the tombstone went
/// while a session was open, whose snapshot knew neither. Fix: what the snapshot lacked is taken in
/// as an update would be, if the watermark has risen since.
#[test]
fn what_was_deleted_during_a_session_is_not_taken_in_by_it() {
    let mut node = Node::new(1);
    node.engine.store_mut().raise(watermark(10));
    let apply = |watermark| Effect::Apply { entries: vec![written_by(2, "key")], watermark };
    node.apply(apply(Hlc::from_raw(9)));
    assert_eq!(node.engine.store().get(b"key", NOW), None);
    // The session knew the watermark, and that the peer knows more.
    node.apply(apply(Hlc::from_raw(10)));
    assert!(node.engine.store().get(b"key", NOW).is_some());
}

/// Symptom: a key that all had overwritten and deleted came back with its first value. Cause: a node
/// without a lineage wrote again what it had heard of the others' writes. Fix: what a member of the
/// peer wrote is given up.
#[test]
fn only_what_the_peers_members_did_not_write_is_written_again() {
    let [mut newcomer, mut peer] = [1, 2].map(Node::new);
    peer.identity.members = vec![(node(1), 0), (node(3), 0)];
    for (writer, key) in [(1, "own"), (2, "peer's"), (3, "member's"), (4, "stranger's")] {
        newcomer.engine.store_mut().merge(written_by(writer, key), NOW);
    }
    peer.engine.store_mut().raise(watermark(10));
    let (outcome, _) = sync(&mut newcomer, &mut peer, 1, false);
    assert_eq!((newcomer.given_up.len(), newcomer.written_again), (2, 2));
    for node in [&mut newcomer, &mut peer] {
        assert_eq!(node.engine.store().get(b"peer's", NOW), None);
        assert_eq!(node.engine.store().get(b"member's", NOW), None);
    }
    assert!(matches!(outcome, Outcome::Equal { .. }));
    sync(&mut newcomer, &mut peer, 2, false);
    for key in ["own", "stranger's"] {
        assert!(peer.engine.store().get(key.as_bytes(), NOW).is_some());
    }
}
