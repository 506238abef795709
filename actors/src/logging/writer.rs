//! The writing thread: takes batches from the queue, writes them, and says what was lost.
//! The only place in logging that waits for a disk or a terminal.

use std::io::{self, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use log::{Level, Record};
use merkle_kv_core::rate_limit::{RateLimit, Verdict};

use super::LogError;
use super::file::{RotatingFile, count_lines};
use super::format::{LogFormat, write_line};
use super::queue::{Batch, Queue};

#[cfg(test)]
mod tests;

/// How often a log that cannot be written is complained about: often enough to be found on the
/// terminal of a node that is in trouble, too seldom to fill the disk that stderr may go to.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(60);

/// Where lines go.
#[derive(Debug)]
pub(super) enum Output {
    /// The stderr of this process.
    Stderr,
    /// A file that rotates.
    File(RotatingFile),
}

/// The state of the writing thread.
pub(super) struct Writer<C> {
    output: Output,
    /// How the writer's own lines look.
    format: LogFormat,
    node_id: String,
    /// Lines lost that no line in the log has told about yet.
    untold: u64,
    /// Where failures of the file are reported; stderr outside of tests.
    complaints: C,
    limit: RateLimit,
    started: Instant,
}

impl<C: Write + Send + 'static> Writer<C> {
    pub(super) fn new(output: Output, format: LogFormat, node_id: &str, complaints: C) -> Self {
        Writer {
            output,
            format,
            node_id: node_id.to_owned(),
            untold: 0,
            complaints,
            limit: RateLimit::new(COMPLAINT_INTERVAL, 1),
            started: Instant::now(),
        }
    }

    /// Starts the thread. It ends when `queue` is closed and what was in it is written.
    pub(super) fn spawn(mut self, queue: Arc<Queue>) -> Result<thread::JoinHandle<()>, LogError> {
        thread::Builder::new()
            .name("log-writer".to_owned())
            .spawn(move || {
                let mut batch = Batch::default();
                while queue.take(&mut batch) {
                    queue.settle(self.write_batch(&batch));
                }
            })
            .map_err(|source| LogError::Thread { source })
    }

    /// Writes the lines of one batch and the gaps before and after them. Returns the lines lost.
    fn write_batch(&mut self, batch: &Batch) -> u64 {
        self.tell_losses();
        let lost = self.write(&batch.lines);
        self.untold += lost + batch.dropped;
        if lost == 0 {
            self.tell_losses();
        }
        lost
    }

    fn tell_losses(&mut self) {
        if self.untold == 0 {
            return;
        }
        let mut line = Vec::new();
        let fields = [("dropped", self.untold)];
        let told = write_line(
            &mut line,
            self.format,
            &self.node_id,
            &Record::builder()
                .level(Level::Warn)
                .target(module_path!())
                .args(format_args!("log lines were dropped"))
                .key_values(&fields)
                .build(),
            SystemTime::now(),
        );
        if told.is_ok() && self.write(&line) == 0 {
            self.untold = 0;
        }
    }

    /// Returns the lines lost.
    fn write(&mut self, lines: &[u8]) -> u64 {
        match &mut self.output {
            // A failing stderr leaves nobody to complain to.
            Output::Stderr => match io::stderr().lock().write_all(lines) {
                Ok(()) => 0,
                Err(_) => count_lines(lines),
            },
            Output::File(file) => match file.write_lines(lines) {
                Ok(()) => 0,
                Err(failure) => {
                    self.complain(&failure.cause);
                    failure.lost
                }
            },
        }
    }

    fn complain(&mut self, cause: &LogError) {
        match self.limit.check(self.started.elapsed()) {
            Verdict::Allow { .. } => {
                // `eprintln!` would panic where stderr is closed.
                let _ = writeln!(
                    self.complaints,
                    "merkle-kv: {cause}; lines are being dropped until it works again"
                );
            }
            Verdict::Suppress => {}
        }
    }
}
