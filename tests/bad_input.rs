//! What no client should do, and what costs nobody but that client: wrong commands, endless lines,
//! replies that nobody reads, connections that are dropped at the worst moment.

use crate::harness::{Client, Node, NodeSettings, wait_until};
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

const MIB: usize = 1 << 20;

/// Longer than anything here takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

fn node() -> Node {
    Node::start(NodeSettings::alone("one"))
}

/// Sends a line that is refused, and asks whether the connection lives.
#[track_caller]
fn refused(client: &mut Client, line: impl AsRef<[u8]>) -> String {
    client.send(line.as_ref());
    client.send("\r\n");
    let error = client.line();
    let line = String::from_utf8_lossy(line.as_ref()).into_owned();
    assert!(error.starts_with("ERROR: "), "{line:?}: {error}");
    assert_eq!(client.command("PING"), "PONG", "after {line:?}");
    error
}

/// The connections that the node counts as open, the asking one included.
fn open_connections(client: &mut Client) -> usize {
    client.list("CLIENT LIST").len() - 1
}

fn wait_until_alone(client: &mut Client) {
    wait_until(PATIENCE, "the other connections are gone", || open_connections(client) == 1);
}

fn fill(client: &mut Client, keys: usize) {
    let names: Vec<String> = (0..keys).map(|n| format!("key{n:06} v")).collect();
    for pairs in names.chunks(1_000) {
        assert_eq!(client.command(&format!("MSET {}", pairs.join(" "))), "OK");
    }
    assert_eq!(client.command("DBSIZE"), format!("DBSIZE {keys}"));
}

#[test]
fn a_malformed_line_gets_an_error_and_the_connection_lives() {
    let node = node();
    let mut client = node.client();
    assert_eq!(refused(&mut client, ""), "ERROR: Invalid command: empty line");
    for line in ["   ", "NOSUCH", "GET\tk", "\tGET k", "GET  ", "SET  v", "SET k", "\0", "*1", "$4"]
    {
        refused(&mut client, line);
    }
    for line in [&b"SET k \xff\xfe"[..], b"SET k \xc3", b"SET \xc0\xaf v", b"\xed\xa0\x80", b"\x80"]
    {
        assert!(refused(&mut client, line).contains("UTF-8"), "{line:?}");
    }
    assert_eq!(client.command("DBSIZE"), "DBSIZE 0");
    node.stop();
}

/// Lines with too few arguments, and with too many where there is such a thing.
const WRONG_ARGUMENTS: &[(&str, &[&str], &[&str])] = &[
    ("GET", &["GET"], &["GET a b"]),
    ("SET", &["SET", "SET a"], &[]),
    ("DEL", &["DEL", "DELETE"], &["DEL a b"]),
    ("INCR", &["INCR", "INC"], &["INCR a 1 2"]),
    ("DECR", &["DECR", "DEC"], &["DECR a 1 2"]),
    ("APPEND", &["APPEND", "APPEND a"], &[]),
    ("PREPEND", &["PREPEND", "PREPEND a"], &[]),
    ("MGET", &["MGET"], &[]),
    ("MSET", &["MSET", "MSET a", "MSET a 1 b"], &[]),
    ("EXISTS", &["EXISTS"], &[]),
    ("SCAN", &["SCAN a AFTER", "SCAN LIMIT"], &["SCAN a b", "SCAN a LIMIT 1 LIMIT 1"]),
    ("EXPIRE", &["EXPIRE", "EXPIRE a"], &["EXPIRE a 1 2"]),
    ("PERSIST", &["PERSIST"], &["PERSIST a b"]),
    ("TTL", &["TTL"], &["TTL a b"]),
    ("DBSIZE", &[], &["DBSIZE a"]),
    ("FLUSH", &[], &["FLUSH a", "FLUSHDB a", "TRUNCATE a"]),
    ("REPLICATE", &["REPLICATE"], &["REPLICATE STATUS a"]),
    ("HASH", &[], &["HASH a b"]),
    ("SYNC", &[], &["SYNC 127.0.0.1:1 b"]),
    ("PEERS", &[], &["PEERS a"]),
    ("PING", &[], &[]),
    ("ECHO", &["ECHO"], &[]),
    ("VERSION", &[], &["VERSION a"]),
    ("INFO", &[], &["INFO a"]),
    ("STATS", &[], &["STATS a"]),
    ("MEMORY", &[], &["MEMORY a"]),
    ("CLIENT", &["CLIENT"], &["CLIENT LIST a"]),
    ("AUTH", &["AUTH", "AUTH a"], &["AUTH a b c"]),
    ("HELP", &[], &["HELP a"]),
    ("QUIT", &[], &["QUIT a"]),
    ("SHUTDOWN", &[], &["SHUTDOWN a"]),
];

#[test]
fn every_command_of_help_refuses_too_few_and_too_many_arguments() {
    let node = node();
    let mut client = node.client();
    let help = client.list("HELP");
    let offered: Vec<&str> =
        help[1..].iter().filter_map(|line| line.split_whitespace().next()).collect();
    let tried: Vec<&str> = WRONG_ARGUMENTS.iter().map(|(name, _, _)| *name).collect();
    assert_eq!(offered, tried);
    for (name, few, many) in WRONG_ARGUMENTS {
        for line in few.iter().chain(*many) {
            let error = refused(&mut client, line);
            assert!(error.contains(name) || error.contains("an amount"), "{line}: {error}");
        }
    }
    assert_eq!(client.command("DBSIZE"), "DBSIZE 0");
    node.stop();
}

#[test]
fn arithmetic_that_cannot_be_done_changes_nothing() {
    let node = node();
    let mut client = node.client();
    let (greatest, least) = (i64::MAX, i64::MIN);
    for (value, command) in [
        ("text", "INCR k"),
        ("1.5", "DECR k"),
        ("9223372036854775808", "INCR k"),
        (&greatest.to_string(), "INCR k"),
        (&greatest.to_string(), "DECR k -1"),
        (&least.to_string(), "DECR k"),
        (&least.to_string(), "INCR k -1"),
        ("0", &format!("DECR k {least}")),
        ("7", "INCR k 9223372036854775808"),
        ("7", "INCR k one"),
    ] {
        assert_eq!(client.command(&format!("SET k {value}")), "OK");
        refused(&mut client, command);
        assert_eq!(client.command("GET k"), format!("VALUE {value}"), "{command}");
    }
    assert_eq!(client.command("SET k -1"), "OK");
    assert_eq!(client.command(&format!("DECR k {least}")), format!("VALUE {greatest}"));
    node.stop();
}

#[test]
fn keys_hold_no_control_byte_and_keys_and_values_end_at_their_limits() {
    let node = node();
    let mut client = node.client();
    for byte in (0..b' ').chain([0x7f]).filter(|byte| *byte != b'\n') {
        for command in ["SET", "GET", "DEL", "INCR"] {
            let line = [command.as_bytes(), b" a", &[byte], b"b", b" 1"].concat();
            let end = if command == "SET" { line.len() } else { line.len() - 2 };
            refused(&mut client, &line[..end]);
        }
    }
    assert_eq!(client.command("DBSIZE"), "DBSIZE 0");
    let (key, value) = ("k".repeat(1024), "v".repeat(MIB));
    assert_eq!(client.command(&format!("SET {key} {value}")), "OK");
    assert_eq!(client.command(&format!("GET {key}")), format!("VALUE {value}"));
    for line in [
        format!("SET {key}k v"),
        format!("GET {key}k"),
        format!("SET {key} {value}v"),
        format!("SET {key} \"{value}v\""),
        format!("APPEND {key} v"),
        format!("PREPEND {key} v"),
        format!("MSET other v {key} {value}v"),
    ] {
        refused(&mut client, line);
    }
    assert_eq!(client.command("DBSIZE"), "DBSIZE 1");
    assert_eq!(client.command(&format!("GET {key}")), format!("VALUE {value}"));
    node.stop();
}

#[test]
fn a_line_of_100_mb_gets_one_error_and_takes_no_memory() {
    let node = node();
    let mut client = node.client();
    assert_eq!(client.command("PING"), "PONG");
    let before = node.memory();
    let piece = vec![b'a'; MIB];
    client.send("SET k ");
    for _ in 0..100 {
        client.send(&piece);
    }
    assert!(refused(&mut client, "").contains("Line too long"));
    let grown = node.peak_memory().saturating_sub(before);
    assert!(grown < 32 * MIB as u64, "grew by {grown} bytes");
    assert_eq!(client.command("DBSIZE"), "DBSIZE 0");
    node.stop();
}

#[test]
fn a_client_that_never_reads_takes_little_memory_and_is_disconnected() {
    let node = Node::start(NodeSettings::alone("one").network("connection_timeout = 1"));
    let mut client = node.client();
    assert_eq!(client.command(&format!("SET k {}", "v".repeat(MIB))), "OK");
    let before = node.memory();
    let mut deaf = node.client();
    deaf.send("GET k\r\n".repeat(1_000));
    wait_until(PATIENCE, "its commands run", || client.count("get_commands") > 0);
    assert_eq!(open_connections(&mut client), 2);
    let mut longest = Duration::ZERO;
    wait_until(PATIENCE, "the deaf client is disconnected", || {
        let asked = Instant::now();
        assert_eq!(client.command("PING"), "PONG");
        longest = longest.max(asked.elapsed());
        open_connections(&mut client) == 1
    });
    assert!(longest < Duration::from_secs(1), "PING took {longest:?}");
    let grown = node.peak_memory().saturating_sub(before);
    assert!(grown < 64 * MIB as u64, "grew by {grown} bytes");
    drop(deaf);
    node.stop();
}

#[test]
fn a_client_that_stalls_inside_a_command_is_disconnected_and_an_idle_one_is_not() {
    let node = Node::start(NodeSettings::alone("one").network("connection_timeout = 1"));
    let mut idle = node.client();
    assert_eq!(idle.command("PING"), "PONG");
    let mut stalled = node.client();
    let begun = Instant::now();
    stalled.send("SET k hal");
    assert!(stalled.is_closed());
    assert!(begun.elapsed() >= Duration::from_secs(1), "closed after {:?}", begun.elapsed());
    assert_eq!(idle.command("GET k"), "(null)");
    node.stop();
}

#[test]
fn an_idle_client_is_disconnected_when_idle_timeout_says_so() {
    let node = Node::start(NodeSettings::alone("one").network("idle_timeout = 1"));
    let mut client = node.client();
    let begun = Instant::now();
    assert_eq!(client.command("PING"), "PONG");
    assert!(client.is_closed());
    assert!(begun.elapsed() >= Duration::from_secs(1), "closed after {:?}", begun.elapsed());
    node.stop();
}

#[test]
fn one_client_too_many_is_told_so_and_comes_in_when_another_leaves() {
    let node = Node::start(NodeSettings::alone("one").network("max_connections = 1000"));
    let mut clients: Vec<Client> = (0..1_000).map(|_| node.client()).collect();
    let mut first = clients.remove(0);
    wait_until(PATIENCE, "all have come in", || open_connections(&mut first) == 1_000);
    let mut refused = node.client();
    assert_eq!(refused.line(), "ERROR: Too many connections: the limit is 1000");
    assert!(refused.is_closed());
    drop(clients.pop());
    wait_until(PATIENCE, "one has left", || open_connections(&mut first) == 999);
    let mut admitted = node.client();
    assert_eq!(admitted.command("PING"), "PONG");
    assert_eq!(open_connections(&mut first), 1_000);
    drop((clients, admitted));
    wait_until_alone(&mut first);
    assert_eq!(first.count("refused_connections"), 1);
    node.stop();
}

#[test]
fn half_a_command_is_never_run_and_a_reply_may_lose_its_reader() {
    let node = node();
    let mut client = node.client();
    assert_eq!(client.command(&format!("SET large {}", "v".repeat(MIB))), "OK");
    for half in ["SET half v", "SET half v\r", "INCR half", "FLUSH"] {
        let mut leaving = node.client();
        leaving.send(half);
        leaving.finish();
        assert_eq!(leaving.rest(), "", "{half:?}");
        node.client().send(half);
    }
    for _ in 0..10 {
        let mut leaving = node.client();
        leaving.send("GET large\r\n".repeat(20));
        let mut first = [0; 6];
        std::io::Read::read_exact(&mut leaving.socket(), &mut first).unwrap();
        assert_eq!(&first, b"VALUE ");
    }
    wait_until_alone(&mut client);
    assert_eq!(client.command("GET half"), "(null)");
    assert_eq!(client.command("DBSIZE"), "DBSIZE 1");
    node.stop();
}

/// The node closed with unread input, which reset the connection: 65 kB of 2 MiB arrived. It now
/// shuts its half and drops what the client still sends.
#[test]
fn what_follows_quit_does_not_cost_the_replies_before_it() {
    let node = node();
    let mut client = node.client();
    assert_eq!(client.command(&format!("SET k {}", "v".repeat(MIB))), "OK");
    let mut socket = client.socket().try_clone().unwrap();
    let writer = thread::spawn(move || {
        socket.write_all(b"GET k\r\nGET k\r\nQUIT\r\n").unwrap();
        // The node may have closed before all of this is sent.
        socket.write_all("SET k gone\r\n".repeat(100_000).as_bytes())
    });
    let mut other = node.client();
    wait_until(PATIENCE, "the client is sent away", || other.count("quit_commands") == 1);
    assert_eq!([client.line().len(), client.line().len()], [MIB + 6; 2]);
    assert_eq!(client.rest(), "OK\r\n");
    let _: std::io::Result<()> = writer.join().unwrap();
    assert_eq!(other.command("GET k").len(), MIB + 6);
    node.stop();
}

#[test]
fn two_hundred_thousand_commands_may_be_sent_before_a_reply_is_awaited() {
    const COMMANDS: usize = 200_000;
    let node = node();
    let mut client = node.client();
    let mut socket = client.socket().try_clone().unwrap();
    let writer = thread::spawn(move || {
        socket.write_all("INCR n\r\n".repeat(COMMANDS).as_bytes()).unwrap();
    });
    for n in 1..=COMMANDS {
        assert_eq!(client.line(), format!("VALUE {n}"));
    }
    writer.join().unwrap();
    node.stop();
}

#[test]
fn a_scan_and_a_flush_of_many_keys_hold_up_nobody() {
    const KEYS: usize = 200_000;
    let node = node();
    let (mut client, mut scanning) = (node.client(), node.client());
    fill(&mut client, KEYS);
    let scan = thread::spawn(move || scanning.list("SCAN"));
    let mut longest = Duration::ZERO;
    let mut answered = 0;
    while !scan.is_finished() || answered == 0 {
        let asked = Instant::now();
        assert_eq!(client.command("PING"), "PONG");
        longest = longest.max(asked.elapsed());
        answered += 1;
    }
    assert!(longest < Duration::from_secs(1), "PING took {longest:?}");
    let keys = scan.join().unwrap();
    assert_eq!(keys[0], format!("KEYS {KEYS}"));
    assert_eq!(keys.len(), KEYS + 1);
    assert!(keys[1..].is_sorted());
    client.send("FLUSH\r\nDBSIZE\r\nGET key000000\r\n");
    assert_eq!([client.line(), client.line(), client.line()], ["OK", "DBSIZE 0", "(null)"]);
    assert_eq!(client.command("SCAN"), "KEYS 0");
    node.stop();
}
