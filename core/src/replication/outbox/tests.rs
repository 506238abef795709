//! The outbox of a store, and a broker that confirms messages or breaks the connection.

use super::*;
use crate::merkle::TreeSeed;
use crate::store::HashSeed;
use crate::version::NodeId;
use std::collections::BTreeSet;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
const PEER: NodeId = NodeId(2);

/// A store and its outbox.
struct Node {
    store: Store,
    outbox: Outbox,
}

impl Node {
    fn with_room(max_keys: usize) -> Node {
        let mut store = Store::new(NodeId(1), HashSeed(1, 2), TreeSeed::of(b"test"));
        store.start_publishing(max_keys);
        Node { store, outbox: Outbox::default() }
    }

    fn write(&mut self, key: &str) -> Change {
        self.write_value(key, b"value")
    }

    fn write_value(&mut self, key: &str, value: &[u8]) -> Change {
        Change::Entry(self.store.put(key.as_bytes(), value, b"", None, NOW).unwrap())
    }

    fn flush(&mut self) -> Change {
        let flush = self.store.flush(NOW).unwrap();
        self.outbox.push_flush(flush);
        Change::Flush(flush)
    }

    fn sweep(&mut self) {
        while self.store.sweep_step() {}
    }

    fn take(&mut self, max_bytes: usize) -> Option<Vec<Change>> {
        self.outbox.take(&mut self.store, max_bytes)
    }

    fn settle(&mut self) {
        self.outbox.settle(NOW);
    }

    fn restore(&mut self) -> Option<Entry> {
        self.outbox.restore(&mut self.store)
    }

    fn len(&self) -> usize {
        self.outbox.len(&self.store)
    }

    /// All that waits, in messages of at most so many bytes.
    fn drain(&mut self, max_bytes: usize) -> Vec<Change> {
        let mut all = Vec::new();
        while let Some(message) = self.take(max_bytes) {
            all.extend(message);
            self.settle();
        }
        assert_eq!(self.len(), 0);
        all
    }

    /// What a broker takes that breaks the connection over every message with this key, and how
    /// often it does.
    fn drain_beside(&mut self, unwelcome: &str) -> (Vec<Change>, u32) {
        let (mut arrived, mut breaks) = (Vec::new(), 0);
        while let Some(message) = self.take(1 << 20) {
            if message.iter().any(|change| key_of(change) == unwelcome.as_bytes()) {
                breaks += 1;
                self.restore();
            } else {
                arrived.extend(message);
                self.settle();
            }
        }
        (arrived, breaks)
    }
}

fn key_of(change: &Change) -> &[u8] {
    match change {
        Change::Entry(entry) => entry.key(),
        Change::Flush(_) => b"",
    }
}

fn size(change: &Change) -> usize {
    match change {
        Change::Entry(entry) => encoded_bytes_at_most(entry),
        Change::Flush(_) => 0,
    }
}

#[test]
fn of_several_writes_to_one_key_only_the_newest_leaves() {
    let mut node = Node::with_room(10);
    let newest = (0..5).map(|_| node.write("k")).last().unwrap();
    assert_eq!(node.len(), 1);
    assert_eq!(node.drain(1 << 20), [newest]);
}

#[test]
fn one_message_is_in_flight_and_the_rest_leaves_together_behind_it() {
    let mut node = Node::with_room(10);
    let first = node.write("a");
    assert_eq!(node.take(1 << 20).unwrap(), [first]);
    let rest = [node.write("b"), node.write("a"), node.write("c")];
    assert_eq!(node.take(1 << 20), None);
    assert_eq!(node.len(), 4);
    node.settle();
    assert_eq!(node.take(1 << 20).unwrap(), rest, "in the order in which they were written");
}

#[test]
fn a_message_stays_below_its_limit_unless_one_entry_alone_is_larger() {
    let mut node = Node::with_room(100);
    let written: Vec<Change> = (0..50).map(|n| node.write(&format!("key{n:02}"))).collect();
    let mut seen = Vec::new();
    while let Some(message) = node.take(200) {
        assert!(message.iter().map(size).sum::<usize>() <= 200);
        seen.extend(message);
        node.settle();
    }
    assert_eq!(seen, written);
    node.write("large");
    assert_eq!(node.take(1).unwrap().len(), 1);
}

#[test]
fn a_lost_message_waits_again_unless_a_newer_write_does() {
    let mut node = Node::with_room(10);
    node.write("a");
    let b = node.write("b");
    node.take(1 << 20).unwrap();
    let newer = node.write("a");
    node.restore();
    assert_eq!(node.len(), 2);
    assert_eq!(node.drain(1 << 20), [b, newer]);
}

#[test]
fn a_key_that_came_back_and_is_written_again_leaves_once() {
    let mut node = Node::with_room(10);
    (0..3).for_each(|n| drop(node.write(&n.to_string())));
    node.take(1 << 20).unwrap();
    node.restore();
    let newer = node.write("1");
    let left = node.drain(1 << 20);
    assert_eq!((left.len(), left.iter().filter(|change| **change == newer).count()), (3, 1));
}

#[test]
fn what_was_confirmed_of_late_leaves_again_as_it_stands_now() {
    let mut node = Node::with_room(10);
    let flush = node.flush();
    node.write("a");
    let b = node.write("b");
    node.write("theirs");
    node.drain(1 << 20);
    let newer = node.write("a");
    let theirs = Version { hlc: node.store.last_clock(), node: PEER };
    node.store.merge(Entry::value_of(b"theirs", b"v", theirs), NOW);
    node.outbox.repeat(&mut node.store, NOW);
    assert_eq!(node.drain(1 << 20), [flush, newer, b], "others publish what is theirs");
    node.outbox.repeat(&mut node.store, UnixMillis(NOW.0 + 60_000));
    assert_eq!(node.len(), 0, "after a minute it is left to anti-entropy");
}

#[test]
fn an_entry_that_breaks_every_connection_holds_up_nobody_and_is_given_up() {
    let mut node = Node::with_room(10_000);
    (0..3_000).for_each(|n| drop(node.write(&format!("key{n}"))));
    let (arrived, breaks) = node.drain_beside("key1234");
    assert_eq!((arrived.len(), node.outbox.given_up()), (2_999, 1));
    // Once in the whole message, twice in pieces, and then by itself.
    assert_eq!(breaks, 13);
    assert_eq!(node.len(), 0);
    let again = node.write("key1234");
    assert_eq!(node.drain(1 << 20), [again], "another write of it has another try");
}

#[test]
fn an_entry_that_stands_back_has_its_turn_although_others_keep_coming() {
    let mut node = Node::with_room(10_000);
    let suspect = node.write("suspect");
    node.take(1 << 20).unwrap();
    node.restore();
    let mut messages = (0..17).map(|_| {
        node.write("other");
        let message = node.take(1 << 20).unwrap();
        node.settle();
        message
    });
    assert!(messages.any(|message| message == [suspect.clone()]));
}

#[test]
fn a_newer_entry_of_a_suspect_key_starts_with_a_clean_record() {
    let mut node = Node::with_room(10);
    for _ in 0..50 {
        let newest = node.write("k");
        assert_eq!(node.take(1 << 20).unwrap(), [newest]);
        assert_eq!(node.restore(), None);
    }
    let newest = node.write("k");
    assert_eq!(node.drain(1 << 20), [newest]);
}

#[test]
fn what_does_not_fit_is_counted_and_keys_that_wait_are_still_renewed() {
    let mut node = Node::with_room(2);
    ["a", "b", "c", "d"].iter().for_each(|key| drop(node.write(key)));
    let newest = node.write("a");
    assert_eq!((node.len(), node.store.dropped()), (2, 2));
    let left = node.drain(1 << 20);
    assert_eq!((left.len(), &left[0]), (2, &newest));
    let later = node.write("c");
    assert_eq!(node.drain(1 << 20), [later], "there is room again");
}

#[test]
fn a_flush_leaves_first_and_what_it_killed_does_not_leave() {
    let mut node = Node::with_room(10);
    node.write("old");
    node.write("both");
    let flush = node.flush();
    let new = [node.write("new"), node.write("both")];
    let left = node.drain(1 << 20);
    assert_eq!(left[0], flush);
    assert_eq!(left.len(), 3);
    assert!(new.iter().all(|change| left.contains(change)));
}

/// A key that is swept leaves its hash in the queue, and a write makes it wait with another one.
#[test]
fn keys_that_are_flushed_and_written_time_and_again_wait_once() {
    let mut node = Node::with_room(100);
    for _ in 0..50 {
        (0..100).for_each(|n| drop(node.write(&format!("key{n}"))));
        node.flush();
        node.sweep();
        assert_eq!(node.len(), 1, "the flush");
    }
    let newest: Vec<Change> = (0..100).map(|n| node.write(&format!("key{n}"))).collect();
    let left = node.drain(1 << 20);
    assert_eq!((left.len(), node.store.dropped()), (101, 0));
    assert!(newest.iter().all(|change| left.contains(change)));
}

#[test]
fn marks_stay_with_their_keys_when_tables_grow() {
    let mut node = Node::with_room(1 << 20);
    let written: Vec<Change> = (0..50_000).map(|n| node.write(&format!("key{n}"))).collect();
    assert_eq!(node.drain(1 << 16), written);
}

#[test]
fn a_key_that_is_always_written_does_not_keep_others_from_leaving() {
    let mut node = Node::with_room(1000);
    (0..100).for_each(|n| drop(node.write(&format!("cold{n}"))));
    let mut seen = BTreeSet::new();
    for _ in 0..300 {
        let hot = node.write("hot");
        for change in node.take(100).unwrap_or_default() {
            assert!(key_of(&change) != b"hot" || change == hot);
            seen.insert(key_of(&change).to_vec());
        }
        node.settle();
    }
    assert_eq!(seen.len(), 101);
}
