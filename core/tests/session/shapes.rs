//! Pairs of nodes that differ in ways that take sessions through all of their paths.

use crate::pair::Node;
use crate::talk::winners;
use merkle_kv_core::entry::Entry;
use std::collections::BTreeMap;

/// Two nodes that differ, and what both are to hold in the end.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) nodes: Vec<Node>,
    pub(crate) expected: BTreeMap<Vec<u8>, Entry>,
}

/// How a shape is made.
pub(crate) type Make = fn() -> Shape;

/// All of them.
pub(crate) const SHAPES: [Make; 8] =
    [one, scattered, bulk_missing, empty_peer, disjoint, deleted, refused, written_again];

/// Those that everything of is done quickly with.
pub(crate) const SMALL: [Make; 3] = [few, few_refused, few_with_secret];

fn key(n: u64) -> String {
    format!("user:{n:08}")
}

/// Two nodes with the same keys from a third.
fn twins(keys: u64, secret: Option<&str>) -> Vec<Node> {
    let mut nodes = vec![Node::with_secret(1, secret), Node::with_secret(2, secret)];
    let third = Node::new(3).identity.node;
    for node in &mut nodes {
        let own = std::mem::replace(&mut node.identity.node, third);
        (0..keys).for_each(|n| node.put(key(n), "value", 1));
        node.identity.node = own;
    }
    nodes
}

fn shape(name: &'static str, mut nodes: Vec<Node>) -> Shape {
    let expected = winners(&mut nodes);
    Shape { name, nodes, expected }
}

fn one() -> Shape {
    let mut nodes = twins(4_800, None);
    nodes[1].put(key(4_321), "changed", 9);
    shape("one", nodes)
}

fn scattered() -> Shape {
    let mut nodes = twins(4_800, None);
    for n in 0..120 {
        let writer = &mut nodes[n as usize % 2];
        match n % 3 {
            0 => writer.put(key(n * 37), "changed", 9 + n),
            1 => writer.put(format!("{}:more", key(n * 37)), "new", 9 + n),
            _ => writer.delete(key(n * 37), 9 + n),
        }
    }
    shape("scattered", nodes)
}

fn bulk_missing() -> Shape {
    let mut nodes = twins(1_200, None);
    (0..700).for_each(|n| nodes[0].put(format!("{}:{n:04}", key(600)), "bulk", 9));
    shape("bulk missing", nodes)
}

fn empty_peer() -> Shape {
    let mut nodes = twins(900, None);
    nodes[1] = Node::new(2);
    shape("empty peer", nodes)
}

fn disjoint() -> Shape {
    let mut nodes = vec![Node::new(1), Node::new(2)];
    (0..1_000).for_each(|n| nodes[n as usize % 2].put(key(n), "value", 1));
    shape("disjoint", nodes)
}

fn deleted() -> Shape {
    let mut nodes = twins(600, None);
    (0..400).for_each(|n| nodes[0].delete(key(n), 9));
    shape("deleted", nodes)
}

/// The first was restored from a backup: the cluster deleted a third of what it holds.
fn refused() -> Shape {
    let mut nodes = twins(600, None);
    restore(&mut nodes, 600, 7);
    let expected = nodes[1].entries();
    let expected = expected.into_iter().map(|entry| (entry.key().to_vec(), entry)).collect();
    Shape { name: "refused", nodes, expected }
}

/// The same, but it belongs to another history. What it writes again is left out of what is
/// expected: its versions are those of the moment.
fn written_again() -> Shape {
    let mut shape = refused();
    shape.nodes[0].raise(3, 8);
    shape.name = "written again";
    shape
}

fn restore(nodes: &mut [Node], keys: u64, lineage: u64) {
    for node in &mut *nodes {
        node.raise(3, lineage);
    }
    (0..keys / 3).for_each(|n| nodes[1].delete(key(3 * n), 9));
    nodes[1].put(key(1), "changed", 10);
    nodes[1].raise(20, lineage);
    nodes[0].put("news", "of the restored", 30);
    nodes[1].put("news", "of the cluster", 31);
}

fn few() -> Shape {
    let mut nodes = twins(120, None);
    (0..12).for_each(|n| nodes[n as usize % 2].put(key(n * 10), "changed", 9));
    shape("few", nodes)
}

fn few_with_secret() -> Shape {
    let mut nodes = twins(120, Some("a secret"));
    nodes.iter_mut().for_each(|node| node.delete(key(3), 4));
    nodes[0].raise(5, 1);
    (0..12).for_each(|n| nodes[n as usize % 2].put(key(n * 10), "changed", 9));
    let mut shape = shape("few with a secret", nodes);
    // The first has forgotten what the second still remembers to be deleted.
    shape.expected.retain(|_, entry| entry.value().is_some());
    shape
}

fn few_refused() -> Shape {
    let mut nodes = twins(60, None);
    restore(&mut nodes, 60, 7);
    let expected = nodes[1].entries();
    let expected = expected.into_iter().map(|entry| (entry.key().to_vec(), entry)).collect();
    Shape { name: "few refused", nodes, expected }
}
