//! Replication between running nodes, as a client sees it: how long after a write the other nodes
//! show it, and how fast a load of writes arrives everywhere. Beside it, in the same run, what the
//! broker alone takes, since machines differ and nodes share them.

mod broker;
mod latency;
mod load;

pub(super) use load::pipeline;

use super::BenchError;
use super::client::BenchClient;
use super::machine::machine;
use crate::bench::latencies::Latencies;
use std::fmt;
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
    latency: Latencies,
    /// From before a message was published until a subscriber of the same broker had it.
    broker: Option<Latencies>,
    load: load::LoadTimes,
}

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
