//! The command line.

use crate::bench::Bench;
use clap::{Args, Parser, Subcommand};
use merkle_kv_core::config::NodeName;
use std::path::PathBuf;

/// A leaderless, fully replicated key-value node that broadcasts its writes over MQTT.
///
/// Without a subcommand it runs the node that the configuration file describes, until SIGTERM,
/// SIGINT or the SHUTDOWN command. Every key of the file can be overridden by an environment
/// variable: network.bind_port by MERKLE_KV_NETWORK_BIND_PORT.
///
/// Exit codes: 0 stopped in order, 2 bad configuration, 3 a port or the data directory is in use,
/// 4 the data directory is damaged, 1 anything else.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) config: ConfigFile,
    /// Start although the data directory is damaged: keep all that can be read, set the damaged
    /// files aside, and let the other nodes bring what is missing.
    #[arg(long)]
    pub(crate) repair: bool,
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
    /// Check a data directory: reads every byte of it, whether its node runs or not.
    ///
    /// Prints a line about each file, then what it all comes to. Exit code 4 if something that was
    /// acknowledged cannot be read. An end that a crash has torn is no damage.
    Verify {
        /// storage.data_dir of the node.
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
    },
    /// Copy what a node has stored into one file, whether it runs or not.
    Backup {
        /// storage.data_dir of the node.
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
        /// The file to make; it must not be there yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Make a data directory of a backup, before the node is started on it.
    Restore {
        /// A file that backup has made, or one in the folder backups of a data directory.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// storage.data_dir of the node; it must hold no data yet.
        #[arg(long, value_name = "DIR")]
        data_dir: PathBuf,
        /// The node that it is for, if not the one that made the backup.
        #[arg(long, value_name = "NAME", value_parser = node_name)]
        node_id: Option<NodeName>,
    },
    /// Measure a running server under a load of reads and writes; subcommands measure other things.
    ///
    /// Many connections ask for random keys, as fast as they are answered or at a given rate. Every
    /// reply is checked, and the exit code is 1 if one of them was an error. The keys that are
    /// written begin with user: and stay. docs/performance.md tells how to read what it prints.
    Bench(Bench),
}

fn node_name(text: &str) -> Result<NodeName, String> {
    NodeName::parse(text).ok_or_else(|| "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'".to_owned())
}
