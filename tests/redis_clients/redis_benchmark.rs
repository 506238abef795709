//! redis-benchmark, which stops at the first error. How fast it is is not looked at.

use super::{node, output};
use crate::harness::Node;
use std::process::Command;

/// Its tests whose commands a node has. PING_INLINE is not one: its `PING` without an array is a
/// line of the text protocol here, and answered `PONG` where redis-benchmark waits for `+PONG`.
const TESTS: &str = "ping_mbulk,set,get,incr,mset";

/// The names it prints for them.
const NAMES: [&str; 5] = ["PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"];

#[track_caller]
fn benchmark(node: &Node, arguments: &[&str]) {
    let mut command = Command::new("redis-benchmark");
    command.args(["-p", &node.address().port().to_string(), "-t", TESTS, "--csv"]).args(arguments);
    let said = output(&mut command);
    for name in NAMES {
        assert!(said.contains(&format!("\"{name}\",")), "{arguments:?}: no {name} in {said}");
    }
    assert!(!said.to_lowercase().contains("error"), "{arguments:?}: {said}");
    let mut client = node.client();
    assert_eq!(client.command("PING"), "PONG");
}

#[test]
fn redis_benchmark_runs_to_its_end() {
    let node = node();
    benchmark(&node, &["-n", "10000", "-c", "50"]);
    benchmark(&node, &["-n", "100000", "-c", "50", "-P", "100"]);
    benchmark(&node, &["-n", "20000", "-c", "50", "-r", "100000", "-d", "1000", "-P", "16"]);
    benchmark(&node, &["-n", "20000", "-c", "50", "--threads", "2"]);
    benchmark(&node, &["-n", "20000", "-c", "50", "-3", "-P", "16"]);
    let mut client = node.client();
    let keys: usize = client.command("DBSIZE")["DBSIZE ".len()..].parse().unwrap();
    assert!(keys > 10_000, "-r did not spread over keys: {keys}");
    node.stop();
}
