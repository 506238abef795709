//! The files in `configs/` and the two texts that the module writes.

use std::collections::BTreeMap;

use super::super::keys::ROWS;
use super::super::{Config, load, reference};
use super::{MINIMAL, from_text, resolved};

/// The files of the repository, as they stood when this was compiled.
const FILES: [(&str, &str); 5] = [
    ("quickstart.toml", include_str!("../../../../configs/quickstart.toml")),
    ("node1.toml", include_str!("../../../../configs/node1.toml")),
    ("node2.toml", include_str!("../../../../configs/node2.toml")),
    ("node3.toml", include_str!("../../../../configs/node3.toml")),
    ("reference.toml", include_str!("../../../../configs/reference.toml")),
];

fn text_of(name: &str) -> &'static str {
    let file = FILES.iter().find(|(file, _)| *file == name);
    file.expect("a file of the repository").1
}

#[track_caller]
fn shipped(name: &str) -> Config {
    load(text_of(name), name, &BTreeMap::new()).unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn the_reference_in_the_repository_is_the_one_the_program_writes() {
    assert!(
        text_of("reference.toml") == reference(),
        "configs/reference.toml is out of date; regenerate it with \
         `cargo run -- print-config --reference > configs/reference.toml`"
    );
}

#[test]
fn the_reference_resolves_to_the_defaults() {
    let text = reference()
        .replace("# node_id = \"node-1\"", "node_id = \"n1\"")
        .replace("# broker_address = ", "broker_address = ");
    assert_eq!(resolved(&text, &[]), resolved(MINIMAL, &[]));
}

#[test]
fn the_reference_with_every_key_uncommented_resolves_too() {
    let names: Vec<&str> = ROWS.iter().map(|row| row.about().name).collect();
    let uncommented = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if names.iter().any(|name| rest.starts_with(&format!("{name} = "))) => {
            format!("{rest}\n")
        }
        Some(_) | None => format!("{line}\n"),
    };
    let text: String = reference().lines().map(uncommented).collect();
    let config = resolved(&text, &[]);
    assert!(config.mqtt.is_some_and(|mqtt| mqtt.password.is_some()));
    assert!(config.security.cluster_secret.is_some());
}

#[test]
fn the_reference_mentions_every_key_once_in_its_section() {
    let mut section = String::new();
    let mut mentioned = Vec::new();
    for line in reference().lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        } else if let Some((name, _)) = line.trim_start_matches("# ").split_once(" = ") {
            mentioned.push(format!("{section}{name}"));
        }
    }
    let keys: Vec<String> = ROWS.iter().map(|row| row.about().path()).collect();
    assert_eq!(mentioned, keys);
}

#[test]
fn quickstart_is_one_node_with_its_own_broker_on_loopback() {
    let config = shipped("quickstart.toml");
    assert_eq!(config.node_id.as_str(), "quickstart");
    assert_eq!(config.network.bind_port, 7379);
    assert!(config.network.bind_address.is_loopback());
    assert!(config.broker.is_some_and(|broker| broker.bind_address.is_loopback()));
    let mqtt = config.mqtt.expect("mqtt is enabled");
    assert_eq!(mqtt.broker_address.to_string(), "tcp://127.0.0.1:1883");
}

#[test]
fn the_three_nodes_differ_in_name_and_port_and_share_a_broker() {
    let nodes = ["node1.toml", "node2.toml", "node3.toml"].map(shipped);
    assert_eq!(nodes.each_ref().map(|node| node.node_id.as_str()), ["node1", "node2", "node3"]);
    assert_eq!(nodes.each_ref().map(|node| node.network.bind_port), [7379, 7879, 7880]);
    assert_eq!(nodes.each_ref().map(|node| node.broker.is_some()), [true, false, false]);
    for node in nodes {
        assert_eq!(node.topic_prefix.as_str(), "merkle-kv");
        let mqtt = node.mqtt.expect("mqtt is enabled");
        assert_eq!(mqtt.broker_address.to_string(), "tcp://127.0.0.1:1883");
    }
}

#[test]
fn a_printed_configuration_loads_back_to_the_same() {
    let everything_else = r#"
        node_id = "n.1"
        description = "a \"quoted\" back\\slash, ünïcode and an emoji 🦀"
        [network]
        bind_address = "::1"
        bind_port = 0
        advertise_address = "[2001:db8::1]:7000"
        max_connections = 100_000
        connection_timeout = 86400
        idle_timeout = 90
        max_key_bytes = 1
        max_value_bytes = 67108864
        io_threads = 64
        dialect = "legacy"
        [mqtt]
        topic_prefix = "a/b"
        client_id = "someone else"
        username = "u"
        keep_alive = 1
        clean_session = false
        [broker]
        enabled = true
        bind_address = "::"
        bind_port = 1
        [anti_entropy]
        interval_seconds = 604800
        peer_discovery_interval = 1
        max_concurrent_syncs = 100
        peer_list = ["node-2:7379", "[2001:db8::1]:1"]
        evict_after_hours = 87600
        [storage]
        memory_limit_mb = 1048576
        persistence_enabled = true
        data_dir = "/var/lib/a b"
        durability = "none"
        sync_interval_ms = 60000
        backup_interval_hours = 8760
        backup_keep = 1000
        [tls]
        enabled = true
        cert_file = "/etc/merkle-kv/node.pem"
        key_file = "/etc/merkle-kv/node.key"
        client_ca_file = "clients.pem"
        ca_file = "nodes.pem"
        min_version = "1.3"
        [logging]
        level = "off"
        format = "json"
        file_path = "/var/log/a b.log"
        max_size_mb = 1048576
        max_files = 1000
        [tracing]
        otlp_collector = "[::1]:4318"
        one_in = 1000000000
    "#;
    let off = "node_id = \"n1\"\nanti_entropy.enabled = false\n\
               [mqtt]\nenabled = false\ntopic_prefix = \"a/b\"\n";
    for text in [MINIMAL, everything_else, off] {
        let config = resolved(text, &[]);
        let printed = config.to_toml();
        assert_eq!(from_text(&printed).as_ref(), Ok(&config), "{printed}");
    }
}

#[test]
fn a_printed_configuration_differs_only_in_the_secret() {
    let secret = format!("{MINIMAL}username = \"u\"\npassword = \"hunter2\"\n");
    let mask = format!("{MINIMAL}username = \"u\"\npassword = \"********\"\n");
    let printed = resolved(&secret, &[]).to_toml();
    assert!(printed.contains("password = \"********\"\n"), "{printed}");
    assert_eq!(from_text(&printed), Ok(resolved(&mask, &[])));
}

#[test]
fn a_printed_list_is_an_array() {
    let list = |value| resolved(MINIMAL, &[("MERKLE_KV_ANTI_ENTROPY_PEER_LIST", value)]).to_toml();
    assert!(list("").contains("\npeer_list = []\n"));
    assert!(list("a:1,[::1]:2").contains("\npeer_list = [\"a:1\", \"[::1]:2\"]\n"));
}

#[test]
fn a_printed_cluster_secret_is_no_secret_of_a_cluster() {
    let file = format!("{MINIMAL}[security]\ncluster_secret = \"open sesame, open\"\n");
    let printed = resolved(&file, &[]).to_toml();
    assert!(printed.contains("\ncluster_secret = \"********\"\n"), "{printed}");
    let problems = from_text(&printed).expect_err("a mask").to_string();
    assert!(problems.contains(": security.cluster_secret: found text (not shown), "), "{problems}");
}
