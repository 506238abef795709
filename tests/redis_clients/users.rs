//! Clients of Redis on a node with users: they log in as they do anywhere, and understand refusals.

use super::output;
use crate::harness::{Node, NodeSettings, UsersFile, test_tool};
use std::process::{Command, Stdio};

fn node() -> (UsersFile, Node) {
    let file = UsersFile::of(&[
        ("ada", "read,write", "*", "a password"),
        ("bob", "read", "sensor/*", "secret"),
        ("default", "read", "*", "old way"),
    ]);
    let node = Node::start(NodeSettings::alone("one").section(&file.section()));
    (file, node)
}

#[test]
fn redis_cli_logs_in() {
    let (_file, node) = node();
    let port = node.address().port().to_string();
    let says = |arguments: &[&str], expected: &str| {
        let mut command = Command::new("redis-cli");
        command.args(["-p", &port, "--no-auth-warning"]).args(arguments).stdin(Stdio::null());
        assert_eq!(output(&mut command).trim_end(), expected, "{arguments:?}");
    };
    let ada = ["--user", "ada", "--pass", "a password"];
    for version in [&[][..], &["-3"]] {
        let as_ada = |words: &[&str], expected: &str| {
            says(&[version, &ada, words].concat(), expected);
        };
        as_ada(&["SET", "sensor/1", "v"], "OK");
        as_ada(&["GET", "sensor/1"], "v");
        let refused = "NOPERM this user has no permissions to run the 'flush' command";
        as_ada(&["FLUSHALL"], refused);
        says(&[version, &["GET", "k"]].concat(), "NOAUTH Authentication required.");
    }
    // As it was before there were names.
    says(&["-a", "old way", "GET", "sensor/1"], "v");
    let refused = "NOPERM this user has no permissions to run the 'set' command";
    says(&["-a", "old way", "SET", "sensor/1", "w"], refused);
    node.stop();
}

const SCRIPT: &str = r#"
import sys, redis
from redis.backoff import NoBackoff
from redis.retry import Retry
port, protocol = int(sys.argv[1]), int(sys.argv[2])
def connect(user, password):
    # It would send a wrong password again and again.
    once = Retry(NoBackoff(), 0)
    return redis.Redis(
        port=port, protocol=protocol, username=user, password=password, retry=once
    )
def raises(kind, call):
    try:
        call()
    except kind as error:
        assert type(error) is kind, repr(error)
        return
    raise AssertionError(kind)
ada, bob = connect("ada", "a password"), connect("bob", "secret")
assert ada.set("sensor/1", "v") and ada.set("other", "v")
assert bob.get("sensor/1") == b"v"
assert list(bob.scan_iter()) == [b"sensor/1"] and bob.keys() == [b"sensor/1"]
raises(redis.exceptions.NoPermissionError, lambda: bob.get("other"))
raises(redis.exceptions.NoPermissionError, lambda: bob.set("sensor/1", "w"))
raises(redis.exceptions.NoPermissionError, lambda: bob.mget("sensor/1", "other"))
raises(redis.exceptions.AuthenticationError, lambda: connect("bob", "wrong").get("sensor/1"))
raises(redis.exceptions.AuthenticationError, lambda: connect(None, None).get("sensor/1"))
assert connect(None, "old way").get("other") == b"v"
with ada.pipeline(transaction=False) as pipe:
    assert pipe.set("sensor/2", "x").get("sensor/2").execute() == [True, b"x"]
print("done")
"#;

#[test]
fn redis_py_logs_in_and_knows_refusals_by_their_kind() {
    for protocol in ["2", "3"] {
        let (_file, node) = node();
        let port = node.address().port().to_string();
        let mut python = Command::new(test_tool("python/bin/python"));
        assert_eq!(output(python.args(["-c", SCRIPT, &port, protocol])), "done\n");
        node.stop();
    }
}

#[test]
fn the_rust_library_logs_in() {
    let (_file, node) = node();
    for version in [2, 3] {
        let connect = |who: &str| {
            let url = format!("redis://{who}@{}/?protocol=resp{version}", node.address());
            redis::Client::open(url).unwrap().get_connection()
        };
        let mut ada = connect("ada:a%20password").unwrap();
        let () = redis::cmd("SET").arg("k").arg("v").query(&mut ada).unwrap();
        let value: String = redis::cmd("GET").arg("k").query(&mut ada).unwrap();
        assert_eq!(value, "v");
        let error = redis::cmd("FLUSHALL").exec(&mut ada).unwrap_err();
        assert_eq!(error.code(), Some("NOPERM"));
        assert!(connect("ada:wrong").is_err());
    }
    node.stop();
}
