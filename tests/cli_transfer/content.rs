//! What is exported is imported as it was: any bytes, expiry, many keys, and as any user.

use super::{PATIENCE, cli, errors, run, succeeds};
use crate::harness::{Node, NodeSettings, Resp, RespClient, UsersFile, command_bytes, wait_until};
use std::fmt::Write as _;
use std::io::Write;
use std::process::Stdio;
use std::thread;

/// Every key with its value and its time to live.
fn content(node: &Node) -> Vec<(Resp, Resp, i64)> {
    let mut client = RespClient::connect(node.address());
    let keys = client.scan_all(&["COUNT", "10000"]).unwrap();
    let mut found = Vec::new();
    for some in keys.chunks(200) {
        let names = some.iter().map(|key| match key {
            Resp::Bulk(name) => name,
            other => panic!("{other:?}"),
        });
        let asked = names.flat_map(|name| {
            [command_bytes(&[b"GET", &name[..]]), command_bytes(&[b"TTL", &name[..]])].concat()
        });
        client.send(asked.collect::<Vec<u8>>());
        for key in some {
            let value = client.reply();
            found.push((key.clone(), value, client.reply().number()));
        }
    }
    found
}

/// Whether both are the same, but for the time that has passed between them.
#[track_caller]
fn assert_same(one: &[(Resp, Resp, i64)], other: &[(Resp, Resp, i64)]) {
    const PASSED_SECONDS: u64 = 60;
    assert_eq!(one.len(), other.len());
    for (before, after) in one.iter().zip(other) {
        assert_eq!((&before.0, &before.1), (&after.0, &after.1));
        let is_close = before.2.abs_diff(after.2) <= PASSED_SECONDS;
        assert!(is_close && before.2.signum() == after.2.signum(), "{before:?} {after:?}");
    }
}

/// Keys and values of all kinds.
fn fill(node: &Node) {
    let mut client = RespClient::connect(node.address());
    let all: Vec<u8> = (0..=255).collect();
    for (key, value) in [
        (&b"plain"[..], &b"value"[..]),
        (b"empty", b""),
        (b"with space", b" \t "),
        (b"line\r\nbreak", b"a\nb\r\nc"),
        (b"comma,\"quote\"", b"\",\""),
        (b"\xff\xfe\0", &all),
        ("ключ".as_bytes(), "значение \u{1f600}".as_bytes()),
        (b"{\"hex\":\"00\"}", b"{\"key\":1}"),
        (b"--prefix", b"-"),
        (b"NULL", b"(null)"),
    ] {
        assert_eq!(client.run(&[&b"SET"[..], key, value]), Resp::ok());
    }
    assert_eq!(client.run(&["SET", "expiring", "soon", "EX", "1000"]), Resp::ok());
    assert_eq!(client.run(&["SET", "gone", "sooner", "PX", "1"]), Resp::ok());
    wait_until(PATIENCE, "a key has gone", || client.run(&["EXISTS", "gone"]).number() == 0);
}

#[test]
fn what_is_exported_is_imported_into_another_node_as_it_was() {
    let (one, other) =
        (Node::start(NodeSettings::alone("one")), Node::start(NodeSettings::alone("other")));
    fill(&one);
    let before = content(&one);
    assert_eq!(before.len(), 11);
    let folder = tempfile::tempdir().unwrap();
    for file in ["all.jsonl", "all.csv"] {
        let path = folder.path().join(file);
        let path = path.to_str().unwrap();
        succeeds(&run(&one, &["export", path]), &format!("exported 11 keys to {path} in "));
        assert_eq!(other.client().command("FLUSH"), "OK");
        succeeds(&run(&other, &["import", path]), &format!("imported 11 keys from {path} in "));
        assert_same(&content(&other), &before);
    }
    // What is left out of a file stays out, and the order is that of the keys.
    let part = run(&one, &["export", "--prefix", "e"]);
    succeeds(&part, "exported 2 keys to standard output");
    let lines = String::from_utf8(part.stdout).unwrap();
    assert!(
        lines.starts_with("{\"key\":\"empty\",\"value\":\"\"}\n{\"key\":\"expiring\""),
        "{lines}"
    );
}

#[test]
fn a_pipe_carries_a_hundred_thousand_keys_from_node_to_node() {
    const KEYS: usize = 100_000;
    let (one, other) =
        (Node::start(NodeSettings::alone("one")), Node::start(NodeSettings::alone("other")));
    let mut file = "ttl,key,value\n".to_owned();
    for n in 0..KEYS {
        let ttl = if n % 3 == 0 { "5000" } else { "" };
        writeln!(file, "{ttl},key:{n},{}", "x".repeat(n % 50)).unwrap();
    }
    let mut import = cli(one.address(), &["--json", "import", "--format", "csv"]);
    let mut import = import.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
    let output = import.wait_with_output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["imported"], &told["refused"]), (&KEYS.into(), &0.into()));

    let mut export = cli(one.address(), &["export"]);
    let mut export = export.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut import = cli(other.address(), &["import"]);
    let output = import.stdin(export.stdout.take().unwrap()).output().unwrap();
    succeeds(&output, "imported 100000 keys from standard input");
    assert!(export.wait().unwrap().success());
    assert_same(&content(&one), &content(&other));
}

#[test]
fn keys_are_exported_while_others_come_and_go() {
    let node = Node::start(NodeSettings::alone("one"));
    let staying: Vec<String> = (0..5000).map(|n| format!("SET stay:{n:05} v")).collect();
    node.client().pipeline_ok(&staying);
    let mut client = node.client();
    let coming = thread::spawn(move || {
        for n in 0..3000 {
            client.command(&format!("SET stay:{n:05}:new v"));
            client.command(&format!("DEL stay:{n:05}:new"));
        }
    });
    let output = run(&node, &["export"]);
    coming.join().unwrap();
    let exported = String::from_utf8(output.stdout).unwrap();
    let keys: Vec<&str> = exported.lines().filter(|line| !line.contains(":new")).collect();
    assert_eq!(keys.len(), 5000);
    assert!(keys.is_sorted());
}

#[test]
fn users_log_in_and_see_what_is_theirs() {
    let users = UsersFile::of(&[("ada", "read,write", "a:*", "secret-word")]);
    let node = Node::start(NodeSettings::alone("one").section(&users.section()));
    let import = |words: &[&str]| {
        let mut import = cli(node.address(), &[]);
        import.args(words).env("MERKLEKV_PASSWORD", "secret-word").arg("import");
        let mut import = import.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = b"{\"key\":\"a:1\",\"value\":\"1\"}\n{\"key\":\"b:1\",\"value\":\"1\"}\n";
        import.stdin.take().unwrap().write_all(lines).unwrap();
        import.wait_with_output().unwrap()
    };
    let stranger = import(&[]);
    assert_eq!(stranger.status.code(), Some(1));
    let told = errors(&stranger);
    assert!(told.contains("has users: begin with merkle-kv cli --user NAME"), "{told}");
    assert!(told.contains("imported 0 keys") && !told.contains("more key"), "{told}");
    let ada = import(&["--user", "ada"]);
    let told = errors(&ada);
    assert!(
        told.starts_with("standard input:2: NOPERM") && told.contains("imported 1 key "),
        "{told}"
    );
    let mut export = cli(node.address(), &["--user", "ada", "export"]);
    let output = export.env("MERKLEKV_PASSWORD", "secret-word").output().unwrap();
    assert_eq!(output.stdout, b"{\"key\":\"a:1\",\"value\":\"1\"}\n", "{}", errors(&output));
}
