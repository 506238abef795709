//! What a running node takes on of a changed configuration, and what it does not.

use super::super::keys::ROWS;
use super::{MINIMAL, resolved};

/// A file in which every key that may be there has another value than by default.
const OTHERS: &str = r#"
    node_id = "other"
    description = "other"
    [network]
    bind_address = "::1"
    bind_port = 1
    advertise_address = "other:7000"
    max_connections = 1
    connection_timeout = 1
    idle_timeout = 90
    max_key_bytes = 1
    max_value_bytes = 1
    io_threads = 1
    dialect = "legacy"
    [mqtt]
    broker_address = "tcp://other:1"
    topic_prefix = "other"
    client_id = "other"
    username = "other"
    password = "other"
    keep_alive = 1
    clean_session = false
    [broker]
    enabled = true
    [anti_entropy]
    interval_seconds = 1
    peer_discovery_interval = 1
    max_concurrent_syncs = 1
    peer_list = ["other:7379"]
    evict_after_hours = 1
    [security]
    cluster_secret = "another secret of it"
    [storage]
    memory_limit_mb = 1
    persistence_enabled = true
    data_dir = "other"
    [logging]
    level = "off"
    format = "json"
    file_path = "other"
    max_size_mb = 1
    max_files = 1
    [tracing]
    otlp_collector = "other:4318"
    one_in = 1
"#;

/// As docs/configuration.md has it.
const LIVE: &[&str] = &[
    "network.max_connections",
    "network.connection_timeout",
    "network.idle_timeout",
    "anti_entropy.interval_seconds",
    "anti_entropy.peer_discovery_interval",
    "anti_entropy.max_concurrent_syncs",
    "anti_entropy.peer_list",
    "anti_entropy.evict_after_hours",
    "storage.memory_limit_mb",
    "logging.level",
];

#[test]
fn a_running_node_takes_on_these_keys_and_tells_of_every_other_one() {
    let (old, new) = (resolved(MINIMAL, &[]), resolved(OTHERS, &[]));
    let reloaded = old.reload(&new);
    let keys = |changed: &[super::super::ChangedKey]| -> Vec<String> {
        changed.iter().map(|changed| changed.key.clone()).collect()
    };
    assert_eq!(keys(&reloaded.taken), LIVE);
    let waiting = keys(&reloaded.waiting);
    for row in ROWS {
        let key = row.about().path();
        // Switches have a value of their own, and these stand for what they switch.
        let is_same = !row.differs(&old, &new);
        let is_told = LIVE.contains(&key.as_str()) || waiting.contains(&key);
        assert!(is_same || is_told, "{key} has changed, and nobody is told");
    }
    assert!(waiting.contains(&"network.bind_port".to_owned()), "{waiting:?}");
    let text = reloaded.config.to_toml();
    for key in LIVE {
        let (_, name) = key.split_once('.').unwrap();
        let line = |text: &str| text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        assert_eq!(line(&text), line(&new.to_toml()), "{key}");
    }
    // Taken on once, there is nothing left to take on.
    assert_eq!(reloaded.config.reload(&new).taken, []);
}

#[test]
fn a_changed_secret_is_told_of_without_being_shown() {
    let with = |secret| format!("{MINIMAL}[security]\ncluster_secret = \"{secret}\"\n");
    let [old, new] = ["the first of secrets", "the second of secrets"].map(|secret| {
        let text = with(secret);
        resolved(&text, &[])
    });
    let reloaded = old.reload(&new);
    assert_eq!((reloaded.taken.as_slice(), &reloaded.config), (&[][..], &old));
    let [changed] = reloaded.waiting.as_slice() else { panic!("{reloaded:?}") };
    assert_eq!(changed.key, "security.cluster_secret");
    assert_eq!((changed.old.as_str(), changed.new.as_str()), ("\"********\"", "\"********\""));
}

#[test]
fn the_same_configuration_changes_nothing() {
    let config = resolved(OTHERS, &[]);
    let reloaded = config.reload(&config);
    assert_eq!((&reloaded.config, reloaded.taken.len(), reloaded.waiting.len()), (&config, 0, 0));
}

#[test]
fn anti_entropy_that_is_switched_takes_a_restart_with_all_that_belongs_to_it() {
    let on = resolved(OTHERS, &[]);
    let off = resolved(OTHERS, &[("MERKLE_KV_ANTI_ENTROPY_ENABLED", "false")]);
    for (old, new) in [(&on, &off), (&off, &on)] {
        let reloaded = old.reload(new);
        assert_eq!((&reloaded.config, reloaded.taken.len()), (old, 0));
        assert!(reloaded.waiting.iter().any(|changed| changed.key == "anti_entropy.enabled"));
    }
}

#[test]
fn the_documents_list_the_keys_that_a_running_node_takes_on() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("\n## Change it while the node runs\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let listed: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(listed, LIVE);
}
