//! A disk that is full: nothing acknowledged is lost, reads go on, and so do writes once there is
//! room.

use super::write_mib;
use crate::harness::{
    Broker, Client, Node, NodeSettings, REPLICATION_LIMIT, SmallDisk, unique_prefix, wait_until,
};
use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

const FULL: &str = "ERROR: Storage full: the disk ";

fn value(n: usize) -> String {
    format!("{n}{}", "x".repeat(5_000))
}

/// Writes `fill0`, `fill1` and so on until it is refused, or until it is to stop.
fn fill(address: SocketAddr, acknowledged: &AtomicUsize, stop: &AtomicBool) {
    let mut client = Client::connect(address);
    while !stop.load(Ordering::Relaxed) {
        let n = acknowledged.load(Ordering::Relaxed);
        let line = format!("SET fill{n} {}\r\n", value(n));
        match client.lines_while_alive(&line, 1).first().map(String::as_str) {
            Some("OK") => acknowledged.store(n + 1, Ordering::Relaxed),
            Some(refused) if refused.starts_with(FULL) => thread::yield_now(),
            Some(other) => panic!("{other}"),
            None => return,
        }
    }
}

#[track_caller]
fn check(node: &Node, acknowledged: usize) {
    let gets: Vec<String> = (0..acknowledged).map(|n| format!("GET fill{n}")).collect();
    let replies = node.client().pipeline(&gets);
    for (n, reply) in replies.iter().enumerate() {
        assert!(*reply == format!("VALUE {}", value(n)), "fill{n} of {acknowledged}: {reply:.40}");
    }
}

#[track_caller]
fn is_refused(client: &mut Client) -> bool {
    let reply = client.command("DECR no-such-key");
    reply.starts_with(FULL)
}

fn survives_a_full_disk(durability: &str) {
    let disk = SmallDisk::of_mib(16);
    let ballast = disk.seen_from_here().join("ballast");
    fs::write(&ballast, vec![0; 6 << 20]).unwrap();
    let lines = format!("durability = \"{durability}\"\n");
    let mut node = Node::start(NodeSettings::alone("one").storage_on(&disk, &lines));
    let (acknowledged, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let address = node.address();
    thread::scope(|scope| {
        scope.spawn(|| fill(address, &acknowledged, &stop));
        node.logged("the disk is full");
        assert!(is_refused(&mut node.client()));
        // Whoever waits for the disk waits; everybody else reads.
        let before = acknowledged.load(Ordering::Relaxed);
        assert!(before > 1_000, "{before}");
        check(&node, before);
        fs::remove_file(&ballast).unwrap();
        node.logged("the disk has room again");
        wait_until(PATIENCE, "writes go on", || {
            acknowledged.load(Ordering::Relaxed) > before + 500
        });
        wait_until(PATIENCE, "it is full again", || {
            node.log().matches("the disk is full").count() == 2
        });
        check(&node, acknowledged.load(Ordering::Relaxed));
        node.kill();
    });
    fill_up(&disk);
    node.start_again();
    check(&node, acknowledged.load(Ordering::Relaxed));
    let address = node.address();
    thread::scope(|scope| {
        scope.spawn(|| fill(address, &acknowledged, &stop));
        node.logged("the disk is full");
        assert!(is_refused(&mut node.client()));
        check(&node, acknowledged.load(Ordering::Relaxed));
        // With somebody waiting for the disk it can be stopped all the same.
        node.end();
    });
    fs::remove_file(disk.seen_from_here().join("rest")).unwrap();
    node.start_again();
    check(&node, acknowledged.load(Ordering::Relaxed));
    assert_eq!(node.client().command("SET after 1"), "OK");
}

/// Takes what room there is.
fn fill_up(disk: &SmallDisk) {
    let rest = disk.seen_from_here().join("rest");
    // It is written until it does not fit.
    assert!(fs::write(rest, vec![0; 17 << 20]).is_err());
}

#[test]
fn a_full_disk_costs_nothing_that_was_acknowledged_if_replies_wait_for_the_disk() {
    survives_a_full_disk("always");
}

#[test]
fn a_full_disk_costs_nothing_that_was_acknowledged_if_the_disk_follows_later() {
    survives_a_full_disk("interval");
}

/// Symptom: a node whose disk was full heard no broker any more and held every session until there
/// was room, with what they brought in its memory. Cause: what others wrote was taken, and its answer
/// waited for the disk.
#[test]
fn what_other_nodes_write_is_refused_on_a_full_disk_and_comes_when_there_is_room() {
    let disk = SmallDisk::of_mib(8);
    let ballast = disk.seen_from_here().join("ballast");
    fs::write(&ballast, vec![0; 6 << 20]).unwrap();
    let (broker, prefix) = (Broker::start(), unique_prefix());
    let settings = |name: &str| {
        NodeSettings::at_broker(name, broker.port(), &prefix)
            .section("[anti_entropy]\ninterval_seconds = 1")
    };
    let small = Node::start(settings("small").storage_on(&disk, ""));
    let large = Node::start(settings("large"));
    small.joined();
    large.joined();
    let mut writer = large.client();
    let mut reader = small.client();
    let wait = |reader: &mut Client, what: &str, done: &dyn Fn(&mut Client) -> bool| {
        wait_until(REPLICATION_LIMIT, what, || done(reader));
    };
    let mut written = 0;
    while reader.count("storage_refused_changes") == 0 {
        for n in written..written + 10 {
            assert_eq!(writer.command(&format!("SET key{n} {}", value(n))), "OK");
        }
        written += 10;
        assert!(written < 5_000, "{}", small.log());
    }
    small.logged("the disk is full: no write is taken");
    // Neither the broker nor a session waits for the disk.
    assert_eq!(writer.command("SET late 1"), "OK");
    let refused = reader.count("storage_refused_changes");
    wait(&mut reader, "updates and sessions are refused", &|reader| {
        reader.count("storage_refused_changes") > refused + 1
    });
    let failed = reader.count("sync_failed");
    wait(&mut reader, "sessions end", &|reader| reader.count("sync_failed") > failed + 1);
    assert_eq!(reader.command("GET late"), "(null)");
    assert!(reader.command("REPLICATE STATUS").contains(" connected "));
    fs::remove_file(&ballast).unwrap();
    reader.until("GET late", "VALUE 1");
    reader.until("DBSIZE", &format!("DBSIZE {}", written + 1));
    assert_eq!(reader.command("HASH"), writer.command("HASH"));
}

#[test]
fn a_snapshot_that_does_not_fit_on_the_disk_leaves_the_journal_as_it_is() {
    let disk = SmallDisk::of_mib(320);
    let folder = disk.seen_from_here().join("data");
    let mut node = Node::start(NodeSettings::alone("one").storage_on(&disk, ""));
    let mut client = node.client();
    let value = "y".repeat(1 << 20);
    for n in 0..90 {
        client.send(format!("SET stays{n} {value}\r\n"));
        assert_eq!(client.line(), "OK");
    }
    write_mib(&mut client, 170);
    wait_until(PATIENCE, "a snapshot is tried", || client.count("snapshots_failed") == 1);
    node.logged("a snapshot could not be written");
    assert!(super::named(&folder, "snapshot-").is_empty());
    client.until("SET after 1", "OK");
    let hash = client.command("HASH");
    node.kill();
    node.start_again();
    assert_eq!(node.client().command("HASH"), hash);
}
