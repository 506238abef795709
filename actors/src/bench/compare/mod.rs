//! This node beside Redis and memcached, on this machine: throughput, processor time, latency and
//! memory; and beside itself: with a hundred times the keys, and with peers that it replicates to.
//! All servers are processes of this benchmark, have one processor for them, and take turns under
//! the same load from another one.

mod budget;
mod contestants;
mod growth;
mod latency;
mod machine;
mod memory;
mod page;
mod replicating;
mod table;
#[cfg(test)]
mod tests;
mod throughput;
mod turns;

use super::BenchError;
use super::load::{KEY_BYTES, Protocol, VALUE_BYTES, insist};
use super::servers::{Bench, Cores, ServerError, Site};
use contestants::Contestants;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// What the budgets are for.
const BUDGET_KEYS: u64 = 100_000;
const BUDGET_MEMORY_KEYS: u64 = 1_000_000;
const BUDGET_GROWTH_KEYS: u64 = 10_000_000;

/// This is a lot of memory already.
const MAX_KEYS: u64 = 1_000_000_000;

const MAX_PIPELINE: usize = 1_000;
const MAX_VALUE_BYTES: usize = 64 << 10;
const MAX_SECONDS: f64 = 3_600.0;
const MAX_ROUNDS: usize = 1_000;

/// What to compare.
#[derive(Clone, Debug)]
pub struct ComparePlan {
    /// Parts, in this order.
    pub sections: Vec<Section>,
    /// How the node is spoken to.
    pub protocol: Protocol,
    /// Of each round.
    pub time: Duration,
    /// How often each server has its turn.
    pub rounds: usize,
    /// Keys that requests choose from.
    pub keys: u64,
    /// Requests that each client has on the way, for each row of the throughput.
    pub pipelines: Vec<usize>,
    /// Bytes of values, for each row of the throughput.
    pub value_bytes: Vec<usize>,
    /// Keys whose memory is measured.
    pub memory_keys: u64,
    /// Keys that throughput is measured with beside the usual number.
    pub growth_keys: u64,
    /// Whether Redis takes part.
    pub redis: bool,
    /// Whether memcached does.
    pub memcached: bool,
    /// A page whose measured part is to be replaced.
    pub page: Option<PathBuf>,
}

/// A part of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Operations per second, and processor time for one.
    Throughput,
    /// Times of single requests at a rate that all can keep.
    Latency,
    /// Memory for a key.
    Memory,
    /// Processor time with many more keys.
    Growth,
    /// Writes while peers get them.
    Replicating,
}

/// What was measured. A part that was not asked for is not there.
#[derive(Debug)]
pub struct CompareReport {
    plan: ComparePlan,
    setting: machine::Setting,
    throughput: Option<Vec<throughput::Cell>>,
    latency: Option<Vec<latency::Row>>,
    memory: Option<Vec<memory::Row>>,
    growth: Option<Vec<growth::Row>>,
    replicating: Option<Vec<replicating::Row>>,
}

/// Measures. `progress` is told what is being done, a line at a time.
pub fn run_compare(
    plan: ComparePlan,
    progress: &mut dyn FnMut(&str),
) -> Result<CompareReport, BenchError> {
    plan.check()?;
    if let Some(page) = &plan.page {
        page::check(page)?;
    }
    let cores = Cores::choose();
    let setting = machine::Setting::find(&plan, cores.as_ref())?;
    if let Some(cores) = &cores {
        cores.move_here()?;
    }
    let site = Site::open(&std::env::temp_dir())?;
    let program = std::env::current_exe()
        .map_err(|source| ServerError::File { path: PathBuf::from("merkle-kv"), source })?;
    let bench = Bench { site: &site, program, cores };
    let mut report = CompareReport {
        plan: plan.clone(),
        setting,
        throughput: None,
        latency: None,
        memory: None,
        growth: None,
        replicating: None,
    };
    let contestants = Contestants::prepare(&bench, &plan)?;
    for section in &plan.sections {
        match section {
            Section::Throughput => {
                report.throughput = Some(throughput::measure(&contestants, progress)?);
            }
            Section::Latency => {
                let known = report.throughput.as_deref().unwrap_or_default();
                report.latency = Some(latency::measure(&contestants, known, progress)?);
            }
            Section::Memory => report.memory = Some(memory::measure(&contestants, progress)?),
            Section::Growth => report.growth = Some(growth::measure(&contestants, progress)?),
            Section::Replicating => {
                report.replicating = Some(replicating::measure(&contestants, progress)?);
            }
        }
    }
    if let Some(page) = &plan.page {
        page::write(page, &report.to_string())?;
    }
    Ok(report)
}

impl Section {
    /// All of them, in the order that they are measured in.
    pub const ALL: [Section; 5] = [
        Section::Throughput,
        Section::Latency,
        Section::Memory,
        Section::Growth,
        Section::Replicating,
    ];
}

impl ComparePlan {
    fn check(&self) -> Result<(), ServerError> {
        insist("the number of seconds", self.time.as_secs_f64(), 0.01..=MAX_SECONDS)?;
        insist("the number of rounds", self.rounds, 1..=MAX_ROUNDS)?;
        insist("the number of keys", self.keys, 1..=MAX_KEYS)?;
        insist("the number of keys for memory", self.memory_keys, 1..=MAX_KEYS)?;
        insist("the number of keys for growth", self.growth_keys, 1..=MAX_KEYS)?;
        let pipelines = &mut self.pipelines.iter();
        pipelines.try_for_each(|pipeline| insist("a pipeline", *pipeline, 1..=MAX_PIPELINE))?;
        let what = "the number of bytes of a value";
        self.value_bytes.iter().try_for_each(|bytes| insist(what, *bytes, 1..=MAX_VALUE_BYTES))
    }
}

impl CompareReport {
    /// An error that names every budget which was broken, if one was.
    pub fn judge(&self) -> Result<(), BenchError> {
        let broken = self.broken();
        if broken.is_empty() { Ok(()) } else { Err(BenchError::Budget(broken.join("; "))) }
    }
}

/// A command that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command {
    Set,
    Get,
}

impl Command {
    const ALL: [Command; 2] = [Command::Set, Command::Get];

    /// The share of reads of a load of nothing else.
    fn reads(self) -> f64 {
        match self {
            Command::Set => 0.0,
            Command::Get => 1.0,
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Command::Set => "SET",
            Command::Get => "GET",
        })
    }
}
