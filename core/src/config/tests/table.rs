//! The table holds what it promises, row by row.

use std::collections::BTreeSet;

use super::super::keys::{ROWS, SECTIONS};
use super::super::kinds::Form;
use super::super::print::literal;
use super::super::raw::Written;
use super::super::row::{Absent, Row};
use super::{MINIMAL, problems, problems_with, resolved};

fn written(row: &dyn Row) -> &Written {
    match &row.about().absent {
        Absent::Default(value) | Absent::Unset(value) | Absent::Required(value) => value,
    }
}

/// A value as a variable has it: without quotes and brackets.
fn in_a_variable(written: &Written) -> String {
    match written {
        Written::List(list) => list.iter().map(in_a_variable).collect::<Vec<_>>().join(","),
        Written::Text(text) => text.to_string(),
        Written::Integer(_) | Written::Boolean(_) | Written::Other(_) => {
            literal(written, str::to_owned)
        }
    }
}

/// A file with one key.
fn file_with(row: &dyn Row, value: &str) -> String {
    let about = row.about();
    let header = if about.section.is_empty() { "" } else { &format!("[{}]", about.section) };
    format!("{header}\n{} = {value}\n", about.name)
}

#[test]
fn every_default_and_example_is_valid_under_its_own_kind() {
    for row in ROWS {
        assert_eq!(row.check(written(*row)), Ok(()), "{}", row.about().path());
    }
}

#[test]
fn every_default_is_what_a_configuration_without_the_key_resolves_to() {
    // These sections are off by default: their rows have a value only once they are on.
    let on = [
        ("MERKLE_KV_BROKER_ENABLED", "true"),
        ("MERKLE_KV_STORAGE_PERSISTENCE_ENABLED", "true"),
        ("MERKLE_KV_ADMIN_ENABLED", "true"),
    ];
    let config = resolved(MINIMAL, &on);
    for row in ROWS {
        let (path, now) = (row.about().path(), row.resolved(&config));
        let now = now.map(|value| literal(&value, str::to_owned));
        match (path.as_str(), &row.about().absent) {
            ("broker.enabled" | "storage.persistence_enabled" | "admin.enabled", _) => {
                assert_eq!(now.as_deref(), Some("true"))
            }
            ("mqtt.client_id" | "node_id", _) => assert_eq!(now.as_deref(), Some("\"n1\"")),
            ("mqtt.broker_address", _) => assert!(now.is_some()),
            // A collector is what the section hangs on, and a certificate.
            ("tracing.one_in" | "tls.min_version", _) => assert_eq!(now, None),
            ("storage.data_dir", _) => assert_eq!(now.as_deref(), Some("\"data/n1\"")),
            (_, Absent::Unset(_)) => assert_eq!(now, None, "{path}"),
            (_, Absent::Default(value)) => {
                assert_eq!(now, Some(literal(value, str::to_owned)), "{path}");
            }
            (_, Absent::Required(_)) => panic!("{path} needs a line in MINIMAL"),
        }
    }
    let config = resolved(MINIMAL, &[]);
    assert_eq!((config.broker, config.storage.persistence), (None, None));
    assert_eq!(config.admin, None);
}

#[test]
fn names_are_unique_in_the_file_and_in_the_environment() {
    let paths: BTreeSet<String> = ROWS.iter().map(|row| row.about().path()).collect();
    let variables: BTreeSet<String> = ROWS.iter().map(|row| row.about().variable()).collect();
    assert_eq!(paths.len(), ROWS.len());
    assert_eq!(variables.len(), ROWS.len());
    assert!(variables.contains("MERKLE_KV_NODE_ID"));
    assert!(variables.contains("MERKLE_KV_NETWORK_BIND_PORT"));
}

#[test]
fn every_row_is_in_a_section_of_the_table_and_says_what_it_is_in_one_line() {
    for row in ROWS {
        let about = row.about();
        assert!(SECTIONS.iter().any(|section| section.name == about.section), "{}", about.path());
        assert!(about.meaning.ends_with('.') && !about.meaning.contains('\n'), "{}", about.path());
    }
}

#[test]
fn only_the_password_and_the_cluster_secret_are_secret() {
    let secret = ROWS.iter().filter(|row| row.about().secret);
    let paths: Vec<String> = secret.map(|row| row.about().path()).collect();
    assert_eq!(paths, ["mqtt.password", "security.cluster_secret"]);
}

#[test]
fn every_row_reads_its_example_from_the_environment() {
    for row in ROWS {
        let value = literal(written(*row), str::to_owned);
        let variable = row.about().variable();
        let user = ("MERKLE_KV_MQTT_USERNAME", "u");
        // Users need a secret between peers.
        let secret = ("MERKLE_KV_SECURITY_CLUSTER_SECRET", "sixteen or more of them");
        let config = resolved(MINIMAL, &[user, secret, (&variable, &in_a_variable(written(*row)))]);
        if let Some(now) = row.resolved(&config).filter(|_| !row.about().secret) {
            assert_eq!(literal(&now, str::to_owned), value, "{variable}");
        }
    }
}

#[test]
fn every_row_refuses_the_types_it_does_not_have() {
    let values = [
        (Some(Form::Text), "\"a\""),
        (Some(Form::Integer), "1"),
        (Some(Form::Boolean), "true"),
        (Some(Form::List), "[]"),
        (None, "1.5"),
        (None, "inf"),
        (None, "1979-05-27"),
        (None, "[1]"),
        (None, "[[]]"),
        (None, "{ a = 1 }"),
        (None, "99999999999999999999999999999999999999999999"),
    ];
    for row in ROWS {
        for (form, value) in values {
            if form == Some(row.form()) {
                continue;
            }
            let path = row.about().path();
            let said = problems(&file_with(*row, value));
            let about_it =
                said.iter().find(|line| line.starts_with(&format!("x.toml:2: {path}: ")));
            let line = about_it.unwrap_or_else(|| panic!("{path} = {value}: {said:?}"));
            assert!(line.ends_with(&format!(", expected {}", row.expected())), "{line}");
        }
    }
}

#[test]
fn every_number_refuses_what_is_just_outside_its_limits() {
    let limits = [
        ("network.bind_port", 0, 65_535),
        ("network.max_connections", 1, 100_000),
        ("network.connection_timeout", 1, 86_400),
        ("network.idle_timeout", 0, 31_536_000),
        ("network.max_key_bytes", 1, 65_535),
        ("network.max_value_bytes", 1, 67_108_864),
        ("network.io_threads", 0, 64),
        ("mqtt.keep_alive", 1, 65_535),
        ("broker.bind_port", 1, 65_535),
        ("anti_entropy.interval_seconds", 1, 604_800),
        ("anti_entropy.peer_discovery_interval", 1, 604_800),
        ("anti_entropy.max_concurrent_syncs", 1, 100),
        ("anti_entropy.evict_after_hours", 1, 87_600),
        ("storage.memory_limit_mb", 0, 1_048_576),
        ("storage.sync_interval_ms", 1, 60_000),
        ("storage.backup_interval_hours", 0, 8_760),
        ("storage.backup_keep", 1, 1_000),
        ("logging.max_size_mb", 1, 1_048_576),
        ("logging.max_files", 1, 1_000),
        ("tracing.one_in", 1, 1_000_000_000),
        ("admin.bind_port", 0, 65_535),
    ];
    let numbers = ROWS.iter().filter(|row| row.form() == Form::Integer);
    assert_eq!(numbers.count(), limits.len());
    // The longest interval is as long as the eviction that is the default.
    let file = format!("{MINIMAL}[anti_entropy]\nevict_after_hours = 169\n");
    for (path, from, to) in limits {
        let row = ROWS.iter().find(|row| row.about().path() == path).expect("a row");
        let variable = row.about().variable();
        for inside in [from, to] {
            resolved(&file, &[(&variable, &inside.to_string())]);
        }
        for outside in [from - 1, to + 1] {
            let said = problems_with(&file, &[(&variable, &outside.to_string())]);
            let expected = format!("{variable}: found {outside}, expected {}", row.expected());
            assert_eq!(said, [expected]);
        }
    }
}
