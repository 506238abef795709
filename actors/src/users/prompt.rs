//! Asks an operator for a password: on a terminal without showing it, twice, otherwise as the line
//! that comes on standard input. Never an argument of a process, which others can read.

use super::error::UsersError;
use crate::hidden_terminal::Hidden;
use merkle_kv_core::access::MAX_PASSWORD_BYTES;
use std::io::{self, BufRead, IsTerminal, Read, Stdin, Write};

/// A new password.
pub fn password_from_operator() -> Result<Vec<u8>, UsersError> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return checked(line(&stdin).map_err(UsersError::Input)?);
    }
    let password = checked(hidden(&stdin, "new password: ").map_err(UsersError::Input)?)?;
    let again = hidden(&stdin, "again: ").map_err(UsersError::Input)?;
    if again == password { Ok(password) } else { Err(UsersError::NotTheSame) }
}

fn checked(password: Vec<u8>) -> Result<Vec<u8>, UsersError> {
    let is_typed =
        std::str::from_utf8(&password).is_ok_and(|text| !text.contains(char::is_control));
    let is_good = is_typed && (1..=MAX_PASSWORD_BYTES).contains(&password.len());
    if is_good { Ok(password) } else { Err(UsersError::BadPassword) }
}

/// A line without its end; of one that is too long as much as shows that it is.
fn line(stdin: &Stdin) -> io::Result<Vec<u8>> {
    const ENOUGH: u64 = MAX_PASSWORD_BYTES as u64 + 2;
    let mut line = Vec::new();
    stdin.lock().take(ENOUGH).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Ok(line)
}

fn hidden(stdin: &Stdin, prompt: &str) -> io::Result<Vec<u8>> {
    let mut stderr = io::stderr();
    // First, as it throws away what was typed before.
    let while_hidden = Hidden::new(stdin)?;
    stderr.write_all(prompt.as_bytes())?;
    let line = line(stdin);
    drop(while_hidden);
    // The line end that was typed was not shown either.
    stderr.write_all(b"\n")?;
    line
}
