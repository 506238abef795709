//! The program `merkle-kv`: arguments, configuration, logging, and a node. Decides nothing.

mod args;
mod bench;
mod console;
mod failure;
mod pages;
mod run;
mod user;

use args::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use merkle_kv_allocator::Allocator;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.command {
        None => run::node(&arguments.config.path, arguments.repair),
        Some(Command::CheckConfig { config }) => run::check_config(&config.path),
        Some(Command::PrintConfig { reference: true, .. }) => run::print_reference(),
        Some(Command::PrintConfig { config, .. }) => run::print_config(&config.path),
        Some(Command::Verify { data_dir }) => run::verify(&data_dir),
        Some(Command::Backup { data_dir, to }) => run::backup(&data_dir, &to),
        Some(Command::Restore { from, data_dir, node_id }) => {
            run::restore(&from, &data_dir, node_id.as_ref())
        }
        Some(Command::Bench(bench)) => bench::run(bench),
        Some(Command::User(user)) => user::run(user),
        Some(Command::Cli(cli)) => console::cli(cli),
        Some(Command::Status(status)) => console::status(status),
        Some(Command::Completions { shell }) => pages::completions(shell),
        Some(Command::Man { out }) => pages::man(out.as_deref()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure @ Failure::Told) => failure.exit_code(),
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}
