//! Logging: from a `log` record of any thread to a line on stderr or in a file that rotates.
//!
//! ```text
//! any thread ── format ──► queue (bounded) ──► log-writer thread ──► file, rotated │ stderr
//! ```
//!
//! A thread that logs never waits for a disk or a terminal. When the queue is full, or the disk
//! fails, lines are dropped, counted, and a later line says how many; nothing else in the node
//! notices. Stderr takes the same way as a file, since a terminal that is held, or a pipe nobody
//! reads, stops a writer as surely as a bad disk.
//!
//! Levels: lines of our own crates are written up to [`LogSettings::level`]; those of libraries only
//! from `warn` up, unless the level is `debug` or `trace`. `RUST_LOG` is not read.

mod file;
mod format;
mod install;
mod panic;
mod queue;
mod timestamp;
mod writer;

use std::io;
use std::path::PathBuf;

use log::LevelFilter;
use merkle_kv_core::config;

pub use file::LogFile;
pub use format::LogFormat;
pub(crate) use install::dropped;
pub use install::{LevelHandle, LogGuard, install};
pub use panic::install_panic_hook;
pub(crate) use timestamp::Timestamp;

/// A level of the configuration as the crate `log` has it.
pub fn filter(level: config::LogLevel) -> LevelFilter {
    match level {
        config::LogLevel::Off => LevelFilter::Off,
        config::LogLevel::Error => LevelFilter::Error,
        config::LogLevel::Warn => LevelFilter::Warn,
        config::LogLevel::Info => LevelFilter::Info,
        config::LogLevel::Debug => LevelFilter::Debug,
        config::LogLevel::Trace => LevelFilter::Trace,
    }
}

/// How a node logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// The most talkative level written.
    pub level: LevelFilter,
    /// What a line looks like.
    pub format: LogFormat,
    /// The file to write; stderr if there is none.
    pub file: Option<LogFile>,
    /// Told in each JSON line, so that the logs of a cluster can be put together.
    pub node_id: String,
}

/// Why logging could not begin, or why lines are being lost. The first two and the thread are for
/// whoever starts the node; a write or a rotation that fails never leaves the writing thread.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// A parent folder is missing and cannot be made. Nothing was installed.
    #[error(
        "cannot create the folder of the log file {}: {source}; create it, or set another \
         logging.file_path",
        path.display()
    )]
    Folder {
        /// The log file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file cannot be opened for appending. Nothing was installed.
    #[error(
        "cannot open the log file {}: {source}; make it writable for the user who runs the node, or \
         set another logging.file_path",
        path.display()
    )]
    Open {
        /// The log file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Lines could not be written; the file is tried again with the next ones.
    #[error("cannot write the log file {}: {source}", path.display())]
    Write {
        /// The log file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The files could not be renamed; the rotation is tried again with the next lines.
    #[error("cannot rotate the log file {}: {source}", path.display())]
    Rotate {
        /// The log file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The writing thread could not be started. Nothing was installed.
    #[error("cannot start the thread that writes the log: {source}")]
    Thread {
        /// What the operating system said.
        source: io::Error,
    },
    /// The process has a logger. It goes on as it was.
    #[error("a logger is installed already")]
    AlreadyInstalled,
}
