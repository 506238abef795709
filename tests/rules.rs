//! Rules of the repository that no compiler checks: what core may not use, and that the documents
//! are in step.

use merkle_kv_core::protocol::command_reference;
use std::fs;
use std::path::{Path, PathBuf};

/// What is missing from core on purpose: I/O, clocks, the environment, threads, randomness.
const NOT_IN_CORE: [&str; 13] = [
    "std::fs",
    "std::io",
    "std::env::",
    "std::thread",
    "std::process",
    "std::net::Tcp",
    "SystemTime",
    "Instant",
    "tokio",
    "actix",
    "rumqtt",
    "getrandom",
    "async ",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
}

/// Lines of code of a folder outside of tests and comments, with their files.
fn code(folder: &str) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    files(&root().join(folder), "rs", &mut paths);
    paths.retain(|path| !path.components().any(|part| part.as_os_str() == "tests"));
    paths.retain(|path| path.file_name().is_some_and(|name| name != "tests.rs"));
    assert!(!paths.is_empty());
    let mut lines = Vec::new();
    for path in paths {
        let text = read(&path);
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code = text.lines().map(str::trim).filter(|line| !line.starts_with("//"));
        lines.extend(code.map(|line| (path.clone(), line.to_owned())));
    }
    lines
}

#[track_caller]
fn absent(folder: &str, words: &[&str]) {
    for (path, line) in code(folder) {
        for word in words {
            assert!(!line.contains(word), "{} uses {word}: {line}", path.display());
        }
    }
}

fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root().join("docs"), "md", &mut found);
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    found.extend(top.map(|name| root().join(name)));
    found
}

#[test]
fn core_is_pure() {
    absent("core/src", &NOT_IN_CORE);
    let manifest = read(&root().join("core/Cargo.toml"));
    for name in ["tokio", "actix", "rumqtt", "getrandom", "log.", "merkle-kv-actors"] {
        assert!(!manifest.contains(name), "core depends on {name}");
    }
}

#[test]
fn inside_core_nothing_points_up() {
    absent("core/src/protocol", &["crate::store", "crate::execute", "crate::replication"]);
    absent("core/src/store", &["crate::protocol", "crate::execute", "crate::replication"]);
    absent("core/src/config", &["crate::store", "crate::execute", "crate::replication"]);
    for file in ["clock.rs", "version.rs", "entry.rs"] {
        let text = read(&root().join("core/src").join(file));
        assert!(!text.contains("crate::store") && !text.contains("crate::protocol"), "{file}");
    }
}

#[test]
fn the_protocol_document_holds_the_table_of_commands() {
    let page = read(&root().join("docs/protocol.md"));
    let table = page.split_once("<!-- commands -->\n").expect("the table begins").1;
    let table = table.split_once("<!-- /commands -->").expect("the table ends").0;
    assert_eq!(table, command_reference(), "put the right-hand side into docs/protocol.md");
}

#[test]
fn documents_are_narrow_and_their_links_lead_somewhere() {
    for path in documents() {
        let text = read(&path);
        let mut generated = false;
        for (at, line) in text.lines().enumerate() {
            generated = (generated || line == "<!-- commands -->") && line != "<!-- /commands -->";
            let place = format!("{}:{}", path.display(), at + 1);
            assert!(generated || line.chars().count() <= 100, "{place} is wider than 100 columns");
            for link in line.split("](").skip(1) {
                let target = link.split([')', '#']).next().unwrap_or_default();
                let local = !target.is_empty() && !target.contains("://");
                let there = path.parent().unwrap().join(target).exists();
                assert!(!local || there, "{place}: {target} is not there");
            }
        }
    }
}
