//! What SYNC and PEERS say of nodes that are in the list, are not, or are gone.

use crate::harness::{
    Client, Link, Node, NodeSettings, REPLICATION_LIMIT, free_port, peers, wait_until,
};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where nobody listens.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

/// The line of a peer, found by its address.
#[track_caller]
fn line_of(client: &mut Client, peer: SocketAddr) -> String {
    let lines = client.list("PEERS");
    assert_eq!(lines[0], format!("PEERS {}", lines.len() - 1));
    let address = format!(" {peer} ");
    lines.into_iter().find(|line| line.contains(&address)).unwrap()
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn sync_runs_a_session_with_a_peer_that_nobody_has_listed() {
    let nodes = ["one", "two"].map(|name| Node::start(NodeSettings::alone(name)));
    let [mut one, mut two] = [nodes[0].client(), nodes[1].client()];
    one.pipeline_ok(&["MSET a 1 b 2 c 3".to_owned()]);
    two.pipeline_ok(&["MSET d 4 e 5".to_owned()]);
    assert_eq!(one.list("PEERS"), ["PEERS 0"]);
    let synced = one.sync_with(nodes[1].address());
    assert_eq!(synced.peer, format!("two@{}", nodes[1].address()));
    assert!(synced.is_equal(), "{synced:?}");
    assert_eq!((synced.sent, synced.received, synced.error.as_str()), (3, 2, ""));
    assert!(synced.bytes > 0 && synced.messages >= 4, "{synced:?}");
    for client in [&mut one, &mut two] {
        assert_eq!(client.command("DBSIZE"), "DBSIZE 5");
    }
    assert_eq!(one.command("HASH"), two.command("HASH"));
    let again = one.sync_with(nodes[1].address());
    assert!(again.is_equal() && again.sent + again.received == 0, "{again:?}");
    // Whoever has answered knows as much, and counts it as its own.
    wait_until(REPLICATION_LIMIT, "the other has ended, too", || two.count("sync_equal") == 2);
    for (name, here, there) in [
        ("sync_sessions_opened", 2, 0),
        ("sync_sessions_answered", 0, 2),
        ("sync_equal", 2, 2),
        ("sync_failed", 0, 0),
        ("sync_entries_sent", 3, 2),
        ("sync_entries_received", 2, 3),
    ] {
        assert_eq!((one.count(name), two.count(name)), (here, there), "{name}");
    }
    assert_eq!(one.count("sync_bytes_sent"), two.count("sync_bytes_received"));
    assert_eq!(two.count("sync_bytes_sent"), one.count("sync_bytes_received"));
    let bytes = one.count("sync_bytes_sent") + one.count("sync_bytes_received");
    assert_eq!(bytes, synced.bytes + again.bytes);
}

#[test]
fn sync_of_all_has_a_line_for_each_peer_that_is_there_and_each_that_is_not() {
    let nodes = peers(3, "interval_seconds = 600", |_, settings| settings);
    let gone = nowhere();
    let all: Vec<SocketAddr> = nodes.iter().map(Node::address).chain([gone]).collect();
    let asked = Node::start(NodeSettings::alone("asked").peers(&all, "interval_seconds = 600"));
    let mut client = asked.client();
    assert_eq!(client.command("SET key value"), "OK");
    let begun = unix_seconds();
    let mut synced = client.sync(None);
    synced.sort_by_key(|synced| all.iter().position(|at| synced.peer.ends_with(&at.to_string())));
    assert_eq!(synced.len(), 4, "{synced:?}");
    for (n, synced) in synced.iter().enumerate() {
        if n == 3 {
            assert_eq!((synced.peer.clone(), synced.result.as_str()), (gone.to_string(), "failed"));
            assert!(synced.error.contains("refused"), "{synced:?}");
            assert_eq!((synced.sent, synced.received, synced.bytes, synced.messages), (0, 0, 0, 0));
        } else {
            assert_eq!(synced.peer, format!("node{n}@{}", all[n]));
            assert!(synced.is_equal(), "{synced:?}");
        }
    }
    for (n, node) in nodes.iter().enumerate() {
        assert_eq!(node.client().command("GET key"), "VALUE value");
        let line = line_of(&mut client, all[n]);
        let (head, at) = line.split_once(" last_equal=").unwrap();
        assert_eq!(head, format!("node{n} {} up root=equal", all[n]));
        let (at, error) = at.split_once(' ').unwrap();
        assert_eq!(error, "last_error=none");
        let at: u64 = at.parse().unwrap();
        assert!(at >= begun && at <= unix_seconds(), "{line}");
    }
    let line = line_of(&mut client, gone);
    let head = format!("? {gone} down root=unknown last_equal=never last_error=\"");
    assert!(line.starts_with(&head) && line.ends_with('"'), "{line}");
}

#[test]
fn sync_of_an_address_that_is_no_node_says_what_went_wrong() {
    let node = Node::start(NodeSettings::alone("one"));
    let mut client = node.client();
    let refused = client.sync_with(nowhere());
    assert_eq!(refused.result, "failed");
    assert!(refused.error.contains("cannot connect"), "{refused:?}");

    let link = Link::to(node.address());
    link.refuse(true);
    let closed = client.sync_with(link.address());
    assert_eq!(closed.result, "failed");
    link.refuse(false);
    let own = client.sync_with(link.address());
    assert_eq!(own.result, "failed");
    assert!(own.error.contains("node_id"), "{own:?}");

    for wrong in ["SYNC host", "SYNC 127.0.0.1:0", "SYNC :1", "SYNC 127.0.0.1:99999", "SYNC a:b"] {
        let reply = client.command(wrong);
        assert!(reply.starts_with("ERROR: Invalid address"), "{wrong}: {reply}");
    }
    assert!(client.command("SYNC 127.0.0.1:1 2").starts_with("ERROR: Too many arguments"));
    let unknown = client.list("SYNC no-such-host.invalid:7379");
    assert!(unknown[1].starts_with("no-such-host.invalid:7379 failed "), "{unknown:?}");
    assert_eq!(client.command("PING"), "PONG");
}

#[test]
fn a_node_that_is_listed_under_two_addresses_is_met_at_both() {
    let other = Node::start(NodeSettings::alone("other"));
    let link = Link::to(other.address());
    let lines = "interval_seconds = 600\nmax_concurrent_syncs = 1";
    let both = [other.address(), link.address()];
    let node = Node::start(NodeSettings::alone("one").peers(&both, lines));
    let mut client = node.client();
    for _ in 0..3 {
        let synced = client.sync(None);
        assert!(synced.len() == 2 && synced.iter().all(|synced| synced.is_equal()), "{synced:?}");
    }
    assert_eq!(client.list("PEERS").len(), 3);
}

/// Symptom: SYNC never answered. Cause: a session told the node's name, so its other address left
/// the table of peers, and with it the session that the client waited for. Fix: who waits for an
/// address that is no longer there is answered.
#[test]
fn sync_answers_also_if_the_peer_is_met_under_another_address_meanwhile() {
    let other = Node::start(NodeSettings::alone("other"));
    let (direct, link) = (other.address(), Link::to(other.address()));
    let settings = NodeSettings::alone("one").section("[anti_entropy]\nmax_concurrent_syncs = 1");
    let node = Node::start(settings);
    let [mut slow, mut waits] = [node.client(), node.client()];
    assert!(slow.sync_with(link.address()).is_equal());
    assert!(waits.sync_with(direct).is_equal());
    link.delay(Duration::from_millis(100));
    slow.send(format!("SYNC {}\r\n", link.address()));
    wait_until(REPLICATION_LIMIT, "a session is under way", || {
        waits.count("sync_sessions_opened") == 3
    });
    let waited = waits.sync_with(direct);
    assert!(waited.is_equal() || waited.error.contains("another address"), "{waited:?}");
    assert_eq!(slow.line(), "SYNC");
}

#[test]
fn sync_answers_also_if_replication_is_disabled_meanwhile() {
    let other = Node::start(NodeSettings::alone("other"));
    let link = Link::to(other.address());
    // It publishes to nobody, as no broker is there; sessions need none.
    let settings = NodeSettings::at_broker("one", free_port(), "merkle-kv")
        .section("[anti_entropy]\nmax_concurrent_syncs = 1");
    let node = Node::start(settings);
    let [mut slow, mut waits, mut client] = [node.client(), node.client(), node.client()];
    link.delay(Duration::from_millis(100));
    slow.send(format!("SYNC {}\r\n", link.address()));
    wait_until(REPLICATION_LIMIT, "a session is under way", || {
        client.count("sync_sessions_opened") == 1
    });
    waits.send(format!("SYNC {}\r\n", other.address()));
    wait_until(REPLICATION_LIMIT, "another one is wanted", || client.count("sync_commands") == 2);
    assert_eq!(client.command("REPLICATE DISABLE"), "OK");
    assert_eq!(waits.line(), "SYNC");
    assert!(waits.line().contains("REPLICATE ENABLE"));
    assert_eq!(slow.line(), "SYNC");
}

#[test]
fn peers_show_what_differs_and_who_is_gone() {
    let mut nodes = peers(2, "interval_seconds = 600", |_, settings| settings);
    let mut other = nodes.pop().unwrap();
    let mut client = nodes[0].client();
    let at = other.address();
    assert!(client.sync_with(at).is_equal());
    assert!(line_of(&mut client, at).starts_with(&format!("node1 {at} up root=equal ")));
    other.kill();
    assert_eq!(client.sync_with(at).result, "failed");
    let line = line_of(&mut client, at);
    assert!(line.starts_with(&format!("node1 {at} down root=unknown last_equal=")), "{line}");
    assert!(!line.contains("last_equal=never") && line.contains("last_error=\""), "{line}");
    let back = other.restart();
    assert!(client.sync_with(at).is_equal());
    let line = line_of(&mut client, at);
    assert!(line.ends_with(" last_error=none"), "{line}");
    drop(back);
}

#[test]
fn without_anti_entropy_the_commands_say_so() {
    let settings = NodeSettings::alone("one").section("[anti_entropy]\nenabled = false");
    let node = Node::start(settings);
    let mut client = node.client();
    for command in ["SYNC", "SYNC 127.0.0.1:1", "PEERS"] {
        let reply = client.command(command);
        assert!(reply.starts_with("ERROR: Anti-entropy off"), "{command}: {reply}");
    }
    // The digest of what is here needs no peers.
    let empty = client.command("HASH");
    assert_eq!(client.command("SET key value"), "OK");
    assert_ne!(client.command("HASH"), empty);
    assert_eq!(client.fact("INFO", "ready"), "yes");
}
