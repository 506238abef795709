//! The load on the command line: its arguments, and how it shows its progress.

use clap::Args;
use merkle_kv_actors::bench::{self, BenchError, LoadPlan, Login, Protocol};
use merkle_kv_actors::client;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

#[derive(Debug, Args)]
pub(crate) struct Load {
    /// The server, as host:port.
    #[arg(value_name = "host:port", default_value = "127.0.0.1:7379")]
    address: String,
    /// How the server is spoken to: text (MerkleKV), resp (Redis) or memcached.
    #[arg(long, default_value = "text")]
    protocol: Protocol,
    /// Log in as this user, on every connection. The password is asked for on the terminal, or taken
    /// from the environment variable MERKLEKV_PASSWORD.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Connections.
    #[arg(long, default_value_t = 50)]
    clients: usize,
    /// Requests that each connection sends at once before it waits for their replies.
    #[arg(long, default_value_t = 1)]
    pipeline: usize,
    /// Share of GETs, from 0 to 1; the others are SETs.
    #[arg(long, value_name = "SHARE", default_value_t = 0.5)]
    reads: f64,
    /// Keys to choose from, of 19 bytes.
    #[arg(long, default_value_t = 100_000)]
    keys: u64,
    /// Bytes of each value.
    #[arg(long, default_value_t = 64)]
    value_bytes: usize,
    /// Choose keys by Zipf's law with this exponent, as 0.99, instead of all alike.
    #[arg(long, value_name = "EXPONENT")]
    zipf: Option<f64>,
    /// How long it takes, without the writes of --load.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Operations that are due in a second, of all connections together. Each is timed from when it
    /// is due, whether it could be sent then or not, so what a stall holds up counts (no
    /// coordinated omission). Without it each connection waits for its replies before it goes on.
    #[arg(long, value_name = "OPERATIONS")]
    rate: Option<f64>,
    /// Write every key once before.
    #[arg(long)]
    load: bool,
    /// Ask for the same keys in the same order as another run with this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    json: bool,
}

/// Measures, and prints what came out.
pub(super) fn run(asked: Load) -> Result<(), BenchError> {
    let is_json = asked.json;
    let is_terminal = io::stderr().is_terminal();
    let measured = bench::run_load(plan(asked)?, &mut |progress| {
        // Behind the text, what is left of a longer line is erased.
        let (before, after) = if is_terminal { ("\r", "\x1b[K") } else { ("", "\n") };
        let _ = write!(io::stderr(), "{before}{progress}{after}");
    });
    if is_terminal {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let report = measured?;
    if is_json {
        println!("{}", report.json());
    } else {
        print!("{report}");
    }
    report.judge()
}

fn plan(asked: Load) -> Result<LoadPlan, BenchError> {
    let login = |user: String| client::password(&user).map(|password| Login { user, password });
    Ok(LoadPlan {
        address: asked.address,
        protocol: asked.protocol,
        login: asked.user.map(login).transpose()?,
        clients: asked.clients,
        pipeline: asked.pipeline,
        reads: asked.reads,
        keys: asked.keys,
        value_bytes: asked.value_bytes,
        zipf: asked.zipf,
        // What is no time is none, which is refused.
        time: Duration::try_from_secs_f64(asked.seconds).unwrap_or_default(),
        rate: asked.rate,
        fill: asked.load,
        seed: asked.seed,
    })
}
