//! Clients that send more than they read, announce more than they send, or do not go on. Each costs
//! the node a bounded amount of memory, and nobody else anything.

use super::{MIB, PATIENCE, connect, node, open_connections, wait_until_alone};
use crate::harness::{Node, NodeSettings, Resp, RespClient, command_bytes, wait_until};
use std::io::Write;
use std::thread;
use std::time::Duration;

/// A node that gives up on a client after the shortest time there is.
fn impatient() -> Node {
    Node::start(NodeSettings::alone("one").network("connection_timeout = 1"))
}

#[test]
fn a_string_that_never_comes_costs_no_memory_and_ends_the_connection() {
    let node = impatient();
    let mut other = node.client();
    other.command("PING");
    let before = node.memory();
    let clients: Vec<RespClient> = (0..200)
        .map(|n| {
            let mut client = connect(&node);
            client.send(match n % 4 {
                0 => &b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048576\r\n"[..],
                1 => b"*1048576\r\n",
                2 => b"*1048576\r\n$4\r\nMGET\r\n$1\r\nk\r\n$1048576\r\nv",
                // Longer than any value may be: it is dropped as it comes, and does not come.
                _ => b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nv",
            });
            client
        })
        .collect();
    wait_until(PATIENCE, "all have come in", || other.count("total_connections") > 200);
    let grown = node.memory().saturating_sub(before) as usize;
    assert!(grown < 16 * MIB, "{grown} bytes for {} connections", clients.len());
    wait_until_alone(&mut other);
    for (at, mut client) in clients.into_iter().enumerate() {
        // That a word is too long is said before the client stalls.
        let expected = (at % 4 == 3).then_some("ERR");
        let said = client.try_reply();
        assert_eq!(said.as_ref().and_then(Resp::code), expected, "client {at}");
        assert!(client.try_reply().is_none());
    }
    node.stop();
}

#[test]
fn a_million_commands_may_be_sent_before_a_reply_is_read() {
    const COMMANDS: i64 = 1_000_000;
    let node = node();
    let mut client = connect(&node);
    client.command("PING");
    let before = node.peak_memory();
    let mut socket = client.socket().try_clone().unwrap();
    let writer = thread::spawn(move || {
        let some = command_bytes(&["INCR", "n"]).repeat(1_000);
        (0..COMMANDS / 1_000).for_each(|_| socket.write_all(&some).unwrap());
    });
    // Nothing is read before the node has stopped reading, or has read it all.
    let mut other = node.client();
    let mut last = String::new();
    wait_until(PATIENCE, "the node waits for the client to read", || {
        thread::sleep(Duration::from_millis(100));
        let now = other.command("GET n");
        let is_still = now == last && now != "(null)";
        last = now;
        is_still
    });
    for n in 1..=COMMANDS {
        assert_eq!(client.reply(), Resp::Number(n));
    }
    writer.join().unwrap();
    let grown = (node.peak_memory() - before) as usize;
    assert!(grown < 16 * MIB, "{grown} bytes");
    node.stop();
}

#[test]
fn a_client_that_does_not_read_is_held_to_its_share_and_sent_away() {
    let node = impatient();
    let mut other = connect(&node);
    let value = vec![b'v'; MIB];
    assert_eq!(other.run(&[&b"SET"[..], b"large", &value]), Resp::ok());
    assert_eq!(other.command("SET small v"), Resp::ok());
    let before = node.peak_memory();
    let mut slow: Vec<RespClient> = (0..20).map(|_| connect(&node)).collect();
    for client in &mut slow {
        // 200 MiB of replies each, by values one at a time and many at once.
        client.send(command_bytes(&["GET", "large"]).repeat(100));
        client.send(command_bytes(&[&["MGET"][..], &["large"; 100]].concat()));
        assert_eq!(other.command("GET small"), Resp::bulk("v"));
    }
    let mut watching = node.client();
    wait_until(PATIENCE, "they are sent away", || open_connections(&mut watching) == 2);
    let grown = (node.peak_memory() - before) as usize;
    // A reply, and the room that it grew in, for each.
    assert!(grown < slow.len() * 4 * MIB, "{grown} bytes for {} clients", slow.len());
    assert_eq!(other.command("GET small"), Resp::bulk("v"));
    node.stop();
}
