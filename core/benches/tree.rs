//! Measures the Merkle tree at a million keys: how long it takes to build, what a write costs in
//! batches of several sizes, and what a key takes in memory. `cargo bench -p merkle-kv-core`
//!
//! The peer in the same run is what a sorted map without any tree would have to do at least:
//! insert the entry into a `BTreeMap` and hash it once.

use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::merkle::{Digest, Edit, Tree, TreeSeed};
use merkle_kv_core::version::{NodeId, Version};
use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

const KEYS: u64 = 1_000_000;
const VALUE_BYTES: usize = 64;
const BATCHES: [u64; 4] = [1, 100, 10_000, 100_000];

/// Writes that are timed at each batch size, at least one batch.
const WRITES: u64 = 200_000;

fn main() {
    println!("machine: {}, load {}", processor(), first_line("/proc/loadavg"));
    println!("{KEYS} keys of 19 bytes, values of {VALUE_BYTES} bytes; times per write or in all\n");
    let entries: Vec<Entry> = (0..KEYS).map(|n| entry(n, 1)).collect();

    let before = resident_bytes();
    let (mut tree, shaped) = timed(|| {
        let mut tree = Tree::new(TreeSeed::of(b"bench"));
        tree.edit(entries.iter().cloned().map(Edit::Put).collect());
        tree
    });
    let (root, hashed) = timed(|| tree.root());
    let bytes = (resident_bytes().saturating_sub(before)) as f64 / KEYS as f64;
    println!("build {:.3} s and {:.3} s for digests, root {root}", secs(shaped), secs(hashed));
    println!("{bytes:.1} bytes per key for the tree, entries themselves not counted");
    println!("longest path {} inner nodes\n", tree.depth());

    let (mut map, _) = timed(|| -> BTreeMap<Vec<u8>, Entry> {
        entries.iter().map(|entry| (entry.key().to_vec(), entry.clone())).collect()
    });
    drop(entries);
    println!(
        "{:>8} {:>14} {:>16} {:>14} {:>8}",
        "batch", "edit us/write", "and root us", "map us", "ratio"
    );
    let mut version: u64 = 2;
    for batch in BATCHES {
        let rounds = (WRITES.min(batch * 2_000) / batch).max(1);
        let (mut editing, mut hashing, mut mapping) =
            (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        for _ in 0..rounds {
            let writes: Vec<Entry> = (0..batch)
                .map(|n| {
                    version += 1;
                    entry(scattered(version.wrapping_mul(batch) + n) % KEYS, version)
                })
                .collect();
            let edits: Vec<Edit> = writes.iter().cloned().map(Edit::Put).collect();
            editing += timed(|| tree.edit(edits)).1;
            hashing += timed(|| black_box(tree.root())).1;
            mapping += timed(|| {
                for entry in writes {
                    black_box(Digest::leaf(&entry));
                    map.insert(entry.key().to_vec(), entry);
                }
            })
            .1;
        }
        let each = |time: Duration| time.as_secs_f64() * 1e6 / (rounds * batch) as f64;
        let whole = each(editing) + each(hashing);
        println!(
            "{batch:>8} {:>14.2} {whole:>16.2} {:>14.2} {:>8.2}",
            each(editing),
            each(mapping),
            whole / each(mapping)
        );
    }
}

fn entry(n: u64, hlc: u64) -> Entry {
    let version = Version { hlc: Hlc::from_raw(hlc), node: NodeId(1) };
    Entry::value_of(format!("user:{n:014}").as_bytes(), &[b'v'; VALUE_BYTES], version)
}

/// A number that looks random (Steele and others, "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014).
fn scattered(n: u64) -> u64 {
    let mut mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed())
}

fn secs(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn resident_bytes() -> u64 {
    let pages = first_line("/proc/self/statm");
    let pages = pages.split_whitespace().nth(1).and_then(|pages| pages.parse().ok());
    pages.map_or(0, |pages: u64| pages * 4096)
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let count = text.lines().filter(|line| line.starts_with("processor")).count();
    let model =
        text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    format!("{count} x {}", model.trim_start_matches([' ', '\t', ':']))
}

fn first_line(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or("unknown").to_owned()
}
