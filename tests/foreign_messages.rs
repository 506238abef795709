//! Messages that a node did not expect: from strangers, from clocks that are wrong, twice, late, in
//! another order. Whatever the broker delivers, the node lives and all nodes decide alike.

use crate::harness::{
    Broker, BrokerKind, Client, Cluster, Node, NodeSettings, REPLICATION_LIMIT, Stranger,
    unique_prefix, wait_until,
};
use merkle_kv_core::change::Change;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::Entry;
use merkle_kv_core::replication::{decode_update, encode_update};
use merkle_kv_core::version::{BootId, NodeId, Version};
use std::slice;
use std::time::SystemTime;

const DAY_MILLIS: u64 = 86_400_000;

#[test]
fn messages_that_are_no_updates_are_counted_reported_seldom_and_do_no_harm() {
    let update = update_of(&[entry("k", "v", version_at(now_millis(), "stranger"))]);
    let wrong_version = [&[2], &update[1..]].concat();
    let odd: Vec<Vec<u8>> = vec![
        Vec::new(),
        wrong_version,
        update[..update.len() - 1].to_vec(),
        [&update[..], b"x"].concat(),
        vec![0xc1; 5 << 20],
        vec![0x01; 5 << 20],
        // A list of 2^32-1 entries, and a key of 2^32-1 bytes.
        b"\x01\x94\xa1n\x01\x01\xdd\xff\xff\xff\xff".to_vec(),
        b"\x01\x94\xa1n\x01\x01\x91\x96\x00\x01\x01\x00\xc6\xff\xff\xff\xff".to_vec(),
        [&b"\x01"[..], &[0x91; 100_000]].concat(),
    ];
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let topic = format!("{}/updates", cluster.prefix);
        let mut stranger = Stranger::connect(cluster.broker_port, "stranger");
        let mut client = cluster.nodes[1].client();
        for message in &odd {
            stranger.publish(&topic, message.clone());
        }
        for seed in 1..=200 {
            stranger.publish(&topic, noise(seed));
        }
        let sent = odd.len() as u64 + 200;
        wait_until(REPLICATION_LIMIT, "all are counted", || {
            client.count("mqtt_undecodable") == sent
        });
        cluster.nodes[1].logged("a message that is no update was dropped");
        let log = cluster.nodes[1].log();
        let reports = log.matches("a message that is no update was dropped").count();
        assert!((1..=6).contains(&reports), "{reports} reports in\n{log}");
        assert!(log.len() < 20_000, "{} bytes of log", log.len());

        assert_eq!(client.command("DBSIZE"), "DBSIZE 0");
        assert_eq!(client.command("SET alive 1"), "OK");
        cluster.agree_on("GET alive", "VALUE 1");
        for client in &mut cluster.clients() {
            assert_eq!(client.count("actor_restarts"), 0);
            assert_eq!(client.count("mqtt_connections"), 1);
        }
        assert!(cluster.nodes[1].memory() < 100 << 20, "{} bytes", cluster.nodes[1].memory());
    }
}

#[test]
fn an_update_that_comes_again_changes_nothing() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let topic = format!("{}/updates", cluster.prefix);
        let mut stranger = Stranger::connect(cluster.broker_port, "stranger");
        let mut client = cluster.nodes[0].client();
        let update = update_of(&[entry("key", "first", version_at(now_millis(), "stranger"))]);
        for _ in 0..3 {
            stranger.publish(&topic, update.clone());
        }
        wait_until(REPLICATION_LIMIT, "all three arrive", || client.count("mqtt_received") == 3);
        client.until("GET key", "VALUE first");
        assert_eq!(client.command("SET key second"), "OK");
        cluster.agree_on("GET key", "VALUE second");
        stranger.publish(&topic, update.clone());
        wait_until(REPLICATION_LIMIT, "it is stale", || client.count("mqtt_stale_changes") == 3);
        assert_eq!(client.count("mqtt_applied_changes"), 1);
        cluster.agree_on("GET key", "VALUE second");
    }
}

#[test]
fn the_same_entry_survives_in_whatever_order_two_arrive() {
    let broker = Broker::start();
    let prefixes = [unique_prefix(), unique_prefix()];
    let [here, there] = ["here", "there"].map(|name| {
        let prefix = &prefixes[usize::from(name == "there")];
        Node::start(NodeSettings::at_broker(name, broker.port(), prefix))
    });
    [&here, &there].into_iter().for_each(Node::joined);
    let now = now_millis();
    let (lesser, greater) = two_nodes_by_rank();
    // Each is less than the next: by time, value digest (of "b", "a", "F" and of
    // nothing: 3e…, ca…, f6…, e3…), kind, node.
    let rising = |key: &str| {
        [
            entry(key, "z", version_at(now - 1, greater)),
            entry(key, "b", version_at(now, lesser)),
            entry(key, "a", version_at(now, lesser)),
            entry(key, "F", version_at(now, lesser)),
            Entry::tombstone(key.as_bytes(), version_at(now, lesser)),
            entry(key, "b", version_at(now, greater)),
        ]
    };
    let replies = ["VALUE z", "VALUE b", "VALUE a", "VALUE F", "(null)", "VALUE b"];
    let mut stranger = Stranger::connect(broker.port(), "stranger");
    for at in 0..rising("").len() {
        for (later, reply) in replies.iter().enumerate().skip(at + 1) {
            let key = format!("{at}and{later}");
            let (lesser, greater) = (rising(&key)[at].clone(), rising(&key)[later].clone());
            for (prefix, order) in prefixes.iter().zip([[&lesser, &greater], [&greater, &lesser]]) {
                for entry in order {
                    stranger
                        .publish(&format!("{prefix}/updates"), update_of(slice::from_ref(entry)));
                }
            }
            let mut clients = [here.client(), there.client()];
            for client in &mut clients {
                await_messages(client, &mut stranger, &prefixes);
                assert_eq!(client.command(&format!("GET {key}")), *reply, "{key}");
            }
        }
    }
    assert_eq!(here.client().content(), there.client().content());
}

#[test]
fn a_clock_a_day_ahead_is_counted_and_carries_nobody_along() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let topic = format!("{}/updates", cluster.prefix);
        let mut stranger = Stranger::connect(cluster.broker_port, "stranger");
        let mut client = cluster.nodes[0].client();
        let tomorrow = version_at(now_millis() + DAY_MILLIS, "stranger");
        stranger.publish(&topic, update_of(&[entry("key", "future", tomorrow)]));
        cluster.agree_on("GET key", "VALUE future");
        // Once more if a session has brought it before the broker did.
        assert!((1..=2).contains(&client.count("changes_ahead_of_clock")));
        cluster.nodes[0].logged("check the clocks");

        stranger.subscribe(&topic);
        assert_eq!(client.command("SET key present"), "OK");
        let [Change::Entry(answer)] = &decode_update(&stranger.message()).unwrap().changes[..]
        else {
            panic!("one entry was written");
        };
        assert!(answer.version() > tomorrow);
        cluster.agree_on("GET key", "VALUE present");

        assert_eq!(client.command("SET other 1"), "OK");
        let [Change::Entry(other)] = &decode_update(&stranger.message()).unwrap().changes[..]
        else {
            panic!("one entry was written");
        };
        let ahead = other.version().hlc.millis().0.saturating_sub(now_millis());
        assert!(ahead <= 1_000, "the clock went along for {ahead} ms");
        cluster.agree_on("GET other", "VALUE 1");
    }
}

#[test]
fn what_an_earlier_start_of_the_node_wrote_is_applied() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(1, kind);
        let mut stranger = Stranger::connect(cluster.broker_port, "stranger");
        let change = Change::Entry(entry("key", "before", version_at(now_millis(), "node0")));
        let update = encode_update("node0", BootId(1), 1, &[change]).unwrap();
        stranger.publish(&format!("{}/updates", cluster.prefix), update);
        cluster.agree_on("GET key", "VALUE before");
        let mut client = cluster.nodes[0].client();
        assert_eq!(client.count("mqtt_received_own"), 0);
        wait_until(REPLICATION_LIMIT, "it is counted", || {
            client.count("mqtt_applied_changes") == 1
        });
        assert_eq!(client.command("SET key after"), "OK");
        assert_eq!(client.command("GET key"), "VALUE after");
    }
}

#[test]
fn keys_that_no_line_can_carry_are_listed_without_breaking_lines() {
    let keys: [&[u8]; 6] =
        [b"two words", b"a\r\nEND\r\nOK", b"\0", b"\xff\xfe", b" ", b"\"quoted\""];
    let cluster = Cluster::start(2, BrokerKind::Mosquitto);
    let mut stranger = Stranger::connect(cluster.broker_port, "stranger");
    let version = version_at(now_millis(), "stranger");
    let entries = keys.map(|key| Entry::value_of(key, b"value", version));
    stranger.publish(&format!("{}/updates", cluster.prefix), update_of(&entries));
    cluster.agree_on("DBSIZE", "DBSIZE 6");
    for client in &mut cluster.clients() {
        let listed = client.list("SCAN");
        let expected = [
            "KEYS 6",
            r#""\0""#,
            r#"" ""#,
            r#""\"quoted\"""#,
            r#""a\r\nEND\r\nOK""#,
            r#""two words""#,
            r#""\xff\xfe""#,
        ];
        assert_eq!(listed, expected);
        assert_eq!(client.command("PING"), "PONG");
    }
    assert_eq!(cluster.nodes[0].client().command("FLUSH"), "OK");
    cluster.agree_on("DBSIZE", "DBSIZE 0");
}

#[test]
fn garbage_in_the_place_of_presence_hurts_nobody() {
    for kind in BrokerKind::BOTH {
        let mut cluster = Cluster::start(2, kind);
        let prefix = cluster.prefix.clone();
        let mut stranger = Stranger::connect(cluster.broker_port, "stranger");
        for node in ["x", "node0", "node1", "node1/claim", "node1/holder"] {
            stranger.publish_retained(&format!("{prefix}/nodes/{node}"), noise(7));
            stranger.publish_retained(&format!("{prefix}/nodes/{node}"), [b'['; 10_000]);
        }
        let mut newcomer = cluster.nodes.remove(1);
        newcomer.kill();
        let newcomer = newcomer.restart();
        newcomer.joined();
        assert_eq!(newcomer.client().command("SET key value"), "OK");
        cluster.agree_on("GET key", "VALUE value");
        wait_until(REPLICATION_LIMIT, "the true peer is seen", || {
            cluster.nodes[0].client().fact("INFO", "peers") == "1"
        });
        assert_eq!(newcomer.client().count("actor_restarts"), 0);
    }
}

/// Symptom: replication stood still after many claims, or presences of another start, in a row. Each
/// was answered; the answers that the full request queue refused were awaited all the same, so that
/// later confirmations were taken for theirs and that of the update never came.
#[test]
fn a_flood_of_claims_and_doubles_neither_stops_replication_nor_fills_the_log() {
    let double = |boot: &str| {
        format!(
            r#"{{"node_id":"node0","state":"online","address":"x:1","boot_id":"{boot}","version":"0","keys":0,"time":0}}"#
        )
    };
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let own = format!("{}/nodes/node0", cluster.prefix);
        let mut stranger = Stranger::connect(cluster.broker_port, "stranger");
        let mut client = cluster.nodes[0].client();
        for round in 0..5 {
            stranger.flood(&format!("{own}/claim"), b"ffffffffffffffff", 400);
            stranger.flood(&own, double("ffffffffffffffff").as_bytes(), 400);
            assert_eq!(client.command(&format!("SET key {round}")), "OK");
            cluster.agree_on("GET key", &format!("VALUE {round}"));
        }
        assert_eq!(client.count("mqtt_connections"), 1);
        let log = cluster.nodes[0].log();
        assert!(log.lines().count() < 30, "{} lines of log", log.lines().count());
    }
}

/// Waits until a node has taken in all that was published so far.
fn await_messages(client: &mut Client, stranger: &mut Stranger, prefixes: &[String; 2]) {
    let before = client.count("mqtt_undecodable");
    for prefix in prefixes {
        stranger.publish(&format!("{prefix}/updates"), "marker");
    }
    wait_until(REPLICATION_LIMIT, "the marker arrives", || {
        client.count("mqtt_undecodable") > before
    });
}

fn update_of(entries: &[Entry]) -> Vec<u8> {
    let changes: Vec<Change> = entries.iter().cloned().map(Change::Entry).collect();
    encode_update("stranger", BootId(1), 1, &changes).unwrap()
}

fn entry(key: &str, value: &str, version: Version) -> Entry {
    Entry::value_of(key.as_bytes(), value.as_bytes(), version)
}

fn version_at(millis: u64, node: &str) -> Version {
    Version { hlc: Hlc::at(UnixMillis(millis)), node: NodeId::of(node) }
}

fn two_nodes_by_rank() -> (&'static str, &'static str) {
    if NodeId::of("p") < NodeId::of("q") { ("p", "q") } else { ("q", "p") }
}

fn now_millis() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64
}

/// Bytes without meaning, the same for the same seed; never those of an update.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[3]
    };
    let bytes = usize::from(next()) + 1;
    (0..bytes).map(|_| next()).collect()
}
