//! `merkle-kv user`: arguments, and what is done with a file of users.

use crate::failure::Failure;
use clap::{Args, Subcommand};
use merkle_kv_actors::users::password_from_operator;
use merkle_kv_actors::users::tools::{self, NewUser};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a user, and make the file if it is not there.
    ///
    /// The password is asked for on the terminal, or is the first line of the standard input.
    Add {
        #[command(flatten)]
        file: UsersFile,
        /// 1 to 64 of A-Z, a-z, 0-9, '.', '_', '-' and '@'. default is who every client is before
        /// AUTH, if it has no password, and otherwise who AUTH with a password alone is for.
        name: String,
        /// What the user may do: read, write, admin, with commas between them.
        #[arg(long, value_delimiter = ',', required = true)]
        permissions: Vec<String>,
        /// A pattern of keys that the user may use, as for KEYS of Redis: 'sensor/*'. May be given
        /// several times; without it, all keys.
        #[arg(long, value_name = "PATTERN")]
        keys: Vec<String>,
        /// Without a password, for the user default only.
        #[arg(long)]
        no_password: bool,
    },
    /// Take a user out of the file.
    Remove {
        #[command(flatten)]
        file: UsersFile,
        /// The user.
        name: String,
    },
    /// Show each user with permissions and keys.
    List {
        #[command(flatten)]
        file: UsersFile,
    },
    /// Give a user another password; it is asked for as add does.
    Passwd {
        #[command(flatten)]
        file: UsersFile,
        /// The user.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct UsersFile {
    /// The file of users, security.users_file of the nodes.
    #[arg(long = "file", value_name = "FILE")]
    path: PathBuf,
}

pub(crate) fn run(user: User) -> Result<(), Failure> {
    let said = match user {
        User::Add { file, name, permissions, keys, no_password } => {
            let password = (!no_password).then_some(password_from_operator);
            tools::add(&file.path, &NewUser { name, permissions, keys }, password)?
        }
        User::Remove { file, name } => tools::remove(&file.path, &name)?,
        User::List { file } => {
            tools::list(&file.path)?.iter().for_each(|line| println!("{line}"));
            return Ok(());
        }
        User::Passwd { file, name } => {
            tools::change_password(&file.path, &name, password_from_operator)?
        }
    };
    println!("{said}");
    Ok(())
}
