//! Data directories that are no good: each with the exit code, and with what its operator is told.

use super::operators::merkle_kv;
use super::{damage, files, name, named, write_each, write_mib};
use crate::harness::{
    Node, NodeSettings, REPLICATION_LIMIT, SmallDisk, peers, same_roots, wait_until,
};
use std::fs::{self, OpenOptions};
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

/// A node that has stored a hundred keys and has ended.
fn ended_node() -> Node {
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    write_each(&node, (0..100).map(|n| format!("key{n}")));
    node.end();
    node
}

/// The same, after it has run twice: whatever it wrote in its first run is known to be synced.
fn node_that_ran_twice() -> Node {
    let mut node = ended_node();
    node.start_again();
    write_each(&node, ["later".to_owned()]);
    node.end();
    node
}

fn only_segment(node: &Node) -> PathBuf {
    let mut segments = named(&node.data_dir(), "journal-");
    assert_eq!(segments.len(), 1);
    segments.remove(0)
}

/// Starts it in vain, and checks that nothing on disk has changed.
#[track_caller]
fn refuses(node: &mut Node, code: i32, says: &[&str]) {
    let folder = node.data_dir();
    let mut before = files(&folder);
    let (found, said) = node.start_in_vain();
    assert_eq!(found, Some(code), "{said}");
    for text in says {
        assert!(said.contains(text), "{text:?} is missing: {said}");
    }
    let mut after = files(&folder);
    // It tells who had the folder last.
    before.remove("LOCK");
    after.remove("LOCK");
    assert!(before == after, "something was changed");
}

fn other_node_in(folder: PathBuf, node_id: &str) -> Node {
    let line = format!("data_dir = \"{}\"\n", folder.display());
    Node::prepare(NodeSettings::alone(node_id).storage(&line))
}

#[test]
fn a_second_process_is_told_who_has_the_data_directory() {
    let node = Node::start(NodeSettings::alone("one").storage(""));
    let mut second = other_node_in(node.data_dir(), "one");
    let (code, said) = second.start_in_vain();
    assert_eq!(code, Some(3), "{said}");
    let owner = format!("in use by another process (node one, process {})", node.process_id());
    assert!(said.contains(&owner) && said.contains("storage.data_dir"), "{said}");
    assert_eq!(node.client().command("SET key 1"), "OK");
}

#[test]
fn the_data_directory_of_another_node_is_refused() {
    let one = ended_node();
    let before = files(&one.data_dir());
    let (code, said) = other_node_in(one.data_dir(), "two").start_in_vain();
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("is not for this node"), "{said}");
    assert!(said.contains("it belongs to the node one"), "{said}");
    let segment = name(&only_segment(&one));
    assert!(said.contains(&segment), "{said}");
    assert!(before[&segment] == files(&one.data_dir())[&segment]);
}

#[test]
fn a_data_directory_that_cannot_be_written_is_refused_and_works_again_later() {
    let disk = SmallDisk::of_mib(4);
    let mut node = Node::start(NodeSettings::alone("one").storage_on(&disk, ""));
    write_each(&node, ["key".to_owned()]);
    node.end();
    disk.set_read_only(true);
    let (code, said) = node.start_in_vain();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("Read-only file system") && said.contains("LOCK"), "{said}");
    assert!(said.contains("check storage.data_dir, its permissions and its disk"), "{said}");
    disk.set_read_only(false);
    node.start_again();
    assert_eq!(node.client().command("GET key"), "VALUE key");
}

#[test]
fn a_data_directory_of_a_later_format_is_refused_by_its_name() {
    let mut node = ended_node();
    let segment = only_segment(&node);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8..10].copy_from_slice(&3_u16.to_be_bytes());
    let crc = crc32(&bytes[..92]);
    bytes[92..96].copy_from_slice(&crc.to_be_bytes());
    fs::write(&segment, bytes).unwrap();
    let says = ["it has format 3, and this release reads 2", "start the release that wrote it"];
    refuses(&mut node, 4, &says);
    assert_eq!(node.start_in_vain_with(&["--repair"]).0, Some(4));
}

/// The CRC-32 of ISO 3309, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let bits = |crc: u32| (0..8).fold(crc, |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)));
    !bytes.iter().fold(!0, |crc, byte| bits(crc ^ u32::from(*byte)))
}

#[test]
fn an_end_that_a_crash_has_torn_is_cut_and_reported_once() {
    let mut node = Node::start(NodeSettings::alone("one").storage("sync_interval_ms = 60000\n"));
    write_each(&node, (0..100).map(|n| format!("key{n}")));
    node.kill();
    let segment = only_segment(&node);
    let length = fs::metadata(&segment).unwrap().len();
    OpenOptions::new().write(true).open(&segment).unwrap().set_len(length - 5).unwrap();
    node.start_again();
    let line = node.logged("it ends before that now");
    assert!(line.contains(&name(&segment)) && line.contains("nobody was promised"), "{line}");
    let mut client = node.client();
    assert_eq!(client.command("GET key99"), "(null)");
    assert_eq!(client.command("GET key98"), "VALUE key98");
    assert_eq!(client.command("SET key99 again"), "OK");
    node.kill();
    node.start_again();
    assert_eq!(node.client().command("GET key99"), "VALUE again");
    let (code, said) = merkle_kv(&["verify", "--data-dir", node.data_dir().to_str().unwrap()]);
    assert!(code == Some(0) && !said.contains("bad"), "{said}");
    assert!(!node.log().contains("it ends before that now"));
}

#[test]
fn a_damaged_record_that_was_on_disk_stops_the_start_and_changes_nothing() {
    let mut node = node_that_ran_twice();
    let segment = only_segment(&node);
    let at = places(&fs::read(&segment).unwrap(), "key50")[0];
    damage(&segment, at);
    let says = [
        "is damaged: journal-0000000000000001.mkv",
        "the checksum of a record is wrong",
        "nothing was changed",
        "merkle-kv restore",
        "--repair",
    ];
    refuses(&mut node, 4, &says);
    node.start_again_with(&["--repair"]);
    node.logged("the data directory was repaired");
    let mut client = node.client();
    assert_eq!(client.command("GET key50"), "(null)");
    assert_eq!(client.command("GET key51"), "VALUE key51");
    assert_eq!(client.command("GET later"), "VALUE later");
    let aside = named(&node.data_dir(), "damaged-").remove(0);
    assert_eq!(name(&named(&aside, "journal-")[0]), name(&segment));
    node.kill();
    node.start_again();
    assert_eq!(node.client().command("DBSIZE"), "DBSIZE 100");
}

/// Where a text stands in bytes.
fn places(bytes: &[u8], text: &str) -> Vec<usize> {
    let windows = bytes.windows(text.len()).enumerate();
    windows.filter(|(_, window)| *window == text.as_bytes()).map(|(at, _)| at).collect()
}

#[test]
fn after_a_repair_others_bring_what_was_lost_and_what_was_deleted_stays_deleted() {
    let mut nodes = peers(2, "interval_seconds = 1", |_, settings| settings.storage(""));
    write_each(&nodes[0], (0..50).map(|n| format!("stays{n:02};")));
    write_each(&nodes[0], (0..50).map(|n| format!("goes{n:02};")));
    same_roots(&[&nodes[0], &nodes[1]]);
    let mut client = nodes[0].client();
    for n in 0..50 {
        assert_eq!(client.command(&format!("DEL goes{n:02};")), "DELETED");
    }
    for node in &nodes {
        let mut client = node.client();
        let mut tombstones = || client.fact("INFO", "tombstones");
        wait_until(REPLICATION_LIMIT, "tombstones are gone", || tombstones() == "0");
    }
    nodes[0].end();
    nodes[0].start_again();
    write_each(&nodes[0], ["later".to_owned()]);
    nodes[0].end();
    // It forgets that it has deleted some keys, that it has forgotten them, and some others.
    let segment = only_segment(&nodes[0]);
    let bytes = fs::read(&segment).unwrap();
    for n in 10..20 {
        let deleted = places(&bytes, &format!("goes{n:02};"));
        // The first is in the key, the second in the value.
        assert!(deleted.len() > 2, "{deleted:?}");
        deleted[2..].iter().for_each(|at| damage(&segment, *at));
        damage(&segment, places(&bytes, &format!("stays{n:02};"))[0]);
    }
    refuses(&mut nodes[0], 4, &["--repair"]);
    nodes[0].start_again_with(&["--repair"]);
    nodes[0].logged("the data directory was repaired");
    for node in &nodes {
        node.client().until("DBSIZE", "DBSIZE 51");
    }
    same_roots(&[&nodes[0], &nodes[1]]);
    for node in &nodes {
        let content = node.client().content();
        assert!(content.iter().all(|(key, _)| !key.starts_with("goes")), "a deleted key is back");
    }
}

#[test]
fn a_segment_that_is_missing_in_the_middle_stops_the_start() {
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    write_mib(&mut node.client(), 140);
    node.end();
    let segments = named(&node.data_dir(), "journal-");
    assert!(segments.len() > 2, "{segments:?}");
    fs::remove_file(&segments[1]).unwrap();
    refuses(&mut node, 4, &["should stand there, but record", "--repair"]);
}

#[test]
fn snapshots_replace_the_journal_and_unfinished_or_damaged_ones_are_told() {
    let mut node = Node::start(NodeSettings::alone("one").storage(""));
    let folder = node.data_dir();
    let aside = tempfile::tempdir_in(node.folder()).unwrap();
    write_each(&node, ["first".to_owned()]);
    write_mib(&mut node.client(), 200);
    node.end();
    for segment in named(&folder, "journal-") {
        fs::hard_link(&segment, aside.path().join(name(&segment))).unwrap();
    }
    fs::write(folder.join("snapshot-00000000000fffff.mkv.tmp"), "half of it").unwrap();
    node.start_again();
    assert!(named(&folder, "snapshot-").is_empty());
    let mut client = node.client();
    write_mib(&mut client, 70);
    wait_until(PATIENCE, "a snapshot", || client.count("snapshots_written") == 1);
    assert_eq!(named(&folder, "journal-").len(), 1);
    let hash = client.command("HASH");
    node.kill();
    node.start_again();
    assert_eq!(node.client().command("HASH"), hash);
    node.kill();
    let snapshot = named(&folder, "snapshot-").remove(0);
    damage(&snapshot, 1_000);
    refuses(&mut node, 4, &[&name(&snapshot), "is not whole", "--repair"]);
    // With the journal from its beginning it is not needed.
    for segment in named(aside.path(), "journal-") {
        let to = folder.join(name(&segment));
        if !to.exists() {
            fs::hard_link(&segment, to).unwrap();
        }
    }
    node.start_again();
    assert!(node.logged("a snapshot is not whole").contains(&name(&snapshot)));
    assert_eq!(node.client().command("HASH"), hash);
}
