//! `merkle-kv cli … export` and `import`: what is exported is imported as it was, and what fails is
//! told and leaves nothing behind.

mod content;
mod failures;
mod refusals;
mod screens;

use crate::harness::Node;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn cli(address: impl ToString, words: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["60", env!("CARGO_BIN_EXE_merkle-kv"), "cli", &address.to_string()]);
    command.args(words).stdin(Stdio::null());
    command
}

fn run(node: &Node, words: &[&str]) -> Output {
    cli(node.address(), words).output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn succeeds(output: &Output, said: &str) {
    let told = errors(output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.starts_with(said) && told.lines().count() == 1, "{told}");
}

/// Everything in a folder.
fn files(folder: &Path) -> Vec<String> {
    let name =
        |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
    fs::read_dir(folder).unwrap().map(name).collect()
}
