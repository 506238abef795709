//! `cli` and `status` on the command line: their arguments, and what becomes of them.

use crate::args::AddressOrWord;
use crate::failure::Failure;
use clap::Args;
use merkle_kv_actors::client::{self, CallError, Secured, Target};
use merkle_kv_actors::console::{self, ConsoleError, ConsolePlan, Outcome};
use merkle_kv_actors::overview::{self, StatusPlan};
use merkle_kv_core::config::IdentityFiles;
use merkle_kv_core::console::split_address;
use std::path::PathBuf;
use std::time::Duration;

const DEFAULT_NODE: &str = "127.0.0.1:7379";

/// How both of them log in and look.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// Log in as this user. The password is asked for on the terminal, or taken from the environment
    /// variable MERKLEKV_PASSWORD.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Speak TLS, as a node with tls.enabled does.
    #[arg(long)]
    tls: bool,
    /// Certificates (PEM) that nodes are verified with; by default those that the system trusts.
    #[arg(long, value_name = "FILE", requires = "tls")]
    ca_file: Option<PathBuf>,
    /// Certificate (PEM) to show to a node that asks for one, and its private key.
    #[arg(long, value_name = "FILE", requires_all = ["tls", "key_file"])]
    cert_file: Option<PathBuf>,
    /// Private key (PEM) of that certificate.
    #[arg(long, value_name = "FILE", requires_all = ["tls", "cert_file"])]
    key_file: Option<PathBuf>,
    /// Print JSON; docs/cli.md lists its members.
    #[arg(long)]
    json: bool,
    /// No colours, also on a terminal. The variable NO_COLOR does the same.
    #[arg(long)]
    no_color: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Cli {
    #[command(flatten)]
    access: Access,
    /// The node; 127.0.0.1:7379 if the first argument has no colon, and then it begins the command.
    #[arg(value_name = "HOST:PORT", value_parser = AddressOrWord, hide_possible_values = true)]
    node: Option<String>,
    /// One command of the node, or watch, export or import, and its arguments, each of which is taken
    /// for exactly what it is. Without one, lines of standard input are commands. Where an argument
    /// may begin with a dash, name the node, or put -- before the command.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    #[command(flatten)]
    access: Access,
    /// Look again after so many seconds, until Ctrl-C.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    watch: Option<u64>,
    /// Nodes of the cluster; one is enough, as it tells of the others.
    #[arg(value_name = "HOST:PORT", default_values = [DEFAULT_NODE])]
    nodes: Vec<String>,
}

/// Runs commands on a node.
pub(crate) fn cli(cli: Cli) -> Result<(), Failure> {
    let words: Vec<String> = cli.node.into_iter().chain(cli.command).collect();
    let (address, command) = split_address(&words);
    let plan = ConsolePlan {
        target: cli.access.target(address.unwrap_or(DEFAULT_NODE))?,
        command: command.to_vec(),
        json: cli.access.json,
        no_color: cli.access.no_color,
    };
    match console::run(plan).map_err(console_failure)? {
        Outcome::AllDone => Ok(()),
        Outcome::SomeRefused => Err(Failure::Told),
    }
}

/// Shows a cluster.
pub(crate) fn status(status: Status) -> Result<(), Failure> {
    let access = &status.access;
    let [first, others @ ..] = &status.nodes[..] else {
        return Ok(());
    };
    let first = access.target(first)?;
    let others = others.iter().map(|node| first.at(node));
    let others = others.collect::<Result<Vec<_>, _>>().map_err(failure)?;
    let plan = StatusPlan {
        targets: [vec![first], others].concat(),
        json: access.json,
        no_color: access.no_color,
        watch: status.watch.map(Duration::from_secs),
    };
    let verdict = overview::run(&plan).map_err(|error| Failure::Other(error.into()))?;
    if verdict.is_well() { Ok(()) } else { Err(Failure::Told) }
}

impl Access {
    fn target(&self, address: &str) -> Result<Target, Failure> {
        let login = |user: &String| client::password(user).map(|password| (user.clone(), password));
        let login = self.user.as_ref().map(login).transpose().map_err(failure)?;
        let target = Target::new(address, login).map_err(failure)?;
        Ok(target.secured(self.secured()?))
    }

    fn secured(&self) -> Result<Option<Secured>, Failure> {
        if !self.tls {
            return Ok(None);
        }
        let files = self.cert_file.clone().zip(self.key_file.clone());
        let identity = files.map(|(cert_file, key_file)| IdentityFiles { cert_file, key_file });
        let secured = Secured::load(self.ca_file.as_deref(), identity.as_ref());
        secured.map(Some).map_err(|error| Failure::Other(error.into()))
    }
}

fn console_failure(error: ConsoleError) -> Failure {
    match error {
        ConsoleError::Usage(_) => Failure::Configuration(error.into()),
        error => Failure::Other(error.into()),
    }
}

fn failure(error: CallError) -> Failure {
    Failure::Other(anyhow::anyhow!(error.shown()))
}
