//! The comparison with Redis and memcached, with sizes that say nothing: it starts and measures all
//! servers, writes its page, and leaves nothing behind.

use crate::harness::wait_until;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const SMALL: [&str; 14] = [
    "bench",
    "compare",
    "--seconds",
    "0.05",
    "--rounds",
    "2",
    "--keys",
    "500",
    "--memory-keys",
    "500",
    "--growth-keys",
    "1000",
    "--pipeline",
    "1,4",
];

/// The program with a folder for temporary files that nobody else has.
fn compare(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "120", env!("CARGO_BIN_EXE_merkle-kv")]);
    command.args(SMALL).args(arguments).env("TMPDIR", folder.path()).current_dir(folder.path());
    command
}

/// What it prints and says, and its exit code.
fn run(folder: &TempDir, arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = compare(folder, arguments).output().unwrap();
    let [out, errors] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    (out, errors, output.status.code())
}

/// The processes that were started with a path in this folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let named = folder.to_str().unwrap();
    let of = |id: &str| fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let entries = fs::read_dir("/proc").unwrap();
    let ids = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let lines = ids.map(|id| String::from_utf8_lossy(&of(&id)).into_owned());
    lines.filter(|line| line.contains(named)).collect()
}

#[test]
fn all_parts_are_measured_with_all_servers_and_go_into_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    fs::write(&page, "# Before\n<!-- measured -->\nold\n<!-- /measured -->\nbehind\n").unwrap();
    let (out, errors, code) = run(&folder, &["--value-bytes", "10,2000", "--write", "page.md"]);
    assert_eq!(code, Some(0), "{out}{errors}");
    let parts = ["throughput in", "latency in", "memory: what", "growth: ", "replicating: SET"];
    for part in parts.iter().chain(&["Redis 7", "memcached 1", "RESP", "budgets     0, none"]) {
        assert!(out.contains(part), "{part} in {out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 100), "{out}");
    assert!(errors.contains("throughput 8 of 8: GET, pipeline 4, 2000-byte values"), "{errors}");
    let text = fs::read_to_string(&page).unwrap();
    let whole =
        format!("# Before\n<!-- measured -->\n```text\n{out}```\n<!-- /measured -->\nbehind\n");
    assert_eq!(text, whole);
    fs::remove_file(page).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(processes_of(folder.path()), [""; 0]);
}

#[test]
fn a_part_is_measured_by_itself_and_without_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let alone = ["--throughput", "--no-redis", "--no-memcached", "--protocol", "text"];
    let (out, errors, code) = run(&folder, &alone);
    assert_eq!(code, Some(0), "{errors}");
    assert!(out.contains("text protocol") && out.contains("throughput in"), "{out}");
    let others = ["Redis", "memcached", "latency", "memory", "growth", "replicating"];
    assert!(others.iter().all(|other| !out.contains(other)), "{out}");
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.md");
    fs::write(&page, "# No markers\n").unwrap();
    for (arguments, said) in [
        (&["--write", "page.md"][..], "<!-- measured -->"),
        (&["--write", "nothing.md"], "nothing.md"),
        (&["--value-bytes", "0"], "value is 0"),
    ] {
        let (out, errors, code) = run(&folder, arguments);
        assert_eq!((out.as_str(), code), ("", Some(1)));
        assert!(errors.contains(said) && !errors.contains("..."), "{errors}");
    }
    // Where no program is found, it says how to install what is missing.
    let mut command = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
    let output = command.args(SMALL).env("PATH", "/nowhere").output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("is not installed: scripts/install-bench-tools.sh"), "{errors}");
}

#[test]
fn an_interrupted_comparison_ends_its_servers() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Command::new(env!("CARGO_BIN_EXE_merkle-kv"))
        .args(["bench", "compare", "--throughput", "--seconds", "60"])
        .env("TMPDIR", folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let limit = Duration::from_secs(30);
    // Redis is started behind the node, whose configuration is in the folder.
    wait_until(limit, "Redis is started", || {
        let folders = fs::read_dir(folder.path()).unwrap();
        folders.map(Result::unwrap).any(|run| run.path().join("redis/output.log").exists())
    });
    assert!(!processes_of(folder.path()).is_empty());
    assert!(Command::new("kill").arg(running.id().to_string()).status().unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(130));
    assert_eq!(processes_of(folder.path()), [""; 0]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
