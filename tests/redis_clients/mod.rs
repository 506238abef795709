//! The programs and libraries that people use with Redis, unmodified, against a node: one file
//! each. What they need is installed by `scripts/install-test-tools.sh`.

mod ioredis;
mod redis_benchmark;
mod redis_cli;
mod redis_py;
mod rust_redis;
mod users;

use crate::harness::{Node, NodeSettings};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn node() -> Node {
    Node::start(NodeSettings::alone("one"))
}

/// A program that stands beside its test.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/redis_clients").join(name)
}

/// What a program writes; fails the test if the program fails.
#[track_caller]
fn output(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; scripts/install-test-tools.sh installs it")
    });
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// The number of replies that a program says it has checked.
#[track_caller]
fn checked(output: &str) -> u32 {
    let said = output.lines().last().and_then(|line| line.strip_suffix(" replies checked"));
    said.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("it said {output:?}"))
}
