//! The comparison with other servers, on the command line: its arguments.

use clap::Args;
use merkle_kv_actors::bench::{ComparePlan, Protocol, Section};
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Compare {
    /// Only this part, and others that are named too: operations per second and processor time.
    #[arg(long)]
    throughput: bool,
    /// Only this part: times of single requests at half of what the slower server can do.
    #[arg(long)]
    latency: bool,
    /// Only this part: memory for a key.
    #[arg(long)]
    memory: bool,
    /// Only this part: processor time with many more keys.
    #[arg(long)]
    growth: bool,
    /// Only this part: writes while two peers get them.
    #[arg(long)]
    replicating: bool,
    /// How the node is spoken to: resp or text.
    #[arg(long, default_value = "resp")]
    protocol: Protocol,
    /// Length of each round.
    #[arg(long, default_value_t = 1.5)]
    seconds: f64,
    /// Rounds of each server.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Keys of 19 bytes to choose from. There are budgets for 100000.
    #[arg(long, default_value_t = 100_000)]
    keys: u64,
    /// Requests that each of 50 clients has on the way.
    #[arg(long, value_delimiter = ',', default_values = ["1", "16", "100"])]
    pipeline: Vec<usize>,
    /// Bytes of values for throughput; the other parts have their own.
    #[arg(long, value_delimiter = ',', default_values = ["64", "1024"])]
    value_bytes: Vec<usize>,
    /// Keys whose memory is measured. There is a budget for 1000000.
    #[arg(long, default_value_t = 1_000_000)]
    memory_keys: u64,
    /// Many keys, for growth; they take 1 to 2 GB. There is a budget for 10000000.
    #[arg(long, default_value_t = 10_000_000)]
    growth_keys: u64,
    /// Leave Redis out.
    #[arg(long)]
    no_redis: bool,
    /// Leave memcached out.
    #[arg(long)]
    no_memcached: bool,
    /// Put the result into this page too, between <!-- measured --> and <!-- /measured -->.
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

impl Compare {
    /// What that comes to.
    pub(super) fn plan(self) -> ComparePlan {
        let asked = [
            (self.throughput, Section::Throughput),
            (self.latency, Section::Latency),
            (self.memory, Section::Memory),
            (self.growth, Section::Growth),
            (self.replicating, Section::Replicating),
        ];
        let mut sections: Vec<Section> =
            asked.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, part)| part).collect();
        if sections.is_empty() {
            sections = Section::ALL.to_vec();
        }
        ComparePlan {
            sections,
            protocol: self.protocol,
            // What is no time is none, which is refused.
            time: Duration::try_from_secs_f64(self.seconds).unwrap_or_default(),
            rounds: self.rounds,
            keys: self.keys,
            pipelines: self.pipeline,
            value_bytes: self.value_bytes,
            memory_keys: self.memory_keys,
            growth_keys: self.growth_keys,
            redis: !self.no_redis,
            memcached: !self.no_memcached,
            page: self.write,
        }
    }
}
