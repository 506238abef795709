//! What the broker delivers: a message is refused whole, or means the same when it is written again.

use crate::node::{NOW, engine, snapshot};
use merkle_kv_core::replication::{Presence, decode_update, encode_update};
use merkle_kv_core::version::BootId;

/// An update.
pub(crate) fn update(message: &[u8]) -> usize {
    let Ok(update) = decode_update(message) else { return 0 };
    assert!(update.changes.len() <= message.len(), "{} changes", update.changes.len());
    let again = encode_update(&update.origin, update.boot, update.seq, &update.changes);
    let again = decode_update(&again.expect("it can be written")).expect("and read again");
    assert_eq!(again, update);
    let understood = update.changes.len();
    // In whatever order changes come, and however often, nodes agree.
    let mut nodes = [engine("fuzzed", 0..20), engine("fuzzed", 0..20)];
    for change in &update.changes {
        nodes[0].apply(change.clone(), NOW);
    }
    for change in update.changes.into_iter().rev() {
        nodes[1].apply(change.clone(), NOW);
        nodes[1].apply(change, NOW);
    }
    let [one, other] = &mut nodes;
    while one.sweep_step() {}
    while other.sweep_step() {}
    assert_eq!(snapshot(one).tree.root(), snapshot(other).tree.root(), "order decides");
    understood
}

/// A presence.
pub(crate) fn presence(message: &[u8]) -> usize {
    let Ok(presence) = Presence::decode(message) else { return 0 };
    let again = Presence::decode(&presence.encode()).expect("what was written can be read");
    assert_eq!(again, presence);
    assert!(!presence.has_joined_since(Some(&again)), "it has joined since itself");
    presence.is_other_start_of("fuzzed", BootId(1));
    presence.node();
    1
}
