//! `merkle-kv status`: a cluster that is well, one that is not, and why.

use crate::harness::{Node, NodeSettings, peers, same_roots, wait_until};
use std::process::{Command, Output};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn status(arguments: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.args(["30", env!("CARGO_BIN_EXE_merkle-kv"), "status"]).args(arguments);
    command.output().unwrap()
}

#[track_caller]
fn ends(output: &Output, code: i32, said: &str) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}{errors}");
    assert!(text.contains(said), "{text}{errors}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    text
}

/// Waits until every node has met every other one and all hold the same.
fn met(nodes: &[Node]) {
    for node in nodes {
        let mut client = node.client();
        wait_until(PATIENCE, "all peers are equal", || {
            client.list("PEERS")[1..].iter().all(|line| line.contains("up root=equal"))
        });
    }
    same_roots(&nodes.iter().collect::<Vec<_>>());
}

#[test]
fn three_nodes_are_well_until_one_is_killed() {
    let mut nodes = peers(3, "interval_seconds = 1", |_, settings| settings);
    assert_eq!(nodes[0].client().command("SET k v"), "OK");
    nodes.iter().for_each(|node| node.client().until("GET k", "VALUE v"));
    met(&nodes);
    let first = nodes[0].address().to_string();
    let text = ends(&status(&[&first]), 0, "well: all 3 nodes are up, ready, and hold the same");
    for node in &nodes {
        let row = text.lines().find(|line| line.contains(&node.address().to_string())).unwrap();
        assert!(row.starts_with(&node.settings.node_id) && !row.contains(" no "), "{row}");
    }
    let json = ends(&status(&["--json", &first]), 0, "");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["well"].as_bool(), json["nodes"].as_array().unwrap().len()), (Some(true), 3));

    nodes[2].kill();
    let text = ends(&status(&[&first]), 1, "node2 gives no answer: nothing listens there");
    assert!(text.lines().any(|row| row.starts_with("node2 ") && row.contains(" no ")), "{text}");
    let json = ends(&status(&[&first, "--json"]), 1, "\"well\":false");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["verdict"], "incomplete");
    assert_eq!(json["nodes"][2]["up"], false);
}

#[test]
fn a_node_with_other_data_is_named() {
    // Nothing tells these of a write before the next round, in ten minutes.
    let nodes = peers(2, "interval_seconds = 600", |_, settings| settings);
    assert!(nodes[1].client().sync_with(nodes[0].address()).is_equal());
    met(&nodes);
    assert_eq!(nodes[1].client().command("SET k v"), "OK");
    let first = nodes[0].address().to_string();
    let text = ends(&status(&[&first]), 1, "different: other data than the first node: node1");
    assert!(text.contains("SYNC"), "{text}");
}

#[test]
fn a_node_that_is_away_or_does_not_tell_its_peers_is_no_cluster_that_is_well() {
    ends(&status(&["127.0.0.1:1"]), 1, "127.0.0.1:1 gives no answer: nothing listens there");
    let alone = NodeSettings::alone("alone").section("[anti_entropy]\nenabled = false\n");
    let node = Node::start(alone);
    let address = node.address().to_string();
    ends(&status(&[&address]), 1, "alone does not tell its peers");
    let wrong = status(&["no:port:here"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("name a node as host:port"));
}
