//! redis-py, with its ordinary and its asyncio client.

use super::{checked, node, output, script};
use crate::harness::test_tool;
use std::process::Command;

#[track_caller]
fn redis_py(protocol: &str) {
    let node = node();
    let port = node.address().port().to_string();
    let mut python = Command::new(test_tool("python/bin/python"));
    let said = output(python.arg(script("redis_py.py")).args([&port, protocol]));
    assert!(checked(&said) > 100);
    node.stop();
}

#[test]
fn redis_py_works_in_version_2() {
    redis_py("2");
}

#[test]
fn redis_py_works_in_version_3() {
    redis_py("3");
}
