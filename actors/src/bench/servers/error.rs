//! Why storage was not measured.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Why storage was not measured.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The plan asks for what cannot be done.
    #[error("{what} is {found}, and has to be from {from} to {to}")]
    Plan {
        /// Which number of the plan.
        what: &'static str,
        /// What it is.
        found: String,
        /// The least it may be.
        from: String,
        /// The most it may be.
        to: String,
    },
    /// A file or folder could not be made.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something that is needed is not on this machine.
    #[error(
        "{0} is not installed: scripts/install-bench-tools.sh installs it, and --no-redis or \
         --no-memcached do without those"
    )]
    NotInstalled(&'static str),
    /// A program could not be started.
    #[error("cannot start {program}: {source}")]
    Program {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// A server or a subcommand ended by itself.
    #[error("{program} ended with {status}: {said}")]
    Ended {
        /// Its name.
        program: String,
        /// How it ended.
        status: String,
        /// The end of what it wrote.
        said: String,
    },
    /// A program did not do in time what it was asked.
    #[error("{program} has not {done} within {limit:?}")]
    Late {
        /// Its name.
        program: String,
        /// What was waited for.
        done: String,
        /// How long.
        limit: Duration,
    },
    /// A connection failed.
    #[error("connection to {address}: {source}")]
    Connection {
        /// The server's address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A server stopped answering.
    #[error("{address} has not answered everything within {limit:?}")]
    Silent {
        /// Its address.
        address: SocketAddr,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A server said something else than expected.
    #[error("{address} answered {reply:?}")]
    Refused {
        /// Its address.
        address: SocketAddr,
        /// What it said.
        reply: String,
    },
    /// A node came back with other data than it had.
    #[error("the root was {before} before the restart, and is {after}")]
    Root {
        /// As it was.
        before: String,
        /// As it is.
        after: String,
    },
    /// There was nothing to measure.
    #[error("{0}")]
    Nothing(&'static str),
}
