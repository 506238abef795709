//! The benchmark of storage, as far as it goes without Redis: it starts a node, writes to it, and
//! leaves nothing behind.

use std::fs;
use std::process::Command;
use tempfile::TempDir;

const SMALL: [&str; 9] =
    ["bench", "storage", "--no-redis", "--rounds", "1", "--seconds", "1", "--keys", "1000"];

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
    let (out, errors, went_well) = bench(&folder, &["--durability", "off", "--pipeline", "16"]);
    assert!(went_well, "{out}{errors}");
    for part in ["machine", "1,000 keys", "disk ", "MerkleKV ", "load cpu"] {
        assert!(out.contains(part), "{part} in {out}");
    }
    assert!(!out.contains("Redis") && errors.contains("pipeline 16: 1 rounds of 1 s"), "{errors}");
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
