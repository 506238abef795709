//! `merkle-kv cli … watch`: a key that is set, deleted, runs out and goes away with its node.

use crate::harness::{Node, NodeSettings, RespClient, Terminal, wait_until};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// The program, watching.
struct Watch {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Watch {
    fn start(node: &Node, options: &[&str], words: &[&str]) -> Watch {
        let mut command = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
        command.arg("cli").args(options).arg(node.address().to_string()).arg("watch").args(words);
        command.args(["--interval", "10"]).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Watch { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// The next line without its time, which is one.
    #[track_caller]
    fn shows(&mut self, expected: &str) {
        let line = self.line();
        let (time, rest) = line.split_once(' ').unwrap_or_else(|| panic!("{line:?}"));
        assert!(time.len() == "2026-11-26T10:00:00.000Z".len() && time.ends_with('Z'), "{line}");
        assert_eq!(rest, format!("{expected}\n"));
    }

    /// Waits for its end. Gives its exit code, and what it said on standard error.
    fn ended(mut self) -> (Option<i32>, String) {
        let mut status = None;
        wait_until(PATIENCE, "watch ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (status.unwrap().code(), errors)
    }

    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn each_change_is_a_line_and_ctrl_c_ends_well() {
    let node = Node::start(NodeSettings::alone("watch"));
    let mut client = node.client();
    let mut watch = Watch::start(&node, &[], &["k"]);
    watch.shows("(null)");
    assert_eq!(client.command("SET k \"a\\nb\""), "OK");
    watch.shows("VALUE \"a\\nb\"");
    assert_eq!(client.command("SET k (null)"), "OK");
    watch.shows("VALUE (null)");
    assert_eq!(client.command("DEL k"), "DELETED");
    watch.shows("(null)");
    watch.interrupt();
    assert_eq!(watch.ended(), (Some(0), String::new()));
}

#[test]
fn it_ends_after_as_many_changes_as_were_asked_for() {
    let node = Node::start(NodeSettings::alone("watch"));
    let mut client = node.client();
    let mut watch = Watch::start(&node, &["--json"], &["--count", "2", "k"]);
    let object = |watch: &mut Watch| serde_json::from_str::<Value>(&watch.line()).unwrap();
    assert_eq!(object(&mut watch)["value"], Value::Null);
    client.command("SET k 1");
    let one = object(&mut watch);
    assert_eq!((&one["key"], &one["value"], one.get("ttl")), (&"k".into(), &"1".into(), None));
    client.command("SET k 2");
    assert_eq!(object(&mut watch)["value"], "2");
    assert_eq!(watch.ended(), (Some(0), String::new()));
}

#[test]
fn an_expiry_is_seen_to_begin_and_to_come() {
    let node = Node::start(NodeSettings::alone("watch"));
    let mut client = node.client();
    client.command("SET k v");
    let mut watch = Watch::start(&node, &[], &["k", "--ttl"]);
    watch.shows("TTL -1 VALUE v");
    client.command("EXPIRE k 1");
    watch.shows("TTL 1 VALUE v");
    watch.shows("TTL -2 (null)");
    client.command("SET k w");
    watch.shows("TTL -1 VALUE w");
}

#[test]
fn a_node_that_is_away_for_a_while_is_waited_for() {
    let mut node = Node::start(NodeSettings::alone("watch"));
    node.client().command("SET k before");
    let mut watch = Watch::start(&node, &[], &["k"]);
    watch.shows("VALUE before");
    node.end();
    node.start_again();
    // It keeps nothing on disk.
    watch.shows("(null)");
    node.client().command("SET k after");
    watch.shows("VALUE after");
    watch.interrupt();
    let (code, errors) = watch.ended();
    assert_eq!(code, Some(0));
    let lines: Vec<&str> = errors.lines().collect();
    let [gone, back] = lines[..] else { panic!("{errors}") };
    assert!(gone.ends_with("trying again until the node is back"), "{gone}");
    assert_eq!(back, format!("{}: connected again", node.address()));
}

#[test]
fn a_key_of_any_bytes_is_watched_where_it_can_be_written() {
    let node = Node::start(NodeSettings::alone("watch").network("dialect = \"legacy\""));
    let mut resp = RespClient::connect(node.address());
    resp.run(&["SET", "a b", "\n"]);
    let mut watch = Watch::start(&node, &[], &["a b"]);
    watch.shows("VALUE \"\\n\"");
    let mut terminal = Terminal::start(&node, "--no-color");
    terminal.shows("> ");
    terminal.typed("watch \"a b\" --count 1\r");
    terminal.shows("Z \"\\n\"\r\n");
    resp.run(&["SET", "a b", "x"]);
    terminal.shows("Z x\r\n");
    terminal.shows("> ");
}

#[test]
fn at_the_prompt_ctrl_c_ends_the_watch_and_nothing_else() {
    let node = Node::start(NodeSettings::alone("watch"));
    node.client().command("SET greeting hello");
    let mut terminal = Terminal::start(&node, "");
    terminal.shows("> ");
    terminal.typed("help\r");
    terminal.shows("SHUTDOWN");
    terminal.shows("watch KEY [--count N] [--interval MS] [--ttl]");
    terminal.shows("> ");
    terminal.typed("wat\t");
    terminal.shows("watch");
    terminal.typed(" gre\t");
    terminal.shows("watch greeting");
    terminal.typed(" --ttl\r");
    terminal.shows("Z\u{1b}[0m hello\r\n");
    terminal.typed("\u{3}");
    terminal.shows("> ");
    terminal.typed("watch\r");
    terminal.shows("there is no key; it is used so: watch KEY");
    terminal.shows("> ");
    terminal.typed("GET greeting\r");
    terminal.shows("hello\r\n");
    terminal.shows("> ");
    terminal.typed("\u{4}");
    assert!(terminal.wait().success());
}

#[test]
fn what_cannot_be_watched_is_told_at_once() {
    let run = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
        let output = command.arg("cli").args(words).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, errors) = run(&["127.0.0.1:1", "watch", "k"]);
    assert_eq!(code, Some(1));
    assert!(errors.starts_with("nothing listens on 127.0.0.1:1"), "{errors}");
    let (code, errors) = run(&["watch", "k", "--often"]);
    assert_eq!(code, Some(2));
    assert!(errors.starts_with("there is no option --often; it is used so: watch"), "{errors}");
}
