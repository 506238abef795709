//! Ctrl-C, which ends what runs and not the program. A second one, before the first was noticed, ends
//! the program; so does one while nothing runs that could be ended, and so does SIGTERM at once. A
//! file that is not finished then is removed.

use std::cell::Cell;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit codes of a process that a signal has ended, as shells give them.
const INTERRUPTED: i32 = 130;
const TERMINATED: i32 = 143;

/// Hears SIGINT and SIGTERM from its making to the end of the program.
pub(super) struct Interrupts {
    given: Receiver<()>,
    shared: Arc<Shared>,
}

/// What the thread that hears the signals knows of the one that runs.
#[derive(Default)]
struct Shared {
    is_awaited: AtomicBool,
    unfinished: Mutex<Option<PathBuf>>,
}

impl Interrupts {
    pub(super) fn new() -> io::Result<Interrupts> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let (interrupt, terminate) = {
            let _inside = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let (sender, given) = sync_channel(1);
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        thread::spawn(move || {
            let status = runtime.block_on(end(interrupt, terminate, &sender, &theirs));
            let unfinished = theirs.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(path) = unfinished.as_ref() {
                // It may have got its name meanwhile, or be removed already.
                let _ = fs::remove_file(path);
            }
            std::process::exit(status);
        });
        Ok(Interrupts { given, shared })
    }

    /// From now on until it is dropped, one is waited for.
    pub(super) fn awaited(&self) -> Awaited<'_> {
        // One that came at the very end of what ran before.
        let _ = self.given.try_recv();
        self.shared.is_awaited.store(true, Ordering::SeqCst);
        Awaited { interrupts: self, is_given: Cell::new(false) }
    }
}

/// Waits for what ends the program. Gives its exit code.
async fn end(
    mut interrupt: Signal,
    mut terminate: Signal,
    sender: &SyncSender<()>,
    shared: &Shared,
) -> i32 {
    loop {
        tokio::select! {
            _ = terminate.recv() => return TERMINATED,
            _ = interrupt.recv() => {
                let is_noticed = shared.is_awaited.load(Ordering::SeqCst)
                    && !matches!(sender.try_send(()), Err(TrySendError::Full(())));
                if !is_noticed {
                    return INTERRUPTED;
                }
            }
        }
    }
}

/// Waits for an interrupt.
pub(super) struct Awaited<'a> {
    interrupts: &'a Interrupts,
    is_given: Cell<bool>,
}

impl Awaited<'_> {
    /// From now on a signal that ends the program removes this file, of which nobody else knows.
    pub(super) fn do_not_leave(&self, path: PathBuf) {
        let shared = &self.interrupts.shared;
        *shared.unfinished.lock().unwrap_or_else(PoisonError::into_inner) = Some(path);
    }

    /// Whether there was one.
    pub(super) fn is_given(&self) -> bool {
        self.is_given.set(self.is_given.get() || self.interrupts.given.try_recv().is_ok());
        self.is_given.get()
    }

    /// Waits so long, or until there is one. Whether there was.
    pub(super) fn within(&self, limit: Duration) -> bool {
        if !self.is_given() {
            self.is_given.set(self.interrupts.given.recv_timeout(limit).is_ok());
        }
        self.is_given.get()
    }
}

impl Drop for Awaited<'_> {
    fn drop(&mut self) {
        self.interrupts.shared.is_awaited.store(false, Ordering::SeqCst);
    }
}
