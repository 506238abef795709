//! Values that are over: what becomes of them, on every node alike, and what finding them takes.

use super::super::{Applied, HashSeed, Listing, ListingQuery, Registers, Store};
use super::{ENTRIES_PER_STEP, Reaping};
use crate::change::Change;
use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::merkle::TreeSeed;
use crate::version::{NodeId, Version};

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);
const SOON: UnixMillis = UnixMillis(NOW.0 + 1_000);

fn store() -> Store {
    Store::new(NodeId(5), HashSeed(1, 2), TreeSeed::of(b"test"))
}

fn version(after: u64, node: u64) -> Version {
    Version { hlc: Hlc::from_raw(Hlc::at(NOW).raw() + after), node: NodeId(node) }
}

fn until(at: UnixMillis, version: Version) -> Entry {
    Entry::joined(b"k", b"v", b"", Some(at), version)
}

fn put(store: &mut Store, key: &str, expires_at: Option<UnixMillis>) -> Entry {
    store.put(key.as_bytes(), b"v", b"", expires_at, NOW).unwrap()
}

/// Steps until nothing is due, with the folds that it asks for.
fn reap(store: &mut Store, now: UnixMillis) {
    loop {
        match store.expire_step(now) {
            Reaping::Done => return,
            Reaping::More => {}
            Reaping::AwaitsFold => fold(store),
        }
    }
}

fn fold(store: &mut Store) {
    let fold = store.begin_fold(NOW).unwrap();
    store.end_fold(fold.run());
}

#[test]
fn a_value_that_is_over_is_a_tombstone_of_its_version_on_every_node_in_whatever_order() {
    let entry = until(SOON, version(1, 9));
    // Reaped here; over when it arrives; and its tombstone comes first, last, or twice.
    type Arrival<'a> = (&'a Entry, UnixMillis);
    let gone = entry.expired();
    let orders: [&[Arrival<'_>]; 6] = [
        &[(&entry, NOW)],
        &[(&entry, SOON)],
        &[(&gone, NOW), (&entry, NOW)],
        &[(&entry, NOW), (&gone, NOW)],
        &[(&gone, NOW), (&entry, SOON), (&gone, SOON)],
        &[(&entry, SOON), (&entry, NOW)],
    ];
    let roots = orders.map(|arrivals| {
        let mut store = store();
        for (entry, now) in arrivals {
            store.apply(Change::Entry((*entry).clone()), *now);
        }
        reap(&mut store, SOON);
        assert_eq!(store.held(b"k"), Some(&gone));
        assert_eq!((store.keys(), store.tombstones(), store.expiring()), (0, 1, 0));
        store.snapshot(SOON).unwrap().tree.root()
    });
    assert!(roots.iter().all(|root| *root == roots[0]));
}

#[test]
fn a_write_of_before_the_expiry_that_comes_after_it_survives() {
    let entry = until(SOON, version(1, 9));
    let (other, older) = (version(2, 1), version(0, 99));
    let mut store = store();
    store.apply(Change::Entry(entry), NOW);
    reap(&mut store, SOON);
    let newer = Entry::value_of(b"k", b"kept", other);
    let before = Entry::value_of(b"k", b"old", older);
    assert_eq!(store.apply(Change::Entry(before), SOON), Applied::Stale);
    assert_eq!(store.apply(Change::Entry(newer.clone()), SOON), Applied::Won);
    assert_eq!(store.get(b"k", SOON), Some(&newer));
}

#[test]
fn an_expiry_that_was_taken_back_does_nothing_here_or_elsewhere() {
    let mut store = store();
    let expiring = put(&mut store, "k", Some(SOON));
    fold(&mut store);
    let stays = put(&mut store, "k", None);
    reap(&mut store, SOON);
    assert_eq!(store.get(b"k", SOON), Some(&stays));
    assert_eq!(store.expire(&expiring, SOON), Applied::Stale);
    let mut elsewhere = self::store();
    elsewhere.apply(Change::Entry(expiring), NOW);
    reap(&mut elsewhere, SOON);
    assert_eq!(elsewhere.apply(Change::Entry(stays.clone()), SOON), Applied::Won);
    assert_eq!(elsewhere.get(b"k", SOON), Some(&stays));
}

#[test]
fn at_or_below_the_watermark_what_is_over_is_forgotten_and_above_it_remembered() {
    let entry = until(SOON, version(1, 9));
    for (watermark, remembered) in [(version(0, 0), true), (version(1, 0), false)] {
        let registers = Registers { watermark: watermark.hlc, ..Registers::default() };
        let mut store = store();
        store.apply(Change::Entry(entry.clone()), NOW);
        store.raise(registers);
        assert_eq!(store.get(b"k", NOW), Some(&entry), "a value is not for the watermark");
        reap(&mut store, SOON);
        assert_eq!(store.held(b"k").is_some(), remembered);
        while store.sweep_step() {}
        assert_eq!((store.keys(), store.tombstones()), (0, usize::from(remembered)));
        fold(&mut store);
        let leaves = store.snapshot(SOON).unwrap().tree.totals().leaves;
        assert_eq!(leaves, u32::from(remembered));
        // What a session brings then, from a node that is behind, changes nothing.
        assert_eq!(store.merge(entry.clone(), SOON), Applied::Stale);
        assert_eq!(store.get(b"k", SOON), None);
    }
}

#[test]
fn what_a_flush_has_killed_is_not_reaped_and_does_not_keep_the_search_going() {
    let mut store = store();
    put(&mut store, "k", Some(SOON));
    fold(&mut store);
    store.flush(NOW).unwrap();
    reap(&mut store, SOON);
    assert_eq!((store.expired(), store.next_expiry()), (0, None));
}

#[test]
fn a_step_reaps_a_bounded_number_and_a_fold_in_between_loses_none() {
    let mut store = store();
    for n in 0..3_500 {
        put(&mut store, &format!("key{n:05}"), Some(SOON));
        put(&mut store, &format!("stays{n:05}"), None);
    }
    assert_eq!(store.next_expiry(), Some(SOON));
    assert_eq!(store.expire_step(UnixMillis(SOON.0 - 1)), Reaping::Done);
    assert_eq!(store.expire_step(SOON), Reaping::AwaitsFold, "the tree has not heard of them");
    let away = store.begin_fold(NOW).unwrap();
    assert_eq!(store.next_expiry(), Some(SOON), "also while the tree is away");
    store.end_fold(away.run());
    for steps in 1..=2 {
        assert_eq!(store.expire_step(SOON), Reaping::More);
        assert_eq!(store.expired(), (steps * ENTRIES_PER_STEP) as u64);
    }
    let away = store.begin_fold(NOW).unwrap();
    put(&mut store, "late", Some(SOON));
    assert_eq!(store.expire_step(SOON), Reaping::AwaitsFold);
    store.end_fold(away.run());
    reap(&mut store, SOON);
    assert_eq!((store.expired(), store.keys(), store.tombstones()), (3_501, 3_500, 3_501));
    assert_eq!((store.expiring(), store.next_expiry()), (0, None));
}

#[test]
fn a_listing_neither_counts_nor_shows_what_is_over_and_not_yet_reaped() {
    let mut store = store();
    for n in 0..300 {
        put(&mut store, &format!("k{n:03}"), (n % 3 == 0).then_some(SOON));
    }
    fold(&mut store);
    let snapshot = store.snapshot(SOON).unwrap();
    let list = |now, limit| {
        let query = ListingQuery { now, limit, ..ListingQuery::default() };
        let listing = Listing::new(&snapshot, &query);
        (listing.left(), listing.map(|entry| entry.key().to_vec()).collect::<Vec<_>>())
    };
    let (before, after) = (list(NOW, None), list(SOON, None));
    assert_eq!((before.0, before.1.len()), (300, 300));
    assert_eq!((after.0, after.1.len()), (200, 200));
    assert_eq!(list(SOON, Some(2)), (2, vec![b"k001".to_vec(), b"k002".to_vec()]));
}

#[test]
fn a_key_that_gets_one_expiry_after_the_other_is_reaped_once() {
    let mut store = store();
    for millis in 1..=300 {
        put(&mut store, "k", Some(UnixMillis(NOW.0 + millis)));
        assert_eq!(store.expiring(), 1);
    }
    reap(&mut store, UnixMillis(NOW.0 + 299));
    assert_eq!((store.expired(), store.keys()), (0, 1));
    assert_eq!(store.next_expiry(), Some(UnixMillis(NOW.0 + 300)));
    reap(&mut store, UnixMillis(NOW.0 + 300));
    assert_eq!((store.expired(), store.keys()), (1, 0));
}
