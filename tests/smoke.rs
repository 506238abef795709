//! The least that works: one node answers, a cluster replicates, both brokers.

use crate::harness::{BrokerKind, Cluster, Node, NodeSettings, wait_until};
use std::time::Duration;

#[test]
fn a_node_answers_and_stops_in_order() {
    let node = Node::start(NodeSettings::alone("one"));
    let mut client = node.client();
    assert_eq!(client.command("SET greeting hello"), "OK");
    assert_eq!(client.command("GET greeting"), "VALUE hello");
    node.stop();
}

#[test]
fn connections_may_have_threads_of_their_own() {
    let node = Node::start(NodeSettings::alone("one").network("io_threads = 2"));
    let mut clients: Vec<_> = (0..8).map(|_| node.client()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        let sets: String =
            (0..1_000).map(|k| format!("INCR total\r\nSET c{n}k{k} v\r\n")).collect();
        client.send(sets);
    }
    for client in &mut clients {
        (0..2_000).for_each(|_| assert!(!client.line().starts_with("ERROR")));
    }
    assert_eq!(clients[0].command("GET total"), "VALUE 8000");
    assert_eq!(clients[7].command("DBSIZE"), "DBSIZE 8001");
    node.stop();
}

#[test]
fn a_write_on_any_node_is_readable_on_the_others() {
    for kind in [BrokerKind::Embedded, BrokerKind::Mosquitto] {
        let cluster = Cluster::start(3, kind);
        let mut clients = cluster.clients();
        for writer in 0..3 {
            assert_eq!(clients[writer].command(&format!("SET k{writer} v{writer}")), "OK");
            for reader in &mut clients {
                let value = format!("VALUE v{writer}");
                wait_until(Duration::from_secs(10), "the write arrives", || {
                    reader.command(&format!("GET k{writer}")) == value
                });
            }
        }
    }
}
