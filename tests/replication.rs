//! What one node is told, all nodes know: every writing command, any value, under load; and how a
//! node speaks and listens at the broker.

use crate::harness::{BrokerKind, Client, Cluster, REPLICATION_LIMIT, mosquitto_sub, wait_until};
use merkle_kv_core::change::Change;
use merkle_kv_core::replication::{Presence, PresenceState, decode_update};
use merkle_kv_core::version::NodeId;
use std::thread;
use std::time::Instant;

#[test]
fn every_writing_command_is_read_on_the_other_nodes() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(3, kind);
        let mut client = cluster.nodes[1].client();
        for (command, reply) in [
            ("SET text middle", "OK"),
            ("APPEND text >", "VALUE middle>"),
            ("PREPEND text <", "VALUE <middle>"),
            ("INCR number 7", "VALUE 7"),
            ("DECR number 2", "VALUE 5"),
            ("SET gone soon", "OK"),
            ("MSET a 1 b 2 c \"\"", "OK"),
            ("DEL gone", "DELETED"),
        ] {
            assert_eq!(client.command(command), reply);
        }
        cluster.agree_on("GET text", "VALUE <middle>");
        cluster.agree_on("GET number", "VALUE 5");
        cluster.agree_on("GET gone", "(null)");
        cluster.agree_on("GET c", "VALUE \"\"");
        assert_eq!(cluster.converged().len(), 5);
    }
}

#[test]
fn a_flush_kills_everything_everywhere_and_later_writes_survive() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(3, kind);
        for (n, client) in cluster.clients().iter_mut().enumerate() {
            let writes: Vec<String> = (0..500).map(|k| format!("SET {n}:{k} v")).collect();
            client.pipeline_ok(&writes);
        }
        cluster.agree_on("DBSIZE", "DBSIZE 1500");
        let mut client = cluster.nodes[2].client();
        client.pipeline_ok(&["FLUSH".to_owned(), "SET 0:1 later".to_owned()]);
        cluster.agree_on("DBSIZE", "DBSIZE 1");
        cluster.agree_on("GET 0:1", "VALUE later");
        assert_eq!(cluster.nodes[0].client().command("SET 0:2 later"), "OK");
        cluster.agree_on("GET 0:2", "VALUE later");
    }
}

#[test]
fn values_that_could_break_a_line_and_values_of_the_largest_size_arrive_unchanged() {
    let values = [
        r#"{"host":"localhost","a":[1,2]}"#,
        r#""line\r\nbreak\n""#,
        r#""\0\x01\x7f""#,
        r#"" leading and trailing ""#,
        r#""\"quoted\"""#,
        r"back\slash \n that stays",
        "tab\tinside",
        "Zürich 東京 🦀 e\u{301} \u{202e}",
        r#""""#,
    ];
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let mut client = cluster.nodes[0].client();
        for (n, value) in values.iter().enumerate() {
            assert_eq!(client.command(&format!("SET value{n} {value}")), "OK");
            let here = client.command(&format!("GET value{n}"));
            cluster.agree_on(&format!("GET value{n}"), &here);
            assert_eq!(here, format!("VALUE {value}"));
        }
        for letter in ["x", "ü"] {
            let value = letter.repeat((1 << 20) / letter.len());
            assert_eq!(client.command(&format!("SET large{letter} {value}")), "OK");
            cluster.agree_on(&format!("GET large{letter}"), &format!("VALUE {value}"));
        }
        assert_eq!(cluster.nodes[0].client().count("mqtt_connections"), 1);
    }
}

#[test]
fn nodes_that_write_the_same_keys_under_load_end_with_the_same_data() {
    const KEYS: usize = 50_000;
    const CONTESTED: usize = 5_000;
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(3, kind);
        let writers = cluster.clients().into_iter().enumerate().map(|(n, mut client)| {
            thread::spawn(move || {
                let count = if n == 0 { KEYS } else { CONTESTED };
                let writes: Vec<String> =
                    (0..count).map(|k| format!("SET key{k} from{n}")).collect();
                client.pipeline_ok(&writes);
            })
        });
        let writers: Vec<_> = writers.collect();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let written = Instant::now();
        let content = cluster.converged();
        println!("{kind:?}: the same everywhere {:?} after the last reply", written.elapsed());
        assert_eq!(content.len(), KEYS);
        assert_eq!(content.iter().filter(|(_, value)| value == "(null)").count(), 0);
        for client in &mut cluster.clients() {
            assert_eq!(client.count("mqtt_dropped"), 0);
            assert_eq!(client.count("mqtt_connections"), 1);
        }
    }
}

#[test]
fn a_node_ignores_its_own_messages() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let [mut writer, mut reader] = two_clients(&cluster);
        for n in 0..20 {
            assert_eq!(writer.command(&format!("SET key value{n}")), "OK");
            reader.until("GET key", &format!("VALUE value{n}"));
        }
        wait_until(REPLICATION_LIMIT, "every message comes back", || {
            let (own, published) =
                (writer.count("mqtt_received_own"), writer.count("mqtt_published"));
            // A few are published twice, for a reader that had just joined.
            own >= 20 && own == published
        });
        assert_eq!(writer.count("mqtt_applied_changes") + writer.count("mqtt_stale_changes"), 0);
        assert_eq!(writer.command("GET key"), "VALUE value19");
        assert_eq!(reader.count("mqtt_received_own"), 0);
        assert_eq!(reader.count("mqtt_applied_changes"), 20);
    }
}

#[test]
fn a_node_that_is_switched_off_neither_publishes_nor_applies_and_catches_up_publishing() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let [mut off, mut on] = two_clients(&cluster);
        off.until("REPLICATE STATUS", "REPLICATION enabled connected queued=0");
        assert_eq!(off.command("REPLICATE DISABLE"), "OK");
        assert_eq!(off.command("REPLICATE STATUS"), "REPLICATION disabled connected queued=0");
        assert_eq!(on.command("SET theirs 1"), "OK");
        wait_until(REPLICATION_LIMIT, "the message is ignored", || off.count("mqtt_received") == 1);
        assert_eq!(off.command("MSET ours 1 others 2"), "OK");
        assert_eq!(off.command("REPLICATE STATUS"), "REPLICATION disabled connected queued=2");
        assert_eq!(off.command("GET theirs"), "(null)");
        assert_eq!(off.count("mqtt_published"), 0);
        assert_eq!(on.command("GET ours"), "(null)");

        assert_eq!(off.command("REPLICATE ENABLE"), "OK");
        on.until("GET ours", "VALUE 1");
        on.until("GET others", "VALUE 2");
        off.until("REPLICATE STATUS", "REPLICATION enabled connected queued=0");
        assert_eq!(on.command("SET theirs 2"), "OK");
        off.until("GET theirs", "VALUE 2");
    }
}

#[test]
fn many_writes_of_one_hot_key_leave_in_few_messages() {
    const WRITES: usize = 20_000;
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let [mut writer, mut reader] = two_clients(&cluster);
        let writes: Vec<String> = (1..=WRITES).map(|n| format!("SET hot {n}")).collect();
        writer.pipeline_ok(&writes);
        reader.until("GET hot", &format!("VALUE {WRITES}"));
        writer.until("REPLICATE STATUS", "REPLICATION enabled connected queued=0");
        let messages = writer.count("mqtt_published");
        println!("{kind:?}: {WRITES} writes of one key left in {messages} messages");
        assert!(messages < WRITES as u64 / 10, "{messages} messages");
        assert_eq!(writer.count("mqtt_published_changes"), messages);
    }
}

#[test]
fn any_mqtt_client_can_read_an_update() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(1, kind);
        let (port, topic) = (cluster.broker_port, format!("{}/updates", cluster.prefix));
        let heard = thread::spawn(move || mosquitto_sub(port, &["-t", &topic, "-C", "1", "-N"]));
        let mut client = cluster.nodes[0].client();
        // When it has subscribed only it knows, so there is something to hear until it has.
        wait_until(REPLICATION_LIMIT, "mosquitto_sub hears an update", || {
            assert_eq!(client.command("SET key value"), "OK");
            heard.is_finished()
        });
        let message = heard.join().unwrap();
        assert_eq!(message.first(), Some(&1));
        let update = decode_update(&message).unwrap();
        assert_eq!(update.origin, "node0");
        let [Change::Entry(entry)] = &update.changes[..] else {
            panic!("{update:?}");
        };
        assert_eq!((entry.key(), entry.value()), (&b"key"[..], Some(&b"value"[..])));
        assert_eq!(entry.version().node, NodeId::of("node0"));
    }
}

#[test]
fn presence_tells_who_is_there_who_left_and_who_was_lost() {
    for kind in BrokerKind::BOTH {
        let mut cluster = Cluster::start(3, kind);
        let (port, prefix) = (cluster.broker_port, cluster.prefix.clone());
        let mut survivor = cluster.nodes[0].client();
        wait_until(REPLICATION_LIMIT, "all are there", || survivor.fact("INFO", "peers") == "2");
        for node in &cluster.nodes {
            let presence = retained_presence(port, &prefix, &node.settings.node_id);
            assert_eq!(presence.state, PresenceState::Online);
            assert_eq!(presence.node_id, node.settings.node_id);
            assert_eq!(presence.address, node.address().to_string());
            assert_eq!(presence.version, merkle_kv_core::VERSION);
        }

        cluster.nodes.remove(1).stop();
        wait_until(REPLICATION_LIMIT, "one has left", || survivor.fact("INFO", "peers") == "1");
        assert_eq!(retained_presence(port, &prefix, "node1").state, PresenceState::Offline);

        cluster.nodes[1].kill();
        wait_until(REPLICATION_LIMIT, "one is lost", || survivor.fact("INFO", "peers") == "0");
        assert_eq!(retained_presence(port, &prefix, "node2").state, PresenceState::Offline);
        assert_eq!(retained_presence(port, &prefix, "node0").state, PresenceState::Online);
    }
}

fn two_clients(cluster: &Cluster) -> [Client; 2] {
    [cluster.nodes[0].client(), cluster.nodes[1].client()]
}

/// What the broker keeps of a node's presence, as `mosquitto_sub` prints it.
fn retained_presence(port: u16, prefix: &str, node_id: &str) -> Presence {
    let topic = format!("{prefix}/nodes/{node_id}");
    let filter = format!("{prefix}/nodes/+");
    let printed = mosquitto_sub(port, &["-t", &filter, "-v", "-C", "3"]);
    let printed = String::from_utf8(printed).unwrap();
    let line = printed.lines().find_map(|line| line.strip_prefix(&topic)).unwrap();
    Presence::decode(line.trim().as_bytes()).unwrap()
}
