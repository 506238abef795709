//! Ctrl-C, which ends what runs and not the program. A second one, before the first was noticed, ends
//! the program; so does one while nothing runs that could be ended.

use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a process that was interrupted, as shells give it.
const INTERRUPTED: i32 = 130;

/// Hears SIGINT from its making to the end of the program.
pub(super) struct Interrupts {
    given: Receiver<()>,
    is_awaited: Arc<AtomicBool>,
}

impl Interrupts {
    pub(super) fn new() -> io::Result<Interrupts> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let signal = {
            let _inside = runtime.enter();
            signal(SignalKind::interrupt())?
        };
        let (sender, given) = sync_channel(1);
        let is_awaited = Arc::new(AtomicBool::new(false));
        let awaited = is_awaited.clone();
        thread::spawn(move || runtime.block_on(follow(signal, &sender, &awaited)));
        Ok(Interrupts { given, is_awaited })
    }

    /// From now on until it is dropped, one is waited for.
    pub(super) fn awaited(&self) -> Awaited<'_> {
        // One that came at the very end of what ran before.
        let _ = self.given.try_recv();
        self.is_awaited.store(true, Ordering::SeqCst);
        Awaited { interrupts: self, is_given: Cell::new(false) }
    }
}

async fn follow(mut signal: Signal, sender: &SyncSender<()>, is_awaited: &AtomicBool) {
    while signal.recv().await.is_some() {
        let is_noticed = is_awaited.load(Ordering::SeqCst)
            && !matches!(sender.try_send(()), Err(TrySendError::Full(())));
        if !is_noticed {
            std::process::exit(INTERRUPTED);
        }
    }
}

/// Waits for an interrupt.
pub(super) struct Awaited<'a> {
    interrupts: &'a Interrupts,
    is_given: Cell<bool>,
}

impl Awaited<'_> {
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
        self.interrupts.is_awaited.store(false, Ordering::SeqCst);
    }
}
