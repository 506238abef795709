//! A node of a cluster that is killed and comes back with what it had stored.

use super::{Load, write_each};
use crate::harness::{
    Broker, Client, Link, Node, NodeSettings, REPLICATION_LIMIT, free_port, peers, same_roots,
    unique_prefix, wait_until,
};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

/// Keys of the data set of which a node misses a few.
const MANY: usize = 20_000;

fn all(nodes: &[Node]) -> Vec<&Node> {
    nodes.iter().collect()
}

/// Two nodes at one broker that keep everything, without sessions if `lines` say so.
fn pair(broker: u16, hosted: bool, lines: &str) -> Vec<Node> {
    let prefix = unique_prefix();
    let start = |n: usize| {
        let settings = NodeSettings::at_broker(&format!("node{n}"), broker, &prefix);
        let settings = if n == 0 && hosted { settings.with_broker(broker) } else { settings };
        Node::start_at(free_port(), settings.storage("").section(lines))
    };
    (0..2).map(start).collect()
}

fn all_roots_are_equal_after_kills(hosted: bool) {
    let mosquitto = (!hosted).then(Broker::start);
    let broker = mosquitto.as_ref().map_or_else(free_port, Broker::port);
    let mut nodes = pair(broker, hosted, "");
    nodes.iter().for_each(Node::joined);
    let mut loads = [Load::of(2, 1), Load::of(2, 2).named("other")];
    for round in 0..4 {
        // Both are written to, and one of them is killed; with it, now and then, its broker.
        let (killed, other) = nodes.split_at_mut(1);
        let (killed, other) = (&mut killed[0], &mut other[0]);
        let (killed, other) = if round % 2 == 0 { (killed, other) } else { (other, killed) };
        let (address, other_address) = (killed.address(), other.address());
        let [load, other_load] = &mut loads;
        let (load, other_load) =
            if round % 2 == 0 { (load, other_load) } else { (other_load, load) };
        other_load.run(other_address, |_| {
            load.run(address, |acknowledged| {
                wait_until(REPLICATION_LIMIT, "clients write", || {
                    acknowledged.load(Ordering::Relaxed) > 3_000
                });
                killed.kill();
            });
        });
        killed.start_again();
        load.check(killed);
        other_load.check(other);
        same_roots(&all(&nodes));
        for load in &mut loads {
            for node in &nodes {
                load.check(node);
            }
        }
    }
}

#[test]
fn nodes_of_which_one_is_killed_agree_again_and_nothing_acknowledged_is_lost() {
    all_roots_are_equal_after_kills(false);
}

#[test]
fn the_node_that_hosts_the_broker_may_be_killed_as_well() {
    all_roots_are_equal_after_kills(true);
}

#[test]
fn a_node_that_comes_back_receives_only_what_it_has_missed() {
    let mut nodes = peers(2, "interval_seconds = 1", |_, settings| settings.storage(""));
    let sets: Vec<String> = (0..MANY).map(|n| format!("SET key{n} value{n}")).collect();
    nodes[0].client().pipeline_ok(&sets);
    same_roots(&all(&nodes));
    nodes[1].kill();
    write_each(&nodes[0], (0..30).map(|n| format!("missed{n}")));
    nodes[1].start_again();
    same_roots(&all(&nodes));
    let mut client = nodes[1].client();
    assert_eq!(client.command("DBSIZE"), format!("DBSIZE {}", MANY + 30));
    // A session is counted when it has ended, which is later than the roots are equal.
    wait_until(REPLICATION_LIMIT, "the session is counted", || client.count("sync_equal") > 0);
    // Both nodes may have begun a session at the same moment, and each brings what is missing.
    let received = client.count("sync_entries_received");
    assert!((30..=60).contains(&received), "{received} entries were received");
    assert_eq!(client.count("sync_entries_sent"), 0);
    assert!(client.count("sync_bytes_received") < 20_000);
}

#[test]
fn what_was_acknowledged_without_a_broker_is_published_after_a_crash() {
    let mut broker = Broker::start();
    let mut nodes = pair(broker.port(), false, "[anti_entropy]\nenabled = false\n");
    nodes.iter().for_each(Node::joined);
    write_each(&nodes[0], ["before".to_owned(), "deleted".to_owned()]);
    let mut other = nodes[1].client();
    other.until("GET deleted", "VALUE deleted");
    broker.kill();
    let mut client = nodes[0].client();
    write_each(&nodes[0], (0..100).map(|n| format!("late{n}")));
    assert_eq!(client.command("DEL deleted"), "DELETED");
    nodes[0].kill();
    nodes[0].start_again();
    // Killed once more before it could publish anything.
    nodes[0].kill();
    nodes[0].start_again();
    broker.resume();
    other.until("DBSIZE", "DBSIZE 101");
    assert_eq!(other.command("GET late99"), "VALUE late99");
    assert_eq!(other.command("GET deleted"), "(null)");
    // A flush waits like everything else.
    broker.kill();
    assert_eq!(nodes[0].client().command("FLUSH"), "OK");
    nodes[0].kill();
    nodes[0].start_again();
    broker.resume();
    other.until("DBSIZE", "DBSIZE 0");
}

#[test]
fn a_node_that_starts_again_does_not_publish_again_what_the_broker_has() {
    let broker = Broker::start();
    let mut nodes = pair(broker.port(), false, "[anti_entropy]\nenabled = false\n");
    nodes.iter().for_each(Node::joined);
    write_each(&nodes[0], (0..500).map(|n| format!("key{n}")));
    nodes[1].client().until("DBSIZE", "DBSIZE 500");
    nodes[0].end();
    nodes[0].start_again();
    nodes[0].joined();
    write_each(&nodes[0], ["later".to_owned()]);
    nodes[1].client().until("GET later", "VALUE later");
    let mut client = nodes[0].client();
    let published = client.count("mqtt_published_changes");
    assert!(published <= 2, "{published} changes were published again");
}

fn tombstones(client: &mut Client) -> String {
    client.fact("INFO", "tombstones")
}

#[test]
fn members_outlive_a_restart_and_tombstones_wait_for_one_that_is_away() {
    // The third node is known to the first only from before it was killed, and to the second not
    // at all after that one has started again.
    let mut nodes =
        peers(2, "interval_seconds = 1", |_, settings| settings.storage("sync_interval_ms = 50\n"));
    let (link, port) = (Link::to(nodes[0].address()), free_port());
    let peers: &[SocketAddr] = &[link.address()];
    let third = NodeSettings::alone("node2").peers(peers, "interval_seconds = 1");
    nodes.push(Node::start_at(port, third.storage("")));
    write_each(&nodes[2], ["old".to_owned()]);
    nodes[1].client().until("GET old", "VALUE old");
    same_roots(&all(&nodes));
    // Both have met the third, or heard of it.
    for node in &nodes[..2] {
        let mut client = node.client();
        wait_until(REPLICATION_LIMIT, "rounds", || client.count("sync_equal") > 5);
    }
    link.refuse(true);
    link.cut();
    // Neither has anybody in memory any more who knew the third.
    nodes[0].kill();
    nodes[1].kill();
    nodes[0].start_again();
    nodes[1].start_again();
    assert_eq!(nodes[1].client().command("DEL old"), "DELETED");
    nodes[0].client().until("GET old", "(null)");
    let mut clients = [nodes[0].client(), nodes[1].client()];
    let before = clients[0].count("sync_equal");
    wait_until(REPLICATION_LIMIT, "some rounds without the third", || {
        clients[0].count("sync_equal") > before + 8
    });
    for client in &mut clients {
        assert_eq!(tombstones(client), "1");
    }
    link.refuse(false);
    let mut third = nodes[2].client();
    third.until("GET old", "(null)");
    for client in &mut clients {
        wait_until(REPLICATION_LIMIT, "the tombstone is gone", || tombstones(client) == "0");
        assert_eq!(client.command("GET old"), "(null)");
    }
    same_roots(&all(&nodes));
}
