//! The command line.

use crate::bench::Bench;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// A leaderless, fully replicated key-value node that broadcasts its writes over MQTT.
///
/// Without a subcommand it runs the node that the configuration file describes, until SIGTERM,
/// SIGINT or the SHUTDOWN command. Every key of the file can be overridden by an environment
/// variable: network.bind_port by MERKLE_KV_NETWORK_BIND_PORT.
///
/// Exit codes: 0 stopped in order, 2 bad configuration, 3 a port is in use, 1 anything else.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration file (TOML); configs/reference.toml explains every key.
    #[arg(long = "config", value_name = "FILE", default_value = "merkle-kv.toml")]
    pub(crate) path: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a configuration without starting anything; reports every mistake at once.
    CheckConfig {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Print the configuration as the node would use it, secrets masked.
    PrintConfig {
        #[command(flatten)]
        config: ConfigFile,
        /// Print instead every key with its default and a comment, as in configs/reference.toml.
        #[arg(long)]
        reference: bool,
    },
    /// Measure: how fast writes travel between running nodes, and what anti-entropy costs.
    #[command(subcommand)]
    Bench(Bench),
}
