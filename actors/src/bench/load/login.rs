//! Logging in, on every connection before the load begins.

use super::wire::Protocol;
use crate::bench::servers::ServerError;
use merkle_kv_core::console::{command_line, write_command};
use merkle_kv_core::protocol::Dialect;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may take to verify a password. Many are verified one after the other.
const PATIENCE: Duration = Duration::from_secs(60);

/// No reply to a login is longer.
const MAX_REPLY_BYTES: usize = 4_096;

/// Who asks.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// What it is verified with.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

impl Login {
    /// Logs in on a connection on which nothing has been asked.
    pub(super) fn on(
        &self,
        stream: &mut TcpStream,
        protocol: Protocol,
        address: SocketAddr,
    ) -> Result<(), ServerError> {
        let command = self.command(protocol)?;
        let failed = |source| ServerError::Connection { address, source };
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        stream.write_all(&command).map_err(failed)?;
        let reply = line(stream).map_err(failed)?;
        match reply.trim_end().trim_start_matches('+') {
            "OK" => Ok(()),
            refused => Err(ServerError::Refused { address, reply: refused.to_owned() }),
        }
    }

    pub(super) fn command(&self, protocol: Protocol) -> Result<Vec<u8>, ServerError> {
        let Login { user, password } = self;
        match protocol {
            Protocol::Text => {
                let words = ["AUTH", user, password].map(str::to_owned);
                let line = command_line(&words, Dialect::Standard);
                let line = line.map_err(|_| ServerError::Nothing(NO_LINE))?;
                Ok((line + "\r\n").into_bytes())
            }
            Protocol::Resp => {
                let mut command = Vec::new();
                write_command(&[b"AUTH", user.as_bytes(), password.as_bytes()], &mut command);
                Ok(command)
            }
            Protocol::Memcached => Err(ServerError::Nothing(NO_USERS)),
        }
    }
}

const NO_LINE: &str = "no line of the text protocol can carry this name; ask with --protocol resp";
const NO_USERS: &str = "memcached is asked without a login: leave out --user";

/// One line, and nothing behind it.
fn line(stream: &mut TcpStream) -> io::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\n") && line.len() < MAX_REPLY_BYTES {
        if stream.read(&mut byte)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        line.extend(byte);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}
