//! Why a node could not be asked, and what to do about it.

use merkle_kv_core::console::{BadArgument, Garbage, printable};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// Why a node could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It is no address at all.
    #[error("{address:?} is no address: name a node as host:port, as in 127.0.0.1:7379")]
    Address {
        /// What was named.
        address: String,
    },
    /// Nobody knows the host.
    #[error("{address}: {cause}; check the name of the host")]
    Unknown {
        /// What was named.
        address: String,
        /// What the system said.
        cause: String,
    },
    /// The machine is there, and nothing has the port.
    #[error(
        "nothing listens on {address}; start a node with merkle-kv --config FILE, or name another \
         host:port"
    )]
    Refused {
        /// Where.
        address: String,
    },
    /// It takes too long.
    #[error(
        "{address} has not answered within {} seconds: the node hangs or is overloaded, or \
         something between drops what is sent",
        limit.as_secs_f32()
    )]
    Silent {
        /// Who.
        address: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The connection is over.
    #[error("{address} has closed the connection")]
    Closed {
        /// Who.
        address: String,
    },
    /// What answers is something else.
    #[error("{address} does not speak as a MerkleKV node: {garbage}; is it the client port?")]
    Garbage {
        /// Who.
        address: String,
        /// What it said.
        garbage: Garbage,
    },
    /// It answers with more than can be taken.
    #[error("{address} has sent a reply of more than {limit} bytes; ask for less, as with LIMIT")]
    TooLong {
        /// Who.
        address: String,
        /// The most that is taken.
        limit: usize,
    },
    /// It has answered to say that it will not.
    #[error("{address} turns this connection away: {said}")]
    TurnedAway {
        /// Who.
        address: String,
        /// Its words.
        said: String,
    },
    /// It refuses what was asked of it.
    #[error("{address} refuses: {said}")]
    Told {
        /// Who.
        address: String,
        /// Its words.
        said: String,
    },
    /// It wants to know who asks.
    #[error("{address} has users: begin with merkle-kv cli --user NAME")]
    Stranger {
        /// Who.
        address: String,
    },
    /// The name or the password is wrong, or there are no users.
    #[error("{address} does not let {user} in: {said}")]
    Login {
        /// Who.
        address: String,
        /// As whom.
        user: String,
        /// Its words.
        said: String,
    },
    /// A password is needed, and there is nobody to ask.
    #[error("no password for {user}: set {variable}, or run this on a terminal ({source})")]
    Password {
        /// Whose.
        user: String,
        /// The environment variable that would have it.
        variable: &'static str,
        /// Why nobody could be asked.
        source: io::Error,
    },
    /// There is no line for it.
    #[error(transparent)]
    Argument(#[from] BadArgument),
    /// TLS does not come about.
    #[error("no secure connection to {address}: {reason}; check --ca-file and the address")]
    Insecure {
        /// Who.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Anything else.
    #[error("{address}: {source}")]
    Io {
        /// Who.
        address: String,
        /// What the system said.
        source: io::Error,
    },
}

impl CallError {
    pub(super) fn of(address: &str, limit: Duration, source: io::Error) -> CallError {
        let address = address.to_owned();
        match source.kind() {
            ErrorKind::ConnectionRefused => CallError::Refused { address },
            ErrorKind::WouldBlock | ErrorKind::TimedOut => CallError::Silent { address, limit },
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => CallError::Closed { address },
            ErrorKind::InvalidData => CallError::Insecure { address, reason: source.to_string() },
            // There are kinds that only the system knows.
            _ => CallError::Io { address, source },
        }
    }

    /// Whether another connection may do better.
    pub fn is_gone(&self) -> bool {
        matches!(self, CallError::Closed { .. })
    }

    /// Whether the node may be back after a while, without anybody having to change something.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            CallError::Refused { .. }
            | CallError::Silent { .. }
            | CallError::Closed { .. }
            | CallError::TurnedAway { .. }
            | CallError::Io { .. } => true,
            CallError::Address { .. }
            | CallError::Unknown { .. }
            | CallError::Garbage { .. }
            | CallError::TooLong { .. }
            | CallError::Told { .. }
            | CallError::Stranger { .. }
            | CallError::Login { .. }
            | CallError::Password { .. }
            | CallError::Argument(_)
            | CallError::Insecure { .. } => false,
        }
    }

    /// The message, safe for a terminal: parts of it come from the other side.
    pub fn shown(&self) -> String {
        printable(self.to_string().as_bytes())
    }
}
