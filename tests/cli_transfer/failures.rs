//! Nodes that die, disks that are full, and exports that are ended.

use super::{PATIENCE, cli, errors, files, run, succeeds};
use crate::harness::{Node, NodeSettings, SmallDisk, wait_until};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::{fs, thread};

#[test]
fn a_node_that_dies_in_an_import_is_told_with_what_was_done() {
    let mut node = Node::start(NodeSettings::alone("one"));
    let mut import = cli(node.address(), &["import"]);
    let mut import = import.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = import.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        let mut n = 0;
        // Until the import ends.
        while writeln!(input, "{{\"key\":\"k{n}\",\"value\":\"v\"}}").is_ok() {
            n += 1;
        }
    });
    let mut client = node.client();
    wait_until(PATIENCE, "some keys are there", || client.command("DBSIZE") != "DBSIZE 0");
    node.kill();
    let output = import.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = errors(&output);
    let lines: Vec<&str> = told.lines().collect();
    let [summary, error] = lines[..] else { panic!("{told}") };
    assert!(
        summary.starts_with("imported ") && summary.contains(" more keys may have been"),
        "{told}"
    );
    assert_eq!(error, format!("{} has closed the connection", node.address()));
}

#[test]
fn an_export_that_fails_leaves_the_file_of_before() {
    let node = Node::start(NodeSettings::alone("one"));
    let value = "x".repeat(1 << 19);
    let keys: Vec<String> = (0..8).map(|n| format!("SET k{n} {value}")).collect();
    keys.iter().for_each(|set| assert_eq!(node.client().command(set), "OK"));
    let disk = SmallDisk::of_mib(1);
    let file = disk.path().join("f.jsonl");
    fs::write(disk.seen_from_here().join("f.jsonl"), "before").unwrap();
    let [runner, rest @ ..] = &disk.run_by()[..] else { unreachable!() };
    let mut export = Command::new(runner);
    export.args(rest).arg(env!("CARGO_BIN_EXE_merkle-kv")).arg("cli");
    let output = export.arg(node.address().to_string()).arg("export").arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("cannot write {}: No space left on device", file.display());
    assert!(errors(&output).starts_with(&expected), "{}", errors(&output));
    assert_eq!(files(&disk.seen_from_here()), ["f.jsonl"]);
    assert_eq!(fs::read(disk.seen_from_here().join("f.jsonl")).unwrap(), b"before");

    let output = run(&node, &["export", "/nowhere/f.csv"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        errors(&output),
        "cannot write /nowhere/f.csv: No such file or directory (os error 2)\n"
    );
}

/// Replies of a node to an export, a key at a time; after so many keys it says nothing more.
fn node_with_keys(keys: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        let mut pages = 0..keys;
        while let Some(command) = read_command(&mut stream) {
            let reply = match command.as_str() {
                "SCAN" => match pages.next() {
                    Some(page) => format!("*2\r\n$1\r\n7\r\n*1\r\n$9\r\n{page:09}\r\n"),
                    None => continue,
                },
                "DBSIZE" => ":5\r\n".to_owned(),
                "PTTL" => ":-1\r\n".to_owned(),
                "GET" => "$1\r\nv\r\n".to_owned(),
                _ => "$14\r\nMerkleKV 0.2.0\r\n".to_owned(),
            };
            if stream.get_mut().write_all(reply.as_bytes()).is_err() {
                return;
            }
        }
    });
    address
}

/// The first word of the next command in RESP; nothing at the end.
fn read_command(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).is_ok_and(|read| read > 0).then(|| line.trim_end().to_owned())
    };
    // A command begins with how many words it has, a word with its length.
    let words: usize = line()?.trim_start_matches('*').parse().unwrap();
    let lines: Option<Vec<String>> = (0..2 * words).map(|_| line()).collect();
    lines?.into_iter().nth(1)
}

/// Begins an export and waits until there is something of it.
fn begin_export(address: &str, file: &Path) -> Child {
    let mut export = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
    export.args(["cli", address, "export"]).arg(file);
    let export = export.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let folder = file.parent().unwrap();
    wait_until(PATIENCE, "the export has begun", || !files(folder).is_empty());
    export
}

fn signal(export: &Child, name: &str) {
    let pid = export.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
}

#[test]
fn an_export_that_is_killed_leaves_no_file_of_this_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("f.jsonl");
    let mut export = begin_export(&node_with_keys(1), &file);
    export.kill().unwrap();
    export.wait().unwrap();
    let left = files(folder.path());
    let [name] = &left[..] else { panic!("{left:?}") };
    assert!(name.starts_with("f.jsonl.") && name.ends_with(".unfinished"), "{name}");
    // Nor is the next one hindered by that.
    let node = Node::start(NodeSettings::alone("one"));
    succeeds(&run(&node, &["export", file.to_str().unwrap()]), "exported 0 keys");
    assert_eq!(files(folder.path()).len(), 2);
}

#[test]
fn a_file_keeps_its_permissions_and_a_link_its_target() {
    let node = Node::start(NodeSettings::alone("one"));
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("f.csv"), folder.path().join("link.csv"));
    fs::write(&file, "before").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, &link).unwrap();
    succeeds(&run(&node, &["export", link.to_str().unwrap()]), "exported 0 keys");
    assert_eq!(fs::read(&file).unwrap(), b"key,value,ttl\r\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[test]
fn an_export_that_is_interrupted_leaves_no_file_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let export = begin_export(&node_with_keys(usize::MAX), &folder.path().join("f.csv"));
    signal(&export, "INT");
    let output = export.wait_with_output().unwrap();
    assert_eq!((output.status.code(), errors(&output).as_str()), (Some(1), "interrupted\n"));
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn an_export_that_is_terminated_ends_at_once_and_leaves_no_file_either() {
    for keys in [1, usize::MAX] {
        let folder = tempfile::tempdir().unwrap();
        let export = begin_export(&node_with_keys(keys), &folder.path().join("f.csv"));
        signal(&export, "TERM");
        let output = export.wait_with_output().unwrap();
        assert_eq!((output.status.code(), errors(&output).as_str()), (Some(143), ""), "{keys}");
        assert_eq!(files(folder.path()), [""; 0], "{keys}");
    }
}

#[test]
fn an_export_that_hangs_is_ended_by_a_second_ctrl_c_and_leaves_no_file_either() {
    let folder = tempfile::tempdir().unwrap();
    let mut export = begin_export(&node_with_keys(1), &folder.path().join("f.csv"));
    wait_until(PATIENCE, "the export has ended", || {
        signal(&export, "INT");
        export.try_wait().unwrap().is_some()
    });
    let output = export.wait_with_output().unwrap();
    assert_eq!((output.status.code(), errors(&output).as_str()), (Some(130), ""));
    assert_eq!(files(folder.path()), [""; 0]);
}
