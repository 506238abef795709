//! Why a call failed: five kinds, by who is to act.

use std::time::Duration;
use std::{error, fmt, io};

/// What calls give.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. Each message says with which node, and what to do where that is known.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Refused before anything was sent, such as a key with a space. The connection lives.
    #[non_exhaustive]
    Argument {
        /// What was wrong.
        reason: String,
    },
    /// The connection could not be opened, or it broke, or the client was closed. The next call
    /// opens another one, unless the client was closed.
    ///
    /// After a write it is not known whether the node did it.
    #[non_exhaustive]
    Connection {
        /// `host:port`.
        node: String,
        /// Why.
        source: io::Error,
    },
    /// A reply was not there in time. The connection is closed, since the late reply would be taken
    /// for that of the next command.
    #[non_exhaustive]
    Timeout {
        /// `host:port`.
        node: String,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// The answer is none of this protocol, or none to this command, and the connection is closed;
    /// or a value that was asked for as text is none, and the connection lives.
    #[non_exhaustive]
    Protocol {
        /// `host:port`.
        node: String,
        /// What was wrong with the answer.
        reason: String,
    },
    /// The node refused the command. The connection lives.
    Server(ServerError),
}

/// A command that the node refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    pub(crate) node: String,
    pub(crate) sentence: String,
}

impl Error {
    pub(crate) fn argument(reason: impl Into<String>) -> Error {
        Error::Argument { reason: reason.into() }
    }
}

impl ServerError {
    /// The node, as `host:port`.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// What the node said, such as `Wrong type: the value of n is no 64-bit number`.
    pub fn message(&self) -> &str {
        &self.sentence
    }

    /// The words before the first colon, such as `Wrong type`, or all of them if there is none.
    pub fn code(&self) -> &str {
        self.sentence.split(':').next().unwrap_or_default()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Argument { reason } => f.write_str(reason),
            Error::Connection { node, source } => {
                write!(f, "{node}: {source}{}", advice(source.kind()))
            }
            Error::Timeout { node, timeout } => {
                write!(f, "{node}: no reply within {timeout:?}, so the connection was closed")
            }
            Error::Protocol { node, reason } => write!(f, "{node}: {reason}"),
            Error::Server(error) => error.fmt(f),
        }
    }
}

/// What to do about a connection that could not be opened or that broke.
fn advice(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::ConnectionRefused => "; does a node run there?",
        io::ErrorKind::BrokenPipe
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::UnexpectedEof => "; if it was to write something, look whether it did",
        _ => "",
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.node, self.sentence)
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Connection { source, .. } => Some(source),
            Error::Server(error) => Some(error),
            Error::Argument { .. } | Error::Timeout { .. } | Error::Protocol { .. } => None,
        }
    }
}

impl error::Error for ServerError {}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Error {
        Error::Server(error)
    }
}
