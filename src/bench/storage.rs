//! What storage costs, on the command line: its arguments.

use clap::Args;
use merkle_kv_actors::bench::{Durability, StoragePlan, StorageTopic};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Storage {
    /// Keys of 19 bytes to write to, with values of 64. There are budgets for 1000000.
    #[arg(long, default_value_t = 1_000_000)]
    keys: u64,
    /// Length of each round; with --snapshot, the least time.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Rounds of each server.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Durabilities to compare: interval with appendfsync everysec, off with appendonly no.
    #[arg(long, value_delimiter = ',', default_values = ["interval", "always", "off"])]
    durability: Vec<Durability>,
    /// Writes that each of 50 connections has on the way.
    #[arg(long, value_delimiter = ',', default_values = ["1", "16"])]
    pipeline: Vec<usize>,
    /// Where to write, to choose the disk; by default the folder for temporary files.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Measure the node alone.
    #[arg(long)]
    no_redis: bool,
    /// Measure instead how fast both are there again after they were killed.
    #[arg(long)]
    recovery: bool,
    /// Measure instead what single GETs on the node notice of snapshots under a load of writes.
    #[arg(long, conflicts_with = "recovery")]
    snapshot: bool,
}

impl Storage {
    /// What that comes to.
    pub(super) fn plan(self) -> StoragePlan {
        let topic = match (self.recovery, self.snapshot) {
            (true, _) => StorageTopic::Recovery,
            (false, true) => StorageTopic::Snapshots,
            (false, false) => StorageTopic::Writes,
        };
        StoragePlan {
            topic,
            keys: self.keys,
            time: Duration::from_secs(self.seconds),
            rounds: self.rounds,
            durabilities: self.durability,
            pipelines: self.pipeline,
            folder: self.dir,
            redis: !self.no_redis,
        }
    }
}
