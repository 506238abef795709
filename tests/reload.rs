//! A running node takes on what it can of a changed configuration, and is not harmed by a bad one.

use crate::harness::{Client, Node, NodeSettings, free_port, wait_until};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// How long a changed file may take to be noticed: it is looked at each second.
const NOTICED: Duration = Duration::from_secs(20);

/// Ends a reload in the log.
const READ_AGAIN: &str = "the configuration was read again";

fn without_peers(node_id: &str) -> NodeSettings {
    NodeSettings::alone(node_id).section("[anti_entropy]\ninterval_seconds = 1")
}

/// A port that the node is told in its file; the same for as long as it runs.
fn start(settings: NodeSettings) -> (Node, u16) {
    let port = free_port();
    (Node::start_at(port, settings), port)
}

#[track_caller]
fn waits_for_reloads(node: &Node, count: usize) {
    wait_until(NOTICED, "the configuration is read again", || {
        node.log().matches(READ_AGAIN).count() >= count
    });
}

#[test]
fn a_changed_file_is_noticed_and_its_limits_hold_at_once() {
    let (node, port) = start(NodeSettings::alone("one"));
    let mut early = node.client();
    assert_eq!(early.command("SET big 1"), "OK");
    let settings = NodeSettings::alone("one")
        .network("max_connections = 1\nidle_timeout = 1")
        .section("[storage]\nmemory_limit_mb = 1\n[logging]\nlevel = \"debug\"");
    node.reconfigure(port, &settings);
    waits_for_reloads(&node, 1);
    for (key, old, new) in [
        ("network.max_connections", "1000", "1"),
        ("network.idle_timeout", "0", "1"),
        ("storage.memory_limit_mb", "1024", "1"),
        ("logging.level", "\"info\"", "\"debug\""),
    ] {
        let line = node.logged(&format!("a setting has changed key={key} "));
        let shown = line.replace("\\\"", "\"");
        assert!(shown.contains(old) && shown.contains(new), "{line}");
    }
    let value = "x".repeat(600_000);
    assert_eq!(early.command(&format!("SET big {value}")), "OK");
    let refused = early.command(&format!("SET more {value}"));
    assert!(refused.starts_with("ERROR: Storage full: "), "{refused}");
    let mut second = Client::connect(node.address());
    assert_eq!(second.line(), "ERROR: Too many connections: the limit is 1");
    // The limit on silence holds for a connection that was there before.
    assert!(early.is_closed());
    node.logged("connection ended");
    node.stop();
}

#[test]
fn a_hangup_reads_the_file_at_once_also_if_nothing_has_changed() {
    let (node, _) = start(NodeSettings::alone("one"));
    node.signal("HUP");
    let line = node.logged(READ_AGAIN);
    assert!(line.contains("taken=0") && line.contains("waiting=0"), "{line}");
    assert_eq!(node.client().command("PING"), "PONG");
    node.stop();
}

#[test]
fn what_takes_a_restart_is_told_and_does_nothing() {
    let (node, port) = start(NodeSettings::alone("one"));
    let other = NodeSettings::alone("two").network("dialect = \"legacy\"");
    node.reconfigure(port + 1, &other);
    waits_for_reloads(&node, 1);
    for key in ["node_id", "network.bind_port", "network.dialect"] {
        let line = node.logged(&format!("key={key} "));
        assert!(line.contains("WARN") && line.contains("takes a restart"), "{line}");
    }
    let mut client = node.client();
    assert_eq!(client.command("GET missing"), "(null)");
    assert_eq!(client.fact("INFO", "node_id"), "one");
    node.stop();
}

#[test]
fn a_bad_file_changes_nothing_and_its_mistakes_are_in_the_log() {
    let (node, port) = start(NodeSettings::alone("one"));
    let bad = NodeSettings::alone("one").network("max_connections = 0\nidle_timout = 1");
    node.reconfigure(port, &bad);
    wait_until(NOTICED, "the mistakes are told", || node.log().contains("is not reloaded"));
    let log = node.log();
    assert!(log.contains("network.max_connections: found 0, expected an integer"), "{log}");
    assert!(log.contains("did you mean network.idle_timeout?"), "{log}");
    assert!(!log.contains(READ_AGAIN), "{log}");
    let mut clients: Vec<Client> = (0..3).map(|_| node.client()).collect();
    assert!(clients.iter_mut().all(|client| client.command("PING") == "PONG"));
    // Once it is good it counts.
    node.reconfigure(port, &NodeSettings::alone("one").network("max_connections = 7"));
    waits_for_reloads(&node, 1);
    node.logged("key=network.max_connections ");
    node.stop();
}

#[test]
fn a_file_that_is_gone_changes_nothing() {
    let (node, _) = start(NodeSettings::alone("one"));
    std::fs::remove_file(node.folder().join("node.toml")).unwrap();
    node.signal("HUP");
    node.logged("is not reloaded");
    node.logged("cannot read the configuration file");
    assert_eq!(node.client().command("PING"), "PONG");
    node.stop();
}

#[test]
fn a_peer_that_is_listed_anew_is_met_and_one_that_is_not_listed_any_more_is_not() {
    let (one, port) = start(without_peers("one"));
    let two = Node::start(without_peers("two"));
    assert_eq!(two.client().command("SET key value"), "OK");
    let listed = |peers: &[SocketAddr]| {
        let peers: Vec<String> = peers.iter().map(|peer| format!("\"{peer}\"")).collect();
        let section = format!("[anti_entropy]\npeer_list = [{}]", peers.join(", "));
        NodeSettings::alone("one").section(&section)
    };
    // Nobody listens at the second.
    let nobody = SocketAddr::from(([127, 0, 0, 1], free_port()));
    one.reconfigure(port, &listed(&[two.address(), nobody]));
    one.client().until("GET key", "VALUE value");
    assert_eq!(one.client().command("PEERS"), "PEERS 2");
    one.reconfigure(port, &listed(&[two.address()]));
    one.client().until("PEERS", "PEERS 1");
    one.stop();
    two.stop();
}

#[test]
fn a_file_that_is_written_over_and_over_is_read_when_it_is_quiet() {
    let (node, port) = start(NodeSettings::alone("one"));
    let file = node.folder().join("node.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    // As an editor that truncates and writes in pieces, only slower.
    for length in 0..20 {
        std::fs::write(&file, &good[..good.len().min(8 + length)]).unwrap();
        thread::sleep(Duration::from_millis(100));
    }
    node.reconfigure(port, &NodeSettings::alone("one").network("max_connections = 9"));
    waits_for_reloads(&node, 1);
    assert!(!node.log().contains("is not reloaded"), "{}", node.log());
    node.stop();
}
