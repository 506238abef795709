//! The program on a pseudo terminal.

use super::node::Node;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long the terminal may take to show something.
const PATIENCE: Duration = Duration::from_secs(20);

/// `merkle-kv cli` with a terminal for everything.
pub(crate) struct Terminal {
    child: Child,
    shown: Arc<Mutex<String>>,
    /// How much of what was shown has been waited for.
    seen: usize,
    state: TempDir,
}

impl Terminal {
    /// With the address of a node and further arguments, for a shell.
    pub(crate) fn start(node: &Node, options: &str) -> Terminal {
        let state = tempfile::tempdir().unwrap();
        let program = env!("CARGO_BIN_EXE_merkle-kv");
        // In place of the shell: Ctrl-C reaches all who wait here, and some shells die of it.
        let command = format!("exec {program} cli {} {options}", node.address());
        let mut child = Command::new("timeout")
            .args(["60", "script", "-qefc", &command, "/dev/null"])
            .env("XDG_STATE_HOME", state.path())
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let (mut output, sink) = (child.stdout.take().unwrap(), shown.clone());
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                sink.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..count]));
            }
        });
        Terminal { child, shown, seen: 0, state }
    }

    pub(crate) fn typed(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits until the terminal shows this, behind what was waited for before.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) {
        let mut found = None;
        let limit = Instant::now() + PATIENCE;
        while found.is_none() {
            let shown = self.shown.lock().unwrap();
            found = shown[self.seen..].find(text).map(|at| self.seen + at + text.len());
            assert!(Instant::now() < limit, "no {text:?} in {:?}", &shown[self.seen..]);
            drop(shown);
            thread::sleep(Duration::from_millis(5));
        }
        self.seen = found.unwrap();
    }

    /// All that it has shown.
    pub(crate) fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    /// Where the program keeps what it has to remember.
    pub(crate) fn state(&self) -> &Path {
        self.state.path()
    }

    pub(crate) fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}
