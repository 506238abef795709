//! Asks for the password of a user without showing it. It is no argument, which every user of the
//! machine could read in the list of processes.

use super::error::CallError;
use crate::hidden_terminal::Hidden;
use std::env;
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Read, Write};

/// Has the password where nobody can be asked. Not `MERKLE_KV_…`, as a node reports names of that
/// form that are no configuration key.
pub const PASSWORD_VARIABLE: &str = "MERKLEKV_PASSWORD";

/// No password is longer; what is typed beyond is left out.
const MAX_PASSWORD_BYTES: u64 = 4096;

/// The password of a user: from the environment, or typed at the terminal, whatever standard input
/// is.
pub fn password(user: &str) -> Result<String, CallError> {
    match env::var(PASSWORD_VARIABLE) {
        Ok(password) => Ok(password),
        Err(_) => typed(user).map_err(|source| CallError::Password {
            user: user.to_owned(),
            variable: PASSWORD_VARIABLE,
            source,
        }),
    }
}

fn typed(user: &str) -> io::Result<String> {
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    let while_hidden = Hidden::new(&terminal)?;
    (&terminal).write_all(format!("password of {user}: ").as_bytes())?;
    let mut line = String::new();
    let read = BufReader::new((&terminal).take(MAX_PASSWORD_BYTES)).read_line(&mut line);
    drop(while_hidden);
    // The line end that was typed was not shown either.
    (&terminal).write_all(b"\n")?;
    read.map(|_| line.trim_end_matches(['\r', '\n']).to_owned())
}
