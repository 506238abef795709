//! The README keeps its word: its sessions are run line by line, the first two against a node with
//! its quickstart configuration, the third against a cluster, all of them apart from the ports.

use crate::harness::{Node, NodeSettings, free_port, free_ports};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

const MARK: &str = "<!-- executed by tests/readme.rs -->\n```console\n";

/// The port that the README names for a single node, and those of a cluster.
const PORT: &str = "7379";
const PORTS: [&str; 3] = ["7379", "7879", "7880"];

/// Whether a line is as expected; `…` stands for anything.
fn matches(line: &str, expected: &str) -> bool {
    let Some((head, rest)) = expected.split_once('…') else {
        return line == expected;
    };
    let Some(tail) = line.strip_prefix(head) else {
        return false;
    };
    (0..=tail.len()).any(|at| tail.is_char_boundary(at) && matches(&tail[at..], rest))
}

/// The commands of a session, each with the lines that it answers.
fn steps(session: usize) -> Vec<(&'static str, Vec<&'static str>)> {
    let readme = include_str!("../README.md");
    let session = readme.split(MARK).nth(1 + session).expect("the README has the session");
    let session = session.split_once("```").expect("the session ends").0;
    let mut steps: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in session.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => steps.push((command, Vec::new())),
            None => steps.last_mut().expect("a command comes first").1.push(line),
        }
    }
    assert!(!steps.is_empty());
    steps
}

#[track_caller]
fn compare(command: &str, output: &str, expected: &[&str]) {
    let lines: Vec<&str> = output.lines().collect();
    let alike = lines.len() == expected.len()
        && lines.iter().zip(expected).all(|(line, expected)| matches(line, expected));
    assert!(alike, "{command}\ngave      {lines:#?}\nexpected  {expected:#?}");
}

#[test]
fn the_sessions_with_one_node_go_as_the_readme_says() {
    let broker = free_port();
    let settings = NodeSettings::at_broker("quickstart", broker, "readme").with_broker(broker);
    let node = Node::start(settings);
    node.joined();
    let port = node.address().port().to_string();
    for (command, expected) in steps(0).into_iter().chain(steps(1)) {
        let output = Command::new("bash").args(["-c", &command.replace(PORT, &port)]).output();
        compare(command, &String::from_utf8(output.unwrap().stdout).unwrap(), &expected);
    }
    node.stop();
}

#[test]
fn a_node_that_was_away_gets_what_it_missed_as_the_readme_says() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join("target/release");
    fs::create_dir_all(&release).unwrap();
    symlink(env!("CARGO_BIN_EXE_merkle-kv"), release.join("merkle-kv")).unwrap();
    symlink(repository.join("scripts"), folder.path().join("scripts")).unwrap();
    let base = free_ports(4);
    let own_ports = |text: &str| {
        let ported = PORTS.iter().zip(base..);
        let ported =
            ported.fold(text.to_owned(), |text, (port, own)| text.replace(port, &own.to_string()));
        ported.replace("cluster-down.sh", "cluster-down.sh --run-dir run/cluster")
    };

    // One shell runs all of it, as a person's would; each command's output ends with a mark.
    const END: &str = "-- end of a command --";
    let up =
        format!("scripts/cluster-up.sh --run-dir run/cluster --base-port {base}\necho '{END}'\n");
    let script = steps(2).iter().fold(format!("set -m\n{up}"), |script, (command, _)| {
        script + &own_ports(command) + &format!("\necho '{END}'\n")
    });
    let output = Command::new("timeout")
        .args(["60", "bash", "-c", &script])
        .env("NODE_BINARY", env!("CARGO_BIN_EXE_merkle-kv"))
        .current_dir(&folder)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let outputs: Vec<&str> = text.split(&format!("{END}\n")).skip(1).collect();
    for ((command, expected), output) in steps(2).iter().zip(outputs) {
        let expected: Vec<String> = expected.iter().map(|line| own_ports(line)).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        // What the last script says of its work is its own affair.
        if !command.contains("cluster-down") {
            compare(command, output, &expected);
        }
    }
    assert!(text.ends_with(&format!("{END}\n")), "{text}");
}
