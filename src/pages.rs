//! What is made of the command line itself: completions for shells, and manual pages.

use crate::args::Arguments;
use crate::failure::Failure;
use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io;
use std::path::Path;

const PROGRAM: &str = "merkle-kv";

/// Prints the completions for a shell.
pub(crate) fn completions(shell: Shell) -> Result<(), Failure> {
    // Into memory first: a reader that has had enough is no failure of this program.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), PROGRAM, &mut script);
    print(&script)
}

/// Prints the manual page of the program, or writes those of all subcommands into a folder.
pub(crate) fn man(folder: Option<&Path>) -> Result<(), Failure> {
    let command = Arguments::command().name(PROGRAM);
    match folder {
        None => {
            let mut page = Vec::new();
            let made = clap_mangen::Man::new(command).render(&mut page);
            made.map_err(|error| Failure::Other(error.into()))?;
            print(&page)
        }
        Some(folder) => {
            let written = std::fs::create_dir_all(folder)
                .and_then(|()| clap_mangen::generate_to(command, folder));
            let written = written
                .with_context(|| format!("cannot write manual pages to {}", folder.display()));
            written.map_err(Failure::Other)
        }
    }
}

fn print(page: &[u8]) -> Result<(), Failure> {
    match io::Write::write_all(&mut io::stdout().lock(), page) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Other(error.into()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
