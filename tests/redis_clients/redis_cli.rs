//! redis-cli: commands, its scans, its pipe, and both versions of RESP.

use super::{node, output};
use crate::harness::{Node, NodeSettings, command_bytes};
use std::fs::{self, File};
use std::process::{Command, Stdio};

fn redis_cli(node: &Node, arguments: &[&str]) -> Command {
    let mut command = Command::new("redis-cli");
    command.args(["-p", &node.address().port().to_string()]).args(arguments);
    command.stdin(Stdio::null());
    command
}

#[track_caller]
fn says(node: &Node, arguments: &[&str], expected: &str) {
    assert_eq!(output(&mut redis_cli(node, arguments)).trim_end(), expected, "{arguments:?}");
}

#[test]
fn redis_cli_runs_commands_and_shows_replies() {
    let node = node();
    for version in [&[][..], &["-3"]] {
        let says = |words: &[&str], expected: &str| {
            let arguments = [version, &["--no-raw"], words].concat();
            super::redis_cli::says(&node, &arguments, expected);
        };
        says(&["FLUSHALL"], "OK");
        says(&["SET", "greeting", "hello world"], "OK");
        says(&["GET", "greeting"], "\"hello world\"");
        says(&["GET", "none"], "(nil)");
        says(&["INCRBY", "visits", "42"], "(integer) 42");
        says(&["MGET", "visits", "none"], "1) \"42\"\n2) (nil)");
        says(&["KEYS", "*"], "1) \"greeting\"\n2) \"visits\"");
        says(&["TYPE", "greeting"], "string");
        says(&["INCR", "greeting"], "(error) ERR value is not an integer or out of range");
        says(&["SET", "greeting", "again", "EX", "100", "GET"], "\"hello world\"");
        says(&["CLIENT", "SETNAME", "me"], "OK");
        says(&["SELECT", "0"], "OK");
        says(&["LPUSH", "l", "v"], {
            "(error) ERR unknown command 'LPUSH', HELP lists those that there are"
        });
        says(&["PEERS"], "(empty array)");
    }
    let settings = output(&mut redis_cli(&node, &["CONFIG", "GET", "maxmemory*"]));
    assert!(settings.starts_with("maxmemory\n"), "{settings}");
    let info = output(&mut redis_cli(&node, &["INFO"]));
    assert!(info.contains("redis_version:") && info.contains("node_id:one"), "{info}");
    let greeting = output(&mut redis_cli(&node, &["-3", "HELLO", "3"]));
    assert!(greeting.contains("proto 3\n"), "{greeting}");
    node.stop();
}

#[test]
fn redis_cli_takes_commands_from_its_input() {
    let node = node();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commands");
    fs::write(&file, "SET k \"a\\x00b\"\nSTRLEN k\nHELLO 3\nGET none\nQUIT\n").unwrap();
    let mut command = redis_cli(&node, &["--no-raw"]);
    let said = output(command.stdin(File::open(&file).unwrap()));
    // QUIT it does by itself.
    assert!(said.starts_with("OK\n(integer) 3\n1# \"server\" => \"redis\"\n"), "{said}");
    assert!(said.ends_with("\n(nil)\n"), "{said}");
    node.stop();
}

#[test]
fn redis_cli_scans() {
    let node = node();
    let mut client = node.client();
    let keys: Vec<String> =
        (0..1_000).map(|n| format!("SET user:{n} x{}", "x".repeat(n))).collect();
    client.pipeline_ok(&keys);
    client.command("SET other v");
    let found = output(&mut redis_cli(&node, &["--scan", "--pattern", "user:9*"]));
    let mut found: Vec<&str> = found.lines().collect();
    found.sort_unstable();
    let mut expected: Vec<String> =
        (0..1_000).map(|n| format!("user:{n}")).filter(|key| key.starts_with("user:9")).collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(output(&mut redis_cli(&node, &["--scan"])).lines().count(), 1_001);
    // Looks at every key with TYPE and STRLEN, in pipelines.
    let summary = output(&mut redis_cli(&node, &["--bigkeys"]));
    assert!(summary.contains("Biggest string found") && summary.contains("user:999"), "{summary}");
    node.stop();
}

#[test]
fn redis_cli_pipes_ten_thousand_commands() {
    const COMMANDS: usize = 10_000;
    let node = node();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("commands");
    let commands: Vec<Vec<u8>> = (0..COMMANDS)
        .map(|n| command_bytes(&[&b"SET"[..], format!("key:{n}").as_bytes(), b"\r\n\x00"]))
        .collect();
    fs::write(&file, commands.concat()).unwrap();
    let mut command = redis_cli(&node, &["--pipe"]);
    let said = output(command.stdin(File::open(&file).unwrap()));
    assert!(said.ends_with("errors: 0, replies: 10000\n"), "{said}");
    says(&node, &["DBSIZE"], "10000");
    node.stop();
}

#[test]
fn redis_cli_stops_a_node() {
    let settings = NodeSettings::alone("one").storage("durability = \"none\"");
    let mut node = Node::start(settings);
    says(&node, &["SET", "k", "v"], "OK");
    redis_cli(&node, &["SHUTDOWN"]).status().unwrap();
    assert!(node.wait().success());
    node.start_again();
    says(&node, &["GET", "k"], "v");
    redis_cli(&node, &["-3", "SHUTDOWN", "NOSAVE"]).status().unwrap();
    assert!(node.wait().success());
}
