//! The rules of the architecture, read from the sources: what each layer may not name, how long a
//! file may be, and that the reference of commands in the documents is the table's.

use merkle_kv_core::protocol::{command_reference, redis_command_reference};
use std::fs;
use std::path::Path;

/// Longest file of the program, and of any other crate, in lines.
const MAX_PROGRAM_LINES: usize = 150;
const MAX_LINES: usize = 600;

/// The program is arguments, what they do, both for the benchmarks and each large one of them, both for
/// `cli` and `status` and for users, the pages that are made of the arguments, why it fails, and
/// `main`.
const MAX_PROGRAM_FILES: usize = 11;

/// What the engine gets as an argument or leaves to the actors.
const OUTSIDE_CORE: &[&str] = &[
    "tokio",
    "actix",
    "std::net",
    "std::fs",
    "std::env",
    "std::thread",
    "SystemTime",
    "Instant",
    "rand",
    "getrandom",
];

/// The program decides nothing and opens nothing but its configuration.
const OUTSIDE_PROGRAM: &[&str] =
    &["unsafe", "std::net", "tokio", "actix", "TcpStream", "TcpListener", "UdpSocket"];

/// Not in any crate.
const NOWHERE: &[&str] = &["todo!", "unimplemented!", "#[path", "#[ignore]"];

/// What may not even stand in a comment: anywhere, and in the engine.
const NOT_EVEN_SAID: &[&str] = &["FIXME"];
const NOT_EVEN_SAID_IN_CORE: &[&str] = &["merkle_kv_actors"];

struct Source {
    path: String,
    text: String,
}

impl Source {
    fn sample(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    /// Unit tests live beside what they test and read files for it.
    fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

/// What a source breaks, as sentences.
fn broken_by(source: &Source) -> Vec<String> {
    let Source { path, text } = source;
    let lines = text.lines().count();
    let mut broken = Vec::new();
    if path.starts_with("core/src/") && !source.is_test() {
        broken.extend(named(text, OUTSIDE_CORE));
    }
    if path.starts_with("src/") {
        broken.extend(named(text, OUTSIDE_PROGRAM));
        broken.extend((lines > MAX_PROGRAM_LINES).then(|| format!("has {lines} lines")));
    }
    broken.extend((lines > MAX_LINES).then(|| format!("has {lines} lines")));
    broken.extend((!text.starts_with("//!")).then(|| "does not begin with //!".to_owned()));
    broken.extend(named(text, NOWHERE));
    broken.extend(said(text, NOT_EVEN_SAID));
    if path.starts_with("core/") {
        broken.extend(said(text, NOT_EVEN_SAID_IN_CORE));
    }
    broken.iter().map(|rule| format!("{path} {rule}")).collect()
}

fn named(text: &str, words: &[&str]) -> Vec<String> {
    let code: Vec<&str> = text.lines().map(without_comment).collect();
    let is_named = |word: &&&str| code.iter().any(|line| holds_word(line, word));
    words.iter().filter(is_named).map(|word| format!("names {word}")).collect()
}

fn said(text: &str, words: &[&str]) -> Vec<String> {
    let said = words.iter().filter(|word| text.contains(**word));
    said.map(|word| format!("says {word}")).collect()
}

/// A comment in the middle of a line begins behind a space; `https://` begins none.
fn without_comment(line: &str) -> &str {
    let line = if line.trim_start().starts_with("//") { "" } else { line };
    line.split(" //").next().unwrap_or_default()
}

/// Whether the word stands there by itself: `rand` is not named by `operand` or `randomly`.
fn holds_word(line: &str, word: &str) -> bool {
    let is_part =
        |neighbour: Option<char>| neighbour.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

/// The crates in every table of dependencies.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[') {
            inside = table.trim_end_matches(']').ends_with("dependencies");
        } else if inside && let Some((name, _)) = line.split_once('=') {
            names.push(name.split('.').next().unwrap_or_default().trim());
        }
    }
    names
}

fn forbidden_dependencies(manifest: &str, forbidden: &[&str]) -> Vec<String> {
    let is_forbidden = |name: &&str| {
        forbidden.iter().any(|prefix| *name == *prefix || name.starts_with(&format!("{prefix}-")))
    };
    dependencies(manifest).into_iter().filter(is_forbidden).map(str::to_owned).collect()
}

/// What stands between the two markers.
fn between_markers<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, behind) = page.split_once(&format!("<!-- {name} -->\n"))?;
    behind.split_once(&format!("<!-- /{name} -->")).map(|(commands, _)| commands)
}

fn read(path: &str) -> String {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&full).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            found.extend(sources(&path));
        } else if path.ends_with(".rs") {
            found.push(Source { text: read(&path), path });
        }
    }
    found
}

#[test]
fn every_source_keeps_the_rules_of_its_layer() {
    let mut sources: Vec<Source> = ["src", "allocator/src", "core/src", "actors/src", "tests"]
        .iter()
        .flat_map(|path| sources(path))
        .collect();
    // This file holds the forbidden words themselves.
    sources.retain(|source| source.path != "tests/layers.rs");
    assert!(sources.len() > 50, "{} sources", sources.len());
    let broken: Vec<String> = sources.iter().flat_map(broken_by).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn the_program_is_a_few_short_files() {
    let files = sources("src").len();
    assert!(files <= MAX_PROGRAM_FILES, "src has {files} files");
}

#[test]
fn dependencies_point_inwards() {
    let outside = ["tokio", "actix", "mio", "rand", "getrandom", "log", "rumqttc", "rumqttd"];
    assert_eq!(forbidden_dependencies(&without_dev(&read("core/Cargo.toml")), &outside), [""; 0]);
    assert_eq!(forbidden_dependencies(&read("core/Cargo.toml"), &["merkle-kv-actors"]), [""; 0]);
    let actors = read("actors/Cargo.toml");
    assert!(!dependencies(&actors).contains(&"merkle-kv"), "actors depend on the program");
}

/// Tests may use what the crate itself may not.
fn without_dev(manifest: &str) -> String {
    manifest.split("[dev-dependencies]").next().unwrap_or_default().to_owned()
}

#[test]
fn the_documented_commands_are_those_of_the_table() {
    let page = read("docs/protocol.md");
    let commands = between_markers(&page, "commands").expect("docs/protocol.md has both markers");
    assert_eq!(commands.trim(), command_reference().trim(), "docs/protocol.md is out of date");
    let redis = between_markers(&page, "redis commands").expect("and those of RESP");
    assert_eq!(redis.trim(), redis_command_reference().trim(), "docs/protocol.md is out of date");
}

#[test]
fn each_rule_notices_what_breaks_it() {
    let long = "//! Long.\n".repeat(MAX_LINES + 1);
    let longer_than_main = "//! Long.\n".repeat(MAX_PROGRAM_LINES + 1);
    let mut samples: Vec<(String, String)> = Vec::new();
    for word in OUTSIDE_CORE {
        samples.push(("core/src/a.rs".into(), format!("//! A.\nuse {word};\n")));
    }
    for word in OUTSIDE_PROGRAM {
        samples.push(("src/a.rs".into(), format!("//! A.\nfn a() {{ {word} }}\n")));
    }
    for word in NOWHERE {
        samples.push(("actors/src/a.rs".into(), format!("//! A.\n{word}\n")));
    }
    for word in NOT_EVEN_SAID {
        samples.push(("actors/src/a.rs".into(), format!("//! A.\n// {word}\n")));
    }
    for word in NOT_EVEN_SAID_IN_CORE {
        samples.push(("core/src/a.rs".into(), format!("//! A.\n// {word}\n")));
    }
    samples.push(("actors/src/a.rs".into(), long));
    samples.push(("src/a.rs".into(), longer_than_main));
    samples.push(("core/src/a.rs".into(), "fn a() {}\n".into()));
    for (path, text) in samples {
        let broken = broken_by(&Source::sample(&path, &text));
        assert!(!broken.is_empty(), "{path}:\n{text}");
    }
}

#[test]
fn what_keeps_the_rules_is_left_alone() {
    for (path, text) in [
        ("core/src/a.rs", "//! No tokio here.\n// nor Instant\nlet operand = 1; // SystemTime\n"),
        ("core/src/a/tests.rs", "//! Tests.\nuse std::fs;\n"),
        ("actors/src/a.rs", "//! A.\nuse tokio::net;\n#[ignore = \"needs an hour\"]\n"),
        ("src/a.rs", "//! A.\nuse std::fs;\n"),
    ] {
        assert_eq!(broken_by(&Source::sample(path, text)), [""; 0]);
    }
}

#[test]
fn wrong_manifests_and_pages_are_noticed() {
    let manifest = "[dependencies]\nbytes.workspace = true\ntokio = \"1\"\n[target.x.dependencies]\n\
                    actix-rt = \"2\"\n[lints]\nmio = 1\n";
    assert_eq!(forbidden_dependencies(manifest, &["tokio", "actix", "mio"]), ["tokio", "actix-rt"]);
    assert!(dependencies("[dependencies]\nmerkle-kv = \"1\"\n").contains(&"merkle-kv"));
    let marked = "<!-- a b -->\n| a |\n<!-- /a b -->";
    assert_eq!(between_markers(marked, "a b"), Some("| a |\n"));
    assert_eq!(between_markers(marked, "b"), None);
    assert_eq!(between_markers("<!-- a -->\n| a |\n", "a"), None);
}

#[test]
fn inside_core_nothing_points_up() {
    let above_store = ["crate::protocol", "crate::execute", "crate::replication", "crate::session"];
    let above_tree = [&above_store[..], &["crate::store"]].concat();
    let below_engine = ["crate::store", "crate::execute", "crate::replication", "crate::config"];
    let forbidden: [(&str, &[&str]); 10] = [
        ("core/src/naming", &["crate::protocol", "crate::config"]),
        ("core/src/protocol", &below_engine),
        ("core/src/store", &above_store),
        ("core/src/merkle", &above_tree),
        ("core/src/journal", &above_tree),
        ("core/src/members", &above_tree),
        ("core/src/session", &["crate::protocol", "crate::execute", "crate::replication"]),
        ("core/src/config", &["crate::store", "crate::execute", "crate::replication"]),
        ("core/src/entry", &["crate::store", "crate::protocol", "crate::merkle"]),
        ("core/src/clock", &["crate::entry", "crate::store", "crate::protocol"]),
    ];
    let sources = sources("core/src");
    for (layer, above) in forbidden {
        let of_layer = sources.iter().filter(|source| source.path.starts_with(layer));
        let code = of_layer.filter(|source| !source.is_test());
        let mut seen = 0;
        for source in code {
            seen += 1;
            let named = named(&source.text, above);
            assert!(named.is_empty(), "{} names {named:?}", source.path);
        }
        assert!(seen > 0, "{layer} has no source");
    }
}
