//! The benchmarks on the command line: their arguments, and what becomes of them.

use crate::failure::Failure;
use clap::{Args, Subcommand};
use merkle_kv_actors::bench::{
    self, BenchPlan, Durability, LivePlan, StoragePlan, StorageTopic, SyncPlan,
};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// How fast writes travel: single writes to the other nodes, then a pipelined load.
    ///
    /// Prints the spread of the times, and beside it what the broker alone takes in the same run.
    /// The keys that it writes begin with bench: and are deleted afterwards.
    Replication {
        /// Client addresses of at least two nodes of one cluster.
        #[arg(long, value_delimiter = ',', default_values = ["127.0.0.1:7379", "127.0.0.1:7879", "127.0.0.1:7880"])]
        nodes: Vec<String>,
        /// The cluster's broker, host:port, to measure it alone.
        #[arg(long)]
        broker: Option<String>,
        /// Single writes to time.
        #[arg(long, default_value_t = 1_000)]
        samples: usize,
        /// Writes of the pipelined load.
        #[arg(long, default_value_t = 200_000)]
        writes: usize,
        /// Bytes of each value.
        #[arg(long, default_value_t = 64)]
        value_bytes: usize,
    },
    /// What comparing and repairing two replicas costs: bytes, messages and time of a session.
    ///
    /// Needs no running node: it makes two replicas in this process, and for each kind of
    /// difference (from none to everything) has them find and repair it, with no socket between
    /// them. Prints the bytes beside the entries themselves, the messages until all is repaired and
    /// until both sides know it, and the time of both sides together; then what a program without a
    /// tree would take, which sends a 32-byte digest of every entry.
    ///
    /// For a million keys there are budgets, and the exit code is 1 if one of them is broken.
    /// What the tree itself costs, cargo bench -p merkle-kv-core --bench tree measures.
    Sync {
        /// Keys that both replicas have, of 19 bytes, with values of 64; about 400 bytes of memory
        /// each. There are budgets for 1000000.
        #[arg(long, default_value_t = 1_000_000)]
        keys: u64,
        /// Sessions of each small difference; of each large one there are a tenth as many.
        #[arg(long, default_value_t = 30)]
        rounds: usize,
        /// Measure instead what a client notices: the time of single GETs on a node, first quiet,
        /// then while 100000 differences at a time are repaired, between two nodes of this process.
        #[arg(long)]
        live: bool,
        /// With --live: how long GETs are timed, without sessions and with them.
        #[arg(long, default_value_t = 5, requires = "live")]
        seconds: u64,
    },
    /// What keeping the data on disk costs, beside Redis 7, which has to be installed.
    ///
    /// Starts a node and a Redis, and kills them afterwards. Prints writes per second with each
    /// durability, round trips and processor time of both, which take turns under the same load.
    /// For a million keys there are budgets, and the exit code is 1 if one of them is broken.
    Storage(Storage),
}

#[derive(Debug, Args)]
pub(crate) struct Storage {
    /// Keys of 19 bytes to write to, with values of 64. There are budgets for 1000000.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) keys: u64,
    /// Length of each round; with --snapshot, the least time.
    #[arg(long, default_value_t = 4)]
    pub(crate) seconds: u64,
    /// Rounds of each server.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Durabilities to compare: interval with appendfsync everysec, off with appendonly no.
    #[arg(long, value_delimiter = ',', default_values = ["interval", "always", "off"])]
    pub(crate) durability: Vec<Durability>,
    /// Writes that each of 50 connections has on the way.
    #[arg(long, value_delimiter = ',', default_values = ["1", "16"])]
    pub(crate) pipeline: Vec<usize>,
    /// Where to write, to choose the disk; by default the folder for temporary files.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// Measure the node alone.
    #[arg(long)]
    pub(crate) no_redis: bool,
    /// Measure instead how fast both are there again after they were killed.
    #[arg(long)]
    pub(crate) recovery: bool,
    /// Measure instead what single GETs on the node notice of snapshots under a load of writes.
    #[arg(long, conflicts_with = "recovery")]
    pub(crate) snapshot: bool,
}

/// Measures, and prints what came out.
pub(crate) fn run(bench: Bench) -> Result<(), Failure> {
    let mut progress = |step: &str| eprintln!("{step} ...");
    let measured = match bench {
        Bench::Replication { nodes, broker, samples, writes, value_bytes } => {
            let plan = BenchPlan { nodes, broker, samples, writes, value_bytes };
            bench::run(plan, &mut progress).map(|report| print!("{report}"))
        }
        Bench::Sync { keys, live: true, seconds, .. } => {
            let plan = LivePlan { keys, time: Duration::from_secs(seconds) };
            bench::run_live(plan, &mut progress).map(|report| print!("{report}"))
        }
        Bench::Sync { keys, rounds, live: false, .. } => {
            bench::run_sync(SyncPlan { keys, rounds }, &mut progress).and_then(|report| {
                print!("{report}");
                report.judge()
            })
        }
        Bench::Storage(storage) => {
            bench::run_storage(plan(storage), &mut progress).and_then(|report| {
                print!("{report}");
                report.judge()
            })
        }
    };
    measured.map_err(|error| Failure::Other(error.into()))
}

fn plan(asked: Storage) -> StoragePlan {
    let topic = match (asked.recovery, asked.snapshot) {
        (true, _) => StorageTopic::Recovery,
        (false, true) => StorageTopic::Snapshots,
        (false, false) => StorageTopic::Writes,
    };
    StoragePlan {
        topic,
        keys: asked.keys,
        time: Duration::from_secs(asked.seconds),
        rounds: asked.rounds,
        durabilities: asked.durability,
        pipelines: asked.pipeline,
        folder: asked.dir,
        redis: !asked.no_redis,
    }
}
