//! A conversation with one node, which survives one end of its connection.

use crate::client::{CallError, Connection, Patience, Target};
use merkle_kv_core::console::{ClientReply, RawReply, command_line};
use merkle_kv_core::protocol::{Access, Dialect, text_commands};
use std::time::Duration;

/// For a connection, and for each line of a reply.
const PATIENCE: Duration = Duration::from_secs(5);

/// For commands that look at many keys before they answer.
const LONG_PATIENCE: Duration = Duration::from_secs(60);

/// For sessions with peers, one of which may fill a whole node.
const SYNC_PATIENCE: Duration = Duration::from_secs(600);

/// More keys than these are not offered for completion.
const MAX_OFFERED: usize = 100;

/// The node, and the connection to it.
pub(crate) struct Session {
    target: Target,
    dialect: Dialect,
    /// Nothing after a failure: half a reply may still be on its way on the old one.
    connection: Option<Connection>,
}

impl Session {
    pub(crate) fn open(target: Target) -> Result<Session, CallError> {
        let connection = Connection::open(&target, Patience::EachLine(PATIENCE))?;
        Ok(Session { target, dialect: connection.dialect(), connection: Some(connection) })
    }

    pub(crate) fn address(&self) -> &str {
        self.target.address()
    }

    pub(crate) fn command_line(&self, arguments: &[String]) -> Result<String, CallError> {
        Ok(command_line(arguments, self.dialect)?)
    }

    /// Asks. A connection that has ended before is opened again first; one that ends while a command
    /// that changes nothing waits for its reply is opened again and asked again.
    pub(crate) fn ask(&mut self, line: &[u8]) -> Result<RawReply, CallError> {
        let patience = Patience::EachLine(patience(line));
        match self.ask_once(line, patience) {
            Err(error) if error.is_gone() && changes_nothing(line) => self.ask_once(line, patience),
            Err(error) if error.is_gone() => {
                eprintln!(
                    "{} has closed the connection before it answered: whether it has carried the \
                     command out is not known",
                    self.target.address(),
                );
                Err(error)
            }
            asked => asked,
        }
    }

    fn ask_once(&mut self, line: &[u8], patience: Patience) -> Result<RawReply, CallError> {
        let usable = self.connection.take().filter(|connection| !connection.is_closed());
        let mut connection = match usable {
            Some(connection) => connection,
            None => self.open_again()?,
        };
        let reply = connection.ask(line, patience)?;
        self.connection = Some(connection);
        Ok(reply)
    }

    fn open_again(&mut self) -> Result<Connection, CallError> {
        let connection = Connection::open(&self.target, Patience::EachLine(PATIENCE))?;
        self.dialect = connection.dialect();
        let login = match self.target.user() {
            Some(_) => "",
            None => "; log in again if AUTH was used",
        };
        eprintln!("{}: the connection had ended; connected again{login}", self.target.address());
        Ok(connection)
    }

    /// Some keys that begin so; none if the node does not say.
    pub(crate) fn keys(&mut self, prefix: &str) -> Vec<String> {
        let words = ["SCAN", prefix, "LIMIT", &MAX_OFFERED.to_string()].map(str::to_owned);
        let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let Ok(line) = self.command_line(&words) else {
            return Vec::new();
        };
        // Whoever types waits for this, and is not told why there is nothing.
        match self.ask_once(line.as_bytes(), Patience::EachLine(PATIENCE)) {
            Ok(reply) => match ClientReply::of(&reply) {
                ClientReply::Keys(keys) => keys.into_iter().filter_map(typed).collect(),
                ClientReply::Word(_)
                | ClientReply::Null
                | ClientReply::Value(_)
                | ClientReply::Fact(..)
                | ClientReply::Values(_)
                | ClientReply::Report(..)
                | ClientReply::Error(_) => Vec::new(),
            },
            Err(_) => Vec::new(),
        }
    }
}

/// A key as it can be typed; nothing if it cannot.
fn typed(key: Vec<u8>) -> Option<String> {
    let key = String::from_utf8(key).ok()?;
    let is_typed = merkle_kv_core::console::printable(key.as_bytes()) == key;
    (is_typed && !key.contains([' ', '\t'])).then_some(key)
}

/// The command, in upper case.
pub(super) fn word(line: &[u8]) -> String {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    String::from_utf8_lossy(word).to_ascii_uppercase()
}

fn patience(line: &[u8]) -> Duration {
    match word(line).as_str() {
        "SYNC" => SYNC_PATIENCE,
        "SCAN" | "HASH" | "FLUSH" | "FLUSHDB" | "FLUSHALL" | "TRUNCATE" | "MGET" | "MSET"
        | "EXISTS" | "SHUTDOWN" => LONG_PATIENCE,
        _ => PATIENCE,
    }
}

fn changes_nothing(line: &[u8]) -> bool {
    let word = word(line);
    let row = text_commands().find(|spec| spec.name == word || spec.aliases.contains(&&*word));
    row.is_some_and(|spec| match spec.access {
        Access::Any | Access::Read => spec.name != "QUIT",
        Access::Write | Access::Admin => false,
    })
}
