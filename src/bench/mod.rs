//! The benchmarks on the command line: their arguments, and what becomes of them.

mod compare;
mod load;
mod storage;

use crate::failure::Failure;
use clap::{Args, Subcommand};
use compare::Compare;
use load::Load;
use merkle_kv_actors::bench::{self, BenchPlan, LivePlan, SyncPlan};
use std::time::Duration;
use storage::Storage;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(flatten)]
    load: Load,
    #[command(subcommand)]
    topic: Option<Topic>,
}

#[derive(Debug, Subcommand)]
enum Topic {
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
    /// This node beside Redis and memcached, which have to be installed: throughput, processor
    /// time, latency, memory, growth, and what replication costs. Takes about 12 minutes.
    ///
    /// Starts all servers, which take turns on one processor under a load from another, and kills
    /// them afterwards. The node is connected to a broker, Mosquitto if there is one. There are
    /// budgets, and the exit code is 1 if one of them is broken; docs/performance.md explains the
    /// figures.
    Compare(Compare),
}

/// Measures, and prints what came out.
pub(crate) fn run(bench: Bench) -> Result<(), Failure> {
    let mut progress = |step: &str| eprintln!("{step} ...");
    let measured = match bench.topic {
        None => load::run(bench.load),
        Some(Topic::Replication { nodes, broker, samples, writes, value_bytes }) => {
            let plan = BenchPlan { nodes, broker, samples, writes, value_bytes };
            bench::run(plan, &mut progress).map(|report| print!("{report}"))
        }
        Some(Topic::Sync { keys, live: true, seconds, .. }) => {
            let plan = LivePlan { keys, time: Duration::from_secs(seconds) };
            bench::run_live(plan, &mut progress).map(|report| print!("{report}"))
        }
        Some(Topic::Sync { keys, rounds, live: false, .. }) => {
            bench::run_sync(SyncPlan { keys, rounds }, &mut progress).and_then(|report| {
                print!("{report}");
                report.judge()
            })
        }
        Some(Topic::Compare(compare)) => bench::run_compare(compare.plan(), &mut progress)
            .and_then(|report| {
                print!("{report}");
                report.judge()
            }),
        Some(Topic::Storage(storage)) => bench::run_storage(storage.plan(), &mut progress)
            .and_then(|report| {
                print!("{report}");
                report.judge()
            }),
    };
    measured.map_err(|error| Failure::Other(error.into()))
}
