//! What operators do with data directories: verify, backup, restore, and backups that a node makes
//! by itself.

use super::{Load, damage, files, named, write_each, write_mib};
use crate::harness::{Node, NodeSettings, wait_until};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a subcommand. Gives its exit code, and all that it said.
pub(super) fn merkle_kv(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_merkle-kv")).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[track_caller]
fn verify(folder: &Path) -> String {
    let (code, said) = merkle_kv(&["verify", "--data-dir", text(folder)]);
    assert_eq!(code, Some(0), "{said}");
    said
}

#[track_caller]
fn backup(folder: &Path, to: &Path) -> String {
    let (code, said) = merkle_kv(&["backup", "--data-dir", text(folder), "--to", text(to)]);
    assert_eq!(code, Some(0), "{said}");
    said
}

fn restore(from: &Path, folder: &Path) -> (Option<i32>, String) {
    merkle_kv(&["restore", "--from", text(from), "--data-dir", text(folder)])
}

fn node_on(folder: &Path, node_id: &str) -> Node {
    let line = format!("data_dir = \"{}\"\n", folder.display());
    Node::start(NodeSettings::alone(node_id).storage(&line))
}

#[test]
fn a_backup_restored_has_the_root_that_the_node_had_also_for_another_node() {
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    write_each(&node, (0..200).map(|n| format!("key{n}")));
    let mut client = node.client();
    assert_eq!(client.command("DEL key7"), "DELETED");
    client.pipeline_ok(&(0..20).map(|n| format!("MSET a{n} 1 b{n} 2")).collect::<Vec<_>>());
    let hash = client.command("HASH");
    let folder = tempfile::tempdir().unwrap();
    let (running, stopped) = (folder.path().join("running"), folder.path().join("stopped"));
    assert!(backup(&node.data_dir(), &running).contains("239 keys of node one"));
    node.end();
    backup(&node.data_dir(), &stopped);
    for (n, from) in [running, stopped].iter().enumerate() {
        let data = folder.path().join(format!("data{n}"));
        let (code, said) = restore(from, &data);
        assert_eq!(code, Some(0), "{said}");
        assert!(verify(&data).contains("node one: good up to record"));
        let restored = node_on(&data, "one");
        assert_eq!(restored.client().command("HASH"), hash);
        write_each(&restored, ["later".to_owned()]);
        restored.stop();
        let data = folder.path().join(format!("other{n}"));
        let to = ["--data-dir", text(&data), "--node-id", "two"];
        let (code, said) = merkle_kv(&[&["restore", "--from", text(from)], &to[..]].concat());
        assert_eq!(code, Some(0), "{said}");
        let mut other = node_on(&data, "two");
        assert_eq!(other.client().command("HASH"), hash);
        other.kill();
        other.start_again();
        assert_eq!(other.client().command("HASH"), hash);
    }
}

#[test]
fn a_node_under_load_is_verified_and_copied_and_the_copy_is_one_of_its_states() {
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    let (data, address) = (node.data_dir(), node.address());
    let folder = tempfile::tempdir().unwrap();
    let mut load = Load::of(3, 5);
    load.run(address, |acknowledged| {
        for round in 0..5 {
            let so_far = acknowledged.load(Ordering::Relaxed);
            wait_until(PATIENCE, "the clients write", || {
                acknowledged.load(Ordering::Relaxed) > so_far + 500
            });
            verify(&data);
            backup(&data, &folder.path().join(format!("backup{round}")));
        }
        node.kill();
    });
    for round in 0..5 {
        let to = folder.path().join(format!("data{round}"));
        let (code, said) = restore(&folder.path().join(format!("backup{round}")), &to);
        assert_eq!(code, Some(0), "{said}");
        assert!(verify(&to).contains("node one: good up to record"));
    }
    // One that was made now is the state now.
    backup(&data, &folder.path().join("last"));
    restore(&folder.path().join("last"), &folder.path().join("data"));
    load.check(&node_on(&folder.path().join("data"), "one"));
    node.start_again();
    load.check(&node);
}

#[test]
fn a_copy_is_made_while_snapshots_replace_the_journal() {
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    let mut client = node.client();
    write_each(&node, ["first".to_owned()]);
    let folder = tempfile::tempdir().unwrap();
    for round in 0..3 {
        write_mib(&mut client, 100);
        verify(&node.data_dir());
        backup(&node.data_dir(), &folder.path().join(format!("backup{round}")));
    }
    wait_until(PATIENCE, "a snapshot", || client.count("snapshots_written") > 0);
    let hash = client.command("HASH");
    backup(&node.data_dir(), &folder.path().join("last"));
    let (code, said) = restore(&folder.path().join("last"), &folder.path().join("data"));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(node_on(&folder.path().join("data"), "one").client().command("HASH"), hash);
    node.kill();
}

#[test]
fn a_folder_that_holds_data_and_a_damaged_backup_are_refused() {
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    write_each(&node, (0..100).map(|n| format!("key{n}")));
    node.end();
    let folder = tempfile::tempdir().unwrap();
    let (copy, data) = (folder.path().join("copy"), node.data_dir());
    backup(&data, &copy);
    let before = files(&data);
    let (code, said) = restore(&copy, &data);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("holds data already; name an empty folder"), "{said}");
    let segment = named(&data, "journal-").remove(0);
    let name = super::name(&segment);
    assert!(before[&name] == files(&data)[&name]);
    let (code, said) = merkle_kv(&["backup", "--data-dir", text(&data), "--to", text(&copy)]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is there already"), "{said}");

    // At any place, and at any length.
    let whole = fs::read(&copy).unwrap();
    let empty = folder.path().join("empty");
    for at in (0..whole.len()).step_by(whole.len() / 20) {
        fs::write(&copy, &whole[..at]).unwrap();
        let (code, said) = restore(&copy, &empty);
        assert_eq!(code, Some(4), "cut at {at}: {said}");
        fs::write(&copy, &whole).unwrap();
        damage(&copy, at);
        let (code, said) = restore(&copy, &empty);
        assert_eq!(code, Some(4), "damaged at {at}: {said}");
        assert!(said.contains("is not a whole backup"), "{said}");
    }
    assert!(!empty.exists());
    fs::write(&copy, &whole).unwrap();
    assert_eq!(restore(&copy, &empty).0, Some(0));
}

#[test]
fn verify_names_what_is_damaged_and_changes_nothing() {
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    write_each(&node, (0..100).map(|n| format!("key{n}")));
    node.end();
    let data = node.data_dir();
    assert!(verify(&data).contains("records  good"));
    let segment = named(&data, "journal-").remove(0);
    let middle = fs::metadata(&segment).unwrap().len() as usize / 2;
    damage(&segment, middle);
    let before = files(&data);
    let (code, said) = merkle_kv(&["verify", "--data-dir", text(&data)]);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("records, then bad at byte") && said.contains("is damaged"), "{said}");
    assert!(before == files(&data));
    let nowhere = data.join("nowhere");
    assert_eq!(merkle_kv(&["verify", "--data-dir", text(&nowhere)]).0, Some(1));
}

#[test]
fn a_node_makes_a_backup_when_the_last_one_is_old_enough() {
    let settings = "backup_interval_hours = 1\nbackup_keep = 2\n";
    let mut node = Node::prepare(NodeSettings::alone("one").storage(settings));
    let backups = node.data_dir().join("backups");
    fs::create_dir_all(&backups).unwrap();
    for hour in ["00", "01"] {
        let file = File::create(backups.join(format!("backup-20200101T{hour}0000Z.mkv"))).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(7_200)).unwrap();
    }
    node.launch();
    node.listens();
    write_each(&node, ["key".to_owned()]);
    let mut client = node.client();
    wait_until(PATIENCE, "a backup", || client.count("backups_written") == 1);
    let hash = client.command("HASH");
    wait_until(PATIENCE, "the oldest goes", || named(&backups, "").len() == 2);
    let newest = named(&backups, "backup-").pop().unwrap();
    let data = node.folder().join("restored");
    let (code, said) = restore(&newest, &data);
    assert_eq!(code, Some(0), "{said}");
    let restored = node_on(&data, "one");
    let mut restored = restored.client();
    // The key may have been written before the backup or after it.
    if restored.command("GET key") == "VALUE key" {
        assert_eq!(restored.command("HASH"), hash);
    }
}
