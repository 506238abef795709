//! The README keeps its word: its session is run line by line against a node with its quickstart
//! configuration, apart from the ports.

use crate::harness::{Node, NodeSettings, free_port};
use std::process::Command;

const MARK: &str = "<!-- executed by tests/readme.rs -->\n```console\n";

/// The port that the README names.
const PORT: &str = "7379";

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

#[test]
fn the_session_in_the_readme_goes_as_it_says() {
    let readme = include_str!("../README.md");
    let session = readme.split_once(MARK).expect("the README has a session").1;
    let session = session.split_once("```").expect("the session ends").0;

    let broker = free_port();
    let settings = NodeSettings::at_broker("quickstart", broker, "readme").with_broker(broker);
    let node = Node::start(settings);
    node.joined();
    let port = node.address().port().to_string();

    let mut steps: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in session.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => steps.push((command, Vec::new())),
            None => steps.last_mut().expect("a command comes first").1.push(line),
        }
    }
    assert!(!steps.is_empty());
    for (command, expected) in steps {
        let output = Command::new("bash").args(["-c", &command.replace(PORT, &port)]).output();
        let output = output.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let alike = lines.len() == expected.len()
            && lines.iter().zip(&expected).all(|(line, expected)| matches(line, expected));
        assert!(alike, "{command}\ngave      {lines:#?}\nexpected  {expected:#?}");
    }
    node.stop();
}
