//! Clients that come and go: what they took comes back.

use super::{MIB, PATIENCE, open_connections};
use crate::harness::{Node, NodeSettings, Resp, RespClient, command_bytes, wait_until};
use std::fs;

const CLIENTS: usize = 10_000;

/// How many are there at once: fewer than most systems let a process have files.
const AT_ONCE: usize = 400;

fn files(node: &Node) -> usize {
    fs::read_dir(format!("/proc/{}/fd", node.process_id())).unwrap().count()
}

/// Rounds before memory is looked at. 400,000 clients leave no more behind than 100,000 do.
const WARM_UP: usize = 5;

/// So many clients, each of which leaves in its own way.
fn come_and_go(node: &Node) {
    let mut clients: Vec<RespClient> =
        (0..AT_ONCE).map(|_| RespClient::connect(node.address())).collect();
    for (at, client) in clients.iter_mut().enumerate() {
        client.send(command_bytes(&["SET", &format!("key:{at}"), "v"]));
        client.send(command_bytes(&["CLIENT", "SETNAME", &format!("client-{at}")]));
        match at % 4 {
            0 => client.send(command_bytes(&["QUIT"])),
            1 => client.send("*2\r\n$3\r\nGET\r\n$100\r\n"),
            2 => client.send("*x\r\n"),
            _ => {}
        }
    }
    for client in clients.iter_mut().step_by(2) {
        assert_eq!([client.reply(), client.reply()], [Resp::ok(), Resp::ok()]);
    }
    drop(clients);
    let mut other = node.client();
    wait_until(PATIENCE, "they are gone", || open_connections(&mut other) == 1);
}

#[test]
fn ten_thousand_clients_leave_nothing_behind() {
    let settings = NodeSettings::alone("one").network("max_connections = 2000");
    let node = Node::start(settings);
    // The allocator keeps what the first of them needed, and finds its shape in some rounds.
    (0..WARM_UP).for_each(|_| come_and_go(&node));
    let before = node.memory();
    let open = files(&node);
    for _ in WARM_UP..CLIENTS / AT_ONCE {
        come_and_go(&node);
    }
    let grown = node.memory().saturating_sub(before) as usize;
    assert!(grown < 4 * MIB, "{grown} bytes");
    // The last one that asked may have been counted.
    wait_until(PATIENCE, "its files are closed", || files(&node) <= open);
    let mut last = RespClient::connect(node.address());
    assert_eq!(last.command("DBSIZE"), Resp::Number(AT_ONCE as i64));
    node.stop();
}
