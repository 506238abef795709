//! Why a node does not start.

use crate::storage::StorageError;
use crate::tls::TlsError;
use crate::tracing::TracingError;
use crate::users::UsersError;
use std::io;
use std::net::SocketAddr;

#[cfg(feature = "broker")]
use crate::broker::BrokerError;

/// Why a node did not start. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The client port is taken, or not this machine's.
    #[error("cannot listen for clients on {address}: {source}; change network.bind_port")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The port for HTTP is taken, or not this machine's.
    #[error("cannot serve metrics and health on {address}: {source}; change admin.bind_port")]
    Admin {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The in-process broker did not start; most often its port is taken.
    #[cfg(feature = "broker")]
    #[error("cannot start the in-process broker: {0}; change broker.bind_port")]
    Broker(#[from] BrokerError),
    /// The configuration asks for what this build does not have.
    #[cfg(not(feature = "broker"))]
    #[error("broker.enabled is true, but this program was built without the broker feature")]
    NoBroker,
    /// The file of users cannot be used.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// A file for TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// Nothing can be traced.
    #[error(transparent)]
    Tracing(#[from] TracingError),
}

impl StartError {
    /// Whether something that only one process can have is taken already.
    pub fn is_taken(&self) -> bool {
        let kind = match self {
            StartError::Storage(error) => return error.is_taken(),
            StartError::Tracing(_) | StartError::Users(_) | StartError::Tls(_) => return false,
            StartError::Listen { source, .. }
            | StartError::Admin { source, .. }
            | StartError::Thread(source) => source.kind(),
            #[cfg(feature = "broker")]
            StartError::Broker(error) => error.kind(),
            #[cfg(not(feature = "broker"))]
            StartError::NoBroker => return false,
        };
        kind == io::ErrorKind::AddrInUse
    }

    /// Whether the configuration names files that cannot be used.
    pub fn is_configuration(&self) -> bool {
        matches!(self, StartError::Users(_) | StartError::Tls(_))
    }

    /// Whether what the data directory holds is damaged, or not for this node.
    pub fn is_damage(&self) -> bool {
        matches!(self, StartError::Storage(error) if error.is_damage())
    }
}
