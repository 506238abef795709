//! The scripts that a user runs: a cluster up and down, and the demonstration of replication.

use crate::harness::{Client, free_ports, wait_until};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Ports in a row that a cluster of three takes, its broker included.
const PORTS: u16 = 4;

const LIMIT: Duration = Duration::from_secs(20);

/// A script of the repository that runs the program under test.
fn script(name: &str, arguments: &[&str]) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name);
    let mut command = Command::new(path);
    command
        .args(arguments)
        .env("NODE_BINARY", env!("CARGO_BIN_EXE_merkle-kv"))
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null());
    command
}

fn run(name: &str, arguments: &[&str]) -> Output {
    script(name, arguments).output().unwrap()
}

#[track_caller]
fn succeed(name: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = run(name, arguments);
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{name} {arguments:?}: {status}\n{out}\n{err}");
    out.into_owned()
}

/// What it says when it fails.
#[track_caller]
fn fail(name: &str, arguments: &[&str]) -> String {
    let Output { status, stderr, .. } = run(name, arguments);
    assert_eq!(status.code(), Some(1), "{name} {arguments:?}");
    String::from_utf8(stderr).unwrap()
}

fn client(port: u16) -> Client {
    Client::connect(SocketAddr::from(([127, 0, 0, 1], port)))
}

/// Whether the process runs. One that has ended and waits for its parent has no command line.
fn is_alive(pid: &str) -> bool {
    fs::read(format!("/proc/{}/cmdline", pid.trim())).is_ok_and(|line| !line.is_empty())
}

/// A cluster's folder. Stops what is left of the cluster when dropped.
struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn name(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    /// The contents of all pid files.
    fn pids(&self) -> Vec<String> {
        let files: Vec<PathBuf> =
            fs::read_dir(self.0.path()).unwrap().map(|file| file.unwrap().path()).collect();
        let pid_files = files.iter().filter(|file| file.extension().is_some_and(|e| e == "pid"));
        pid_files.map(|file| fs::read_to_string(file).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = run("cluster-down.sh", &["--run-dir", self.name()]);
    }
}

fn up_and_down(base: u16, broker: &str, processes: usize) {
    let folder = Folder::new();
    let port = base.to_string();
    let up = ["--run-dir", folder.name(), "--broker", broker, "--base-port", &port];
    let said = succeed("cluster-up.sh", &up);
    assert!(said.contains(&format!("node3      {}", base + 2)), "{said}");
    let pids = folder.pids();
    assert_eq!(pids.len(), processes);

    assert_eq!(client(base).command("SET from-node1 1"), "OK");
    let mut reader = client(base + 2);
    wait_until(LIMIT, "the write arrives", || reader.command("GET from-node1") == "VALUE 1");

    let again = fail("cluster-up.sh", &up);
    assert!(again.contains("a cluster is up already"), "{again}");
    assert!(pids.iter().all(|pid| is_alive(pid)), "a second start leaves the first alone");

    succeed("cluster-down.sh", &up[..2]);
    assert!(!pids.iter().any(|pid| is_alive(pid)));
    assert_eq!(folder.pids().len(), 0);
    let nothing = succeed("cluster-down.sh", &up[..2]);
    assert!(nothing.contains("no cluster is up"), "{nothing}");
}

// One test for all, since it is the ports in a row that may not be taken meanwhile.
#[test]
fn the_scripts_start_stop_and_show_a_cluster() {
    let base = free_ports(PORTS);
    let port = base.to_string();

    for _ in 0..2 {
        let shown = succeed("demo-replication.sh", &["--base-port", &port]);
        assert!(shown.ends_with("all 6 writes arrived\n"), "{shown}");
    }
    up_and_down(base, "embedded", 3);
    up_and_down(base, "mosquitto", 4);
    up_and_down(base, "embedded", 3);

    let taken = TcpListener::bind(("127.0.0.1", base + 1)).unwrap();
    let folder = Folder::new();
    let said = fail("cluster-up.sh", &["--run-dir", folder.name(), "--base-port", &port]);
    assert!(said.contains(&format!("port {}, for node2, is taken", base + 1)), "{said}");
    assert_eq!(folder.pids().len(), 0);
    let said = fail("demo-replication.sh", &["--base-port", &port]);
    assert!(said.contains(&format!("port {} is taken", base + 1)), "{said}");
    drop(taken);

    interrupted_while_it_waits(&port);
}

fn interrupted_while_it_waits(port: &str) {
    let folder = Folder::new();
    // Nobody listens there, so the nodes never join.
    let arguments = ["--base-port", port, "--broker", "tcp://127.0.0.1:1", "--nodes", "2"];
    let up = script("cluster-up.sh", &arguments)
        .args(["--run-dir", folder.name()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pids = Vec::new();
    wait_until(LIMIT, "both nodes are started", || {
        pids = folder.pids();
        pids.len() == 2 && pids.iter().all(|pid| pid.ends_with('\n'))
    });
    // Not SIGINT, which says less than it seems: tests that run in the background may have been
    // started to ignore it, and a shell that gets it without its child takes the child to have
    // dealt with it. At a terminal both get it.
    let interrupt = Command::new("kill").args(["-s", "TERM", &up.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let ended = up.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(143), "{said}");
    assert!(said.contains("stopping what was started"), "{said}");
    assert!(!pids.iter().any(|pid| is_alive(pid)));
    assert_eq!(folder.pids().len(), 0);
}

#[test]
fn mistakes_on_the_command_line_are_told_and_start_nothing() {
    for (arguments, expected) in [
        (&["--nodes", "0"][..], "a number from 1 to 50"),
        (&["--nodes"], "--nodes needs a value"),
        (&["--broker", "emqx"], "embedded, mosquitto or a URL"),
        (&["--base-port", "65534"], "leaves no room"),
        (&["--frobnicate"], "what is --frobnicate?"),
    ] {
        let said = fail("cluster-up.sh", arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    for name in ["cluster-up.sh", "cluster-down.sh", "demo-replication.sh"] {
        assert!(succeed(name, &["--help"]).contains(&format!("    scripts/{name} [")));
    }
}
