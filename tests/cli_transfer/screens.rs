//! On terminals, at the prompt, in scripts and in pipes.

use super::{cli, errors};
use crate::harness::{Node, NodeSettings, Terminal};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

#[test]
fn whoever_reads_an_export_may_have_had_enough() {
    let node = Node::start(NodeSettings::alone("one"));
    let keys: Vec<String> = (0..20_000).map(|n| format!("SET key:{n} value")).collect();
    node.client().pipeline_ok(&keys);
    let mut export = cli(node.address(), &["export", "--format", "csv"]);
    let mut export = export.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(export.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "key,value,ttl\r\n");
    let output = export.wait_with_output().unwrap();
    assert_eq!((output.status.code(), errors(&output).as_str()), (Some(0), ""));
}

#[test]
fn a_bar_is_shown_on_a_terminal_and_is_gone_at_the_end() {
    let node = Node::start(NodeSettings::alone("one"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.jsonl");
    let lines = (0..50_000).fold(String::new(), |mut lines, n| {
        writeln!(lines, "{{\"key\":\"k{n}\",\"value\":\"v\"}}").unwrap();
        lines
    });
    fs::write(&file, lines).unwrap();
    for (word, summary) in
        [("import", "imported 50000 keys from "), ("export", "exported 50000 keys to ")]
    {
        let mut terminal = Terminal::start(&node, &format!("{word} {}", file.display()));
        terminal.shows(summary);
        assert!(terminal.wait().success());
        let shown = terminal.shown();
        assert!(
            shown.contains("[#") && shown.contains(" keys, ") && shown.contains("s left"),
            "{shown}"
        );
        let last = shown.rsplit("\u{1b}[2K").next().unwrap();
        assert!(last.trim_start().starts_with(summary), "{shown}");
    }
}

#[test]
fn at_the_prompt_files_are_exported_and_imported_and_words_completed() {
    let node = Node::start(NodeSettings::alone("one"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.csv");
    let mut terminal = Terminal::start(&node, "--no-color");
    terminal.shows("> ");
    terminal.typed("SET greeting hello\r");
    terminal.shows("OK\r\n");
    terminal.typed("expor\t --pre\t");
    terminal.shows("export --prefix");
    terminal.typed(&format!(" g {}\r", file.display()));
    terminal.shows("exported 1 key to ");
    terminal.typed("import\r");
    terminal.shows("name a file to import");
    terminal.typed(&format!("import {}\r", file.display()));
    terminal.shows("imported 1 key from ");
    terminal.typed("help import\r");
    terminal.shows("--stop-on-error  end at the first line that is refused");
    terminal.typed("\u{4}");
    assert!(terminal.wait().success());
    assert_eq!(fs::read(file).unwrap(), b"key,value,ttl\r\ngreeting,hello,\r\n");
}

#[test]
fn a_script_may_export_and_goes_on_behind_what_fails() {
    let node = Node::start(NodeSettings::alone("one"));
    let mut script = cli(node.address(), &[]);
    let mut script =
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = b"SET k v\nexport\nimport\nimport /nowhere\nexport --all\nGET k\n";
    script.stdin.take().unwrap().write_all(lines).unwrap();
    let output = script.wait_with_output().unwrap();
    let replies = "OK\n{\"key\":\"k\",\"value\":\"v\"}\nVALUE v\n";
    assert_eq!(String::from_utf8(output.stdout.clone()).unwrap(), replies);
    assert_eq!(output.status.code(), Some(1));
    let told = errors(&output);
    for said in ["standard input holds the commands", "cannot read /nowhere: ", "no option --all"] {
        assert!(told.contains(said), "{told}");
    }
}
