//! One connection to one node.

use super::error::CallError;
use super::secure::Secured;
use super::stream::{MAX_REPLY_BYTES, Stream};
use super::wire::Wire;
use crate::random;
use merkle_kv_core::console::{
    ClientReply, Garbage, RawReply, ReplyReader, command_line, with_port,
};
use merkle_kv_core::protocol::Dialect;
use std::fmt;
use std::time::{Duration, Instant};

/// Whom to ask, and as whom.
#[derive(Clone)]
pub struct Target {
    address: String,
    login: Option<(String, String)>,
    tls: Option<Secured>,
}

/// Without the password.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.login.as_ref().map(|(user, _)| user);
        f.debug_struct("Target").field("address", &self.address).field("user", &user).finish()
    }
}

impl Target {
    /// A node at `host` or `host:port`, and a name and a password for it.
    pub fn new(address: &str, login: Option<(String, String)>) -> Result<Target, CallError> {
        let address =
            with_port(address).ok_or_else(|| CallError::Address { address: address.to_owned() })?;
        Ok(Target { address, login, tls: None })
    }

    /// The same, met over TLS if there is any.
    #[must_use]
    pub fn secured(self, tls: Option<Secured>) -> Target {
        Target { tls, ..self }
    }

    /// The same login at another address.
    pub fn at(&self, address: &str) -> Result<Target, CallError> {
        Ok(Target::new(address, self.login.clone())?.secured(self.tls.clone()))
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name to log in with.
    pub fn user(&self) -> Option<&str> {
        self.login.as_ref().map(|(user, _)| user.as_str())
    }

    pub(super) fn login(&self) -> Option<(&str, &str)> {
        self.login.as_ref().map(|(user, password)| (user.as_str(), password.as_str()))
    }

    pub(super) fn tls(&self) -> Option<&Secured> {
        self.tls.as_ref()
    }
}

/// How long a reply is waited for.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// So long for each of its lines.
    EachLine(Duration),
    /// Until this moment for all of it.
    Until(Instant),
}

impl Patience {
    pub(super) fn left(self) -> Duration {
        // A wait of nothing would be one without an end.
        const LEAST: Duration = Duration::from_millis(1);
        match self {
            Patience::EachLine(limit) => limit,
            Patience::Until(deadline) => deadline.saturating_duration_since(Instant::now()),
        }
        .max(LEAST)
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Patience::Until(deadline) if Instant::now() >= deadline)
    }
}

/// An open connection. Dropping it closes it.
pub struct Connection {
    stream: Stream,
    dialect: Dialect,
}

impl Connection {
    /// Connects, finds out how the node words its replies, and logs in.
    pub fn open(target: &Target, patience: Patience) -> Result<Connection, CallError> {
        Connection::on(Stream::open(target, patience)?, target, patience)
    }

    /// The same over a stream that is connected already.
    pub fn over(
        wire: Box<dyn Wire>,
        target: &Target,
        patience: Patience,
    ) -> Result<Connection, CallError> {
        Connection::on(Stream::over(wire, &target.address, patience), target, patience)
    }

    fn on(stream: Stream, target: &Target, patience: Patience) -> Result<Connection, CallError> {
        let mut connection = Connection { stream, dialect: Dialect::Standard };
        connection.greet()?;
        if let Some((user, password)) = target.login() {
            connection.log_in(user, password, patience)?;
        }
        Ok(connection)
    }

    /// The dialect shows in what the node says of its version, which everybody may ask.
    fn greet(&mut self) -> Result<(), CallError> {
        self.send(b"VERSION")?;
        let line = self.stream.line()?;
        let said = String::from_utf8_lossy(&line).into_owned();
        if said.starts_with("MerkleKV ") {
            return Ok(());
        }
        if said.starts_with("VERSION ") {
            self.dialect = Dialect::Legacy;
            return Ok(());
        }
        let address = self.stream.address.clone();
        Err(match said.strip_prefix("ERROR") {
            Some(rest) => {
                let said = rest.trim_start_matches([':', ' ']).to_owned();
                CallError::TurnedAway { address, said }
            }
            None => CallError::Garbage { address, garbage: Garbage::of(&line) },
        })
    }

    fn log_in(&mut self, user: &str, password: &str, patience: Patience) -> Result<(), CallError> {
        let words = ["AUTH", user, password].map(str::to_owned);
        let line = command_line(&words, self.dialect)?;
        let reply = ClientReply::of(&self.ask(line.as_bytes(), patience)?);
        let ClientReply::Error(said) = reply else {
            return Ok(());
        };
        Err(CallError::Login { address: self.stream.address.clone(), user: user.to_owned(), said })
    }

    /// How the node words its replies.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the node has closed it while nothing was asked.
    pub fn is_closed(&self) -> bool {
        self.stream.is_closed()
    }

    /// Sends one line, without its line end, and waits for the whole reply.
    pub fn ask(&mut self, line: &[u8], patience: Patience) -> Result<RawReply, CallError> {
        self.stream.set_patience(patience);
        let mut reader = match self.dialect {
            Dialect::Standard => {
                self.send(line)?;
                ReplyReader::standard()
            }
            Dialect::Legacy => {
                let mark = format!("{:016x}", random::number());
                self.send(&[line, b"\nPING ", mark.as_bytes()].concat())?;
                ReplyReader::legacy(&mark)
            }
        };
        let mut bytes = 0;
        loop {
            let line = match self.stream.line() {
                Err(error) if error.is_gone() => return reader.cut().ok_or(error),
                line => line?,
            };
            bytes += line.len();
            if bytes > MAX_REPLY_BYTES {
                return Err(self.stream.too_long());
            }
            let taken = reader.take(line).map_err(|garbage| CallError::Garbage {
                address: self.stream.address.clone(),
                garbage,
            });
            if let Some(reply) = taken? {
                return Ok(reply);
            }
        }
    }

    fn send(&mut self, line: &[u8]) -> Result<(), CallError> {
        self.stream.send(&[line, b"\n"].concat())
    }
}
