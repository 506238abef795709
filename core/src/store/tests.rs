//! The store: who wins, tombstones, flushes and their sweeps, listings.

use super::fold::GATHERED_AT_ONCE;
use super::index::SHARDS;
use super::{
    Applied, HashSeed, Listing, ListingQuery, Registers, SHARDS_PER_STEP, Snapshot, Store,
};
use crate::change::Change;
use crate::clock::{ClockExhausted, Hlc, MAX_DRIFT_MILLIS, UnixMillis};
use crate::entry::{Entry, Kind};
use crate::merkle::{Edit, Tree, TreeSeed};
use crate::version::{NodeId, Version};
use bytes::Bytes;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
const A_DAY_MILLIS: u64 = 86_400_000;
const US: NodeId = NodeId(5);

fn store() -> Store {
    Store::new(US, HashSeed(1, 2), TreeSeed::of(b"test"))
}

fn version(hlc: Hlc, node: u64) -> Version {
    Version { hlc, node: NodeId(node) }
}

/// A version so many milliseconds after the tests' now.
fn ahead(millis: u64, node: u64) -> Version {
    version(Hlc::at(UnixMillis(NOW.0 + millis)), node)
}

fn value(key: &str, value: &str, version: Version) -> Change {
    Change::Entry(Entry::value_of(key.as_bytes(), value.as_bytes(), version))
}

fn tombstone(key: &str, version: Version) -> Change {
    Change::Entry(Entry::tombstone(key.as_bytes(), version))
}

fn put(store: &mut Store, key: &str, value: &str) -> Entry {
    store.put(key.as_bytes(), value.as_bytes(), b"", None, NOW).unwrap()
}

fn get<'a>(store: &'a Store, key: &str) -> Option<&'a [u8]> {
    store.get(key.as_bytes(), NOW).and_then(Entry::value)
}

fn sweep(store: &mut Store) -> usize {
    let mut steps = 1;
    while store.sweep_step() {
        steps += 1;
    }
    steps
}

fn snapshot(store: &mut Store) -> Snapshot {
    let fold = store.begin_fold(NOW).unwrap();
    assert!(store.snapshot(NOW).is_none(), "the tree is away");
    store.end_fold(fold.run())
}

fn list(store: &mut Store, query: ListingQuery) -> Vec<String> {
    let listing = Listing::new(&snapshot(store), &query);
    let total = listing.left();
    let keys: Vec<String> =
        listing.map(|entry| String::from_utf8(entry.key().to_vec()).unwrap()).collect();
    assert_eq!(keys.len(), total);
    keys
}

#[test]
fn the_later_of_two_remote_writes_stays_whichever_came_first() {
    let (early, late) = (ahead(1, 9), ahead(2, 1));
    let mut forwards = store();
    assert_eq!(forwards.apply(value("k", "early", early), NOW), Applied::Won);
    assert_eq!(forwards.apply(value("k", "late", late), NOW), Applied::Won);
    let mut backwards = store();
    assert_eq!(backwards.apply(value("k", "late", late), NOW), Applied::Won);
    assert_eq!(backwards.apply(value("k", "early", early), NOW), Applied::Stale);
    assert_eq!(get(&forwards, "k"), Some(&b"late"[..]));
    assert_eq!(get(&backwards, "k"), Some(&b"late"[..]));
}

#[test]
fn at_one_timestamp_the_greater_node_then_the_delete_then_the_value_digest_decides() {
    let at = |node| ahead(1, node);
    // SHA-256("b") starts 3e, ("a") ca, ("5") ef, and (""), of the tombstone, e3.
    let rising = [
        value("k", "x", at(1)),
        value("k", "b", at(2)),
        value("k", "a", at(2)),
        value("k", "5", at(2)),
        tombstone("k", at(2)),
        value("k", "x", at(3)),
    ];
    for (place, lesser) in rising.iter().enumerate() {
        for greater in &rising[place + 1..] {
            let mut store = store();
            assert_eq!(store.apply(greater.clone(), NOW), Applied::Won);
            assert_eq!(store.apply(lesser.clone(), NOW), Applied::Stale, "{lesser:?}");
            let mut store = self::store();
            assert_eq!(store.apply(lesser.clone(), NOW), Applied::Won);
            assert_eq!(store.apply(greater.clone(), NOW), Applied::Won, "{greater:?}");
        }
    }
}

#[test]
fn hearing_a_change_twice_changes_nothing() {
    let mut store = store();
    let flush = Change::Flush(ahead(1, 1));
    for change in [value("k", "v", ahead(2, 1)), tombstone("gone", ahead(2, 1)), flush] {
        assert_eq!(store.apply(change.clone(), NOW), Applied::Won);
        let before = (store.keys(), store.tombstones(), store.memory_bytes());
        assert_eq!(store.apply(change, NOW), Applied::Stale);
        assert_eq!((store.keys(), store.tombstones(), store.memory_bytes()), before);
    }
}

#[test]
fn a_local_write_wins_over_everything_seen_of_its_key() {
    let mut store = store();
    let near = ahead(MAX_DRIFT_MILLIS, u64::MAX);
    store.apply(value("k", "remote", near), NOW);
    let written = put(&mut store, "k", "local");
    assert!(written.version() > near);
    assert_eq!(get(&store, "k"), Some(&b"local"[..]));
    assert_eq!(store.apply(value("k", "remote", near), NOW), Applied::Stale);
}

#[test]
fn a_key_from_the_far_future_can_be_written_and_deleted_and_leaves_other_keys_alone() {
    let mut store = store();
    let far = ahead(A_DAY_MILLIS, 9);
    assert_eq!(store.apply(value("far", "v", far), NOW), Applied::Won);
    assert_eq!(store.changes_ahead(), 1);
    let other = put(&mut store, "other", "v").version().hlc;
    assert!(other <= Hlc::at(UnixMillis(NOW.0 + MAX_DRIFT_MILLIS + 1)), "{other}");
    let over = put(&mut store, "far", "mine").version();
    assert!(over > far);
    let gone = store.delete(b"far", NOW).unwrap().unwrap();
    assert!(gone.version() > over);
    assert_eq!(get(&store, "far"), None);
    assert_eq!(store.apply(value("far", "v", far), NOW), Applied::Stale);
    let again = put(&mut store, "far", "again").version();
    assert!(again > gone.version());
}

#[test]
fn the_clock_follows_what_is_received_even_when_it_is_stale() {
    let mut store = store();
    let half_ahead = ahead(500, 9);
    store.apply(Change::Flush(half_ahead), NOW);
    store.apply(value("k", "dead", ahead(400, 1)), NOW);
    assert!(put(&mut store, "other", "v").version() > half_ahead);
    let mut store = self::store();
    store.apply(value("k", "v", half_ahead), NOW);
    assert!(put(&mut store, "other", "v").version() > half_ahead);
}

#[test]
fn a_tombstone_keeps_older_writes_out_and_lets_newer_ones_in() {
    let mut store = store();
    store.apply(tombstone("k", ahead(2, 1)), NOW);
    assert_eq!((store.keys(), store.tombstones()), (0, 1));
    assert_eq!(store.apply(value("k", "old", ahead(1, 1)), NOW), Applied::Stale);
    assert_eq!(store.apply(value("k", "new", ahead(3, 1)), NOW), Applied::Won);
    assert_eq!((store.keys(), store.tombstones()), (1, 0));
    assert_eq!(get(&store, "k"), Some(&b"new"[..]));
}

#[test]
fn deleting_what_has_no_value_gives_no_tombstone() {
    let mut store = store();
    assert_eq!(store.delete(b"k", NOW).unwrap(), None);
    put(&mut store, "k", "v");
    let gone = store.delete(b"k", NOW).unwrap().unwrap();
    assert_eq!((gone.kind(), gone.key()), (Kind::Tombstone, &b"k"[..]));
    assert_eq!(store.delete(b"k", NOW).unwrap(), None);
    assert_eq!((store.keys(), store.tombstones()), (0, 1));
}

#[test]
fn a_value_may_come_in_two_parts() {
    let mut store = store();
    store.put(b"k", b"one ", b"two", None, NOW).unwrap();
    assert_eq!(get(&store, "k"), Some(&b"one two"[..]));
}

#[test]
fn with_no_timestamp_left_a_key_stays_as_it_is_and_others_can_be_written() {
    let mut store = store();
    let last = version(Hlc::from_raw(u64::MAX), 1);
    store.apply(value("end", "v", last), NOW);
    let exhausted = ClockExhausted(last.hlc);
    assert_eq!(store.put(b"end", b"x", b"", None, NOW), Err(exhausted));
    assert_eq!(store.delete(b"end", NOW), Err(exhausted));
    assert_eq!(store.flush(NOW), Err(exhausted));
    assert_eq!(store.can_write([&b"free"[..], b"end"]), Err(exhausted));
    assert_eq!(store.can_write([&b"free"[..]]), Ok(()));
    assert_eq!(get(&store, "end"), Some(&b"v"[..]));
    put(&mut store, "free", "v");
    assert!(!store.is_sweeping());
}

#[test]
fn what_can_be_written_still_can_after_as_many_writes_as_a_line_holds() {
    let mut store = store();
    let nearly = version(Hlc::from_raw(u64::MAX - (1 << 32)), 1);
    store.apply(value("k", "v", nearly), NOW);
    assert_eq!(store.can_write([&b"k"[..]]), Ok(()));
    for _ in 0..100_000 {
        put(&mut store, "k", "v");
    }
}

#[test]
fn at_the_end_of_time_a_write_of_several_keys_is_refused_before_it_begins() {
    let mut store = store();
    store.put(b"k", b"v", b"", None, UnixMillis(u64::MAX)).unwrap();
    assert!(store.can_write([&b"free"[..]]).is_err());
}

#[test]
fn a_flush_kills_all_that_is_here_and_keeps_it_dead_when_it_comes_again() {
    let mut store = store();
    let before = put(&mut store, "k", "v");
    store.apply(value("far", "v", ahead(A_DAY_MILLIS, 9)), NOW);
    store.apply(tombstone("gone", ahead(1, 9)), NOW);
    let flush = store.flush(NOW).unwrap();
    assert_eq!(store.registers().flush, flush);
    assert_eq!((get(&store, "k"), get(&store, "far")), (None, None));
    assert_eq!(store.apply(Change::Entry(before.clone()), NOW), Applied::Stale);
    sweep(&mut store);
    assert_eq!((store.keys(), store.tombstones(), store.memory_bytes()), (0, 0, 0));
    assert_eq!(store.apply(Change::Entry(before), NOW), Applied::Stale);
    assert_eq!(store.keys(), 0);
}

#[test]
fn an_entry_exactly_at_the_flush_is_dead_and_one_above_it_lives() {
    let at = ahead(10, 5);
    for entry_first in [true, false] {
        let mut store = store();
        let entries = [value("at", "v", at), value("above", "v", ahead(10, 6))];
        let flush = Change::Flush(at);
        if entry_first {
            entries.iter().for_each(|entry| assert_eq!(won(&mut store, entry), Applied::Won));
            assert_eq!(won(&mut store, &flush), Applied::Won);
        } else {
            assert_eq!(won(&mut store, &flush), Applied::Won);
            assert_eq!(won(&mut store, &entries[0]), Applied::Stale);
            assert_eq!(won(&mut store, &entries[1]), Applied::Won);
        }
        assert_eq!(get(&store, "at"), None);
        assert_eq!(get(&store, "above"), Some(&b"v"[..]));
        sweep(&mut store);
        assert_eq!(store.keys(), 1);
    }
}

fn won(store: &mut Store, change: &Change) -> Applied {
    store.apply(change.clone(), NOW)
}

#[test]
fn the_flush_register_only_rises() {
    let mut store = store();
    let high = ahead(10, 5);
    assert_eq!(store.apply(Change::Flush(high), NOW), Applied::Won);
    for lower in [high, ahead(10, 4), ahead(9, 9)] {
        assert_eq!(store.apply(Change::Flush(lower), NOW), Applied::Stale);
        assert_eq!(store.registers().flush, high);
    }
    assert!(store.flush(NOW).unwrap() > high);
}

#[test]
fn writes_after_a_flush_from_a_clock_far_ahead_live_here_and_elsewhere() {
    let mut store = store();
    let flush = ahead(A_DAY_MILLIS, 9);
    store.apply(Change::Flush(flush), NOW);
    let written = put(&mut store, "k", "v");
    assert!(written.version() > flush);
    assert_eq!(get(&store, "k"), Some(&b"v"[..]));
    let mut elsewhere = self::store();
    elsewhere.apply(Change::Flush(flush), NOW);
    assert_eq!(elsewhere.apply(Change::Entry(written), NOW), Applied::Won);
    sweep(&mut store);
    assert_eq!(get(&store, "k"), Some(&b"v"[..]));
    let gone = store.delete(b"k", NOW).unwrap().unwrap();
    assert!(gone.version() > flush);
}

#[test]
fn a_flush_of_far_future_data_lets_the_next_writes_live() {
    let mut store = store();
    store.apply(value("k", "v", ahead(A_DAY_MILLIS, u64::MAX)), NOW);
    let flush = store.flush(NOW).unwrap();
    assert!(flush > ahead(A_DAY_MILLIS, u64::MAX));
    assert_eq!(get(&store, "k"), None);
    for key in ["k", "other"] {
        assert!(put(&mut store, key, "again").version() > flush);
        assert_eq!(get(&store, key), Some(&b"again"[..]));
    }
}

#[test]
fn a_sweep_gives_the_room_back_a_piece_at_a_time() {
    let mut store = store();
    for n in 0..10_000 {
        put(&mut store, &format!("key{n}"), "value");
    }
    store.flush(NOW).unwrap();
    put(&mut store, "key7", "after");
    assert!(store.is_sweeping());
    let mut left = store.keys();
    assert!(left > 9_000, "nothing is swept before it is asked for: {left}");
    let mut steps = 0;
    loop {
        let more = store.sweep_step();
        steps += 1;
        assert!(left - store.keys() < 10_000 / SHARDS * SHARDS_PER_STEP * 3, "a step is small");
        left = store.keys();
        assert_eq!(more, store.is_sweeping());
        if !more {
            break;
        }
    }
    assert_eq!(steps, SHARDS / SHARDS_PER_STEP);
    assert_eq!(store.keys(), 1);
    assert_eq!(store.memory_bytes(), store.get(b"key7", NOW).unwrap().memory_bytes());
    assert!(!store.sweep_step(), "nothing is left to sweep");
}

#[test]
fn a_second_flush_starts_the_sweep_again() {
    let mut store = store();
    (0..1_000).for_each(|n| drop(put(&mut store, &format!("a{n}"), "v")));
    store.flush(NOW).unwrap();
    for _ in 0..30 {
        assert!(store.sweep_step());
    }
    (0..1_000).for_each(|n| drop(put(&mut store, &format!("b{n}"), "v")));
    store.flush(NOW).unwrap();
    sweep(&mut store);
    assert_eq!((store.keys(), store.memory_bytes()), (0, 0));
}

#[test]
fn counts_and_memory_follow_every_change() {
    let mut store = store();
    let entry = put(&mut store, "k", "value");
    assert_eq!((store.keys(), store.memory_bytes()), (1, entry.memory_bytes()));
    let longer = put(&mut store, "k", "a longer value");
    assert_eq!((store.keys(), store.memory_bytes()), (1, longer.memory_bytes()));
    let gone = store.delete(b"k", NOW).unwrap().unwrap();
    assert_eq!((store.keys(), store.tombstones()), (0, 1));
    assert_eq!(store.memory_bytes(), gone.memory_bytes());
    let again = put(&mut store, "k", "v");
    assert_eq!((store.keys(), store.tombstones()), (1, 0));
    assert_eq!(store.memory_bytes(), again.memory_bytes());
}

#[test]
fn a_listing_gives_the_matching_keys_in_byte_order() {
    let mut store = store();
    let mut all: Vec<String> = (0..3_000).map(|n| format!("key{n}")).collect();
    all.extend(["Key", "k", "key", "ké", "~"].map(String::from));
    all.iter().for_each(|key| drop(put(&mut store, key, "v")));
    put(&mut store, "key-gone", "v");
    store.delete(b"key-gone", NOW).unwrap();
    all.sort();
    assert_eq!(list(&mut store, ListingQuery::default()), all);
    let prefix = |prefix: &'static str| ListingQuery {
        prefix: Bytes::from_static(prefix.as_bytes()),
        ..ListingQuery::default()
    };
    let expected: Vec<&String> = all.iter().filter(|key| key.starts_with("key29")).collect();
    assert_eq!(list(&mut store, prefix("key29")).iter().collect::<Vec<_>>(), expected);
    assert!(list(&mut store, prefix("none")).is_empty());
    assert!(list(&mut store, prefix("key-gone")).is_empty());
}

#[test]
fn pages_of_a_listing_join_without_gap_or_repetition() {
    let mut store = store();
    let mut all: Vec<String> = (0..500).map(|n| format!("k{}", n * 7919 % 1000)).collect();
    all.iter().for_each(|key| drop(put(&mut store, key, "v")));
    all.sort();
    for limit in [1, 3, 100, 499, 500, 501, usize::MAX] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let query =
                ListingQuery { prefix: Bytes::from("k"), after, limit: Some(limit), now: NOW };
            let page = list(&mut store, query);
            assert!(page.len() <= limit);
            after = page.last().cloned().map(Bytes::from);
            paged.extend(page);
            assert!(paged.len() <= all.len(), "a key came twice");
            if after.is_none() {
                break;
            }
        }
        assert_eq!(paged, all, "limit {limit}");
    }
    let after_nothing_held =
        ListingQuery { after: Some(Bytes::from("k50x")), limit: Some(1), ..Default::default() };
    assert_eq!(list(&mut store, after_nothing_held), ["k510"]);
}

#[test]
fn a_listing_shows_the_moment_at_which_it_began() {
    let mut store = store();
    (0..1_000).for_each(|n| drop(put(&mut store, &format!("k{n}"), "v")));
    let listing = Listing::new(&snapshot(&mut store), &ListingQuery::default());
    for n in 0..1_000 {
        store.delete(format!("k{n}").as_bytes(), NOW).unwrap();
        put(&mut store, &format!("new{n}"), "v");
    }
    let shown: Vec<Entry> = listing.collect();
    assert_eq!(shown.len(), 1_000);
    assert!(shown.iter().all(|entry| entry.key().starts_with(b"k")));
    assert!(list(&mut store, ListingQuery::default()).iter().all(|key| key.starts_with("new")));
}

#[test]
fn a_listing_begun_after_a_flush_shows_nothing_that_is_not_yet_swept() {
    let mut store = store();
    (0..1_000).for_each(|n| drop(put(&mut store, &format!("k{n}"), "v")));
    store.flush(NOW).unwrap();
    put(&mut store, "new", "v");
    assert_eq!(list(&mut store, ListingQuery::default()), ["new"]);
}

#[test]
fn the_tree_follows_every_kind_of_change_whenever_it_is_folded() {
    let mut numbers = 1_u64;
    let mut random = move |below: u64| {
        numbers = numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (numbers >> 33) % below
    };
    let mut store = store();
    let held = |store: &Store| -> Vec<Entry> {
        (0..50).filter_map(|n| store.held(format!("k{n}").as_bytes()).cloned()).collect()
    };
    let root = |held: Vec<Entry>| {
        let mut rebuilt = Tree::new(TreeSeed::of(b"test"));
        rebuilt.edit(held.into_iter().map(Edit::Put).collect());
        rebuilt.root()
    };
    for _ in 0..400 {
        let is_folded = random(2) == 0;
        let at_its_beginning = held(&store);
        assert!(!is_folded || store.start_fold(NOW));
        let mut fold = None;
        for _ in 0..random(40) {
            let key = format!("k{}", random(50));
            match random(20) {
                0 => drop(store.flush(NOW).unwrap()),
                1..5 => drop(store.delete(key.as_bytes(), NOW).unwrap()),
                5 => {
                    let watermark = Hlc::at(NOW);
                    store.raise(Registers { watermark, ..Registers::default() });
                }
                6 => drop(store.held(key.as_bytes()).cloned().map(|held| store.forget(&held))),
                7 => drop(sweep(&mut store)),
                // Piece by piece, so that what follows meets some of it gathered and some not.
                8 if fold.is_none() => fold = store.folding.gather(&mut store.index, 5),
                _ => drop(put(&mut store, &key, "v")),
            }
        }
        if is_folded {
            let fold = fold.or_else(|| store.gather()).unwrap();
            assert_eq!(store.end_fold(fold.run()).tree.root(), root(at_its_beginning));
        }
        assert_eq!(snapshot(&mut store).tree.root(), root(held(&store)));
    }
}

/// Symptom: a node that was overwritten fast took 2.4 times the memory of its data. Cause: every
/// write waited for the fold, with the entry that it made. Fix: keys wait, and not writes.
#[test]
fn a_key_that_is_written_over_and_over_keeps_little_alive_while_the_tree_is_away() {
    let mut store = store();
    put(&mut store, "k", "first");
    assert!(store.start_fold(NOW));
    for n in 0..60_000 {
        put(&mut store, "k", &n.to_string());
        put(&mut store, "new", &n.to_string());
        assert_eq!(store.index.unfolded(), 2);
    }
    let fold = store.gather().unwrap();
    assert_eq!(fold.len(), 1, "the entry of the moment at which the fold began");
    let tree = store.end_fold(fold.run()).tree;
    assert_eq!(tree.get(b"k").and_then(Entry::value), Some(&b"first"[..]));
    let tree = snapshot(&mut store).tree;
    assert_eq!(tree.get(b"k"), store.get(b"k", NOW));
    assert_eq!(tree.totals().leaves, 2);
}

/// Symptom: while clients wrote new keys, one batch in some thousands took half a second. Cause: all
/// that waited was looked through at once, on the store's thread.
#[test]
fn what_waits_is_gathered_in_pieces_and_folded_with_pauses() {
    let mut store = store();
    (0..5 * GATHERED_AT_ONCE).for_each(|n| drop(put(&mut store, &n.to_string(), "v")));
    assert!(store.start_fold(NOW));
    let mut steps = 1;
    let fold = loop {
        match store.gather() {
            Some(fold) => break fold,
            None => steps += 1,
        }
    };
    assert_eq!((fold.len(), store.gather().is_none()), (5 * GATHERED_AT_ONCE, true));
    assert!((5..=6).contains(&steps), "{steps}");
    let mut pauses = 0;
    let tree = fold.run_with_pauses(|| pauses += 1);
    assert!(pauses > steps * 5, "{pauses}");
    assert_eq!(tree.totals().leaves as usize, 5 * GATHERED_AT_ONCE);
}

#[test]
fn a_fold_is_due_when_something_has_waited_for_a_second_or_much_is_kept_alive() {
    let mut store = store();
    put(&mut store, "k", "v");
    assert!(!store.is_fold_due(NOW));
    assert!(!store.is_fold_due(UnixMillis(NOW.0 + 900)));
    assert!(store.is_fold_due(UnixMillis(NOW.0 + 1_000)));
    snapshot(&mut store);
    assert!(!store.is_fold_due(UnixMillis(NOW.0 + 1_000)));
    let value = "v".repeat(1 << 20);
    (0..40).for_each(|n| drop(put(&mut store, &n.to_string(), &value)));
    assert!(store.is_fold_due(NOW));
}

#[test]
fn below_the_watermark_tombstones_are_gone_and_what_is_absent_stays_absent() {
    let mut store = store();
    store.apply(value("stays", "v", ahead(1, 9)), NOW);
    store.apply(tombstone("gone", ahead(5, 9)), NOW);
    store.apply(tombstone("later", ahead(20, 9)), NOW);
    store.raise(Registers { watermark: ahead(10, 9).hlc, ..Registers::default() });
    sweep(&mut store);
    assert_eq!((store.keys(), store.tombstones()), (1, 1));
    assert_eq!(store.apply(value("gone", "zombie", ahead(4, 9)), NOW), Applied::Stale);
    assert_eq!(store.apply(value("gone", "new", ahead(11, 9)), NOW), Applied::Won);
    assert_eq!(store.apply(value("stays", "newer", ahead(3, 9)), NOW), Applied::Won);
    // What a session brings, it has decided on.
    let old = Entry::value_of(b"old", b"v", ahead(2, 9));
    assert_eq!(store.merge(old, NOW), Applied::Won);
    let late = Entry::tombstone(b"stays", ahead(4, 9));
    assert_eq!(store.merge(late, NOW), Applied::Won);
    assert_eq!((get(&store, "stays"), store.held(b"stays")), (None, None));
    // Nothing is written below it, whatever the clock says.
    let early = UnixMillis(NOW.0 - A_DAY_MILLIS);
    let entry = store.put(b"mine", b"v", b"", None, early).unwrap();
    assert!(entry.version().hlc > ahead(10, 9).hlc);
}

/// Symptom: after a flush the node kept the memory of all that it had held. Cause: the tree was not
/// folded before somebody asked for a root. Fix: a fold is due when something has died.
#[test]
fn a_fold_is_due_when_something_has_died() {
    let mut store = store();
    put(&mut store, "k", "v");
    assert!(!store.is_fold_due(NOW));
    store.flush(NOW).unwrap();
    assert!(store.is_fold_due(NOW));
    let fold = store.begin_fold(NOW).unwrap();
    assert_eq!(store.end_fold(fold.run()).tree.totals().leaves, 0);
    assert!(!store.is_fold_due(NOW));
    store.apply(tombstone("gone", ahead(5, 9)), NOW);
    store.raise(Registers { watermark: ahead(10, 9).hlc, ..Registers::default() });
    assert!(store.is_fold_due(NOW));
}
