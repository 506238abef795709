//! What may go wrong on a connection that speaks RESP, and costs nobody but that connection: arrays
//! that are none, strings that never come, replies that nobody reads, clients that leave.

mod connections;
mod expiry;
mod floods;

use crate::harness::{Client, Node, NodeSettings, Resp, RespClient, command_bytes, wait_until};
use std::time::Duration;

const MIB: usize = 1 << 20;

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn node() -> Node {
    Node::start(NodeSettings::alone("one"))
}

fn connect(node: &Node) -> RespClient {
    RespClient::connect(node.address())
}

/// The connections that the node counts as open, the asking one included.
fn open_connections(client: &mut Client) -> usize {
    client.list("CLIENT LIST").len() - 1
}

#[track_caller]
fn wait_until_alone(client: &mut Client) {
    wait_until(PATIENCE, "the other connections are gone", || open_connections(client) == 1);
}

#[test]
fn what_is_no_command_gets_an_error_and_the_connection_closes() {
    let node = node();
    let mut other = connect(&node);
    for (bytes, error) in [
        (&b"*x\r\n"[..], "expected '*'"),
        (b"*99999999999999999999\r\n", "expected '*'"),
        (b"*1048577\r\n", "invalid multibulk length"),
        (b"*1\n$4\r\nPING\r\n", "expected '*'"),
        (b"*1\r\nPING\r\n", "expected '$'"),
        (b"*1\r\n:4\r\n", "expected '$'"),
        (b"*1\r\n*1\r\n$4\r\nPING\r\n", "expected '$'"),
        (b"*2\r\n$3\r\nGET\r\n*1\r\n$1\r\nk\r\n", "expected '$'"),
        (b"*1\r\n$-1\r\n", "invalid bulk length"),
        (b"*1\r\n$536870913\r\n", "invalid bulk length"),
        (b"*1\r\n$999999999999999999\r\n", "invalid bulk length"),
        (b"*1\r\n$4\r\nPINGPONG\r\n", "expected a line end"),
    ] {
        let mut client = connect(&node);
        client.send(command_bytes(&["ECHO", "before"]));
        client.send(bytes);
        assert_eq!(client.reply(), Resp::bulk("before"), "{}", bytes.escape_ascii());
        let reply = client.reply();
        let Resp::Error(said) = &reply else { panic!("{}: {reply:?}", bytes.escape_ascii()) };
        let expected = format!("ERR Protocol error: {error}");
        assert!(said.starts_with(&expected), "{}: {said}", bytes.escape_ascii());
        assert!(client.is_closed(), "{}", bytes.escape_ascii());
    }
    assert_eq!(other.command("PING"), Resp::Simple("PONG".to_owned()));
    node.stop();
}

#[test]
fn arrays_of_nothing_are_passed_over() {
    let node = node();
    let mut client = connect(&node);
    client.send("*0\r\n*-1\r\n*-999999999999\r\n*1\r\n$4\r\nPING\r\n");
    assert_eq!(client.reply(), Resp::Simple("PONG".to_owned()));
    node.stop();
}

#[test]
fn what_is_too_long_is_refused_and_the_connection_lives() {
    let node = Node::start(NodeSettings::alone("one").network("max_value_bytes = 1048576"));
    let mut client = connect(&node);
    let before = node.memory();
    for bytes in [MIB + 1, 64 * MIB] {
        client.send(format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${bytes}\r\n"));
        let piece = vec![b'v'; MIB];
        let mut left = bytes;
        while left > 0 {
            let now = left.min(MIB);
            client.send(&piece[..now]);
            left -= now;
        }
        client.send("\r\n");
        let reply = client.reply();
        assert_eq!(reply.code(), Some("ERR"), "{reply:?}");
        assert_eq!(client.command("GET k"), Resp::NoBulk);
    }
    let long_key = "k".repeat(1_025);
    for words in [["SET", &long_key, "v"], ["APPEND", "", "v"]] {
        let reply = client.run(&words);
        assert_eq!(reply.code(), Some("ERR"), "{reply:?}");
    }
    // Values that are legal each, and too much together.
    let value = vec![b'v'; MIB];
    let mut words: Vec<&[u8]> = vec![b"MSET"];
    words.extend((0..20).flat_map(|_| [&b"k"[..], &value]));
    client.send(command_bytes(&words));
    assert_eq!(client.reply().code(), Some("ERR"));
    assert_eq!(client.command("DBSIZE"), Resp::Number(0));
    let grown = node.memory().saturating_sub(before) as usize;
    assert!(grown < 48 * MIB, "{grown} bytes");
    node.stop();
}

#[test]
fn a_connection_speaks_one_protocol_to_its_end() {
    let node = node();
    let mut resp_first = connect(&node);
    assert_eq!(resp_first.command("SET k v"), Resp::ok());
    resp_first.send("GET k\r\n");
    let reply = resp_first.reply();
    assert_eq!(
        reply,
        Resp::Error(format!("ERR Protocol error: {}", {
            "expected '*', the beginning of an array, and found 'G'"
        }))
    );
    assert!(resp_first.is_closed());
    let mut text_first = node.client();
    assert_eq!(text_first.command("GET k"), "VALUE v");
    text_first.send(command_bytes(&["GET", "k"]));
    // Each line of it is a bad command, the key by itself too.
    for _ in 0..5 {
        assert!(text_first.line().starts_with("ERROR: "));
    }
    assert_eq!(text_first.command("PING"), "PONG");
    node.stop();
}

#[test]
fn hello_changes_the_replies_that_follow_it_in_a_pipeline() {
    let node = node();
    let mut client = connect(&node);
    let commands =
        ["GET none", "HELLO 3", "GET none", "HELLO 2", "GET none", "HELLO 9", "GET none"];
    let bytes: Vec<u8> = commands
        .iter()
        .flat_map(|line| command_bytes(&line.split(' ').collect::<Vec<_>>()))
        .collect();
    client.send(bytes);
    assert_eq!(client.reply(), Resp::NoBulk);
    assert!(matches!(client.reply(), Resp::Map(_)));
    assert_eq!(client.reply(), Resp::Null);
    assert!(matches!(client.reply(), Resp::Array(_)));
    assert_eq!(client.reply(), Resp::NoBulk);
    assert_eq!(client.reply().code(), Some("NOPROTO"));
    assert_eq!(client.reply(), Resp::NoBulk);
    node.stop();
}

#[test]
fn what_follows_quit_in_a_pipeline_is_not_run() {
    let node = node();
    let mut client = connect(&node);
    let set = |value: &str| command_bytes(&["SET", "k", value]);
    client.send([set("before"), command_bytes(&["QUIT"]), set("after")].concat());
    assert_eq!([client.reply(), client.reply()], [Resp::ok(), Resp::ok()]);
    assert!(client.is_closed());
    assert_eq!(connect(&node).command("GET k"), Resp::bulk("before"));
    node.stop();
}

/// Commands that are told apart by their replies.
fn sequence() -> (Vec<Vec<u8>>, Vec<Resp>) {
    let commands = vec![
        command_bytes(&["SET", "k", "a\r\nb"]),
        command_bytes(&["APPEND", "k", "*1\r\n$4\r\nQUIT\r\n"]),
        command_bytes(&["NONSENSE", "$3"]),
        b"*0\r\n".to_vec(),
        command_bytes(&["HELLO", "3"]),
        command_bytes(&["GET", "none"]),
        command_bytes(&["INCR", "n"]),
        command_bytes(&["SET", "", "v"]),
        command_bytes(&["MGET", "n", "k"]),
    ];
    let node = node();
    let mut client = connect(&node);
    let replies = commands.iter().filter(|command| **command != b"*0\r\n").map(|command| {
        client.send(command);
        client.reply()
    });
    let replies = replies.collect();
    node.stop();
    (commands, replies)
}

#[test]
fn a_sequence_may_be_cut_at_any_byte() {
    let (commands, expected) = sequence();
    let bytes = commands.concat();
    let node = node();
    let mut other = connect(&node);
    for cut in 0..=bytes.len() {
        let mut client = connect(&node);
        client.send(&bytes[..cut]);
        if cut > 0 && cut % 2 == 0 {
            // That the node has seen the one part before it gets the other.
            other.command("PING");
        }
        client.send(&bytes[cut..]);
        let replies: Vec<Resp> = expected.iter().map(|_| client.reply()).collect();
        assert_eq!(without_id(&replies), without_id(&expected), "cut at {cut}");
        assert_eq!(other.command("FLUSHALL"), Resp::ok());
    }
    node.stop();
}

#[test]
fn a_client_may_leave_at_any_byte_and_half_a_command_is_not_run() {
    let (commands, expected) = sequence();
    let bytes = commands.concat();
    let node = node();
    let mut other = connect(&node);
    for cut in 0..=bytes.len() {
        let mut client = connect(&node);
        client.send(&bytes[..cut]);
        client.finish();
        let replies: Vec<Resp> = std::iter::from_fn(|| client.try_reply()).collect();
        let mut end = 0;
        let complete = commands.iter().filter(|command| {
            end += command.len();
            end <= cut && **command != b"*0\r\n"
        });
        let complete = complete.count();
        assert_eq!(without_id(&replies), without_id(&expected[..complete]), "cut at {cut}");
        let keys = usize::from(complete >= 1) + usize::from(complete >= 6);
        assert_eq!(other.command("DBSIZE"), Resp::Number(keys as i64), "cut at {cut}");
        assert_eq!(other.command("FLUSHALL"), Resp::ok());
    }
    wait_until_alone_but(&node, 2);
    node.stop();
}

/// Replies but for the one to HELLO, which names the connection.
fn without_id(replies: &[Resp]) -> Vec<&Resp> {
    replies.iter().filter(|reply| !matches!(reply, Resp::Map(_))).collect()
}

#[track_caller]
fn wait_until_alone_but(node: &Node, expected: usize) {
    let mut client = node.client();
    wait_until(PATIENCE, "the other connections are gone", || {
        open_connections(&mut client) == expected
    });
}
