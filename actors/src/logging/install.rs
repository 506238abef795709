//! Builds the logger out of format, filter, queue and writer, and makes it the one of the process.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use log::{LevelFilter, Log, Metadata, Record};

use super::file::RotatingFile;
use super::format::write_line;
use super::queue::Queue;
use super::writer::{Output, Writer};
use super::{LogError, LogSettings};

#[cfg(test)]
mod tests;

/// How long [`LogGuard::flush`] waits for a disk or a terminal that does not move. A node that is
/// told to stop must stop.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);

/// Crates whose lines are ours begin with this: `merkle_kv`, `merkle_kv_core`, `merkle_kv_actors`.
const OWN_TARGETS: &str = "merkle_kv";

/// Makes the process log as `settings` say, from all threads, until it ends.
///
/// Reads no environment variable. May be called once; a second call fails and changes nothing.
///
/// # Errors
///
/// The log file cannot be opened, the thread cannot be started, or a logger is installed already.
pub fn install(settings: &LogSettings) -> Result<LogGuard, LogError> {
    let (logger, guard) = build(settings)?;
    if log::set_boxed_logger(Box::new(logger)).is_err() {
        guard.queue.close();
        return Err(LogError::AlreadyInstalled);
    }
    guard.level().set(settings.level);
    // There is one logger in a process, so nothing is there before.
    let _ = INSTALLED.set(Arc::clone(&guard.queue));
    Ok(guard)
}

/// The queue of the installed logger, which is the process's like the logger itself.
static INSTALLED: OnceLock<Arc<Queue>> = OnceLock::new();

/// Lines that the installed logger has lost; none if there is no logger.
pub(crate) fn dropped() -> u64 {
    INSTALLED.get().map_or(0, |queue| queue.dropped())
}

/// The logger and its guard, not yet the logger of anything.
fn build(settings: &LogSettings) -> Result<(NodeLogger, LogGuard), LogError> {
    let output = match &settings.file {
        Some(file) => Output::File(RotatingFile::open(file)?),
        None => Output::Stderr,
    };
    let queue = Arc::new(Queue::new());
    let writer = Writer::new(output, settings.format, &settings.node_id, io::stderr());
    writer.spawn(Arc::clone(&queue))?;
    let level = Arc::new(Level::new(settings.level));
    let (format, node_id) = (settings.format, settings.node_id.clone());
    let formatter = env_logger::Builder::new()
        // Which records are wanted can change while we run; env_logger's filter cannot.
        .filter_level(LevelFilter::Trace)
        .format(move |out, record| write_line(out, format, &node_id, record, SystemTime::now()))
        .target(env_logger::Target::Pipe(Box::new(QueueWriter(Arc::clone(&queue)))))
        .write_style(env_logger::WriteStyle::Never)
        .build();
    let logger = NodeLogger { level: Arc::clone(&level), formatter, queue: Arc::clone(&queue) };
    Ok((logger, LogGuard { level, queue }))
}

/// The way back to the installed logger, for the program that installed it.
///
/// Dropping it writes out what is queued and no more: the logger stays installed, and lines logged
/// later are still written if the process lives long enough.
#[must_use = "dropping the guard flushes the log; keep it until the program ends"]
pub struct LogGuard {
    level: Arc<Level>,
    queue: Arc<Queue>,
}

impl LogGuard {
    /// A handle on what is logged, for whoever changes it while the process runs.
    #[must_use]
    pub fn level(&self) -> LevelHandle {
        LevelHandle(self.level.clone())
    }

    /// Waits until every line logged before is with the operating system, at most five seconds.
    pub fn flush(&self) {
        self.queue.wait_until_settled(FLUSH_LIMIT);
    }

    /// Lines lost since the start, for want of room in the queue or because writing failed.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }
}

/// What is logged in this process. Clones are of the same.
#[derive(Clone, Debug)]
pub struct LevelHandle(Arc<Level>);

impl LevelHandle {
    /// Changes what is logged, from the next record on, in all threads.
    pub fn set(&self, level: LevelFilter) {
        self.0.set(level);
        log::set_max_level(level);
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.flush();
    }
}

impl fmt::Debug for LogGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogGuard").field("level", &self.level.get()).finish_non_exhaustive()
    }
}

/// What `log` calls: chooses records and hands them to env_logger, which formats them in a buffer of
/// the calling thread and passes whole lines to the queue.
struct NodeLogger {
    level: Arc<Level>,
    formatter: env_logger::Logger,
    queue: Arc<Queue>,
}

impl Log for NodeLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= limit_for(metadata.target(), self.level.get())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.formatter.log(record);
        }
    }

    fn flush(&self) {
        self.queue.wait_until_settled(FLUSH_LIMIT);
    }
}

/// The most talkative level at which lines of `target` are written: libraries get a say below `warn`
/// only when somebody is debugging.
fn limit_for(target: &str, level: LevelFilter) -> LevelFilter {
    #[cfg(feature = "broker")]
    if crate::broker::LOG_TARGETS_TO_SILENCE.iter().any(|noisy| target.starts_with(noisy)) {
        return LevelFilter::Off;
    }
    if level >= LevelFilter::Debug || target.starts_with(OWN_TARGETS) {
        level
    } else {
        level.min(LevelFilter::Warn)
    }
}

/// A level that all threads read and the guard changes.
#[derive(Debug)]
struct Level(AtomicUsize);

impl Level {
    fn new(level: LevelFilter) -> Self {
        Level(AtomicUsize::new(level as usize))
    }

    fn get(&self) -> LevelFilter {
        let stored = self.0.load(Ordering::Relaxed);
        LevelFilter::iter().find(|&level| level as usize == stored).unwrap_or(LevelFilter::Off)
    }

    /// Relaxed: a record that races with the change may be judged by either level.
    fn set(&self, level: LevelFilter) {
        self.0.store(level as usize, Ordering::Relaxed);
    }
}

/// The end of the queue that env_logger writes into: one call for each record, holding all of it.
struct QueueWriter(Arc<Queue>);

impl Write for QueueWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    /// Called after each record; waiting here would make every thread wait for the disk.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
