//! Measures replication between running nodes, as a client sees it: how long after a write the
//! other nodes show it, and how fast a load of writes arrives everywhere. Beside it, in the same
//! run, what the broker alone takes, since machines differ and nodes share them. What anti-entropy
//! costs is measured apart, in `sync`, without any node; what it costs to keep the data on disk, in
//! `storage`, beside Redis.

mod broker;
mod client;
mod latency;
mod live;
mod load;
mod machine;
mod storage;
mod sync;
mod verdict;

pub use live::{LivePlan, LiveReport, run_live};
pub use storage::{
    Durability, StorageError, StoragePlan, StorageReport, StorageTopic, run_storage,
};
pub use sync::{SyncPlan, SyncReport, run_sync};

use crate::node::StartError;
use client::BenchClient;
use machine::machine;
use merkle_kv_core::config::Problems;
use merkle_kv_core::distribution::Distribution;
use std::fmt;
use std::io;
use std::time::Duration;

/// What to measure, and where.
#[derive(Clone, Debug)]
pub struct BenchPlan {
    /// Client addresses of the nodes, `host:port`; at least two. The load goes to the first.
    pub nodes: Vec<String>,
    /// The nodes' broker, `host:port`, to measure it alone; it is left out if there is none.
    pub broker: Option<String>,
    /// Single writes whose way is timed, spread over the nodes.
    pub samples: usize,
    /// Writes of the load.
    pub writes: usize,
    /// Bytes of each value.
    pub value_bytes: usize,
}

/// What was measured.
#[derive(Debug)]
pub struct BenchReport {
    plan: BenchPlan,
    /// From before a write was sent until another node showed it.
    latency: Distribution,
    /// From before a message was published until a subscriber of the same broker had it.
    broker: Option<Distribution>,
    load: load::LoadTimes,
}

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
    /// Storage was not measured.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Something took more than the design allows.
    #[error("budgets are broken: {0}")]
    Budget(String),
}

/// How long a write may take to arrive before the measurement is given up.
const ARRIVAL_LIMIT: Duration = Duration::from_secs(60);

/// How long the nodes may take to join their cluster: a moment, if they have just been started.
const JOIN_LIMIT: Duration = Duration::from_secs(10);

/// Measures. `progress` is told what is being done, a line at a time.
pub fn run(plan: BenchPlan, progress: &mut dyn FnMut(&str)) -> Result<BenchReport, BenchError> {
    if plan.nodes.len() < 2 {
        return Err(BenchError::TooFewNodes);
    }
    let connect = |node: &String| BenchClient::connect(node);
    let mut clients = plan.nodes.iter().map(connect).collect::<Result<Vec<_>, _>>()?;
    clients.iter_mut().try_for_each(BenchClient::wait_until_joined)?;
    let broker = match &plan.broker {
        Some(address) => {
            progress(&format!("broker alone: {} messages, one at a time", plan.samples));
            Some(broker::measure(address, plan.samples, plan.value_bytes)?)
        }
        None => None,
    };
    progress(&format!("latency: {} writes, one at a time", plan.samples));
    let latency = latency::measure(&mut clients, plan.samples, plan.value_bytes)?;
    progress(&format!("load: {} pipelined writes on {}", plan.writes, plan.nodes[0]));
    let load = load::measure(&mut clients, plan.writes, plan.value_bytes)?;
    Ok(BenchReport { plan, latency, broker, load })
}

impl BenchReport {
    /// The median way of a write to another node.
    pub fn median_latency(&self) -> Duration {
        self.latency.median()
    }
}

impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BenchPlan { nodes, samples, writes, value_bytes, .. } = &self.plan;
        writeln!(f, "machine   {}", machine())?;
        writeln!(
            f,
            "load      {} nodes, {samples} single writes, then {writes} pipelined on one node; \
             {value_bytes}-byte values",
            nodes.len()
        )?;
        writeln!(f, "write to readable on another node")?;
        writeln!(f, "          {}", self.latency)?;
        if let Some(broker) = &self.broker {
            writeln!(f, "publish to received, the broker alone")?;
            writeln!(f, "          {broker}")?;
            let ratio = self.latency.median().as_secs_f64() / broker.median().as_secs_f64();
            writeln!(f, "          median write takes {ratio:.2} times the broker alone")?;
        }
        let (acknowledged, everywhere) = (self.load.acknowledged, self.load.everywhere);
        let rate = |time: Duration| *writes as f64 / time.as_secs_f64();
        writeln!(f, "pipelined load, every value compared on every node")?;
        writeln!(
            f,
            "          acknowledged in {:.2} s, {:.0} writes/s",
            acknowledged.as_secs_f64(),
            rate(acknowledged)
        )?;
        writeln!(
            f,
            "          on all nodes in {:.2} s, {:.0} writes/s, {:.2} of the acknowledged rate",
            everywhere.as_secs_f64(),
            rate(everywhere),
            rate(everywhere) / rate(acknowledged)
        )
    }
}

#[cfg(feature = "broker")]
#[cfg(test)]
mod tests;
