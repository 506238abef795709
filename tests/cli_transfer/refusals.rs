//! Lines that are no record, and records that the node refuses.

use super::{cli, errors, run};
use crate::harness::{Node, NodeSettings};
use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};

#[test]
fn refused_lines_are_told_in_order_and_the_others_are_imported() {
    let node = Node::start(NodeSettings::alone("one"));
    let long = "k".repeat(2000);
    let lines = format!(
        "{{\"key\":\"a\",\"value\":\"1\"}}\n{{\"key\":\"\",\"value\":\"2\"}}\n\u{1b}[2J\n\
         {{\"key\":\"{long}\",\"value\":\"3\"}}\n{{\"key\":\"b\"}}\n{{\"key\":\"c\",\"value\":\"4\"}}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.jsonl");
    fs::write(&file, &lines).unwrap();
    let file = file.to_str().unwrap();
    let output = run(&node, &["import", file]);
    assert_eq!(output.status.code(), Some(1));
    let told = errors(&output);
    let expected = [
        format!("{file}:2: ERR Invalid key: it is empty"),
        format!("{file}:3: no JSON at column 1: expected value"),
        format!("{file}:4: ERR Invalid key: it has 2000 bytes, the limit is 1024"),
        format!("{file}:5: missing field `value`"),
    ];
    for (line, expected) in told.lines().zip(&expected) {
        assert_eq!(line, expected);
    }
    assert!(told.lines().last().unwrap().ends_with(" s, 4 records refused"), "{told}");
    assert_eq!(node.client().command("DBSIZE"), "DBSIZE 2");

    node.client().command("FLUSH");
    let output = run(&node, &["import", "--stop-on-error", file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("imported 1 key from"), "{}", errors(&output));
    assert_eq!(node.client().command("DBSIZE"), "DBSIZE 1");
}

#[test]
fn many_refused_lines_are_counted_and_a_wrong_header_ends_it() {
    let node = Node::start(NodeSettings::alone("one"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.csv");
    fs::write(&file, format!("key,value\n{}", "k\n".repeat(1000))).unwrap();
    let output = run(&node, &["import", file.to_str().unwrap()]);
    let told = errors(&output);
    assert_eq!(told.lines().count(), 22, "{told}");
    assert!(told.contains("f.csv: and 980 more\nimported 0 keys"), "{told}");
    fs::write(&file, "name,value\nk,v\n").unwrap();
    let output = run(&node, &["import", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("f.csv:1: there is no column \"name\""),
        "{}",
        errors(&output)
    );
    assert_eq!(node.client().command("DBSIZE"), "DBSIZE 0");
}

#[test]
fn a_line_of_a_gigabyte_costs_no_such_memory() {
    let node = Node::start(NodeSettings::alone("one"));
    let mut import = cli(node.address(), &["import"]);
    let mut import = import.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = import.stdin.take().unwrap();
    let piece = vec![b'x'; 1 << 20];
    input.write_all(b"{\"key\":\"").unwrap();
    (0..1024).for_each(|_| input.write_all(&piece).unwrap());
    input.write_all(b"\n{\"key\":\"k\",\"value\":\"v\"}\n").unwrap();
    let memory = peak_memory(&import);
    drop(input);
    let output = import.wait_with_output().unwrap();
    let told = errors(&output);
    assert!(told.starts_with("standard input:1: longer than 135266304 bytes"), "{told}");
    assert!(told.contains("imported 1 key"), "{told}");
    assert!(memory < 400 << 20, "{memory}");
}

/// The most that the program below `timeout` has had, in bytes.
fn peak_memory(child: &Child) -> u64 {
    let mut pid = child.id();
    while let Some(below) = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .ok()
        .and_then(|pids| pids.split_whitespace().next()?.parse().ok())
    {
        pid = below;
    }
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
