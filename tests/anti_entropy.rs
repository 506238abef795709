//! Nodes that hear of each other in sessions alone agree on every key: which write wins, what is
//! deleted and forgotten, what a flush takes along.

use crate::harness::{
    Client, Link, Node, NodeSettings, REPLICATION_LIMIT, Synced, free_port, peers, same_roots,
    wait_until,
};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

fn clients(nodes: &[Node]) -> Vec<Client> {
    nodes.iter().map(Node::client).collect()
}

fn all(nodes: &[Node]) -> Vec<&Node> {
    nodes.iter().collect()
}

/// The same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

/// Lets the clock of all nodes move on, so that what is written next is later than everything before.
fn next_millisecond() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(2) {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_last_of_all_writes_and_deletes_of_a_key_wins_on_every_node() {
    const KEYS: usize = 400;
    const PASSES: usize = 12;
    let nodes = peers(3, "interval_seconds = 1", |_, settings| settings);
    let mut clients = clients(&nodes);
    let mut numbers = Numbers(7);
    let mut expected = BTreeMap::new();
    for pass in 0..PASSES {
        // In a pass each key is touched by one node or none, and the passes are milliseconds apart.
        let mut commands: [Vec<(usize, String)>; 3] = Default::default();
        for key in 0..KEYS {
            let command = match numbers.below(5) {
                0 | 1 => format!("SET key{key} pass{pass}"),
                2 => format!("DEL key{key}"),
                _ => continue,
            };
            commands[numbers.below(3)].push((key, command));
        }
        for (client, commands) in clients.iter_mut().zip(commands) {
            let lines: Vec<String> = commands.iter().map(|(_, line)| line.clone()).collect();
            for ((key, line), reply) in commands.iter().zip(client.pipeline(&lines)) {
                match reply.as_str() {
                    "OK" => expected.insert(format!("key{key}"), format!("VALUE pass{pass}")),
                    "DELETED" => expected.remove(&format!("key{key}")),
                    // The node does not hold it at this moment: nothing was written.
                    "NOT_FOUND" => None,
                    other => panic!("{line}: {other}"),
                };
            }
        }
        next_millisecond();
        if pass % 4 == 3 {
            // Some of it is exchanged before the next writes, some is not.
            clients[pass % 3].sync(None);
        }
    }
    // Not by SYNC: rounds come by themselves.
    same_roots(&all(&nodes));
    let expected: Vec<(String, String)> = expected.into_iter().collect();
    assert!(expected.len() > KEYS / 4 && expected.len() < KEYS, "{}", expected.len());
    for client in &mut clients {
        assert_eq!(client.command("DBSIZE"), format!("DBSIZE {}", expected.len()));
        let mut content = client.content();
        content.sort();
        assert!(content == expected, "not every winner is right");
        assert_eq!(client.fact("INFO", "ready"), "yes");
        assert_eq!(client.count("sync_given_up") + client.count("sync_written_again"), 0);
    }
}

#[test]
fn a_delete_and_a_write_of_one_key_on_two_nodes_end_as_the_later_of_them() {
    let nodes = peers(2, "interval_seconds = 600", |_, settings| settings);
    let [mut one, mut two] = [nodes[0].client(), nodes[1].client()];
    one.pipeline_ok(&["SET lives 1".to_owned(), "SET dies 1".to_owned()]);
    assert!(one.sync_with(nodes[1].address()).is_equal());
    next_millisecond();
    assert_eq!(one.command("DEL lives"), "DELETED");
    assert_eq!(two.command("SET dies 2"), "OK");
    next_millisecond();
    assert_eq!(two.command("SET lives 2"), "OK");
    assert_eq!(one.command("DEL dies"), "DELETED");
    let synced = two.sync_with(nodes[0].address());
    assert!(synced.is_equal() && synced.sent + synced.received > 0, "{synced:?}");
    for client in [&mut one, &mut two] {
        assert_eq!(client.command("GET lives"), "VALUE 2");
        assert_eq!(client.command("GET dies"), "(null)");
        assert_eq!(client.command("DBSIZE"), "DBSIZE 1");
    }
    same_roots(&all(&nodes));
}

fn tombstones(client: &mut Client) -> u64 {
    client.fact("INFO", "tombstones").parse().unwrap()
}

#[test]
fn tombstones_go_when_every_node_has_seen_them_and_the_keys_stay_gone() {
    const KEYS: usize = 300;
    let nodes = peers(3, "interval_seconds = 1", |_, settings| settings);
    let mut clients = clients(&nodes);
    let sets: Vec<String> = (0..KEYS).map(|k| format!("SET key{k} v")).collect();
    clients[0].pipeline_ok(&sets);
    same_roots(&all(&nodes));
    for (n, client) in clients.iter_mut().enumerate() {
        let deletes: Vec<String> =
            (0..KEYS).filter(|k| k % 4 == n).map(|k| format!("DEL key{k}")).collect();
        assert!(client.pipeline(&deletes).iter().all(|reply| reply == "DELETED"));
    }
    for client in &mut clients {
        wait_until(REPLICATION_LIMIT, "the tombstones are gone", || tombstones(client) == 0);
    }
    same_roots(&all(&nodes));
    for client in &mut clients {
        assert_eq!(client.command("DBSIZE"), format!("DBSIZE {}", KEYS / 4));
        assert!(client.content().iter().all(|(_, value)| value == "VALUE v"));
        assert_eq!(client.count("sync_given_up"), 0);
        assert_ne!(client.fact("STATS", "tombstones_removed_up_to"), "0");
    }
    // And there is life after it: what is written again is new.
    assert_eq!(clients[1].command("SET key0 again"), "OK");
    clients[2].until("GET key0", "VALUE again");
}

#[test]
fn tombstones_stay_for_a_node_that_is_away_and_keep_its_old_values_dead() {
    let mut nodes = peers(2, "interval_seconds = 1", |_, settings| settings);
    // The third has its data still when it is back: it is only cut off.
    let (link, port) = (Link::to(nodes[0].address()), free_port());
    let settings = NodeSettings::alone("node2").peers(&[link.address()], "interval_seconds = 1");
    nodes.push(Node::start_at(port, settings));
    let mut clients = clients(&nodes);
    clients[2].pipeline_ok(&["SET old 1".to_owned(), "SET other 1".to_owned()]);
    clients[1].until("GET old", "VALUE 1");
    same_roots(&all(&nodes));
    // Everybody knows of the third by now: node0 from the session, node1 from node0.
    link.refuse(true);
    link.cut();
    next_millisecond();
    assert_eq!(clients[1].command("DEL old"), "DELETED");
    clients[0].until("GET old", "(null)");

    let before = clients[0].count("sync_equal");
    wait_until(REPLICATION_LIMIT, "some rounds without the third", || {
        clients[0].count("sync_equal") > before + 8
    });
    for client in &mut clients[..2] {
        assert_eq!(tombstones(client), 1);
    }
    assert_eq!(clients[2].command("GET old"), "VALUE 1");
    link.refuse(false);
    clients[2].until("GET old", "(null)");
    for client in &mut clients {
        wait_until(REPLICATION_LIMIT, "the tombstone is gone", || tombstones(client) == 0);
        assert_eq!(client.command("GET old"), "(null)");
        assert_eq!(client.command("GET other"), "VALUE 1");
    }
    same_roots(&all(&nodes));
}

#[test]
fn a_flush_reaches_a_node_that_was_cut_off_and_spares_what_was_written_since() {
    let mut nodes = peers(2, "interval_seconds = 1", |_, settings| settings);
    let (link, port) = (Link::to(nodes[0].address()), free_port());
    let settings = NodeSettings::alone("node2").peers(&[link.address()], "interval_seconds = 1");
    nodes.push(Node::start_at(port, settings));
    let mut clients = clients(&nodes);
    let sets: Vec<String> = (0..2_000).map(|k| format!("SET key{k} v")).collect();
    clients[1].pipeline_ok(&sets);
    same_roots(&all(&nodes));
    assert_eq!(clients[2].command("DBSIZE"), "DBSIZE 2000");
    link.refuse(true);
    link.cut();
    assert_eq!(clients[2].command("SET early 1"), "OK");
    next_millisecond();
    assert_eq!(clients[1].command("FLUSH"), "OK");
    clients[0].until("DBSIZE", "DBSIZE 0");
    next_millisecond();
    assert_eq!(clients[2].command("SET late 1"), "OK");
    assert_eq!(clients[2].command("DBSIZE"), "DBSIZE 2002");
    link.refuse(false);
    for client in &mut clients {
        client.until("DBSIZE", "DBSIZE 1");
        client.until("GET late", "VALUE 1");
    }
    same_roots(&all(&nodes));
}

#[test]
fn a_node_that_was_dead_during_a_flush_comes_back_empty_and_stays_so() {
    let mut nodes = peers(3, "interval_seconds = 1", |_, settings| settings);
    let sets: Vec<String> = (0..500).map(|k| format!("SET key{k} v")).collect();
    nodes[2].client().pipeline_ok(&sets);
    same_roots(&all(&nodes));
    nodes[2].kill();
    assert_eq!(nodes[0].client().command("FLUSH"), "OK");
    let back = nodes.pop().unwrap().restart();
    let synced = back.client().sync(None);
    assert!(synced.len() == 2 && synced.iter().all(Synced::is_equal), "{synced:?}");
    nodes.push(back);
    for client in &mut clients(&nodes) {
        client.until("DBSIZE", "DBSIZE 0");
    }
    same_roots(&all(&nodes));
}

#[test]
fn the_largest_values_pass_in_a_session() {
    let nodes = peers(2, "interval_seconds = 600", |_, settings| {
        settings.network("max_value_bytes = 67108864")
    });
    let [mut one, mut two] = [nodes[0].client(), nodes[1].client()];
    for (key, bytes) in [("large", MIB), ("larger", 60 * MIB), ("largest", 64 * MIB)] {
        let value = "v".repeat(bytes);
        one.send(format!("SET {key} "));
        one.send(&value);
        assert_eq!(one.command(""), "OK");
        assert_eq!(one.command(&format!("SET behind{bytes} 1")), "OK");
        let synced = two.sync_with(nodes[0].address());
        assert!(synced.is_equal() && synced.received == 2, "{synced:?}");
        assert!(two.command(&format!("GET {key}")) == format!("VALUE {value}"), "{key}");
        assert_eq!(two.command(&format!("DEL {key}")), "DELETED");
        let synced = one.sync_with(nodes[1].address());
        assert!(synced.is_equal() && synced.received == 1, "{synced:?}");
        assert_eq!(one.command(&format!("EXISTS {key}")), "EXISTS 0");
    }
}

/// Where nobody listens.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

#[test]
fn a_node_is_ready_when_it_has_what_the_others_have_or_has_nobody_to_ask() {
    let alone = Node::start(NodeSettings::alone("one"));
    let lonely = Node::start(NodeSettings::alone("two").peers(&[nowhere()], ""));
    let mut clients = [alone.client(), lonely.client()];
    for client in &mut clients {
        assert_eq!(client.fact("INFO", "ready"), "no");
    }
    for client in &mut clients {
        wait_until(REPLICATION_LIMIT, "ready", || client.fact("INFO", "ready") == "yes");
    }
}
