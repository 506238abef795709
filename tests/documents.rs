//! The documents: narrow enough for a terminal, and every local link leads somewhere.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
}

fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["docs", "clients", "tests"] {
        files(&root().join(folder), "md", &mut found);
    }
    let top = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"];
    found.extend(top.map(|name| root().join(name)));
    found
}

#[test]
fn documents_are_narrow_and_their_links_lead_somewhere() {
    for path in documents() {
        let text = read(&path);
        let mut generated = false;
        for (at, line) in text.lines().enumerate() {
            let marker = line.strip_prefix("<!-- ").and_then(|line| {
                line.strip_suffix("commands -->").or_else(|| line.strip_suffix("metrics -->"))
            });
            generated = marker.map_or(generated, |name| !name.starts_with('/'));
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
