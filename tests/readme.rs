//! Runs the session that README.md shows: what a reader types must answer what a reader sees.

use crate::harness::{Node, NodeSettings, free_port};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Stands above the block that is run.
const MARKER: &str = "<!-- executed by tests/readme.rs -->";

/// The port in the README, for which that of the test's node is put.
const WRITTEN_PORT: &str = "7379";

/// A line that was typed, and what came back.
#[derive(Debug, PartialEq, Eq)]
struct Exchange<'a> {
    typed: &'a str,
    output: Vec<&'a str>,
}

fn session(page: &str) -> Result<Vec<Exchange<'_>>, String> {
    let (_, behind) = page.split_once(MARKER).ok_or(format!("README.md has no {MARKER}"))?;
    let block = behind.trim_start().strip_prefix("```console\n");
    let block = block.ok_or(format!("no ```console block follows {MARKER}"))?;
    let (block, _) = block.split_once("\n```").ok_or("the ```console block does not end")?;
    let mut exchanges: Vec<Exchange> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), exchanges.last_mut()) {
            (Some(typed), _) => exchanges.push(Exchange { typed, output: Vec::new() }),
            (None, Some(exchange)) => exchange.output.push(line),
            (None, None) => return Err(format!("output before the first `$ `: {line}")),
        }
    }
    if exchanges.is_empty() { Err("the session is empty".to_owned()) } else { Ok(exchanges) }
}

/// What differs between the session and what a node answers.
fn differences(page: &str, port: u16) -> Vec<String> {
    let exchanges = match session(page) {
        Ok(exchanges) => exchanges,
        Err(problem) => return vec![problem],
    };
    let mut differences = Vec::new();
    for Exchange { typed, output } in exchanges {
        let line = typed.replace(WRITTEN_PORT, &port.to_string());
        let ran = Command::new("timeout").args(["20", "bash", "-c", &line]).output().unwrap();
        let answer = String::from_utf8_lossy(&ran.stdout).replace('\r', "");
        let answer: Vec<&str> = answer.lines().collect();
        let same = answer.len() == output.len()
            && output.iter().zip(&answer).all(|(pattern, line)| is_like(pattern, line));
        if !same || !ran.status.success() {
            let errors = String::from_utf8_lossy(&ran.stderr);
            differences.push(format!("{typed}\n{answer:#?}\nfor {output:#?}\n{errors}"));
        }
    }
    differences
}

/// Whether a line is the pattern with anything in the place of each `…`.
fn is_like(pattern: &str, line: &str) -> bool {
    match pattern.split_once('…') {
        None => pattern == line,
        Some((head, tail)) => line.strip_prefix(head).is_some_and(|rest| {
            let mut ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
            ends.any(|end| is_like(tail, &rest[end..]))
        }),
    }
}

/// As `configs/quickstart.toml` has it, on free ports.
fn quickstart() -> Node {
    let port = free_port();
    let settings = NodeSettings::at_broker("quickstart", port, "merkle-kv").with_broker(port);
    let node = Node::start(settings);
    node.joined();
    node
}

#[test]
fn the_session_in_the_readme_is_what_a_node_answers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = fs::read_to_string(&path).unwrap_or_default();
    let node = quickstart();
    let differences = differences(&page, node.address().port());
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
    node.stop();
}

#[test]
fn a_wrong_line_a_missing_line_and_a_missing_session_are_noticed() {
    let node = quickstart();
    let port = node.address().port();
    let page = |output: &str| {
        let typed = "$ printf 'SET k v\\nGET k\\n' | nc -N 127.0.0.1 7379";
        format!("# A page\n{MARKER}\n```console\n{typed}\n{output}\n```\nmore\n")
    };
    assert_eq!(differences(&page("OK\nVALUE v"), port), [""; 0]);
    assert_eq!(differences(&page("O…\n…UE …"), port), [""; 0]);
    for wrong in ["OK\nVALUE w", "OK", "OK\nVALUE v\nEND", "…x\n…"] {
        assert_eq!(differences(&page(wrong), port).len(), 1, "{wrong}");
    }
    for (page, told) in [
        ("no session", "README.md has no"),
        (MARKER, "no ```console block"),
        (&page("").replace("$ ", ""), "output before"),
    ] {
        let differences = differences(page, port);
        assert!(differences[0].contains(told), "{differences:?}");
    }
    node.stop();
}
