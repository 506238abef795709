//! What the section on storage resolves to.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{Durability, Persistence};
use super::{MINIMAL, problems_with, resolved};

#[test]
fn the_folder_of_a_node_has_its_name_unless_another_was_given() {
    let folder = |node_id, data_dir| {
        let variables = [("MERKLE_KV_NODE_ID", node_id), ("MERKLE_KV_STORAGE_DATA_DIR", data_dir)];
        resolved(MINIMAL, &variables).storage.data_dir
    };
    assert_eq!(folder("n.2", ""), PathBuf::from("data/n.2"));
    assert_eq!(folder("...", ""), PathBuf::from("data/..."));
    assert_eq!(folder("n2", "/var/lib/a b"), PathBuf::from("/var/lib/a b"));
    assert_eq!(folder("..", "here"), PathBuf::from("here"));
}

#[test]
fn a_node_whose_name_leads_to_another_folder_is_asked_for_one() {
    for name in [".", ".."] {
        let said = problems_with(MINIMAL, &[("MERKLE_KV_NODE_ID", name)]);
        let advice = "write data_dir = \"data/node-1\" under [storage]";
        let why = format!("as node_id {name} names no folder of its own");
        assert_eq!(said, [format!("x.toml: storage.data_dir: missing; {advice}, {why}")]);
    }
}

#[test]
fn the_memory_limit_is_in_megabytes_and_0_is_none() {
    let limit = |value| {
        let variables = [("MERKLE_KV_STORAGE_MEMORY_LIMIT_MB", value)];
        resolved(MINIMAL, &variables).storage.memory_limit_bytes
    };
    assert_eq!(limit("0"), None);
    assert_eq!(limit("1"), Some(1 << 20));
    assert_eq!(limit("1048576"), Some(1 << 40));
}

#[test]
fn persistence_has_the_documented_defaults_once_it_is_enabled() {
    let file = format!("{MINIMAL}[storage]\npersistence_enabled = true\n");
    let persistence = resolved(&file, &[]).storage.persistence;
    assert_eq!(
        persistence,
        Some(Persistence {
            durability: Durability::Interval,
            sync_interval: Duration::from_secs(1),
            backup_interval: Some(Duration::from_secs(86_400)),
            backup_keep: 3,
        })
    );
}

#[test]
fn a_node_that_persists_does_so_as_it_was_told() {
    let told = [
        ("MERKLE_KV_STORAGE_PERSISTENCE_ENABLED", "true"),
        ("MERKLE_KV_STORAGE_DURABILITY", "always"),
        ("MERKLE_KV_STORAGE_SYNC_INTERVAL_MS", "250"),
        ("MERKLE_KV_STORAGE_BACKUP_INTERVAL_HOURS", "0"),
        ("MERKLE_KV_STORAGE_BACKUP_KEEP", "1"),
    ];
    let persistence = resolved(MINIMAL, &told).storage.persistence.expect("persistence is enabled");
    assert_eq!(persistence.durability, Durability::Always);
    assert_eq!(persistence.sync_interval, Duration::from_millis(250));
    assert_eq!((persistence.backup_interval, persistence.backup_keep), (None, 1));

    let none = [told[0], ("MERKLE_KV_STORAGE_DURABILITY", "none")];
    let persistence = resolved(MINIMAL, &none).storage.persistence.expect("persistence is enabled");
    assert_eq!(persistence.durability, Durability::None);

    let said = problems_with(MINIMAL, &[("MERKLE_KV_STORAGE_DURABILITY", "sometimes")]);
    let expected = "expected \"always\" or \"interval\" or \"none\"";
    assert_eq!(said, [format!("MERKLE_KV_STORAGE_DURABILITY: found \"sometimes\", {expected}")]);
}
