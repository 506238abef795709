//! Measures what it costs to keep the data on disk, beside Redis: writes with each durability, the
//! start after a crash, and what readers notice of a snapshot. Both servers are processes of this
//! benchmark, on the same disk, under the same load from the same code, and take turns.

mod recovery;
mod snapshots;
mod table;
mod writes;

use super::BenchError;
use super::load::insist;
use super::machine::machine;
use super::servers::{Bench, Durability, ServerError, Site, file_system};
use recovery::Recovery;
use snapshots::Snapshots;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use writes::Row;

/// How many keys the budgets are for.
const BUDGET_KEYS: u64 = 1_000_000;

/// Numbers of keys are 32 bits long in the load; and this is some memory already.
const MAX_KEYS: u64 = 100_000_000;

/// More would not be read at once.
const MAX_PIPELINE: u64 = 1_000;

const MAX_SECONDS: u64 = 3_600;

/// What to measure.
#[derive(Clone, Debug)]
pub struct StoragePlan {
    /// What to find out.
    pub topic: StorageTopic,
    /// Keys to write to, or that there are before a restart.
    pub keys: u64,
    /// Of each round.
    pub time: Duration,
    /// How often each server has its turn.
    pub rounds: usize,
    /// Durabilities to compare.
    pub durabilities: Vec<Durability>,
    /// Writes that each connection has on the way, for each row.
    pub pipelines: Vec<usize>,
    /// Where to write; the system's folder for temporary files if there is none.
    pub folder: Option<PathBuf>,
    /// Whether Redis is measured too.
    pub redis: bool,
}

/// What to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StorageTopic {
    /// How fast writes are.
    Writes,
    /// How fast a killed server is there again.
    Recovery,
    /// What a reader notices of snapshots.
    Snapshots,
}

/// What was measured.
#[derive(Debug)]
pub struct StorageReport {
    plan: StoragePlan,
    machine: String,
    /// The type of the file system, and the folder on it.
    disk: String,
    measured: Measured,
}

#[derive(Debug)]
enum Measured {
    Writes(Vec<Row>),
    Recovery(Recovery),
    Snapshots(Snapshots),
}

/// Measures. `progress` is told what is being done, a line at a time.
pub fn run_storage(
    plan: StoragePlan,
    progress: &mut dyn FnMut(&str),
) -> Result<StorageReport, BenchError> {
    plan.check()?;
    let machine = machine();
    let parent = plan.folder.clone().unwrap_or_else(std::env::temp_dir);
    let failed = |source| ServerError::File { path: parent.clone(), source };
    let parent = parent.canonicalize().map_err(failed)?;
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let disk = format!("{}, {}", file_system(&mounts, &parent), parent.display());
    let program = std::env::current_exe().map_err(failed)?;
    let site = Site::open(&parent)?;
    let bench = Bench { site: &site, program, cores: None };
    let measured = match plan.topic {
        StorageTopic::Writes => Measured::Writes(writes::measure(&bench, &plan, progress)?),
        StorageTopic::Recovery => Measured::Recovery(recovery::measure(&bench, &plan, progress)?),
        StorageTopic::Snapshots => {
            Measured::Snapshots(snapshots::measure(&bench, &plan, progress)?)
        }
    };
    Ok(StorageReport { plan, machine, disk, measured })
}

impl StoragePlan {
    fn check(&self) -> Result<(), ServerError> {
        insist("the number of keys", self.keys, 1..=MAX_KEYS)?;
        insist("the number of seconds", self.time.as_secs(), 1..=MAX_SECONDS)?;
        insist("the number of rounds", self.rounds as u64, 1..=MAX_SECONDS)?;
        self.pipelines
            .iter()
            .try_for_each(|pipeline| insist("a pipeline", *pipeline as u64, 1..=MAX_PIPELINE))
    }

    /// Whether the budgets are for what is measured.
    fn is_judged(&self) -> bool {
        self.keys == BUDGET_KEYS
    }
}

impl StorageReport {
    /// An error that names every budget which was broken, if one was.
    pub fn judge(&self) -> Result<(), BenchError> {
        let broken = match &self.measured {
            Measured::Writes(rows) => writes::broken(rows, self.plan.is_judged()),
            Measured::Recovery(recovery) => recovery.broken(self.plan.is_judged()),
            Measured::Snapshots(_) => Vec::new(),
        };
        if broken.is_empty() { Ok(()) } else { Err(BenchError::Budget(broken.join("; "))) }
    }
}

#[cfg(test)]
mod tests;
