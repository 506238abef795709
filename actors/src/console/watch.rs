//! `watch`: looks at a key again and again, as the protocol has no way to be told. What is news and
//! how it looks, `core::console` says.

use super::interrupts::Awaited;
use super::screen::Screen;
use super::{ConsoleError, Outcome};
use crate::client::{CallError, RespConnection, Target};
use crate::logging::Timestamp;
use crate::{random, wall_clock};
use merkle_kv_core::backoff::{Attempt, Backoff};
use merkle_kv_core::console::{RespReply, Seen, Watched, write_command};
use std::time::{Duration, SystemTime};

/// For a connection, and for each look. Ctrl-C is not noticed meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two attempts to reach a node that is away.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(5) };

/// What to watch, and how often to look.
pub(super) struct WatchPlan {
    pub(super) key: Vec<u8>,
    pub(super) count: Option<u64>,
    pub(super) interval: Duration,
    pub(super) ttl: bool,
}

/// Shows what the key has now, then each change, until there were enough or Ctrl-C.
pub(super) fn run(
    plan: WatchPlan,
    target: &Target,
    screen: &Screen,
    interrupts: &Awaited<'_>,
) -> Result<Outcome, ConsoleError> {
    let WatchPlan { key, count, interval, ttl } = plan;
    let mut looker = Looker::new(target, &key)?;
    let mut watched = Watched::new(key, ttl);
    // The first look shows what is there, and is no change.
    let mut lines_left = count.map(|count| count.saturating_add(1));
    loop {
        let pause = match looker.look()? {
            Ok(seen) => {
                if watched.is_news(&seen, wall_clock::now()) {
                    let time = Timestamp(SystemTime::now()).to_string();
                    screen.news(&watched, &seen, &time)?;
                    lines_left = lines_left.map(|left| left.saturating_sub(1));
                }
                interval
            }
            Err(pause) => pause,
        };
        if lines_left == Some(0) {
            return Ok(Outcome::AllDone);
        }
        if interrupts.within(pause) {
            // Behind the ^C that a terminal shows.
            screen.end_line()?;
            return Ok(Outcome::AllDone);
        }
    }
}

/// Looks at a key on a node that may be away for a while.
struct Looker<'a> {
    target: &'a Target,
    command: Vec<u8>,
    connection: Option<RespConnection>,
    failures: Attempt,
}

impl<'a> Looker<'a> {
    /// Fails if the node is not there from the beginning.
    fn new(target: &'a Target, key: &[u8]) -> Result<Looker<'a>, CallError> {
        let mut command = Vec::new();
        write_command(&[b"GET", key], &mut command);
        write_command(&[b"PTTL", key], &mut command);
        let connection = Some(RespConnection::open(target, PATIENCE)?);
        Ok(Looker { target, command, connection, failures: Attempt(0) })
    }

    /// What the key has; or how long to wait before looking again, as the node is away.
    fn look(&mut self) -> Result<Result<Seen, Duration>, CallError> {
        match self.look_once() {
            Ok(seen) => {
                if self.failures > Attempt(0) {
                    eprintln!("{}: connected again", self.target.address());
                    self.failures = Attempt(0);
                }
                Ok(Ok(seen))
            }
            Err(error) if error.may_pass() => {
                if self.failures == Attempt(0) {
                    eprintln!("{}; trying again until the node is back", error.shown());
                }
                self.failures = self.failures.next();
                Ok(Err(BACKOFF.delay(self.failures, random::number())))
            }
            Err(error) => Err(error),
        }
    }

    fn look_once(&mut self) -> Result<Seen, CallError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => RespConnection::open(self.target, PATIENCE)?,
        };
        connection.send(&self.command)?;
        let value = match connection.reply()? {
            RespReply::Bulk(value) => Some(value),
            RespReply::Null => None,
            other => return Err(connection.unexpected(&other)),
        };
        let left_millis = match connection.reply()? {
            RespReply::Number(left) => u64::try_from(left).ok(),
            other => return Err(connection.unexpected(&other)),
        };
        self.connection = Some(connection);
        Ok(Seen { value, left_millis })
    }
}
