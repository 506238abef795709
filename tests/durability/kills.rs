//! Nodes that are killed under load, while they start and while they stop, again and again.

use super::{Load, Numbers, name, named};
use crate::harness::{Client, Node, NodeSettings, wait_until};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How often each kind of node is killed in an ordinary run.
const ROUNDS: usize = 25;

/// More rounds, for a longer run.
const ROUNDS_VARIABLE: &str = "DURABILITY_ROUNDS";

/// Changes what happens when.
const SEED_VARIABLE: &str = "DURABILITY_SEED";

const PATIENCE: Duration = Duration::from_secs(30);

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn reach(acknowledged: &AtomicU64, writes: usize) {
    wait_until(PATIENCE, "the clients write", || {
        acknowledged.load(Ordering::Relaxed) >= writes as u64
    });
}

/// Launches the node and kills it at some moment of its start, or soon after.
fn kill_while_it_starts(node: &mut Node, numbers: &mut Numbers) {
    node.launch();
    // Not a wait for anything: all moments are of interest.
    thread::sleep(Duration::from_micros(numbers.below(30_000) as u64));
    node.kill();
}

fn keeps_what_it_acknowledged(durability: &str) {
    let rounds = variable(ROUNDS_VARIABLE).map_or(ROUNDS, |rounds| rounds as usize);
    let mut numbers = Numbers(variable(SEED_VARIABLE).unwrap_or(1));
    let settings = NodeSettings::alone("one")
        .storage(&format!("durability = \"{durability}\"\nsync_interval_ms = 50\n"));
    let mut node = Node::start(settings);
    let mut load = Load::of(4, numbers.0);
    let mut kept = 0;
    for round in 0..rounds {
        let writes = numbers.below(4_000);
        let address = node.address();
        let stops = round % 8 == 7;
        let end = |acknowledged: &AtomicU64| {
            reach(acknowledged, writes);
            if stops { node.end() } else { node.kill() }
        };
        if round % 4 == 3 {
            load.run_with_flushes(address, end)
        } else {
            load.run(address, end)
        }
        for _ in 0..numbers.below(3) {
            kill_while_it_starts(&mut node, &mut numbers);
        }
        node.start_again();
        kept += load.check(&node);
    }
    // Otherwise no kill has hit anything.
    assert!(kept > 0 || rounds < ROUNDS, "no write was under way when the node was killed");
}

#[test]
fn a_node_that_is_killed_has_what_it_acknowledged_if_replies_wait_for_the_disk() {
    keeps_what_it_acknowledged("always");
}

#[test]
fn a_node_that_is_killed_has_what_it_acknowledged_if_the_disk_follows_later() {
    keeps_what_it_acknowledged("interval");
}

#[test]
fn a_node_that_is_killed_has_what_it_acknowledged_if_the_system_chooses_when_to_write() {
    keeps_what_it_acknowledged("none");
}

/// Starts it, waits for a snapshot to be on its way, and kills it.
fn kill_during_a_snapshot(node: &mut Node) {
    let folder = node.data_dir();
    let is_unfinished =
        || named(&folder, "snapshot-").iter().any(|path| name(path).ends_with("tmp"));
    wait_until(PATIENCE, "a snapshot is being written", is_unfinished);
    node.kill();
}

#[test]
fn a_node_that_is_killed_while_it_writes_a_snapshot_has_everything_and_writes_another_one() {
    const KEYS: usize = 100;
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    let mut load = Load::of(2, 9);
    let value = |n: usize| format!("{n:04}{}", "s".repeat((1 << 20) - 4));
    let mut written = 0;
    let mut write = |address, count: usize| {
        let mut client = Client::connect(address);
        for _ in 0..count {
            client.send(format!("SET large{} {}\r\n", written % KEYS, value(written)));
            assert_eq!(client.line(), "OK");
            written += 1;
        }
        written
    };
    let mut end = 0;
    load.run(node.address(), |_| {
        end = write(node.address(), 257);
        kill_during_a_snapshot(&mut node);
    });
    for round in 0..3 {
        node.start_again();
        let mut client = node.client();
        for n in end - KEYS..end {
            assert!(
                client.command(&format!("GET large{}", n % KEYS)) == format!("VALUE {}", value(n))
            );
        }
        load.check(&node);
        // The journal is as long as it was, so the next change leads to a snapshot.
        load.run(node.address(), |_| match round {
            0 | 1 => kill_during_a_snapshot(&mut node),
            _ => {
                wait_until(PATIENCE, "a snapshot", || client.count("snapshots_written") == 1);
                node.kill();
            }
        });
    }
    node.start_again();
    load.check(&node);
    assert!(named(&node.data_dir(), "snapshot-").len() == 1);
}
