//! Why a benchmark has measured nothing, or is not content.

use super::servers::ServerError;
use crate::client::CallError;
use crate::node::StartError;
use merkle_kv_core::config::Problems;
use std::io;
use std::time::Duration;

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// It takes a writer and a reader.
    #[error("name at least two nodes, as --nodes 127.0.0.1:7379,127.0.0.1:7879")]
    TooFewNodes,
    /// A node cannot be reached, or went away.
    #[error("node {node}: {source}")]
    Node {
        /// Its address.
        node: String,
        /// What the system said.
        source: io::Error,
    },
    /// A node gave another answer than the protocol has.
    #[error("node {node} answered {reply:?} to {command}")]
    Reply {
        /// Its address.
        node: String,
        /// What it was asked.
        command: String,
        /// What it said.
        reply: String,
    },
    /// A write did not arrive on a node.
    #[error("a write has not arrived on {node} within {limit:?}; do the nodes replicate?")]
    NotReplicated {
        /// Where it did not.
        node: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A node is not in touch with its broker, so there is nothing to measure.
    #[error("node {node} does not replicate: {status}")]
    NotJoined {
        /// Its address.
        node: String,
        /// What it says of its replication.
        status: String,
    },
    /// The broker alone could not be measured.
    #[error("broker {broker}: {cause}")]
    Broker {
        /// Its address.
        broker: String,
        /// What went wrong.
        cause: String,
    },
    /// There is no password to log in with.
    #[error(transparent)]
    Password(#[from] CallError),
    /// There is nobody of that name.
    #[error("{address}: {cause}; name a server as host:port")]
    Address {
        /// What was named.
        address: String,
        /// What the system said.
        cause: String,
    },
    /// A server has answered some requests with errors.
    #[error("{count} errors, the first: {first}")]
    Errors {
        /// How many.
        count: u64,
        /// What the first said.
        first: String,
    },
    /// Two replicas of so many keys are not made.
    #[error("{keys} keys: name from {from} to {to}")]
    Keys {
        /// How many were asked for.
        keys: u64,
        /// The fewest.
        from: u64,
        /// The most.
        to: u64,
    },
    /// A session did not do what it is for.
    #[error("a session with this difference: {difference}: {cause}")]
    Session {
        /// What differed.
        difference: &'static str,
        /// What went wrong.
        cause: String,
    },
    /// A node that was to be measured did not start.
    #[error("a node did not start: {0}")]
    Start(#[from] StartError),
    /// The same, for its configuration.
    #[error("a node's configuration is bad: {0}")]
    Configuration(#[from] Problems),
    /// The nodes were busy for no time at all.
    #[error("nothing was read while sessions ran; give it more --seconds or more --keys")]
    NothingRead,
    /// Servers could not be measured.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Something took more than the design allows.
    #[error("budgets are broken: {0}")]
    Budget(String),
}
