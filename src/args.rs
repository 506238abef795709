//! The command line.

use crate::bench::Bench;
use crate::console::{Cli, Status};
use crate::user::User;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand};
use clap_complete::Shell;
use merkle_kv_core::console::known_words;
use merkle_kv_core::naming::NodeName;
use std::ffi::OsStr;
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
    /// Change the file of users, security.users_file: who may log in, and do what.
    ///
    /// It is written anew as a whole, and keeps no comments. docs/security.md explains users.
    #[command(subcommand)]
    User(User),
    /// Talk to a node: at a prompt, one command from the arguments, or lines of standard input.
    ///
    /// Beside the commands of the node there are watch KEY, which shows each change of a key,
    /// export FILE and import FILE, for JSON lines and CSV: merkle-kv cli help watch tells
    /// their options. At the prompt there are history, completion of commands and keys (Tab), and
    /// help COMMAND. On a terminal replies are aligned and coloured; elsewhere they are the lines
    /// that the node sends, or JSON with --json. Exit code 1 if a command was refused or the node
    /// could not be asked. docs/cli.md has examples.
    Cli(Cli),
    /// Show a cluster as a table: its nodes, whether they are up, ready and hold the same.
    ///
    /// Asks the nodes that are named and the peers that they know. Roots that differ are looked at
    /// again for two seconds, as they do while writes travel. Exit code 0 if every node is up and
    /// ready and all roots are equal, otherwise 1, and the last line says why.
    Status(Status),
    /// Print completions for a shell: merkle-kv completions bash > FILE, to be sourced.
    Completions {
        /// Whose.
        shell: Shell,
    },
    /// Print the manual page, or write those of all subcommands into a folder.
    Man {
        /// The folder, which is made if it is not there.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

/// An address or a word, of which shells offer those that there are.
#[derive(Clone)]
pub(crate) struct AddressOrWord;

impl TypedValueParser for AddressOrWord {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(known_words().map(PossibleValue::new)))
    }
}

fn node_name(text: &str) -> Result<NodeName, String> {
    NodeName::parse(text).ok_or_else(|| "1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'".to_owned())
}
