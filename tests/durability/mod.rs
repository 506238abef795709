//! What a node has acknowledged it has still after a crash, whatever the moment; and what it says
//! when its data directory or its disk is no good.

mod cluster;
mod faults;
mod full;
mod kills;
mod load;
mod operators;

use crate::harness::{Client, Node};
use load::{Load, Numbers};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// All files in a folder, with what is in them.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.is_file());
    files.map(|path| (name(&path), fs::read(path).unwrap())).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// The files whose names begin so, oldest first.
fn named(folder: &Path, start: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| name(path).starts_with(start)).collect();
    paths.sort();
    paths
}

/// Turns one bit over.
fn damage(file: &Path, at: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// Writes keys one after the other, so that each has a record of its own.
#[track_caller]
fn write_each(node: &Node, keys: impl IntoIterator<Item = String>) {
    let mut client = node.client();
    for key in keys {
        assert_eq!(client.command(&format!("SET {key} {key}")), "OK");
    }
}

/// Writes so many MiB, under eight keys by turns.
#[track_caller]
fn write_mib(client: &mut Client, mib: usize) {
    let value = "x".repeat((1 << 20) - 8);
    for n in 0..mib {
        client.send(format!("SET large{} {n:08}{value}\r\n", n % 8));
    }
    for _ in 0..mib {
        assert_eq!(client.line(), "OK");
    }
}
