//! The threads of the journal. One writes records as they come, all that wait together; where
//! replies wait for the disk it syncs them too, once for all of them. Otherwise a second thread
//! syncs, so that nobody who writes waits for it.

use super::disk::Disk;
use super::syncer::{Failure, Syncer};
use super::writer::{Unsynced, WriteError, Writer, sync};
use log::{error, info, warn};
use merkle_kv_core::config::Durability;
use merkle_kv_core::journal::{Records, Sequence};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Records that are written at once, in bytes: what waits behind them is soon written too.
const WRITE_BYTES: usize = 8 << 20;

/// How long a full disk is left alone before it is tried again.
const FULL_RETRY: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 200 });

/// What the threads of the journal say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// How far records are handed to the operating system, and how far they are on disk.
    Reached {
        /// Handed over.
        written: Sequence,
        /// On disk.
        synced: Sequence,
    },
    /// The disk is full; records wait until it is not.
    Full,
    /// It is full no more.
    HasRoom,
    /// Nothing can be written any more. What is in the files after a failed write or sync is
    /// unknown, so it is never tried again.
    Failed(String),
    /// A snapshot has been written, and older files removed.
    SnapshotWritten {
        /// Its length.
        bytes: u64,
    },
    /// A snapshot could not be written. Nothing is lost: the journal goes on.
    SnapshotFailed,
    /// A backup has been written, or not.
    BackupEnded {
        /// Whether it has.
        is_written: bool,
    },
}

/// Whoever hears it.
pub(crate) type Listener = Arc<dyn Fn(Said) + Send + Sync>;

/// What the threads are to do.
enum Order {
    Write(Records),
    /// Have everything on disk soon.
    Sync,
    /// Write and sync everything, then these behind it, and end.
    Stop(Option<Records>),
}

/// When what was written is synced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Syncing {
    pub(super) durability: Durability,
    pub(super) interval: Duration,
}

/// The journal's threads, seen from outside. Dropping it ends them, with everything on disk.
pub(super) struct Journal {
    orders: Sender<Order>,
    synced: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    pub(super) fn start<D: Disk + Sync>(
        disk: D,
        writer: Writer<D>,
        syncing: Syncing,
        listener: Listener,
    ) -> io::Result<Journal> {
        let (orders, receiver) = mpsc::channel();
        let synced = Arc::new(AtomicU64::new(writer.last().0));
        let failure = Failure::none(listener.clone());
        let (jobs, syncer) = match syncing.durability {
            Durability::Always => (None, None),
            Durability::Interval | Durability::None => {
                let (jobs, receiver) = mpsc::channel();
                let syncer = Syncer {
                    disk: disk.clone(),
                    jobs: receiver,
                    synced: synced.clone(),
                    failure: failure.clone(),
                    listener: listener.clone(),
                };
                let spawned =
                    thread::Builder::new().name("journal-sync".to_owned()).spawn(|| syncer.run());
                (Some(jobs), Some(spawned?))
            }
        };
        let requested = writer.last();
        let thread = Writing {
            disk,
            writer,
            orders: receiver,
            waiting: None,
            jobs,
            syncer,
            syncing,
            synced: synced.clone(),
            requested,
            next_sync: Instant::now() + syncing.interval,
            wants_sync: false,
            stops: false,
            farewell: None,
            is_full: false,
            failure,
            listener,
        };
        let thread = thread::Builder::new().name("journal".to_owned()).spawn(|| thread.run())?;
        Ok(Journal { orders, synced, thread: Some(thread) })
    }

    /// How far everything is on disk. Whoever puts records there in another way, in a snapshot, may
    /// raise it: later records then tell that the snapshot has to be there.
    pub(super) fn synced(&self) -> Arc<AtomicU64> {
        self.synced.clone()
    }

    // Whoever sends to a thread that has failed has heard of it, or is about to.

    pub(super) fn write(&self, records: Records) {
        let _ = self.orders.send(Order::Write(records));
    }

    pub(super) fn sync(&self) {
        let _ = self.orders.send(Order::Sync);
    }

    /// Writes and syncs everything, and waits for it. Records that come last are written when the
    /// others are on disk, and tell so: whatever is damaged later is known to be damage.
    pub(super) fn stop(&mut self, last: Option<Records>) {
        let _ = self.orders.send(Order::Stop(last));
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the thread of the journal panicked");
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.stop(None);
    }
}

/// The thread that writes.
struct Writing<D: Disk> {
    disk: D,
    writer: Writer<D>,
    orders: Receiver<Order>,
    /// Records that are to be written next.
    waiting: Option<Records>,
    /// To the thread that syncs; nothing if this one does.
    jobs: Option<Sender<Unsynced<D::File>>>,
    syncer: Option<JoinHandle<()>>,
    syncing: Syncing,
    synced: Arc<AtomicU64>,
    /// Up to where a sync is under way.
    requested: Sequence,
    next_sync: Instant,
    wants_sync: bool,
    stops: bool,
    /// What is written when everything else is on disk.
    farewell: Option<Records>,
    is_full: bool,
    failure: Failure,
    listener: Listener,
}

impl<D: Disk> Writing<D> {
    fn run(mut self) {
        while !self.stops {
            self.gather();
            if !self.go_on() {
                return;
            }
        }
        self.end();
    }

    /// Does what is to be done, and says whether there is more to come.
    fn go_on(&mut self) -> bool {
        if self.failure.is_known() {
            return false;
        }
        let worked = self.work();
        worked.map_err(|failed| self.failure.say(self.disk.path(), &failed)).is_ok()
    }

    /// Waits for orders, and takes all there are.
    fn gather(&mut self) {
        if self.is_full {
            return self.gather_until_retry();
        }
        let first = if self.is_sync_scheduled() {
            self.orders.recv_timeout(self.next_sync.saturating_duration_since(Instant::now()))
        } else {
            self.orders.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match first {
            Ok(order) => self.take(order),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.stops = true,
        }
        while self.waiting.as_ref().is_none_or(|records| records.bytes.len() < WRITE_BYTES) {
            match self.orders.try_recv() {
                Ok(order) => self.take(order),
                Err(_) => return,
            }
        }
    }

    fn gather_until_retry(&mut self) {
        let retry = Instant::now() + FULL_RETRY;
        while !self.stops {
            match self.orders.recv_timeout(retry.saturating_duration_since(Instant::now())) {
                Ok(order) => self.take(order),
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => self.stops = true,
            }
        }
    }

    fn take(&mut self, order: Order) {
        match order {
            Order::Write(records) => match &mut self.waiting {
                Some(waiting) => {
                    waiting.bytes.extend_from_slice(&records.bytes);
                    waiting.last = records.last;
                }
                None => self.waiting = Some(records),
            },
            Order::Sync => self.wants_sync = true,
            Order::Stop(last) => {
                self.stops = true;
                self.farewell = last;
            }
        }
    }

    fn work(&mut self) -> Result<(), WriteError> {
        if let Some(mut records) = self.waiting.take() {
            let written = self.writer.write(&mut records, self.synced());
            if let Some(ended) = self.writer.take_ended() {
                self.have_synced(ended)?;
            }
            match written {
                Ok(()) => {
                    self.is_full_no_more();
                    self.sync_what_is_due()?;
                    self.say_reached();
                }
                Err(WriteError::Full(source)) => {
                    self.waiting = Some(records);
                    self.is_full_now(&source);
                    // What is written already waits for no room.
                    self.sync_what_is_due()?;
                }
                Err(failed) => return Err(failed),
            }
        } else {
            self.sync_what_is_due()?;
        }
        Ok(())
    }

    fn sync_what_is_due(&mut self) -> Result<(), WriteError> {
        let has_more = self.writer.last() > self.requested;
        let is_due = match self.syncing.durability {
            Durability::Always => true,
            Durability::Interval => self.wants_sync || Instant::now() >= self.next_sync,
            Durability::None => self.wants_sync,
        };
        if is_due {
            // Whoever wants it wants what still waits for room, too.
            self.wants_sync &= self.waiting.is_some();
            self.next_sync = Instant::now() + self.syncing.interval;
        }
        if !(is_due && has_more) {
            return Ok(());
        }
        let unsynced = self.unsynced()?;
        self.requested = self.writer.last();
        unsynced.map_or(Ok(()), |unsynced| self.have_synced(unsynced))
    }

    /// Syncs here and now, or has it done.
    fn have_synced(&mut self, unsynced: Unsynced<D::File>) -> Result<(), WriteError> {
        match &self.jobs {
            Some(jobs) => {
                jobs.send(unsynced).map_err(|unsent| WriteError::Failed {
                    action: "sync",
                    file: unsent.0.name,
                    source: io::Error::other("the thread that syncs has ended"),
                })?;
            }
            None => self.sync_here(&unsynced)?,
        }
        Ok(())
    }

    fn sync_here(&self, unsynced: &Unsynced<D::File>) -> Result<(), WriteError> {
        sync(&self.disk, unsynced)?;
        self.synced.fetch_max(unsynced.last.0, Ordering::AcqRel);
        Ok(())
    }

    fn is_sync_scheduled(&self) -> bool {
        match self.syncing.durability {
            Durability::Interval => self.writer.last() > self.requested,
            Durability::Always | Durability::None => false,
        }
    }

    fn is_full_now(&mut self, source: &io::Error) {
        if !std::mem::replace(&mut self.is_full, true) {
            error!(
                folder:% = self.disk.path().display(), error:% = source;
                "the disk is full: no write is taken, of a client or another node, until there is room"
            );
            (self.listener)(Said::Full);
        }
    }

    fn is_full_no_more(&mut self) {
        if std::mem::take(&mut self.is_full) {
            info!("the disk has room again");
            (self.listener)(Said::HasRoom);
        }
    }

    /// Writes and syncs everything that is left.
    fn end(&mut self) {
        // Records that came together with the order to stop, or more than is written at once.
        while self.waiting.is_some() || self.orders_left() {
            if !self.go_on() {
                return;
            }
            if self.is_full {
                warn!("the last writes did not fit on the disk; nobody was told that they did");
                self.farewell = None;
                break;
            }
        }
        self.jobs = None;
        if let Some(syncer) = self.syncer.take()
            && syncer.join().is_err()
        {
            error!("the thread that syncs the journal panicked");
            return;
        }
        if !self.failure.is_known() && self.sync_the_rest() {
            self.say_farewell();
        }
    }

    /// Tells those who read the journal that all of it was on disk.
    fn say_farewell(&mut self) {
        if let Some(farewell) = self.farewell.take() {
            self.waiting = Some(farewell);
            if self.go_on() && self.waiting.is_none() {
                self.sync_the_rest();
            }
        }
    }

    /// Syncs all that was written, and says whether that has worked.
    fn sync_the_rest(&mut self) -> bool {
        let unsynced = self.unsynced();
        let synced =
            unsynced.and_then(|unsynced| unsynced.map_or(Ok(()), |rest| self.sync_here(&rest)));
        match synced {
            Ok(()) => self.say_reached(),
            Err(ref failed) => self.failure.say(self.disk.path(), failed),
        }
        synced.is_ok()
    }

    fn unsynced(&mut self) -> Result<Option<Unsynced<D::File>>, WriteError> {
        self.writer.unsynced().map_err(|source| WriteError::Failed {
            action: "reopen",
            file: "the journal".to_owned(),
            source,
        })
    }

    fn orders_left(&mut self) -> bool {
        while let Ok(order) = self.orders.try_recv() {
            self.take(order);
        }
        self.waiting.is_some()
    }

    fn synced(&self) -> Sequence {
        Sequence(self.synced.load(Ordering::Acquire))
    }

    fn say_reached(&self) {
        let (written, synced) = (self.writer.last(), self.synced());
        (self.listener)(Said::Reached { written, synced });
    }
}
