//! Keys that expire, on real nodes and clocks: on every node alike, over a crash, and while clients
//! go on.

use crate::harness::{
    BrokerKind, Client, Cluster, Node, NodeSettings, REPLICATION_LIMIT, peers, same_roots,
    wait_until,
};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Keys of the test of many: as many as take a hundred steps.
const MANY: usize = 100_000;

fn ttl(client: &mut Client, key: &str) -> i64 {
    client.command(&format!("TTL {key}")).strip_prefix("TTL ").unwrap().parse().unwrap()
}

/// What the data directory holds.
fn verified(node: &Node) -> String {
    let mut verify = Command::new("timeout");
    verify.args(["60", env!("CARGO_BIN_EXE_merkle-kv"), "verify", "--data-dir"]);
    let output = verify.arg(node.data_dir()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn all(nodes: &[Node]) -> Vec<&Node> {
    nodes.iter().collect()
}

#[test]
fn a_key_goes_on_every_node_that_has_heard_of_it() {
    let cluster = Cluster::start(2, BrokerKind::Mosquitto);
    let [mut one, mut two] = <[Client; 2]>::try_from(cluster.clients()).ok().unwrap();
    one.pipeline_ok(&["SET k v".to_owned(), "SET stays v".to_owned(), "EXPIRE k 3".to_owned()]);
    two.until("GET stays", "VALUE v");
    wait_until(REPLICATION_LIMIT, "the expiry arrives", || ttl(&mut two, "k") != -1);
    one.until("GET k", "(null)");
    two.until("GET k", "(null)");
    for client in [&mut one, &mut two] {
        assert_eq!(client.command("DBSIZE"), "DBSIZE 1");
        assert_eq!(client.list("SCAN"), ["KEYS 1", "stays"]);
        assert_eq!(client.command("TTL k"), "TTL -2");
        assert_eq!(client.count("expiring_keys"), 0);
        assert_eq!(client.fact("INFO", "tombstones"), "1");
    }
    // DBSIZE has reaped: nothing needs to be sent for the same root.
    assert_eq!(one.command("HASH"), two.command("HASH"));
    assert_eq!(two.command("SET k again"), "OK");
    one.until("GET k", "VALUE again");
    assert_eq!(one.command("TTL k"), "TTL -1");
}

#[test]
fn keys_expire_without_a_word_between_the_nodes() {
    let nodes = peers(2, "interval_seconds = 600", |_, settings| settings);
    let [mut one, mut two] = [nodes[0].client(), nodes[1].client()];
    let exchanged = |client: &mut Client| {
        client.count("sync_entries_sent") + client.count("sync_entries_received")
    };
    // Not within the session that the second node begins with, which would bring them, too.
    wait_until(REPLICATION_LIMIT, "both have met", || two.fact("INFO", "ready") == "yes");
    let lines = (0..100).flat_map(|key| [format!("SET k{key} v"), format!("EXPIRE k{key} 5")]);
    one.pipeline_ok(&lines.collect::<Vec<_>>());
    assert_eq!(one.command("SET kept v"), "OK");
    assert!(one.sync_with(nodes[1].address()).is_equal());
    assert_eq!(two.command("PERSIST k7"), "OK");
    // The one that was asked counts a session a moment later than the one that tells of it.
    wait_until(REPLICATION_LIMIT, "the session is counted", || exchanged(&mut two) == 101);
    two.until("DBSIZE", "DBSIZE 2");
    // This one has not heard that k7 stays.
    one.until("DBSIZE", "DBSIZE 1");
    assert_eq!(exchanged(&mut two), 101);
    assert!(two.sync_with(nodes[0].address()).is_equal());
    for client in [&mut one, &mut two] {
        assert_eq!(client.list("SCAN"), ["KEYS 2", "k7", "kept"]);
        assert_eq!(client.command("TTL k7"), "TTL -1");
        assert_eq!(client.count("sync_given_up") + client.count("sync_written_again"), 0);
    }
    assert_eq!((one.count("expired_keys"), two.count("expired_keys")), (100, 99));
    same_roots(&all(&nodes));
}

#[test]
fn an_expiry_outlives_a_crash_and_so_does_what_it_has_done() {
    let settings = NodeSettings::alone("one").storage("durability = \"always\"");
    let mut node = Node::start(settings);
    let mut client = node.client();
    for key in ["late", "soon", "kept"] {
        assert_eq!(client.command(&format!("SET {key} {key}")), "OK");
    }
    for line in ["EXPIRE late 1000", "EXPIRE soon 2", "EXPIRE kept 2", "PERSIST kept"] {
        assert_eq!(client.command(line), "OK");
    }
    node.kill();
    node.start_again();
    let mut client = node.client();
    let left = ttl(&mut client, "late");
    assert!((900..=1_000).contains(&left), "{left}");
    assert_eq!(client.command("TTL kept"), "TTL -1");
    client.until("DBSIZE", "DBSIZE 2");
    assert_eq!(client.command("GET soon"), "(null)");
    let root = client.command("HASH");
    node.kill();
    node.start_again();
    let mut client = node.client();
    assert_eq!(client.command("HASH"), root);
    assert_eq!(client.list("SCAN"), ["KEYS 2", "kept", "late"]);
    assert_eq!(client.command("GET late"), "VALUE late");
    assert_eq!(client.count("expiring_keys"), 1);
    node.stop();
}

#[test]
fn many_keys_expire_while_clients_go_on() {
    let node = Node::start(NodeSettings::alone("one").storage(""));
    let mut client = node.client();
    assert_eq!(client.command("SET stays v"), "OK");
    let value = "x".repeat(100);
    let lines = (0..MANY).flat_map(|key| {
        // Most of them at about one time.
        [format!("SET key{key} {value}"), format!("EXPIRE key{key} {}", 4 + key % 2)]
    });
    client.pipeline_ok(&lines.collect::<Vec<_>>());
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut reader = node.client();
        let mut writer = node.client();
        let ended = &ended;
        scope.spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                assert_eq!(reader.command("GET stays"), "VALUE v");
            }
        });
        scope.spawn(move || {
            let mut n = 0;
            while !ended.load(Ordering::Relaxed) {
                n += 1;
                assert_eq!(writer.command("INCR written"), format!("VALUE {n}"));
            }
        });
        // DBSIZE and the like would reap themselves. The journal tells what the node does unasked.
        wait_until(REPLICATION_LIMIT, "all are tombstones", || {
            verified(&node).contains(&format!(" 2 keys and {MANY} tombstones"))
        });
        ended.store(true, Ordering::Relaxed);
    });
    assert_eq!(client.command("DBSIZE"), "DBSIZE 2");
    assert_eq!(client.count("expired_keys"), MANY as u64);
    assert_eq!(client.fact("INFO", "tombstones"), MANY.to_string());
    assert_eq!(client.list("SCAN"), ["KEYS 2", "stays", "written"]);
    node.stop();
}
