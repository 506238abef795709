//! A node, or the broker, was away: what was missed comes back by sessions, and clients are served
//! meanwhile.

use crate::harness::Broker;
use crate::harness::{
    BrokerKind, Client, Cluster, Node, NodeSettings, REPLICATION_LIMIT, free_port, peers,
    same_roots, unique_prefix, wait_until,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn sets(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|k| format!("SET {prefix}{k} value{k}")).collect()
}

fn is_ready(client: &mut Client) -> bool {
    client.fact("INFO", "ready") == "yes"
}

#[test]
fn a_node_that_was_dead_during_writes_is_filled_and_then_ready() {
    let mut nodes = peers(3, "interval_seconds = 600", |_, settings| settings);
    let mut node = nodes.pop().unwrap();
    node.client().pipeline_ok(&sets("before", 1_000));
    let synced = node.client().sync(None);
    assert!(synced.iter().all(|synced| synced.is_equal() && synced.sent == 1_000), "{synced:?}");
    node.kill();
    let mut writer = nodes[0].client();
    writer.pipeline_ok(&sets("during", 20_000));
    assert_eq!(writer.command("DEL before7"), "DELETED");
    // It is ready as soon as it holds what one of them holds.
    assert!(writer.sync_with(nodes[1].address()).is_equal());

    // While the others stand still it has nobody to be filled by, but it knows that they are there.
    nodes.iter().for_each(|node| node.signal("STOP"));
    let node = node.restart();
    let mut client = node.client();
    assert!(!is_ready(&mut client));
    assert_eq!(client.command("DBSIZE"), "DBSIZE 0");
    nodes.iter().for_each(|node| node.signal("CONT"));
    wait_until(REPLICATION_LIMIT, "it is ready", || is_ready(&mut client));
    assert_eq!(client.command("DBSIZE"), "DBSIZE 20999");
    assert_eq!(client.command("GET before7"), "(null)");
    assert_eq!(client.command("HASH"), writer.command("HASH"));
    assert!(writer.sync(None).iter().all(|synced| synced.is_equal()));
    same_roots(&[&nodes[0], &nodes[1], &node]);
}

/// Nodes at a broker that hold a round of sessions every second.
fn cluster(count: usize, kind: BrokerKind) -> Cluster {
    let broker = (kind == BrokerKind::Mosquitto).then(Broker::start);
    let broker_port = broker.as_ref().map_or_else(free_port, Broker::port);
    let prefix = unique_prefix();
    let start = |n: usize| {
        let settings = NodeSettings::at_broker(&format!("node{n}"), broker_port, &prefix)
            .section("[anti_entropy]\ninterval_seconds = 1");
        let hosts = n == 0 && kind == BrokerKind::Embedded;
        Node::start(if hosts { settings.with_broker(broker_port) } else { settings })
    };
    let nodes: Vec<Node> = (0..count).map(start).collect();
    nodes.iter().for_each(Node::joined);
    for node in &nodes {
        let mut client = node.client();
        wait_until(REPLICATION_LIMIT, "all know of all", || {
            client.list("PEERS").len() == count
                && client.fact("INFO", "peers") == (count - 1).to_string()
        });
    }
    Cluster { nodes, prefix, broker_port, broker }
}

#[test]
fn nodes_that_have_met_agree_without_their_broker() {
    for kind in BrokerKind::BOTH {
        let mut cluster = cluster(4, kind);
        match &mut cluster.broker {
            Some(broker) => broker.kill(),
            None => cluster.nodes.remove(0).kill(),
        }
        let mut clients = cluster.clients();
        for client in &mut clients {
            wait_until(REPLICATION_LIMIT, "the loss is noticed", || {
                client.command("REPLICATE STATUS").contains(" connecting ")
            });
        }
        for (n, client) in clients.iter_mut().enumerate() {
            client.pipeline_ok(&sets(&format!("node{n}:"), 200));
            assert_eq!(client.command(&format!("DEL node{n}:5")), "DELETED");
        }
        same_roots(&cluster.nodes.iter().collect::<Vec<_>>());
        let count = clients.len() * 199;
        for client in &mut clients {
            assert_eq!(client.command("DBSIZE"), format!("DBSIZE {count}"), "{kind:?}");
            assert_eq!(client.command("GET node1:5"), "(null)");
            assert_eq!(client.command("GET node2:6"), "VALUE value6");
        }
    }
}

#[test]
fn what_a_node_missed_while_it_was_switched_off_is_repaired_when_it_is_switched_on() {
    for kind in BrokerKind::BOTH {
        let cluster = cluster(2, kind);
        let [mut on, mut off] = [cluster.nodes[0].client(), cluster.nodes[1].client()];
        assert_eq!(off.command("REPLICATE DISABLE"), "OK");
        let opened = off.count("sync_sessions_opened");
        on.pipeline_ok(&sets("missed", 100));
        wait_until(REPLICATION_LIMIT, "all messages are ignored", || {
            on.count("mqtt_queued") == 0
                && on.count("mqtt_published") > 0
                && off.count("mqtt_received") == on.count("mqtt_published")
        });
        let why = off.sync_with(cluster.nodes[0].address());
        assert_eq!(why.result, "failed");
        assert!(why.error.contains("REPLICATE ENABLE"), "{why:?}");
        let refused = on.sync_with(cluster.nodes[1].address());
        assert_eq!(refused.result, "failed");
        assert!(refused.error.contains("replication is disabled"), "{refused:?}");
        assert_eq!(off.count("sync_sessions_opened"), opened);
        assert_eq!(off.command("DBSIZE"), "DBSIZE 0");

        assert_eq!(off.command("REPLICATE ENABLE"), "OK");
        // By a session, or by messages that are repeated for a node that is back.
        off.until("DBSIZE", "DBSIZE 100");
        same_roots(&cluster.nodes.iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_write_during_an_absence_is_read_after_the_return() {
    for kind in BrokerKind::BOTH {
        let mut cluster = Cluster::start(3, kind);
        let [writer, returning] = [1, 2];
        assert_eq!(cluster.nodes[0].client().command("SET early 1"), "OK");
        cluster.agree_on("GET early", "VALUE 1");
        let mut node = cluster.nodes.remove(returning);
        node.signal("TERM");
        assert!(node.wait().success());
        assert_eq!(cluster.nodes[writer].client().command("SET greeting hello"), "OK");
        cluster.agree_on("GET greeting", "VALUE hello");
        cluster.nodes.push(node.restart());
        let mut client = cluster.nodes[returning].client();
        client.until("GET greeting", "VALUE hello");
        client.until("GET early", "VALUE 1");
        wait_until(REPLICATION_LIMIT, "it is ready", || is_ready(&mut client));
        same_roots(&cluster.nodes.iter().collect::<Vec<_>>());
    }
}

#[test]
fn clients_are_served_while_a_node_fills_another() {
    const KEYS: usize = 300_000;
    const READERS: usize = 3;
    let nodes = peers(1, "interval_seconds = 600", |_, settings| settings);
    let mut client = nodes[0].client();
    for from in (0..KEYS).step_by(2_000) {
        let pairs: Vec<String> = (from..from + 2_000).map(|k| format!("key{k} value{k}")).collect();
        assert_eq!(client.command(&format!("MSET {}", pairs.join(" "))), "OK");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let readers = (0..READERS).map(|reader| {
        let (mut client, stop) = (nodes[0].client(), stop.clone());
        thread::spawn(move || {
            let mut read = 0;
            while !stop.load(Ordering::Relaxed) {
                let key = (read * 7_919 + reader * 104_729) % KEYS;
                assert_eq!(client.command(&format!("GET key{key}")), format!("VALUE value{key}"));
                read += 1;
            }
            assert_eq!(client.command("PING"), "PONG");
            read
        })
    });
    let readers: Vec<_> = readers.collect();
    let settings = NodeSettings::alone("filled").peers(&[nodes[0].address()], "");
    let filled = Node::start(settings);
    let mut other = filled.client();
    let mut asked = 0;
    wait_until(REPLICATION_LIMIT, "it is ready", || {
        asked += 1;
        assert_eq!(other.command("PING"), "PONG");
        is_ready(&mut other)
    });
    assert_eq!(other.command("DBSIZE"), format!("DBSIZE {KEYS}"));
    stop.store(true, Ordering::Relaxed);
    let read: Vec<usize> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    println!("{read:?} values were read while {KEYS} keys went to a node, which answered {asked}");
    assert!(read.iter().all(|read| *read > 0), "{read:?}");
    assert_eq!(client.count("refused_connections"), 0);
    same_roots(&[&nodes[0], &filled]);
}
