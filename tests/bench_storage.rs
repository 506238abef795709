//! The benchmark of storage, as far as it goes without Redis: it starts a node, writes to it, and
//! leaves nothing behind.

use crate::harness::wait_until;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const SMALL: [&str; 7] = ["bench", "storage", "--no-redis", "--rounds", "1", "--keys", "1000"];

/// What it prints and says, and whether it went well.
fn bench(folder: &TempDir, arguments: &[&str]) -> (String, String, bool) {
    let output = Command::new("timeout")
        .args(["60", env!("CARGO_BIN_EXE_merkle-kv")])
        .args(SMALL)
        .args(arguments)
        .arg("--dir")
        .arg(folder.path())
        .output()
        .unwrap();
    let [out, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (out, errors, output.status.success())
}

#[test]
fn a_small_run_measures_a_node_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (out, errors, went_well) =
        bench(&folder, &["--durability", "off", "--pipeline", "16", "--seconds", "1"]);
    assert!(went_well, "{out}{errors}");
    for part in ["machine", "1,000 keys", "disk ", "MerkleKV ", "load cpu"] {
        assert!(out.contains(part), "{part} in {out}");
    }
    assert!(!out.contains("Redis") && errors.contains("pipeline 16: 1 times 1 s"), "{errors}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_measured_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (_, errors, went_well) = bench(&folder, &["--pipeline", "0"]);
    assert!(!went_well && errors.contains("a pipeline is 0"), "{errors}");
    let (_, errors, went_well) = bench(&folder, &["--durability", "sometimes"]);
    assert!(!went_well && errors.contains("off, interval or always"), "{errors}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_run_that_is_interrupted_leaves_nothing_behind_either() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Command::new(env!("CARGO_BIN_EXE_merkle-kv"))
        .args(SMALL)
        .args(["--seconds", "30", "--durability", "off", "--dir"])
        .arg(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let is_empty = || fs::read_dir(folder.path()).unwrap().next().is_none();
    let limit = Duration::from_secs(20);
    // The node's own folder is made just before it is started.
    let has_node = || {
        fs::read_dir(folder.path()).unwrap().any(|run| run.unwrap().path().join("node").exists())
    };
    wait_until(limit, "a node is started", has_node);
    assert!(Command::new("kill").arg(running.id().to_string()).status().unwrap().success());
    let status = running.wait().unwrap();
    assert_eq!((status.code(), is_empty()), (Some(130), true));
}
