//! The tree against what it is defined as: the same root for every history, and the same ranges as
//! a sorted map.

use super::cartesian::Cartesian;
use super::{Digest, Edit, KeyRange, Priority, Totals, Tree, TreeSeed};
use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::version::{NodeId, Version};
use std::collections::BTreeMap;

fn seed() -> TreeSeed {
    TreeSeed::of(b"test")
}

fn entry(key: impl AsRef<[u8]>, hlc: u64) -> Entry {
    let version = Version { hlc: Hlc::from_raw(hlc), node: NodeId(1) };
    // A few expiries for many entries, so that equal ones meet.
    let expires_at = hlc.is_multiple_of(3).then(|| UnixMillis(1 + hlc * 7 % 90));
    if hlc.is_multiple_of(5) {
        Entry::tombstone(key.as_ref(), version)
    } else {
        Entry::joined(key.as_ref(), hlc.to_string().as_bytes(), b"", expires_at, version)
    }
}

/// Numbers that look random, the same in every run. (Steele and others, "Fast Splittable
/// Pseudorandom Number Generators", OOPSLA 2014.)
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

type Model = BTreeMap<Vec<u8>, Entry>;

fn tree_of(model: &Model) -> Tree {
    let mut tree = Tree::new(seed());
    tree.edit(model.values().cloned().map(Edit::Put).collect());
    tree
}

/// The root from its definition, without pages.
fn defined_root(model: &Model) -> Digest {
    let mut whole = Cartesian::new(Digest::inner);
    for entry in model.values() {
        whole.push(seed().priority(entry.key()), Digest::leaf(entry));
    }
    whole.finish().unwrap_or_else(Digest::empty)
}

fn totals(model: &Model) -> Totals {
    let values = model.values().filter(|entry| entry.value().is_some()).count();
    Totals { leaves: model.len() as u32, values: values as u32 }
}

fn first_expiry(model: &Model) -> Option<UnixMillis> {
    model.values().filter_map(Entry::expires_at).min()
}

fn part<'a>(model: &'a Model, range: KeyRange<'a>) -> impl Iterator<Item = &'a Entry> {
    model.values().filter(move |entry| {
        entry.key() >= range.from && range.to.is_none_or(|to| entry.key() < to)
    })
}

#[test]
fn the_digests_do_not_change() {
    // From Python's hashlib, by the layouts in digest.rs.
    let version = Version { hlc: Hlc::from_raw(7), node: NodeId(9) };
    let value = Digest::leaf(&Entry::value_of(b"key", b"value", version));
    let gone = Digest::leaf(&Entry::tombstone(b"key", version));
    let until = UnixMillis(0x0102_0304_0506_0708);
    let expiring = Digest::leaf(&Entry::joined(b"key", b"value", b"", Some(until), version));
    let large = Digest::leaf(&Entry::value_of(b"key", &[b'x'; 5000], version));
    assert_eq!(
        [Digest::empty(), value, gone, expiring, large, Digest::inner(&value, &gone)]
            .map(|digest| digest.to_string()),
        GOLDEN
    );
}

const GOLDEN: [&str; 6] = [
    "28ae4a3068df4056661bb6ebbd307fc04fa41443ccd9ac2f3c9882a7ec0814c7",
    "ae091e7ec3d1bb99dc1f3041290590f0b0b1356ad1b6ecfa8ba0086a3485def6",
    "fa409384842ecd32360cbdc79d7676fcfb836b5744d56adbe1361909254b6aca",
    "efaa2cf4cf2d05162b81e3b7ae66e34bea2f32114378a8e8326db7b686e06a6c",
    "f833e055ee4107b427455ef3540844f5fabbac89af46a9df72d046a47b46f347",
    "04a9643e956945593539efe07868a90ebe1eeebdd540c509af271a0bde2db957",
];

#[test]
fn small_trees_are_the_textbook_ones() {
    assert_eq!(Tree::new(seed()).root(), Digest::empty());
    let (a, b) = (entry("a", 1), entry("b", 2));
    let mut tree = Tree::new(seed());
    tree.edit(vec![Edit::Put(a.clone())]);
    assert_eq!(tree.root(), Digest::leaf(&a));
    tree.edit(vec![Edit::Put(b.clone())]);
    assert_eq!(tree.root(), Digest::inner(&Digest::leaf(&a), &Digest::leaf(&b)));
    tree.edit(vec![Edit::Remove(a), Edit::Remove(b)]);
    assert_eq!((tree.root(), tree.totals()), (Digest::empty(), Totals::default()));
}

#[test]
fn every_history_of_edits_gives_the_root_that_is_defined() {
    let mut numbers = Numbers(1);
    for round in 0..60 {
        let mut model = Model::new();
        let mut tree = Tree::new(seed());
        let keys = 1 + numbers.below(if round < 40 { 60 } else { 3_000 });
        for step in 0..25 {
            let batch = 1 + numbers.below(keys * 2);
            // Now and then mostly removals, so that pages vanish and the tree gets lower.
            let removals = if step % 5 == 4 { 9 } else { numbers.below(4) };
            let edits = (0..batch).map(|_| {
                let key = format!("key:{}", numbers.below(keys)).into_bytes();
                let entry = entry(&key, 1 + numbers.below(1_000));
                if numbers.below(10) < removals {
                    model.remove(&key);
                    Edit::Remove(entry)
                } else {
                    model.insert(key, entry.clone());
                    Edit::Put(entry)
                }
            });
            let snapshot = (step % 3 == 0).then(|| tree.clone());
            let before: Vec<Entry> = tree.range(KeyRange::ALL).collect();
            tree.edit(edits.collect());
            assert_eq!(tree.root(), defined_root(&model), "round {round}, step {step}");
            assert_eq!(tree.totals(), totals(&model));
            assert_eq!(
                tree.first_expiry().time(),
                first_expiry(&model),
                "round {round}, step {step}"
            );
            assert_eq!(tree_of(&model).root(), tree.root());
            let same = tree.range(KeyRange::ALL).eq(model.values().cloned());
            assert!(same, "round {round}, step {step}");
            let untouched = snapshot.is_none_or(|tree| tree.range(KeyRange::ALL).eq(before));
            assert!(untouched, "an edit shows in a snapshot");
        }
    }
}

#[test]
fn ranges_lookups_and_counts_are_those_of_a_sorted_map() {
    let mut numbers = Numbers(2);
    let model: Model = (0..2_000)
        .map(|_| (numbers.below(9_000).to_string(), 1 + numbers.below(1_000)))
        .map(|(key, hlc)| (key.clone().into_bytes(), entry(key, hlc)))
        .collect();
    let tree = tree_of(&model);
    for _ in 0..2_000 {
        let (from, to) = (numbers.below(10_000).to_string(), numbers.below(10_000).to_string());
        let to = numbers.below(4).checked_sub(1).map(|_| to.as_bytes());
        let range = KeyRange { from: from.as_bytes(), to };
        let expected: Vec<Entry> = part(&model, range).cloned().collect();
        let inside: Model = expected.iter().map(|e| (e.key().to_vec(), e.clone())).collect();
        assert_eq!(tree.range(range).collect::<Vec<_>>(), expected);
        assert_eq!(tree.totals_of(range), totals(&inside));
        let now = UnixMillis(numbers.below(100));
        let over: Vec<&Entry> = expected.iter().filter(|entry| entry.is_expired(now)).collect();
        assert_eq!(tree.expired(range, now).collect::<Vec<_>>(), over);
        assert_eq!(tree.digest_of(range), defined_root(&inside));
        assert_eq!(tree.get(from.as_bytes()), model.get(from.as_bytes()));
    }
}

#[test]
fn the_first_expiry_is_right_whenever_entries_are_replaced_one_by_one_in_place() {
    let mut numbers = Numbers(7);
    let mut model: Model =
        (0..300_u64).map(|n| (n.to_string().into(), entry(n.to_string(), 1))).collect();
    let mut tree = tree_of(&model);
    for _ in 0..5_000 {
        let key = numbers.below(300).to_string();
        let entry = entry(&key, 1 + numbers.below(60));
        model.insert(key.into_bytes(), entry.clone());
        tree.edit(vec![Edit::Put(entry)]);
        assert_eq!(tree.first_expiry().time(), first_expiry(&model));
    }
    tree.edit(model.into_values().map(Edit::Remove).collect());
    assert_eq!(tree.first_expiry().time(), None);
}

#[test]
fn runs_are_cut_before_keys_of_high_priority_and_cover_the_range() {
    let mut numbers = Numbers(3);
    let model: Model = (0..3_000)
        .map(|n| (format!("{n:05}").into_bytes(), entry(format!("{n:05}"), 1 + n)))
        .collect();
    let tree = tree_of(&model);
    for mean in [1, 2, 7, 8, 30, 64, 500, 100_000] {
        let threshold = Priority::reached_by_one_in(mean);
        let (from, to) = (numbers.below(1_500), 1_500 + numbers.below(2_000));
        let (from, to) = (format!("{from:05}"), format!("{to:05}"));
        let range = KeyRange { from: from.as_bytes(), to: Some(to.as_bytes()) };
        let runs = tree.runs(range, threshold);
        let mut rest = part(&model, range).peekable();
        for (at, run) in runs.iter().enumerate() {
            let mut inside = Model::new();
            while let Some(entry) =
                rest.next_if(|entry| inside.is_empty() || seed().priority(entry.key()) < threshold)
            {
                inside.insert(entry.key().to_vec(), entry.clone());
            }
            assert_eq!(Some(&run.first), inside.values().next());
            assert_eq!((run.leaves as usize, run.digest), (inside.len(), defined_root(&inside)));
            assert!(at == 0 || run.separator >= threshold);
        }
        assert!(rest.next().is_none(), "mean {mean}");
    }
    assert!(Tree::new(seed()).runs(KeyRange::ALL, Priority(0)).is_empty());
}

#[test]
fn hostile_keys_make_no_deep_tree() {
    let mut numbers = Numbers(4);
    let prefix = "p".repeat(1_000);
    let chains: Vec<String> = (1..=1_024).map(|length| "a".repeat(length)).collect();
    let prefixed: Vec<String> = (0..20_000).map(|n| format!("{prefix}{n}")).collect();
    let sorted: Vec<String> = (0..100_000).map(|n| format!("{n:09}")).collect();
    let reversed: Vec<String> = sorted.iter().rev().cloned().collect();
    let skewed: Vec<String> =
        (0..50_000).map(|_| format!("{}", 1_000_000 / (1 + numbers.below(1_000_000)))).collect();
    for keys in [chains, prefixed, sorted, reversed, skewed] {
        let mut tree = Tree::new(seed());
        for some in keys.chunks(7_000) {
            tree.edit(some.iter().map(|key| Edit::Put(entry(key, 1))).collect());
        }
        assert!(tree.depth() <= 64, "{} keys, depth {}", keys.len(), tree.depth());
    }
}

#[test]
fn another_seed_gives_another_shape() {
    let model: Model = (0..100).map(|n| (vec![n], entry([n], 1))).collect();
    let mut other = Tree::new(TreeSeed::of(b"other"));
    other.edit(model.values().cloned().map(Edit::Put).collect());
    assert_ne!(other.root(), tree_of(&model).root());
    assert_ne!(other.seed().fingerprint(), seed().fingerprint());
}

#[test]
fn the_end_of_a_prefix_is_behind_all_its_keys() {
    assert_eq!(KeyRange::end_of_prefix(b"ab"), Some(b"ac".to_vec()));
    assert_eq!(KeyRange::end_of_prefix(b"a\xff\xff"), Some(b"b".to_vec()));
    assert_eq!(KeyRange::end_of_prefix(b"\xff"), None);
    assert_eq!(KeyRange::end_of_prefix(b""), None);
}
