//! Many connections at once: those that say nothing cost little, and those that go on do not cost
//! more as time passes.

use crate::harness::{Node, NodeSettings, wait_until};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const IDLE: usize = 10_000;
const ACTIVE: usize = 200;
const THREADS: usize = 4;

/// Rounds of commands on every active connection, before and after memory is looked at.
const ROUNDS: usize = 50;

const MIB: u64 = 1 << 20;

/// What an idle connection may take in memory, beside what the kernel keeps for it: most of it is the
/// room for the next command.
const IDLE_BYTES: u64 = 12 << 10;

/// Lets this process have as many files as the test takes.
fn raise_file_limit() {
    let process = std::process::id().to_string();
    let limit = format!("--nofile={}:", IDLE + ACTIVE + 2_000);
    let raised = Command::new("prlimit").args(["--pid", &process, &limit]).status().unwrap();
    assert!(raised.success(), "the system allows a process too few open files for this test");
}

fn work(node: &Node) {
    thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || {
                let clients = (0..ACTIVE / THREADS).map(|_| node.client());
                let mut clients: Vec<_> = clients.collect();
                for round in 0..ROUNDS {
                    for (at, client) in clients.iter_mut().enumerate() {
                        let key = format!("key:{thread}:{at}");
                        let commands = [format!("SET {key} {round}"), format!("GET {key}")];
                        let replies = client.pipeline(&commands);
                        assert_eq!(replies, ["OK".to_owned(), format!("VALUE {round}")]);
                    }
                }
            });
        }
    });
}

#[test]
fn ten_thousand_idle_and_two_hundred_active_connections_are_held_with_flat_memory() {
    raise_file_limit();
    let settings =
        NodeSettings::alone("one").network(&format!("max_connections = {}", IDLE + 20 * ACTIVE));
    let node = Node::start(settings);
    work(&node);
    let alone = node.memory();
    let idle: Vec<TcpStream> =
        (0..IDLE).map(|_| TcpStream::connect(node.address()).unwrap()).collect();
    work(&node);
    let held = node.memory();
    let each = held.saturating_sub(alone) / IDLE as u64;
    assert!(each < IDLE_BYTES, "an idle connection takes {each} bytes");
    let mut client = node.client();
    // Those that have just closed may not have been noticed yet.
    let all = (IDLE + 1).to_string();
    wait_until(PATIENCE, "only the idle ones and this one are left", || {
        client.fact("INFO", "connected_clients") == all
    });
    (0..5).for_each(|_| work(&node));
    let grown = node.memory().saturating_sub(held);
    println!("{each} bytes for an idle connection, {grown} more after the work went on");
    assert!(grown < 8 * MIB, "grown by {grown} bytes");
    drop(idle);
    node.stop();
}
