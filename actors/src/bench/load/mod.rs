//! The load: reads and writes on a running server, as fast as it answers or at a steady rate, in
//! the protocol of a node, of Redis or of memcached. One thread does it all, and takes less
//! processor time for a request than the servers do. Knows nothing of processes.

mod connection;
mod drive;
mod login;
mod numbers;
mod plot;
mod replies;
mod report;
mod source;
mod tally;
#[cfg(test)]
mod tests;
mod wire;

pub(super) use drive::{CLIENTS, Load, Outcome, Progress, Until};
pub use login::Login;
pub(super) use numbers::Numbers;
pub use report::LoadReport;
pub use wire::Protocol;
pub(super) use wire::{KEY_BYTES, VALUE_BYTES, key};

use super::BenchError;
use super::machine::machine;
use super::servers::ServerError;
use crate::random;
use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

/// Numbers of keys are 32 bits long.
const MAX_KEYS: u64 = 1 << 32;

/// More would take more file descriptors than systems give by default.
const MAX_CLIENTS: usize = 10_000;

/// More would not be read at once.
const MAX_PIPELINE: usize = 10_000;

/// As long as values of a node may be.
const MAX_VALUE_BYTES: usize = 1 << 20;

/// What all clients together may have on the way.
const MAX_ON_THE_WAY: usize = 1 << 30;

const MAX_SECONDS: f64 = 86_400.0;

/// Rates above are nothing that one thread sends.
const MAX_RATE: f64 = 1e8;

/// Above it one key is asked for nearly always.
const MAX_ZIPF: f64 = 10.0;

/// Requests that each client has on the way while every key is written.
const FILL_PIPELINE: usize = 16;

/// What to ask, and where.
#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// `host:port` of the server.
    pub address: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Who asks, if the server is to know.
    pub login: Option<Login>,
    /// Connections.
    pub clients: usize,
    /// Requests that each of them has on the way.
    pub pipeline: usize,
    /// Share of reads, from 0 to 1; the others are writes.
    pub reads: f64,
    /// Keys to choose from.
    pub keys: u64,
    /// Bytes of each value.
    pub value_bytes: usize,
    /// How unlike the keys are, as an exponent of Zipf; all are alike if there is none.
    pub zipf: Option<f64>,
    /// For how long.
    pub time: Duration,
    /// Requests that are due in a second, of all clients together; as many as go if there is none.
    pub rate: Option<f64>,
    /// Whether every key is written once before.
    pub fill: bool,
    /// The same seed asks for the same keys in the same order.
    pub seed: Option<u64>,
}

/// How far a load is: what is shown while it runs.
#[derive(Clone, Copy, Debug)]
pub struct LoadProgress {
    /// Whether keys are still being written once.
    is_filling: bool,
    elapsed: Duration,
    time: Duration,
    operations: u64,
    /// Since the last note.
    rate: f64,
    p99: Duration,
    errors: u64,
}

/// Asks. `progress` is told once a second how far it is.
pub fn run_load(
    plan: LoadPlan,
    progress: &mut dyn FnMut(LoadProgress),
) -> Result<LoadReport, BenchError> {
    plan.check()?;
    let seed = plan.seed.unwrap_or_else(random::number);
    let plan = LoadPlan { seed: Some(seed), ..plan };
    let load = plan.load(plan.resolve()?, seed);
    let mut filled = None;
    if plan.fill {
        let fill =
            Load { until: Until::AllWritten, pipeline: FILL_PIPELINE, rate: None, ..load.clone() };
        let mut notes = Notes::new(true, plan.time, progress);
        filled = Some(fill.run_with(&mut |now| notes.note(now))?);
    }
    let mut notes = Notes::new(false, plan.time, progress);
    let outcome = load.run_with(&mut |now| notes.note(now))?;
    Ok(LoadReport::new(plan, machine(), filled, outcome))
}

impl LoadPlan {
    fn load(&self, address: SocketAddr, seed: u64) -> Load {
        Load {
            address,
            protocol: self.protocol,
            login: self.login.clone(),
            clients: self.clients,
            pipeline: self.pipeline,
            keys: self.keys,
            value_bytes: self.value_bytes,
            reads: self.reads,
            zipf: self.zipf,
            rate: self.rate,
            until: Until::Passed(self.time),
            seed,
        }
    }

    fn resolve(&self) -> Result<SocketAddr, BenchError> {
        let failed = |cause: String| BenchError::Address { address: self.address.clone(), cause };
        let mut found =
            self.address.to_socket_addrs().map_err(|error| failed(error.to_string()))?;
        found.next().ok_or_else(|| failed("no such host".to_owned()))
    }

    fn check(&self) -> Result<(), ServerError> {
        insist("the number of clients", self.clients, 1..=MAX_CLIENTS)?;
        insist("the pipeline", self.pipeline, 1..=MAX_PIPELINE)?;
        insist("the share of reads", self.reads, 0.0..=1.0)?;
        insist("the number of keys", self.keys, 1..=MAX_KEYS)?;
        insist("the number of bytes of a value", self.value_bytes, 1..=MAX_VALUE_BYTES)?;
        insist("the number of seconds", self.time.as_secs_f64(), 0.01..=MAX_SECONDS)?;
        insist("the exponent of Zipf", self.zipf.unwrap_or(1.0), 0.01..=MAX_ZIPF)?;
        insist("the rate", self.rate.unwrap_or(1.0), 0.01..=MAX_RATE)?;
        if let Some(login) = &self.login {
            login.command(self.protocol)?;
        }
        let bytes = self.clients * self.pipeline * self.value_bytes;
        insist("what is on the way at once, in bytes,", bytes, 1..=MAX_ON_THE_WAY)
    }
}

/// An error that names what is not in its range.
pub(super) fn insist<T: PartialOrd + fmt::Display>(
    what: &'static str,
    found: T,
    allowed: std::ops::RangeInclusive<T>,
) -> Result<(), ServerError> {
    if allowed.contains(&found) {
        return Ok(());
    }
    let (from, to) = (allowed.start().to_string(), allowed.end().to_string());
    Err(ServerError::Plan { what, found: found.to_string(), from, to })
}

/// Makes notes of progress of what the load tells.
struct Notes<'a> {
    is_filling: bool,
    time: Duration,
    last: (Duration, u64),
    tell: &'a mut dyn FnMut(LoadProgress),
}

impl Notes<'_> {
    fn new(is_filling: bool, time: Duration, tell: &mut dyn FnMut(LoadProgress)) -> Notes<'_> {
        Notes { is_filling, time, last: (Duration::ZERO, 0), tell }
    }

    fn note(&mut self, now: Progress<'_>) {
        let operations = now.tally.operations();
        let since = (now.elapsed - self.last.0).as_secs_f64();
        (self.tell)(LoadProgress {
            is_filling: self.is_filling,
            elapsed: now.elapsed,
            time: self.time,
            operations,
            rate: (operations - self.last.1) as f64 / since,
            p99: now.tally.latencies.percentile(99.0),
            errors: now.tally.errors,
        });
        self.last = (now.elapsed, operations);
    }
}
