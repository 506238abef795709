//! `merkle-kv cli`: one command, a script, a prompt on a pseudo terminal, and servers that are none.

use crate::harness::{Node, NodeSettings, Terminal, wait_until};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use std::{fs, thread};

/// How long the prompt may take to end.
const PATIENCE: Duration = Duration::from_secs(20);

fn cli() -> Command {
    let mut command = Command::new("timeout");
    command.args(["30", env!("CARGO_BIN_EXE_merkle-kv"), "cli"]);
    command.stdin(Stdio::null());
    command
}

fn run(node: &Node, words: &[&str]) -> Output {
    cli().arg(node.address().to_string()).args(words).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn answers(node: &Node, words: &[&str], expected: &str) {
    let output = run(node, words);
    assert_eq!(out(&output), expected, "{words:?} {}", errors(&output));
    assert_eq!(output.status.code(), Some(i32::from(expected.starts_with("ERROR"))));
}

fn script(address: &str, lines: &[u8]) -> Output {
    let mut child = cli()
        .arg(address)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn values_of_any_bytes_go_through_arguments_unchanged() {
    let node = Node::start(NodeSettings::alone("cli"));
    let evil = "a\nSET other 1\r\u{1b}[31m\"q\" ";
    answers(&node, &["SET", "k", "two  spaces"], "OK\n");
    answers(&node, &["GET", "k"], "VALUE two  spaces\n");
    answers(&node, &["SET", "k", evil], "OK\n");
    answers(&node, &["GET", "k"], "VALUE \"a\\nSET other 1\\r\\x1b[31m\\\"q\\\" \"\n");
    answers(&node, &["GET", "other"], "(null)\n");
    answers(&node, &["MSET", "END", "a b", "empty", ""], "OK\n");
    answers(&node, &["SCAN"], "KEYS 3\nEND\nempty\nk\nEND\n");
    answers(
        &node,
        &["MGET", "END", "empty", "no"],
        "VALUES 3\nVALUE a b\nVALUE \"\"\n(null)\nEND\n",
    );
    answers(&node, &["SET", "quoted", "\"x\""], "OK\n");
    assert_eq!(node.client().command("GET quoted"), r#"VALUE "\"x\"""#);
    let json = run(&node, &["--json", "GET", "k"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["value"], evil);
}

#[test]
fn a_command_that_is_refused_or_makes_no_line_ends_with_1_and_usage_with_2() {
    let node = Node::start(NodeSettings::alone("cli"));
    let refused = run(&node, &["FETCH", "k"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(out(&refused).starts_with("ERROR: Invalid command: 'FETCH'"));
    assert_eq!(errors(&refused), "");
    let two_lines = run(&node, &["GET", "k\nSET k 1"]);
    assert_eq!((two_lines.status.code(), out(&two_lines).as_str()), (Some(1), ""));
    assert!(errors(&two_lines).contains("cannot stand there"));
    assert_eq!(cli().arg("--jsn").output().unwrap().status.code(), Some(2));
    let row = run(&node, &["help", "delete"]);
    assert!(out(&row).starts_with("DEL key\n  delete a key\n"), "{}", out(&row));
    assert_eq!(run(&node, &["help", "fetch"]).status.code(), Some(1));
}

#[test]
fn a_script_goes_on_behind_an_error_and_ends_with_1() {
    let node = Node::start(NodeSettings::alone("cli"));
    let address = node.address().to_string();
    let output = script(&address, b"SET k \"a\\nb\"\r\nFETCH\n\nGET k\nQUIT\nGET k\n");
    let expected = "OK\nERROR: Invalid command: 'FETCH' is not a command, HELP lists them\n\
                    VALUE \"a\\nb\"\nOK\n";
    assert_eq!(out(&output), expected, "{}", errors(&output));
    assert_eq!(output.status.code(), Some(1));
    let output = script(&address, b"PING\nSCAN");
    assert_eq!(out(&output), "PONG\nKEYS 1\nk\nEND\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_legacy_dialect_has_its_replies_read_whole() {
    let legacy = NodeSettings::alone("cli").network("dialect = \"legacy\"");
    let node = Node::start(legacy);
    answers(&node, &["SET", "k", "\"v\""], "OK\n");
    answers(&node, &["GET", "k"], "VALUE \"v\"\n");
    answers(&node, &["SCAN"], "KEYS 1\nk\n");
    let info = out(&run(&node, &["INFO"]));
    assert!(info.starts_with("INFO\nversion:") && info.ends_with("db_keys:1\n"), "{info}");
    assert_eq!(run(&node, &["FETCH"]).status.code(), Some(1));
    assert!(errors(&run(&node, &["SET", "k", "a\nb"])).contains("legacy dialect"));
}

#[test]
fn a_node_that_was_started_again_is_connected_to_again_and_that_is_said() {
    let mut node = Node::start(NodeSettings::alone("cli"));
    let mut child = cli()
        .arg(node.address().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    input.write_all(b"INCR n\n").unwrap();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "VALUE 1\n");
    node.end();
    node.start_again();
    input.write_all(b"INCR n\n").unwrap();
    line.clear();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "VALUE 1\n");
    drop(input);
    let ended = child.wait_with_output().unwrap();
    assert!(errors(&ended).contains("connected again"), "{}", errors(&ended));
    assert_eq!(ended.status.code(), Some(0));
}

/// A server that does this with each connection, and its address.
fn server(talk: impl Fn(BufReader<TcpStream>) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().flatten().for_each(|s| talk(BufReader::new(s))));
    address
}

/// Answers the first lines with these, then closes.
fn answering(replies: &'static [&'static str]) -> String {
    server(move |mut stream| {
        for reply in replies {
            stream.read_line(&mut String::new()).unwrap();
            stream.get_mut().write_all(reply.as_bytes()).unwrap();
        }
    })
}

#[track_caller]
fn fails(address: &str, said: &str) {
    let output = cli().args([address, "SET", "k", "v"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = errors(&output);
    assert!(told.contains(said), "{told}");
    assert!(!told.contains('\u{1b}') && !out(&output).contains('\u{1b}'), "{told:?}");
}

#[test]
fn servers_that_are_away_closing_or_none_are_told_with_what_to_do() {
    fails("127.0.0.1:1", "nothing listens on 127.0.0.1:1; start a node with merkle-kv --config");
    fails("127.0.0.1:99999", "name a node as host:port");
    fails(&answering(&["HTTP/1.1 400 Bad Request\r\n"]), "does not speak as a MerkleKV node");
    fails(&answering(&["\u{1b}[2J\r\n"]), "does not speak as a MerkleKV node");
    fails(&answering(&["ERROR: Too many connections\r\n"]), "away: Too many connections");
    fails(&answering(&[]), "has closed the connection");
    fails(&answering(&["MerkleKV 0.2.0\r\n", ""]), "whether it has carried the command out");
    fails(&answering(&["MerkleKV 0.2.0\r\n", "VALUES 2\r\nVALUE a\r\n"]), "closed the connection");
    fails(&answering(&["MerkleKV 0.2.0\r\n", "KEYS 0\r\nmore\r\n"]), "does not speak");
}

#[test]
fn a_server_that_stalls_is_given_up() {
    fails(&server(|mut stream| drop(stream.read_to_end(&mut Vec::new()))), "within 5 seconds");
}

#[test]
fn escape_sequences_of_a_server_do_not_reach_the_output() {
    let address = answering(&["MerkleKV 0.2.0\r\n", "VALUE \u{1b}]0;title\u{7}red\u{9b}1m\r\n"]);
    let output = cli().args([&address, "GET", "k"]).output().unwrap();
    assert_eq!(out(&output), "VALUE \\x1b]0;title\\x07red\\u{9b}1m\n");
}

#[test]
fn the_prompt_completes_commands_and_keys_and_keeps_no_password() {
    let node = Node::start(NodeSettings::alone("cli"));
    let mut terminal = Terminal::start(&node, "--no-color");
    let prompt = format!("{}> ", node.address());
    terminal.shows(&prompt);
    terminal.typed("SET greeting hello\r");
    terminal.shows("OK\r\n");
    terminal.shows(&prompt);
    terminal.typed("app\t");
    terminal.shows("append");
    terminal.typed(" gre\t");
    terminal.shows("append greeting");
    terminal.typed(" , world\r");
    terminal.shows("hello, world\r\n");
    terminal.shows(&prompt);
    terminal.typed("AUTH ada secret-word\r");
    terminal.shows("ERROR: ");
    terminal.shows(&prompt);
    terminal.typed("half of a line\u{3}");
    terminal.shows(&prompt);
    terminal.typed("help ttl\r");
    terminal.shows("how long a key has still");
    terminal.shows(&prompt);
    terminal.typed("\u{4}");
    let mut status = None;
    wait_until(PATIENCE, "the prompt ends", || {
        status = terminal.try_wait();
        status.is_some()
    });
    assert!(status.unwrap().success());
    let file = terminal.state().join("merkle-kv").join("history");
    let history = fs::read_to_string(&file).unwrap();
    assert!(history.contains("SET greeting hello") && history.contains("append greeting , world"));
    assert!(!history.contains("secret-word") && !history.contains("AUTH"), "{history}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_prompt_has_colours_and_none_come_from_values() {
    let node = Node::start(NodeSettings::alone("cli"));
    assert_eq!(node.client().command("SET k \"\\x1b[31mred\\n\""), "OK");
    let mut terminal = Terminal::start(&node, "");
    terminal.shows("> ");
    terminal.typed("GET k\r");
    terminal.shows("\"\\x1b[31mred\\n\"\r\n");
    terminal.shows("> ");
    terminal.typed("GET nothing\r");
    terminal.shows("\u{1b}[2m(null)\u{1b}[0m");
    terminal.shows("> ");
    terminal.typed("quit\r");
    terminal.shows("OK");
    assert!(terminal.wait().success());
}

#[test]
fn completions_and_manual_pages_are_made_of_the_arguments() {
    let program = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_merkle-kv")).args(words).output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
        out(&output)
    };
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(program(&["completions", shell]).contains("check-config"), "{shell}");
    }
    assert!(program(&["man"]).contains(".TH merkle-kv 1"));
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    program(&["man", "--out", pages.to_str().unwrap()]);
    let page = fs::read_to_string(pages.join("merkle-kv-status.1")).unwrap();
    assert!(page.contains("Exit code 0 if every node is up"), "{page}");
    let page = fs::read_to_string(pages.join("merkle-kv-cli.1")).unwrap();
    assert!(page.contains("watch KEY") && page.contains("export FILE"), "{page}");
    let words = program(&["completions", "bash"]);
    assert!(words.contains(" watch") && words.contains(" export"), "{words}");
}

#[test]
fn a_login_needs_a_password_and_a_node_that_takes_it() {
    let node = Node::start(NodeSettings::alone("cli"));
    let address = node.address().to_string();
    let words = [&address, "--user", "ada", "PING"];
    let refused = cli().args(words).env("MERKLEKV_PASSWORD", "secret-word").output().unwrap();
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(1), ""));
    let told = errors(&refused);
    assert!(told.contains("does not let ada in") && !told.contains("secret-word"), "{told}");

    // In a session without a terminal there is nobody to ask.
    let mut alone = Command::new("setsid");
    alone.args(["-w", env!("CARGO_BIN_EXE_merkle-kv"), "cli"]).args(words);
    let output = alone.env_remove("MERKLEKV_PASSWORD").stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("set MERKLEKV_PASSWORD"), "{}", errors(&output));
}
