//! What a connection needs of a socket, so that both clients share all that is above it.

use std::future::Future;
use std::io;
use std::time::{Duration, Instant};

/// A TCP connection. Every wait ends at a deadline.
///
/// That of the blocking client blocks inside of these functions, so that their futures are ready
/// when they are first polled.
pub(crate) trait Transport: Sized {
    /// Connects to one of the addresses of a host.
    fn open(
        host: &str,
        port: u16,
        deadline: Instant,
    ) -> impl Future<Output = Result<Self, Fault>> + Send;

    /// Reads what is there, once something is; no bytes if the node has closed.
    fn read(
        &mut self,
        space: &mut [u8],
        deadline: Instant,
    ) -> impl Future<Output = Result<usize, Fault>> + Send;

    /// Writes everything.
    fn write_all(
        &mut self,
        bytes: &[u8],
        deadline: Instant,
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Reads without waiting; nothing if nothing has come.
    fn read_now(
        &mut self,
        space: &mut [u8],
    ) -> impl Future<Output = io::Result<Option<usize>>> + Send;

    /// Does nothing for a while.
    fn pause(duration: Duration) -> impl Future<Output = ()> + Send;
}

/// Why an exchange with a node failed, before it is known to whom that is told.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The deadline is over.
    Late,
    /// The connection could not be opened, or it broke.
    Broken(io::Error),
    /// The reply is none; why, as a sentence.
    Malformed(String),
    /// The node refused the connection or the login, with this sentence.
    Refused(String),
    /// The node's dialect cannot carry an argument.
    Argument(crate::Error),
}

impl Fault {
    pub(crate) fn closed_by_node() -> Fault {
        let reason = "the node closed the connection before it replied";
        Fault::Broken(io::Error::new(io::ErrorKind::UnexpectedEof, reason))
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::Broken(error)
    }
}

impl From<crate::wire::Malformed> for Fault {
    fn from(malformed: crate::wire::Malformed) -> Fault {
        Fault::Malformed(malformed.0)
    }
}

/// How long there is until a deadline.
pub(crate) fn left_until(deadline: Instant) -> Result<Duration, Fault> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(Fault::Late),
        left => Ok(left),
    }
}
