//! A file of users, written by the program itself.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A file of users in a folder of its own.
pub(crate) struct UsersFile {
    folder: TempDir,
}

impl UsersFile {
    /// A file that is not there yet.
    pub(crate) fn new() -> UsersFile {
        UsersFile { folder: tempfile::tempdir().unwrap() }
    }

    /// With these users: name, permissions, pattern of keys and password.
    pub(crate) fn of(users: &[(&str, &str, &str, &str)]) -> UsersFile {
        let file = UsersFile::new();
        for (name, permissions, keys, password) in users {
            let arguments = ["add", name, "--permissions", permissions, "--keys", keys];
            let added = file.run(&arguments, password);
            assert!(added.status.success(), "{added:?}");
        }
        file
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("users.toml")
    }

    /// `merkle-kv user` on this file, with a password on its input.
    pub(crate) fn run(&self, arguments: &[&str], password: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_merkle-kv"));
        command.arg("user").args(arguments).arg("--file").arg(self.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // One that needs no password may have ended before.
        let _ = process.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes());
        process.wait_with_output().unwrap()
    }

    /// The lines of a configuration that has them, behind which more of `[security]` may follow.
    pub(crate) fn section(&self) -> String {
        let mut lines = String::from("[anti_entropy]\nenabled = false\n");
        writeln!(lines, "{}", self.security()).unwrap();
        lines
    }

    /// The same for a node with peers.
    pub(crate) fn security(&self) -> String {
        format!("[security]\nusers_file = \"{}\"", self.path().display())
    }
}
