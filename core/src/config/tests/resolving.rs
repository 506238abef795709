//! What a configuration resolves to, and the rules between keys.

use core::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use super::super::values::{AdvertiseAddress, BrokerAddress};
use super::super::{LogFormat, LogLevel, TopicPrefix};
use super::{MINIMAL, problems, problems_with, resolved};
use crate::naming::{Host, PeerAddress};
use crate::protocol::Dialect;

#[test]
fn two_keys_are_enough_and_the_rest_has_the_documented_defaults() {
    let config = resolved(MINIMAL, &[]);
    assert_eq!(config.node_id.as_str(), "n1");
    assert_eq!(config.description, None);
    assert_eq!(config.broker, None);

    let network = config.network;
    assert_eq!(network.bind_address, IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_eq!(network.bind_port, 7379);
    assert_eq!(network.advertise_address, None);
    assert_eq!(network.max_connections, 1000);
    assert_eq!(network.connection_timeout, Duration::from_secs(30));
    assert_eq!(network.idle_timeout, None);
    assert_eq!(network.max_key_bytes, 1024);
    assert_eq!(network.max_value_bytes, 1_048_576);
    assert_eq!(network.io_threads, 0);
    assert_eq!(network.dialect, Dialect::Standard);

    assert_eq!(config.topic_prefix.as_str(), "merkle-kv");
    let mqtt = config.mqtt.expect("mqtt is enabled");
    assert_eq!(mqtt.broker_address.to_string(), "tcp://127.0.0.1:1883");
    assert_eq!(mqtt.client_id, "n1");
    assert_eq!((mqtt.username, mqtt.password), (None, None));
    assert_eq!(mqtt.keep_alive, Duration::from_secs(60));
    assert!(mqtt.clean_session);

    let anti_entropy = config.anti_entropy.expect("anti-entropy is enabled");
    assert_eq!(anti_entropy.interval, Duration::from_secs(300));
    assert_eq!(anti_entropy.peer_discovery_interval, Duration::from_secs(600));
    assert_eq!(anti_entropy.max_concurrent_syncs, 3);
    assert_eq!(anti_entropy.peer_list, []);
    assert_eq!(anti_entropy.evict_after, Duration::from_secs(7 * 86_400));

    assert_eq!(config.security.cluster_secret, None);

    let storage = config.storage;
    assert_eq!(storage.data_dir, PathBuf::from("data/n1"));
    assert_eq!(storage.memory_limit_bytes, Some(1 << 30));
    assert_eq!(storage.persistence, None);

    assert_eq!(config.logging.level, LogLevel::Info);
    assert_eq!(config.logging.format, LogFormat::Text);
    assert_eq!(config.logging.file_path, None);
    assert_eq!(config.logging.max_size_mb, 100);
    assert_eq!(config.logging.max_files, 5);
}

#[test]
fn the_environment_overrides_the_file() {
    let file = format!("{MINIMAL}[network]\nbind_port = 1\n[logging]\nfile_path = \"a\"\n");
    let variables = [
        ("MERKLE_KV_NODE_ID", "n2"),
        ("MERKLE_KV_NETWORK_BIND_PORT", "7_000"),
        ("MERKLE_KV_MQTT_CLEAN_SESSION", "false"),
        ("MERKLE_KV_LOGGING_LEVEL", "trace"),
        ("MERKLE_KV_LOGGING_FILE_PATH", "b c"),
        ("PATH", "/bin"),
        ("MERKLE_KVX", "not ours"),
    ];
    let config = resolved(&file, &variables);
    assert_eq!(config.node_id.as_str(), "n2");
    assert_eq!(config.network.bind_port, 7000);
    assert!(!config.mqtt.expect("mqtt is enabled").clean_session);
    assert_eq!(config.logging.level, LogLevel::Trace);
    assert_eq!(config.logging.file_path, Some(PathBuf::from("b c")));
}

#[test]
fn the_environment_alone_is_a_configuration() {
    let variables =
        [("MERKLE_KV_NODE_ID", "n1"), ("MERKLE_KV_MQTT_BROKER_ADDRESS", "mqtt://127.0.0.1")];
    assert_eq!(resolved("", &variables), resolved(MINIMAL, &[]));
}

#[test]
fn an_empty_variable_takes_away_an_optional_key() {
    let file = format!("{MINIMAL}username = \"u\"\npassword = \"p\"\n");
    let empty = [("MERKLE_KV_MQTT_USERNAME", ""), ("MERKLE_KV_MQTT_PASSWORD", "")];
    assert_eq!(resolved(&file, &empty), resolved(MINIMAL, &[]));
}

#[test]
fn an_empty_variable_for_a_key_that_needs_a_value_is_a_problem() {
    let empty = [("MERKLE_KV_NODE_ID", ""), ("MERKLE_KV_NETWORK_BIND_PORT", "")];
    assert_eq!(
        problems_with(MINIMAL, &empty),
        [
            "MERKLE_KV_NETWORK_BIND_PORT: found \"\", expected an integer from 0 to 65535",
            "MERKLE_KV_NODE_ID: found \"\", expected 1 to 64 of the characters A-Z a-z 0-9 . _ -",
        ]
    );
}

#[test]
fn a_mistake_in_the_file_is_reported_although_the_environment_overrides_it() {
    let said = problems_with("node_id = \"a b\"\n", &[("MERKLE_KV_NODE_ID", "n1")]);
    assert!(said[0].starts_with("x.toml:1: node_id: found \"a b\""), "{said:?}");
}

#[test]
fn numbers_may_have_underscores_and_other_bases() {
    let file = format!("{MINIMAL}[network]\nmax_value_bytes = 1_000_000\nmax_key_bytes = 0xFF\n");
    let network = resolved(&file, &[]).network;
    assert_eq!((network.max_value_bytes, network.max_key_bytes), (1_000_000, 255));
}

#[test]
fn a_number_from_the_environment_has_nothing_around_it() {
    for value in ["5 ", " 5", "5 # five", "5#five", "5\n", "_5", "0x", "\"5\"", "5.0", "007", "[5]"]
    {
        let said = problems_with(MINIMAL, &[("MERKLE_KV_NETWORK_BIND_PORT", value)]);
        assert_eq!(said.len(), 1, "{value:?}");
    }
}

#[test]
fn sections_may_be_dotted_or_inline() {
    let file = "node_id = \"n1\"\nnetwork.bind_port = 5\nmqtt = { enabled = false }\n";
    let config = resolved(file, &[]);
    assert_eq!((config.network.bind_port, config.mqtt), (5, None));
}

#[test]
fn idle_timeout_is_never_or_seconds() {
    let idle = |value| resolved(MINIMAL, &[("MERKLE_KV_NETWORK_IDLE_TIMEOUT", value)]);
    assert_eq!(idle("0").network.idle_timeout, None);
    assert_eq!(idle("7").network.idle_timeout, Some(Duration::from_secs(7)));
}

#[test]
fn a_list_from_the_environment_has_commas_and_may_be_empty() {
    let file = format!("{MINIMAL}[anti_entropy]\npeer_list = [\"a:1\", \"[::1]:2\"]\n");
    let peers = |variables: &[(&str, &str)]| {
        let anti_entropy = resolved(&file, variables).anti_entropy;
        let peers = anti_entropy.expect("anti-entropy is enabled").peer_list;
        peers.iter().map(PeerAddress::to_string).collect::<Vec<_>>()
    };
    let variable = "MERKLE_KV_ANTI_ENTROPY_PEER_LIST";
    assert_eq!(peers(&[]), ["a:1", "[::1]:2"]);
    assert_eq!(peers(&[(variable, "b:3,[::2]:4,b:3")]), ["b:3", "[::2]:4", "b:3"]);
    assert!(peers(&[(variable, "")]).is_empty());
    for value in [",", "a:1,", ",a:1", "a:1,,b:1", "a:1;b:1", "[a:1]", "\"a:1\""] {
        assert_eq!(problems_with(MINIMAL, &[(variable, value)]).len(), 1, "{value:?}");
    }
}

#[test]
fn a_peer_is_given_up_later_than_it_is_met() {
    let file = format!("{MINIMAL}[anti_entropy]\n");
    let advice = "raise evict_after_hours or lower interval_seconds";
    assert_eq!(
        problems(&format!("{file}interval_seconds = 3600\nevict_after_hours = 1\n")),
        [format!(
            "x.toml:6: anti_entropy.evict_after_hours: peers would be given up after 1 h, with \
             3600 s between rounds; {advice}"
        )]
    );
    assert_eq!(
        problems(&format!("{file}enabled = false\ninterval_seconds = 604800\n")),
        [format!(
            "x.toml:6: anti_entropy.interval_seconds: peers would be given up after 168 h, with \
             604800 s between rounds; {advice}"
        )]
    );
    resolved(&format!("{file}interval_seconds = 3599\nevict_after_hours = 1\n"), &[]);
}

#[test]
fn what_is_switched_off_is_checked_and_then_left_out() {
    let off = "node_id = \"n1\"\nmqtt.enabled = false\n[anti_entropy]\nenabled = false\n";
    assert_eq!(resolved(off, &[]).anti_entropy, None);
    let said = problems(&format!("{off}peer_list = [\"a\"]\nmax_concurrent_syncs = 0\n"));
    assert_eq!(said.len(), 2, "{said:?}");
}

#[test]
fn the_cluster_has_a_name_without_mqtt_too() {
    let off = "node_id = \"n1\"\nmqtt = { enabled = false, topic_prefix = \"a/b\" }\n";
    let config = resolved(off, &[]);
    assert_eq!((config.topic_prefix.as_str(), config.mqtt), ("a/b", None));
}

#[test]
fn a_cluster_secret_is_one_line_that_is_long_enough() {
    let read = |secret: &str| {
        let variables = [("MERKLE_KV_SECURITY_CLUSTER_SECRET", secret)];
        super::load(MINIMAL, "x.toml", &super::environment(&variables))
    };
    for secret in ["0123456789abcdef", "with spaces, \" and \\ inside", &"~".repeat(1_024)] {
        let config = read(secret).expect("a secret");
        assert_eq!(config.security.cluster_secret.expect("a secret").expose(), secret);
    }
    let bad = [
        "0123456789abcde",
        " 0123456789abcdef",
        "0123456789abcdef ",
        "0123456789abcdef\n",
        "01234567\t89abcdef",
        "01234567\u{7f}89abcdef",
        "0123456789abcdeé",
        &" ".repeat(16),
        &"~".repeat(1_025),
    ];
    for secret in bad {
        let expected = "expected 16 to 1024 bytes of printable ASCII without spaces at the ends";
        let said = read(secret).expect_err(secret).to_string();
        let found = "MERKLE_KV_SECURITY_CLUSTER_SECRET: found text (not shown)";
        assert_eq!(said, format!("{found}, {expected}"));
    }
}

#[test]
fn mqtt_needs_a_broker_unless_it_is_disabled_or_the_node_runs_one() {
    let said = problems("node_id = \"n1\"\n");
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("x.toml: mqtt.broker_address: missing; write broker_address = "));

    let disabled = resolved("node_id = \"n1\"\n", &[("MERKLE_KV_MQTT_ENABLED", "false")]);
    assert_eq!(disabled.mqtt, None);
}

#[test]
fn the_broker_of_the_node_is_reached_where_it_listens() {
    let addresses = [
        ("127.0.0.1", "tcp://127.0.0.1:1884"),
        ("192.0.2.7", "tcp://192.0.2.7:1884"),
        ("0.0.0.0", "tcp://127.0.0.1:1884"),
        ("::", "tcp://[::1]:1884"),
        ("::1", "tcp://[::1]:1884"),
    ];
    for (bind, address) in addresses {
        let file = format!(
            "node_id = \"n1\"\n[broker]\nenabled = true\nbind_address = \"{bind}\"\nbind_port = 1884"
        );
        let mqtt = resolved(&file, &[]).mqtt.expect("mqtt is enabled");
        assert_eq!(mqtt.broker_address.to_string(), address);
    }
}

#[test]
fn a_broker_that_was_named_comes_before_the_one_in_the_node() {
    let file = "node_id = \"n1\"\nbroker.enabled = true\nmqtt.broker_address = \"tcp://b:1\"\n";
    let mqtt = resolved(file, &[]).mqtt.expect("mqtt is enabled");
    assert_eq!(mqtt.broker_address.to_string(), "tcp://b:1");
}

#[test]
fn a_password_needs_a_user() {
    let file = format!("{MINIMAL}password = \"hunter2\"\n");
    assert_eq!(problems(&file), ["x.toml:4: mqtt.password: a password without mqtt.username"]);
    let variable = [("MERKLE_KV_MQTT_PASSWORD", "hunter2")];
    let said = problems_with(MINIMAL, &variable);
    assert_eq!(said, ["MERKLE_KV_MQTT_PASSWORD: a password without mqtt.username"]);
}

#[test]
fn the_broker_and_the_node_may_not_share_a_port_on_the_same_address() {
    let shared = |network: &str, broker: &str| {
        let variables = [
            ("MERKLE_KV_BROKER_ENABLED", "true"),
            ("MERKLE_KV_NETWORK_BIND_ADDRESS", network),
            ("MERKLE_KV_BROKER_BIND_ADDRESS", broker),
            ("MERKLE_KV_BROKER_BIND_PORT", "7379"),
        ];
        super::load(MINIMAL, "x.toml", &super::environment(&variables)).is_err()
    };
    assert!(shared("127.0.0.1", "127.0.0.1"));
    assert!(shared("0.0.0.0", "127.0.0.1"));
    assert!(shared("127.0.0.1", "0.0.0.0"));
    assert!(shared("::", "127.0.0.1"));
    assert!(shared("::ffff:127.0.0.1", "127.0.0.1"));
    assert!(!shared("127.0.0.1", "127.0.0.2"));
    assert!(!shared("::1", "127.0.0.1"));
    assert!(!shared("::1", "0.0.0.0"));
}

#[test]
fn the_admin_port_may_be_neither_that_of_clients_nor_that_of_the_broker() {
    let on = format!("{MINIMAL}[admin]\nenabled = true\n");
    for (port, other) in [(7379, "network"), (1883, "broker")] {
        let file = format!("{on}bind_port = {port}\n[broker]\nenabled = true\n");
        assert_eq!(
            problems(&file),
            [format!(
                "x.toml:6: admin.bind_port: port {port} on the same address is also \
                 {other}.bind_port; one of them has to move"
            )]
        );
    }
    // Any free one is never the same one.
    let free = format!("{on}bind_port = 0\n[network]\nbind_port = 0\n");
    assert_eq!(resolved(&free, &[]).admin.map(|admin| admin.bind_port), Some(0));
    let off = format!("{MINIMAL}[admin]\nbind_port = 7379\n");
    assert_eq!(resolved(&off, &[]).admin, None);
}

#[test]
fn a_shared_port_is_reported_where_it_was_written() {
    let enabled = format!("{MINIMAL}[broker]\nenabled = true\n");
    assert_eq!(
        problems(&format!("{enabled}bind_port = 7379\n")),
        ["x.toml:6: broker.bind_port: port 7379 on the same address is also network.bind_port; \
          one of them has to move"]
    );
    assert_eq!(
        problems(&format!("{enabled}[network]\nbind_port = 1883\n")),
        ["x.toml:7: network.bind_port: port 1883 on the same address is also broker.bind_port; \
          one of them has to move"]
    );
    assert!(resolved(MINIMAL, &[("MERKLE_KV_NETWORK_BIND_PORT", "1883")]).broker.is_none());
}

#[test]
fn a_topic_prefix_can_stand_in_a_topic_and_matches_nothing_else() {
    let longest = format!("a{}", "ä".repeat(127));
    for prefix in ["a", "merkle-kv", "a/b", "a$", "a b", &longest] {
        assert_eq!(TopicPrefix::parse(prefix).as_ref().map(TopicPrefix::as_str), Some(prefix));
    }
    for text in
        ["", "+", "a/#", "a+b", "/a", "a/", "/", "$SYS", "a\0b", "a\nb", "ä", &"a".repeat(129)]
    {
        assert_eq!(TopicPrefix::parse(text), None, "{text:?}");
    }
}

#[test]
fn an_advertised_address_is_a_host_with_or_without_a_port() {
    let cases = [
        ("node-1", "node-1", None),
        ("a_b.example.net:7379", "a_b.example.net", Some(7379)),
        ("192.0.2.1:1", "192.0.2.1", Some(1)),
        ("[2001:DB8::1]:65535", "[2001:db8::1]", Some(65_535)),
        ("[::1]", "[::1]", None),
    ];
    for (text, host, port) in cases {
        let address = AdvertiseAddress::parse(text).expect(text);
        assert_eq!((address.host.as_str(), address.port), (host, port));
    }
    let bad = [
        "",
        ":1",
        "a:",
        "a:0",
        "a:65536",
        "a:+1",
        "a:b",
        "a:1:2",
        "::1",
        "[::1",
        "[::1]1",
        "[]:1",
        "[a]:1",
        "a b",
        "a/b",
        "-a",
        "a-",
        "a..b",
        "1.2.3",
        "1.2.3.4.5",
        "256.1.1.1",
        "7379",
        "http://a",
        "u@a:1",
        "]:1",
        "[::1]]:1",
        "é",
        &"a".repeat(64),
    ];
    for text in bad {
        assert_eq!(AdvertiseAddress::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_broker_address_is_a_tcp_url_with_1883_as_its_port() {
    let broker = |url| resolved(MINIMAL, &[("MERKLE_KV_MQTT_BROKER_ADDRESS", url)]).mqtt;
    let cases = [
        ("tcp://localhost", "localhost", 1883),
        ("mqtt://localhost:1884", "localhost", 1884),
        ("tcp://[::1]:1", "[::1]", 1),
        ("tcp://[::1]", "[::1]", 1883),
    ];
    for (url, host, port) in cases {
        let host = Host::parse(host).expect(host);
        let address = broker(url).expect("mqtt is enabled").broker_address;
        assert_eq!(address, BrokerAddress { host, port, tls: false });
    }
    let bad = [
        "localhost:1883",
        "tcp:localhost",
        "tcp://",
        "http://a",
        "TCP://a",
        "tcp://a:0",
        "tcp://a/b",
        "tcp://a:1/",
        "tcp://::1",
        "://a",
    ];
    for url in bad {
        let said = problems_with(MINIMAL, &[("MERKLE_KV_MQTT_BROKER_ADDRESS", url)]);
        assert!(said[0].contains("expected tcp://host:port"), "{said:?}");
    }
}
