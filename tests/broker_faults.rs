//! The broker is away, dies, comes back; a node stops listening. Nodes serve on, and what the
//! broker had not confirmed is published when it is there again.
//!
//! What one node published while another was not subscribed, it publishes once more when the other
//! says that it has joined again.

use crate::harness::{
    Broker, BrokerKind, Client, Cluster, Node, NodeSettings, REPLICATION_LIMIT, free_port,
    unique_prefix, wait_until,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// Far above what a write takes, far below what waiting for a broker or a peer would.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Ten connections, with growing delays between them.
const GIVING_UP_LIMIT: Duration = Duration::from_secs(120);

#[test]
fn nodes_serve_without_a_broker_and_publish_when_it_comes_up() {
    let mut cluster = without_broker(3);
    let started = Instant::now();
    for (n, client) in cluster.clients().iter_mut().enumerate() {
        for k in 0..100 {
            assert_eq!(client.command(&format!("SET n{n}k{k} {n}")), "OK");
        }
        assert_eq!(client.command(&format!("GET n{n}k99")), format!("VALUE {n}"));
        let status = client.command("REPLICATE STATUS");
        assert_eq!(status, "REPLICATION enabled connecting queued=100");
    }
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());

    resume_before(&mut cluster, 0);
    let mut writer = cluster.nodes[0].client();
    writer.until("REPLICATE STATUS", "REPLICATION enabled connected queued=0");
    for node in &cluster.nodes[1..] {
        let mut reader = node.client();
        for k in 0..100 {
            reader.until(&format!("GET n0k{k}"), "VALUE 0");
        }
    }
}

#[test]
fn all_nodes_agree_after_a_broker_was_killed_several_times_under_load() {
    let mut cluster = Cluster::start(3, BrokerKind::Mosquitto);
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3).map(|n| write_until(&cluster.nodes[n], n, &stop)).collect();
    for round in 0..4 {
        let mut client = cluster.nodes[0].client();
        let published = client.count("mqtt_published");
        wait_until(REPLICATION_LIMIT, "updates flow", || {
            client.count("mqtt_published") > published + 50
        });
        cluster.broker.as_mut().unwrap().kill();
        wait_until(REPLICATION_LIMIT, "the nodes notice", || {
            client.command("REPLICATE STATUS").contains("connecting")
        });
        assert_eq!(client.command(&format!("SET round {round}")), "OK");
        cluster.broker.as_mut().unwrap().resume();
        cluster.nodes.iter().for_each(Node::joined);
    }
    stop.store(true, Ordering::Relaxed);
    let written: Vec<usize> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
    for client in &mut cluster.clients() {
        client.until("REPLICATE STATUS", "REPLICATION enabled connected queued=0");
        assert_eq!(client.count("mqtt_dropped"), 0);
    }
    // What a node published before a peer had joined again, it has published once more.
    let all = written.iter().sum::<usize>() + 1;
    cluster.agree_on("DBSIZE", &format!("DBSIZE {all}"));
    for (key, value) in cluster.converged().iter().filter(|(key, _)| key.starts_with('w')) {
        let number = key.split('k').nth(1).unwrap();
        assert_eq!(*value, format!("VALUE first{number}"), "{key}");
    }
}

#[test]
fn what_was_written_while_the_broker_was_dead_all_arrives() {
    let mut cluster = Cluster::start(3, BrokerKind::Mosquitto);
    for round in 0..3 {
        let (mut writer, mut reader) = (cluster.nodes[0].client(), cluster.nodes[2].client());
        cluster.broker.as_mut().unwrap().kill();
        // Written before the node can have noticed: the first is on its way and never confirmed.
        let writes: Vec<String> = (0..5_000).map(|k| format!("SET k{k} {round}")).collect();
        writer.pipeline_ok(&writes);
        assert_eq!(writer.command("DEL k7"), "DELETED");
        resume_before(&mut cluster, 0);
        writer.until("REPLICATE STATUS", "REPLICATION enabled connected queued=0");
        reader.until("DBSIZE", "DBSIZE 4999");
        let content = cluster.converged();
        assert!(content.iter().all(|(_, value)| *value == format!("VALUE {round}")));
    }
}

#[test]
fn an_outbox_that_overflows_counts_what_it_drops_and_keeps_the_rest() {
    const FITS: usize = 1 << 20;
    const WRITTEN: usize = FITS + 10_000;
    let mut cluster = without_broker(2);
    let mut writer = cluster.nodes[0].client();
    let mut write_all = |value: &str| {
        for from in (0..WRITTEN).step_by(50_000) {
            let keys = from..WRITTEN.min(from + 50_000);
            let writes: Vec<String> = keys.map(|k| format!("SET k{k} {value}")).collect();
            writer.pipeline_ok(&writes);
        }
        (writer.count("mqtt_queued"), writer.count("mqtt_dropped"))
    };
    let beyond = (WRITTEN - FITS) as u64;
    assert_eq!(write_all("first"), (FITS as u64, beyond));
    assert_eq!(write_all("second"), (FITS as u64, 2 * beyond), "keys that wait are renewed");

    resume_before(&mut cluster, 0);
    let mut writer = cluster.nodes[0].client();
    writer.until("REPLICATE STATUS", "REPLICATION enabled connected queued=0");
    // What the outbox had no room for, a session brings.
    let mut reader = cluster.nodes[1].client();
    reader.until("DBSIZE", &format!("DBSIZE {WRITTEN}"));
    for k in [0, FITS - 1, FITS, WRITTEN - 1] {
        reader.until(&format!("GET k{k}"), "VALUE second");
    }
    cluster.converged();
    assert_eq!(writer.command("SET small 1"), "OK");
    reader.until("GET small", "VALUE 1");
}

/// What waits is a key, and not what was written: a megabyte that is overwritten is not kept.
#[test]
fn large_values_that_are_overwritten_without_a_broker_take_no_memory() {
    let mut cluster = without_broker(2);
    let mut writer = cluster.nodes[0].client();
    let value = "v".repeat(MIB);
    for _ in 0..4 {
        for k in 0..70 {
            assert_eq!(writer.command(&format!("SET large{k} {value}")), "OK");
        }
    }
    assert_eq!((writer.count("mqtt_queued"), writer.count("mqtt_dropped")), (70, 0));
    let memory = cluster.nodes[0].memory();
    println!("70 values of 1 MiB written four times without a broker: {memory} bytes");
    assert!(memory < (200 * MIB) as u64, "{memory} bytes");

    resume_before(&mut cluster, 0);
    writer.until("REPLICATE STATUS", "REPLICATION enabled connected queued=0");
    let mut reader = cluster.nodes[1].client();
    reader.until("DBSIZE", "DBSIZE 70");
    let whole = format!("VALUE {value}");
    assert!(reader.content().iter().all(|(_, value)| *value == whole));
}

#[test]
fn an_entry_that_the_broker_refuses_is_set_aside_and_does_not_hold_up_the_others() {
    let (broker, prefix) = (Broker::with_packet_limit(40_000), unique_prefix());
    let settings = |n| NodeSettings::at_broker(&format!("node{n}"), broker.port(), &prefix);
    let nodes: Vec<Node> = (0..2).map(|n| Node::start(settings(n))).collect();
    nodes.iter().for_each(Node::joined);
    let (mut writer, mut reader) = (nodes[0].client(), nodes[1].client());
    assert_eq!(writer.command(&format!("SET large {}", "x".repeat(100_000))), "OK");
    let small: Vec<String> = (0..100).map(|k| format!("SET k{k} {}", "y".repeat(1_000))).collect();
    writer.pipeline_ok(&small);
    for k in 0..100 {
        reader.until(&format!("GET k{k}"), &format!("VALUE {}", "y".repeat(1_000)));
    }
    wait_until(GIVING_UP_LIMIT, "the entry is given up", || writer.count("mqtt_dropped") == 1);
    nodes[0].logged("is set aside");
    // No broker is needed for a session, which brings it after the next heartbeat.
    reader.until("GET large", &format!("VALUE {}", "x".repeat(100_000)));
}

#[test]
fn nodes_return_to_a_broker_whose_node_was_killed_and_restarted() {
    let mut cluster = Cluster::start(3, BrokerKind::Embedded);
    for round in 0..3 {
        let mut host = cluster.nodes.remove(0);
        host.kill();
        let killed = Instant::now();
        for client in &mut cluster.clients() {
            client.until("PING", "PONG");
            wait_until(REPLICATION_LIMIT, "the others notice", || {
                client.command("REPLICATE STATUS").contains("connecting")
            });
        }
        cluster.nodes.insert(0, host.restart());
        cluster.nodes.iter().for_each(Node::joined);
        println!("all joined again {:?} after the broker's node was killed", killed.elapsed());
        for (n, client) in cluster.clients().iter_mut().enumerate() {
            assert_eq!(client.command(&format!("SET after{n} {round}")), "OK");
            cluster.agree_on(&format!("GET after{n}"), &format!("VALUE {round}"));
        }
    }
}

/// Symptom: a node that stopped said at last that it had no connection to the broker and would try
/// again. Cause: the broker ends the connection of a node that has said goodbye, which was taken for
/// a failure.
#[test]
fn a_node_that_stops_tells_of_no_broker_that_is_gone() {
    for hosts in [true, false] {
        let broker = (!hosts).then(Broker::start);
        let port = broker.as_ref().map_or_else(free_port, Broker::port);
        let settings = NodeSettings::at_broker("node", port, &unique_prefix()).storage("");
        let mut node = Node::start(if hosts { settings.with_broker(port) } else { settings });
        node.joined();
        for _ in 0..5 {
            assert_eq!(node.client().command("SET k v"), "OK");
            node.end();
            let log = node.log();
            let last_words = log.split_once("stopping").unwrap().1;
            assert!(!last_words.contains("broker"), "{log}");
            node.start_again();
            node.joined();
        }
    }
}

#[test]
fn a_node_that_stands_still_does_not_hold_up_the_others() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(3, kind);
        let [mut writer, mut reader, mut slow] = [0, 1, 2].map(|n| cluster.nodes[n].client());
        cluster.nodes[2].signal("STOP");
        let (mut written, mut slowest) = (0, Duration::ZERO);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(4) {
            let writes: Vec<String> =
                (written..written + 50).map(|k| format!("SET k{k} {}", "v".repeat(500))).collect();
            written += writes.len();
            let sent = Instant::now();
            writer.pipeline_ok(&writes);
            reader.until(&format!("EXISTS k{}", written - 1), "EXISTS 1");
            slowest = slowest.max(sent.elapsed());
        }
        assert!(slowest < AT_ONCE, "{kind:?}: {slowest:?}");
        assert_eq!(writer.count("mqtt_connections"), 1);
        assert_eq!(reader.count("mqtt_connections"), 1);

        cluster.nodes[2].signal("CONT");
        assert_eq!(writer.command("SET last 1"), "OK");
        slow.until("GET last", "VALUE 1");
        let missing = written + 1 - content_count(&mut slow);
        println!(
            "{kind:?}: {written} writes, slowest 50 {slowest:?}, {missing} missed by the node that stood still"
        );
    }
}

/// Nodes whose Mosquitto does not run yet.
fn without_broker(count: usize) -> Cluster {
    let (broker, prefix) = (Broker::absent(), unique_prefix());
    let broker_port = broker.port();
    let settings = |n| NodeSettings::at_broker(&format!("node{n}"), broker_port, &prefix);
    let nodes = (0..count).map(|n| Node::start(settings(n))).collect();
    Cluster { nodes, prefix, broker_port, broker: Some(broker) }
}

/// Starts the broker again and lets every other node join before this one can.
fn resume_before(cluster: &mut Cluster, last: usize) {
    cluster.nodes[last].signal("STOP");
    cluster.broker.as_mut().unwrap().resume();
    let others = cluster.nodes.iter().enumerate().filter(|(n, _)| *n != last);
    others.for_each(|(_, node)| node.joined());
    cluster.nodes[last].signal("CONT");
}

/// Writes new keys `w{n}k0`, `w{n}k1`, … until told to stop; gives how many.
fn write_until(node: &Node, n: usize, stop: &Arc<AtomicBool>) -> JoinHandle<usize> {
    let (mut client, stop) = (node.client(), stop.clone());
    thread::spawn(move || {
        let mut written = 0;
        while !stop.load(Ordering::Relaxed) {
            let writes: Vec<String> =
                (written..written + 10).map(|k| format!("SET w{n}k{k} first{k}")).collect();
            client.pipeline_ok(&writes);
            written += writes.len();
            // A pace at which the test does not only measure how fast keys pile up.
            thread::sleep(Duration::from_millis(2));
        }
        written
    })
}

fn content_count(client: &mut Client) -> usize {
    client.command("DBSIZE").split(' ').nth(1).unwrap().parse().unwrap()
}
