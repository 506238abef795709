//! Where servers are measured: a folder of its own, and the processes that were started in it. Both
//! are gone when it is dropped, and also when a signal ends the benchmark.

use super::error::ServerError;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(2);

/// The end of a log that an error shows.
const SHOWN_BYTES: usize = 1_000;

/// The exit code of a process that was interrupted, as shells give it.
const INTERRUPTED: i32 = 130;

/// A folder and the processes in it.
pub(in crate::bench) struct Site {
    folder: PathBuf,
    running: Arc<Mutex<Running>>,
}

type Running = Vec<Arc<Mutex<Child>>>;

/// A process. Killed when dropped.
pub(in crate::bench) struct Process {
    pub(in crate::bench) name: String,
    pub(in crate::bench) id: u32,
    pub(in crate::bench) begun: Instant,
    child: Arc<Mutex<Child>>,
    log: PathBuf,
}

impl Site {
    /// Makes a folder inside this one, and watches for signals.
    pub(in crate::bench) fn open(parent: &Path) -> Result<Site, ServerError> {
        let folder = parent.join(format!("merkle-kv-bench-{}", std::process::id()));
        let failed = |source| ServerError::File { path: folder.clone(), source };
        fs::create_dir(&folder).map_err(failed)?;
        // Children run elsewhere than this process.
        let folder = folder.canonicalize().map_err(failed)?;
        let site = Site { folder, running: Arc::default() };
        let (folder, running) = (site.folder.clone(), Arc::downgrade(&site.running));
        let (watches, watching) = mpsc::channel();
        thread::spawn(move || {
            if wait_for_signal(watches).is_ok() {
                let running = running.upgrade();
                // Held until the end: whoever measures fails now, and would end the process first.
                let _held = running.as_deref().map(|running| clear(&folder, running));
                std::process::exit(INTERRUPTED);
            }
        });
        // Nothing starts before signals are followed. If they cannot be, its end is dropped.
        let _ = watching.recv();
        Ok(site)
    }

    /// A new folder inside.
    pub(in crate::bench) fn folder(&self, name: &str) -> Result<PathBuf, ServerError> {
        let path = self.folder.join(name);
        fs::create_dir_all(&path)
            .map_err(|source| ServerError::File { path: path.clone(), source })?;
        Ok(path)
    }

    /// The same, empty; what it held is gone.
    pub(in crate::bench) fn empty_folder(&self, name: &str) -> Result<PathBuf, ServerError> {
        let _ = fs::remove_dir_all(self.folder.join(name));
        self.folder(name)
    }

    /// Starts a program in a folder inside; what it writes goes to a file there.
    pub(in crate::bench) fn start(
        &self,
        name: &str,
        command: &mut Command,
        folder: &Path,
    ) -> Result<Process, ServerError> {
        let log = folder.join("output.log");
        let failed = |source| ServerError::File { path: log.clone(), source };
        let output = File::create(&log).map_err(failed)?;
        let errors = output.try_clone().map_err(failed)?;
        // Held over the start, so that a signal finds every process.
        let mut running = lock(&self.running);
        let begun = Instant::now();
        let child = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|source| ServerError::Program { program: name.to_owned(), source })?;
        let id = child.id();
        let child = Arc::new(Mutex::new(child));
        running.retain(|child| Arc::strong_count(child) > 1);
        running.push(Arc::clone(&child));
        Ok(Process { name: name.to_owned(), id, begun, child, log })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(clear(&self.folder, &self.running));
    }
}

/// Kills what runs, removes the folder, and gives the guard without which nothing starts.
fn clear<'a>(folder: &Path, running: &'a Mutex<Running>) -> MutexGuard<'a, Running> {
    let running = lock(running);
    for child in running.iter() {
        end(child);
    }
    let _ = fs::remove_dir_all(folder);
    running
}

impl Process {
    /// An error if it has ended, since it should not have.
    pub(in crate::bench) fn insist_on_running(&self) -> Result<(), ServerError> {
        match self.status()? {
            None => Ok(()),
            Some(status) => Err(self.ended(status)),
        }
    }

    /// Waits until it has ended well.
    pub(in crate::bench) fn wait(self, limit: Duration) -> Result<(), ServerError> {
        let deadline = Instant::now() + limit;
        loop {
            match self.status()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(self.ended(status)),
                None if Instant::now() > deadline => return Err(self.late("ended", limit)),
                None => thread::sleep(LOOK),
            }
        }
    }

    /// An error that names it.
    pub(in crate::bench) fn late(&self, done: &str, limit: Duration) -> ServerError {
        ServerError::Late { program: self.name.clone(), done: done.to_owned(), limit }
    }

    fn status(&self) -> Result<Option<ExitStatus>, ServerError> {
        let status = lock(&self.child).try_wait();
        status.map_err(|source| ServerError::Program { program: self.name.clone(), source })
    }

    fn ended(&self, status: ExitStatus) -> ServerError {
        let said = fs::read(&self.log).unwrap_or_default();
        let said = String::from_utf8_lossy(&said[said.len().saturating_sub(SHOWN_BYTES)..])
            .trim()
            .to_owned();
        ServerError::Ended { program: self.name.clone(), status: status.to_string(), said }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&self.child);
    }
}

/// Kills a child that still runs, and waits for it.
fn end(child: &Mutex<Child>) {
    let mut child = lock(child);
    let _ = child.kill();
    let _ = child.wait();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says when it has begun to watch.
fn wait_for_signal(watches: mpsc::Sender<()>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        // Whoever asked waits for it.
        let _ = watches.send(());
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
        Ok(())
    })
}

/// The type of the file system that a path is on, from the text of `/proc/mounts`.
pub(in crate::bench) fn file_system(mounts: &str, path: &Path) -> String {
    let mount = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?.to_owned(), words.next()?.to_owned());
        path.starts_with(&point).then_some((point.len(), kind))
    };
    // Of two mounts at the same place the later one covers the other.
    let covering = mounts.lines().filter_map(mount).max_by_key(|(length, _)| *length);
    covering.map_or_else(|| "unknown file system".to_owned(), |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_ends_its_processes_and_removes_its_folder() {
        let parent = tempfile::tempdir().unwrap();
        let site = Site::open(parent.path()).unwrap();
        let folder = site.folder("some").unwrap();
        let sleeping = site.start("sleep", Command::new("sleep").arg("60"), &folder).unwrap();
        sleeping.insist_on_running().unwrap();
        let limit = Duration::from_millis(1);
        let proc = PathBuf::from(format!("/proc/{}", sleeping.id));
        assert!(proc.exists());
        assert!(matches!(sleeping.wait(limit), Err(ServerError::Late { .. })));
        assert!(!proc.exists());
        let mut fails = Command::new("sh");
        let shell = site.start("sh", fails.args(["-c", "echo cause; exit 3"]), &folder).unwrap();
        let ended = shell.wait(Duration::from_secs(10)).unwrap_err().to_string();
        assert!(ended.contains('3') && ended.ends_with(": cause"), "{ended}");
        drop(site);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_file_system_is_that_of_the_longest_mount_above() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\nproc /proc proc rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/tmp/some")), "tmpfs");
        assert_eq!(file_system(mounts, Path::new("/tmpfs")), "ext4");
        assert_eq!(file_system("", Path::new("/tmp")), "unknown file system");
    }
}
