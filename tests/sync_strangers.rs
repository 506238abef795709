//! Who does not belong to the cluster, or does not behave, on the port that clients and peers share:
//! no data moves, no memory is taken, clients are served.

use crate::harness::{Client, Node, NodeSettings, peers, wait_until};
use merkle_kv_core::session::GREETING;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

const MIB: u64 = 1 << 20;

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

const SECRET: &str = "correct horse battery";
const OTHER_SECRET: &str = "incorrect horse battery";

/// Two nodes that list each other; each has some of these settings more.
fn pair(more: [&str; 2]) -> [Node; 2] {
    let nodes = peers(2, "interval_seconds = 600\npeer_discovery_interval = 1", |n, settings| {
        settings.section(more[n])
    });
    let nodes: [Node; 2] = nodes.try_into().ok().unwrap();
    for (n, node) in nodes.iter().enumerate() {
        assert_eq!(node.client().command(&format!("SET only{n} private-value")), "OK");
    }
    nodes
}

fn secret(secret: &str) -> String {
    format!("[security]\ncluster_secret = \"{secret}\"")
}

/// Waits until PEERS tells of an error that holds `reason`, and looks for what must not be.
#[track_caller]
fn refused(nodes: &[Node; 2], reasons: [&str; 2]) {
    for (n, reason) in reasons.into_iter().enumerate() {
        let (node, other) = (&nodes[n], nodes[1 - n].address());
        let mut client = node.client();
        let synced = client.sync_with(other);
        assert_eq!(synced.result, "failed", "{synced:?}");
        assert!(synced.error.contains(reason), "{reason}: {synced:?}");
        assert_eq!((synced.sent, synced.received), (0, 0));
        let line = &client.list("PEERS")[1];
        assert!(line.contains(&format!(" {other} down ")), "{line}");
        assert!(line.contains("last_error=\"") && line.contains(reason), "{reason}: {line}");
        assert_eq!(client.command("DBSIZE"), "DBSIZE 1");
        assert_eq!(client.count("sync_entries_sent") + client.count("sync_entries_received"), 0);
        assert_eq!(client.count("sync_equal"), 0);
        node.logged("a session with a peer failed");
        for kept in [SECRET, OTHER_SECRET, "private-value"] {
            assert!(!node.log().contains(kept), "the log shows {kept}");
            assert!(!client.list("PEERS").concat().contains(kept));
        }
    }
}

#[test]
fn nodes_with_the_same_secret_agree_and_say_nothing_of_it() {
    let nodes =
        pair([&secret(SECRET), &format!("{}\n[logging]\nlevel = \"trace\"", secret(SECRET))]);
    let synced = nodes[0].client().sync_with(nodes[1].address());
    assert!(synced.is_equal(), "{synced:?}");
    assert_eq!(synced.peer, format!("node1@{}", nodes[1].address()));
    for node in &nodes {
        assert_eq!(node.client().command("DBSIZE"), "DBSIZE 2");
        assert!(!node.log().contains(SECRET) && !node.log().contains("private-value"));
    }
}

#[test]
fn nodes_with_different_secrets_exchange_nothing_and_say_why() {
    let seed = "security.cluster_secret";
    refused(&pair([&secret(SECRET), &secret(OTHER_SECRET)]), [seed, seed]);
    refused(&pair([&secret(SECRET), ""]), [seed, seed]);
    refused(&pair(["", &secret(SECRET)]), [seed, seed]);
}

#[test]
fn nodes_with_different_prefixes_exchange_nothing_and_say_why() {
    let nodes = peers(2, "interval_seconds = 600", |n, mut settings| {
        settings.sections =
            settings.sections.replace("[mqtt]\n", &format!("[mqtt]\ntopic_prefix = \"c{n}\"\n"));
        settings
    });
    let nodes: [Node; 2] = nodes.try_into().ok().unwrap();
    for (n, node) in nodes.iter().enumerate() {
        assert_eq!(node.client().command(&format!("SET only{n} private-value")), "OK");
    }
    refused(&nodes, ["mqtt.topic_prefix", "mqtt.topic_prefix"]);
}

#[test]
fn two_nodes_with_one_id_exchange_nothing_and_say_why() {
    let nodes = peers(2, "interval_seconds = 600", |_, settings| NodeSettings {
        node_id: "twin".to_owned(),
        ..settings
    });
    let nodes: [Node; 2] = nodes.try_into().ok().unwrap();
    for (n, node) in nodes.iter().enumerate() {
        assert_eq!(node.client().command(&format!("SET only{n} private-value")), "OK");
    }
    refused(&nodes, ["node_id", "node_id"]);
}

/// A node that gives strangers a second.
fn impatient(more: &str) -> Node {
    let settings = NodeSettings::alone("one").network("connection_timeout = 1");
    Node::start(settings.section(more))
}

/// Greets as a peer. The answer comes with that to the first frame.
fn greet(address: SocketAddr) -> Client {
    let mut stranger = Client::connect(address);
    stranger.send(GREETING);
    stranger
}

#[test]
fn a_stranger_that_greets_and_talks_nonsense_is_sent_away() {
    // With half a minute for the silent: none of this waits for that.
    let node = Node::start(NodeSettings::alone("one"));
    let mut client = node.client();
    let frame = |body: &[u8]| [&(body.len() as u32).to_be_bytes(), body].concat();
    let nonsense: [Vec<u8>; 9] = [
        b"GET key\r\nand so on and so on\r\n".to_vec(),
        vec![0xff; 100_000],
        u32::MAX.to_be_bytes().to_vec(),
        0x7fff_ffff_u32.to_be_bytes().to_vec(),
        // The first of several pieces, from one who may not send such.
        (0x8001_0000_u32.to_be_bytes().into_iter().chain([0; 65_536])).collect(),
        frame(b""),
        frame(b"\x01\xdd\xff\xff\xff\xff"),
        frame(b"\x04\xdd\xff\xff\xff\xff\x96"),
        frame(b"\x09nothing"),
    ];
    for (n, bytes) in nonsense.iter().enumerate() {
        let begun = Instant::now();
        // A stranger of before may hold a place still.
        wait_until(PATIENCE, "it is heard", || {
            let failed = client.count("sync_failed");
            let mut stranger = greet(node.address());
            // It may be closed while this is sent.
            let _ = stranger.socket().write_all(bytes);
            assert!(stranger.is_closed(), "{n}");
            wait_until(PATIENCE, "it is counted", || {
                client.count("sync_failed") + client.count("sync_busy") > failed
            });
            client.count("sync_failed") > failed
        });
        assert!(begun.elapsed() < PATIENCE / 2, "{n}: {:?}", begun.elapsed());
        assert_eq!(client.command("PING"), "PONG");
    }
    assert_eq!(client.command("DBSIZE"), "DBSIZE 0");
    assert_eq!(client.count("actor_restarts"), 0);
    assert!(node.peak_memory() < 64 * MIB, "{}", node.peak_memory());
}

#[test]
fn a_stranger_that_greets_and_then_says_nothing_or_little_is_sent_away() {
    let node = impatient("");
    let mut silent = greet(node.address());
    // One byte after the other of a frame that never ends.
    let mut slow = greet(node.address());
    slow.send(60_000_u32.to_be_bytes());
    let begun = Instant::now();
    let writer = slow.socket().try_clone().unwrap();
    let writer = thread::spawn(move || {
        while (&writer).write_all(b"x").is_ok() && begun.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(100));
        }
    });
    assert!(silent.is_closed() && slow.is_closed());
    let took = begun.elapsed();
    assert!(took > Duration::from_millis(900) && took < PATIENCE / 2, "{took:?}");
    writer.join().unwrap();
    let mut client = node.client();
    wait_until(PATIENCE, "both have ended", || client.count("sync_failed") == 2);
    node.logged("sent or taken nothing for too long");
}

#[test]
fn a_greeting_that_this_node_does_not_speak_is_answered_with_the_reason() {
    let node = impatient("");
    for greeting in ["PEER 2\r\n", "PEER \r\n", "PEER 1 2\r\n", "PEER 18446744073709551616\n"] {
        let mut stranger = Client::connect(node.address());
        let reply = stranger.command(greeting.trim_end_matches('\n').trim_end_matches('\r'));
        assert_eq!(reply, "ERROR: Unsupported peer protocol: this node speaks PEER 1");
        assert!(stranger.is_closed());
    }
    // One that never ends its first line.
    let mut unfinished = Client::connect(node.address());
    unfinished.send("PEER ");
    assert!(unfinished.is_closed());
    // Behind a command it is a command.
    let mut client = node.client();
    assert_eq!(client.command("PING"), "PONG");
    assert!(client.command("PEER 1").starts_with("ERROR: Invalid command"));
    assert_eq!(client.command("PING"), "PONG");
    assert_eq!(client.count("sync_sessions_answered"), 0);
}

#[test]
fn a_node_without_anti_entropy_takes_no_sessions_and_says_so() {
    let off = impatient("[anti_entropy]\nenabled = false");
    let mut stranger = Client::connect(off.address());
    let error = "Anti-entropy off: anti_entropy.enabled is false in this node's configuration";
    assert_eq!(stranger.command("PEER 1"), format!("ERROR: {error}"));
    assert!(stranger.is_closed());
    assert_eq!(off.client().fact("INFO", "ready"), "yes");

    let other = Node::start(NodeSettings::alone("two"));
    let synced = other.client().sync_with(off.address());
    assert_eq!(synced.result, "failed");
    assert!(synced.error.contains(error), "{synced:?}");
}

#[test]
fn a_thousand_strangers_that_greet_and_stop_take_three_places_and_no_memory() {
    const STRANGERS: usize = 1_000;
    let node = Node::start(
        NodeSettings::alone("one").network("connection_timeout = 2\nmax_connections = 1100"),
    );
    let mut client = node.client();
    assert_eq!(client.command("SET key value"), "OK");
    let before = node.memory();
    let mut slowest = Duration::ZERO;
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS {
        strangers.push(greet(node.address()));
        let asked = Instant::now();
        assert_eq!(client.command("GET key"), "VALUE value");
        slowest = slowest.max(asked.elapsed());
    }
    // All were heard, and no more than three of them are being waited for at any time.
    wait_until(PATIENCE, "all were heard", || {
        let answered = client.count("sync_sessions_answered");
        let ended = client.count("sync_failed");
        assert!(answered - ended <= 3, "{answered} begun, {ended} ended");
        answered + client.count("sync_busy") == STRANGERS as u64
    });
    let grown = node.memory().saturating_sub(before);
    println!("slowest GET {slowest:?}, {grown} bytes for {STRANGERS} strangers");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert!(grown < 16 * MIB, "{grown}");
    // Who was turned away has been told that the node is busy.
    let told = strangers.iter().filter(|stranger| {
        let mut told = Vec::new();
        stranger.socket().read_to_end(&mut told).unwrap();
        told == b"OK\r\n\0\0\0\x02\x07\xc0"
    });
    assert_eq!(told.count() as u64, client.count("sync_busy"));
    // Then there is room for a peer again.
    let peer = Node::start(NodeSettings::alone("two").peers(&[node.address()], ""));
    peer.client().until("GET key", "VALUE value");
    assert_eq!(client.count("refused_connections"), 0);
}
