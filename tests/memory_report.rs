//! What a node says about its memory against what the kernel says.

use crate::harness::{Node, NodeSettings, wait_until};
use std::time::Duration;

const KEYS: usize = 200_000;
const MIB: f64 = (1 << 20) as f64;

#[test]
fn memory_is_what_the_process_has_grown_by_when_it_was_filled() {
    let node = Node::start(NodeSettings::alone("one"));
    let mut client = node.client();
    assert_eq!(client.command("MEMORY"), "MEMORY 0");
    let empty = node.memory();

    let value = "v".repeat(64);
    let sets: Vec<String> = (0..KEYS).map(|key| format!("SET key:{key:015} {value}")).collect();
    client.pipeline_ok(&sets);
    // Folds what waits into the tree.
    client.command("HASH");
    let memory: u64 = client.command("MEMORY").strip_prefix("MEMORY ").unwrap().parse().unwrap();
    // A thread that folds keeps what it has freed until it ends, ten seconds after its last fold.
    wait_until(Duration::from_secs(30), "MEMORY and the kernel agree", || {
        client.command("PING");
        let grown = node.memory() - empty;
        println!("{KEYS} keys: {memory} bytes by MEMORY, {grown} more than before are resident");
        (0.75..1.25).contains(&(memory as f64 / grown as f64))
    });

    let usage: f64 = client.fact("INFO", "memory_usage_mb").parse().unwrap();
    assert!((usage - memory as f64 / MIB).abs() <= 0.05, "{usage}");
    for report in ["INFO", "STATS"] {
        let resident: f64 = client.fact(report, "memory_rss_mb").parse().unwrap();
        let kernel = node.memory() as f64 / MIB;
        assert!((resident - kernel).abs() < 2.0, "{report}: {resident}, the kernel: {kernel}");
    }
    node.stop();
}
