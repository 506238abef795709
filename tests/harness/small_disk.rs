//! A small file system, to fill it up or to make it read-only.
//!
//! It is mounted in a name space of its own, which a process holds that ends with the test: nothing
//! is left behind, and nobody else sees it. That takes root, or a system that lets users have name
//! spaces; a test that needs it fails where there is neither.

use super::node::NodeSettings;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub(crate) struct SmallDisk {
    folder: TempDir,
    holder: Child,
    is_root: bool,
}

impl SmallDisk {
    /// An empty one of so many MiB.
    pub(crate) fn of_mib(mib: usize) -> SmallDisk {
        let folder = tempfile::tempdir().unwrap();
        let is_root = is_root();
        // Its standard input is a pipe from this process, and ends with it.
        let script = format!(
            "mount -t tmpfs -o size={mib}m none '{}' && echo ready && exec cat",
            folder.path().display()
        );
        let mut unshare = Command::new("unshare");
        unshare.arg(if is_root { "-m" } else { "-rm" }).args(["sh", "-c", &script]);
        let spawned = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut holder = spawned.expect("unshare is part of util-linux");
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(
            line, "ready\n",
            "no file system can be mounted: run this as root, or allow user name spaces"
        );
        SmallDisk { folder, holder, is_root }
    }

    /// What runs a program where the disk is mounted.
    pub(crate) fn run_by(&self) -> Vec<String> {
        let mut words = vec!["nsenter".to_owned(), "-t".to_owned(), self.holder.id().to_string()];
        if !self.is_root {
            words.extend(["-U".to_owned(), "--preserve-credentials".to_owned()]);
        }
        words.push("-m".to_owned());
        words
    }

    /// Its root, for programs that it runs.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Its root, for this process.
    pub(crate) fn seen_from_here(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.folder.path().strip_prefix("/").unwrap())
    }

    /// Makes it read-only, or no longer.
    pub(crate) fn set_read_only(&self, is_read_only: bool) {
        let [runner, rest @ ..] = &self.run_by()[..] else { unreachable!() };
        let option = if is_read_only { "remount,ro" } else { "remount,rw" };
        let mut mount = Command::new(runner);
        mount.args(rest).args(["mount", "-o", option]).arg(self.path());
        assert!(mount.status().unwrap().success());
    }
}

impl NodeSettings {
    /// Keeps everything in a folder on a small disk.
    pub(crate) fn storage_on(mut self, disk: &SmallDisk, lines: &str) -> NodeSettings {
        self.run_by = disk.run_by();
        let folder = disk.path().join("data");
        self.storage(&format!("data_dir = \"{}\"\n{lines}", folder.display()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Without its standard input it would end, too, but later.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// The folder of this process is its user's.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}
