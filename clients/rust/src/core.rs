//! What both clients do: keeps a connection, opens another one when it is needed, repeats reads.

use crate::connection::Connection;
use crate::options::{Login, Options};
use crate::reply::{FromReply, Mismatch};
use crate::transport::{Fault, Transport, left_until};
use crate::wire::{Answer, Request, Verb};
use crate::{Error, Pipeline, Reply, Result, ServerError};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::time::{Duration, Instant};

/// The pause behind the first attempt to connect; each that follows is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// A client, whatever its socket is.
///
/// A call takes the connection out, and puts it back when the reply is complete. So a connection
/// that may still have a reply to come, after a fault or because the call was dropped, is closed.
pub(crate) struct Core<T> {
    options: Options,
    /// Who logged in with the last call of auth, or by the options.
    login: Option<Login>,
    connection: Option<Connection<T>>,
    is_closed: bool,
}

impl<T: Transport> Core<T> {
    pub(crate) fn new(options: Options) -> Core<T> {
        Core { login: options.login.clone(), options, connection: None, is_closed: false }
    }

    pub(crate) fn node(&self) -> String {
        self.options.node()
    }

    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        self.connection = None;
    }

    /// Opens the connection, if there is none.
    pub(crate) async fn connect(&mut self) -> Result<()> {
        let connection = self.take(self.options.deadline()).await;
        self.connection = Some(connection.map_err(|fault| self.error(fault))?);
        Ok(())
    }

    /// Makes a call and gives what its operation gives.
    pub(crate) async fn call<R: FromReply>(&mut self, verb: Verb, args: &[&[u8]]) -> Result<R> {
        let request = Request { verb, args };
        let reply = match request.reply_to_nothing() {
            Some(reply) => reply,
            None => self.ask(&request).await?,
        };
        R::from_reply(reply).map_err(|mismatch| self.mismatch(verb, &mismatch))
    }

    /// Runs a pipeline and gives the result of each command.
    pub(crate) async fn run(
        &mut self,
        pipeline: &Pipeline,
    ) -> Result<Vec<std::result::Result<Reply, ServerError>>> {
        if pipeline.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.exchange_all(pipeline).await.map_err(|fault| self.error(fault))?;
        let refused = |sentence| ServerError { node: self.node(), sentence };
        Ok(answers.into_iter().map(|answer| answer.map_err(refused)).collect())
    }

    /// Logs in, and has every connection from now on do so.
    pub(crate) async fn auth(&mut self, user: &str, password: &str) -> Result<()> {
        self.call::<()>(Verb::Auth, &[user.as_bytes(), password.as_bytes()]).await?;
        self.login = Some(Login { user: user.to_owned(), password: password.to_owned() });
        Ok(())
    }

    pub(crate) fn mismatch(&self, verb: Verb, mismatch: &Mismatch) -> Error {
        let word = verb.word();
        let reason = match mismatch {
            Mismatch::NotText => {
                format!("the reply to {word} is not UTF-8: a value of bytes is read with get_bytes")
            }
            Mismatch::OtherReply => format!("the reply to {word} is not one to this command"),
        };
        Error::Protocol { node: self.node(), reason }
    }

    async fn ask(&mut self, request: &Request<'_>) -> Result<Reply> {
        let answer = self.exchange(request).await.map_err(|fault| self.error(fault))?;
        answer.map_err(|sentence| ServerError { node: self.node(), sentence }.into())
    }

    /// Reads are asked once more if the connection breaks.
    async fn exchange(&mut self, request: &Request<'_>) -> std::result::Result<Answer, Fault> {
        let deadline = self.options.deadline();
        let mut may_repeat = request.verb.is_read();
        loop {
            let mut connection = self.take(deadline).await?;
            let outcome = connection.exchange(request, deadline).await;
            match &outcome {
                Err(Fault::Broken(_)) if may_repeat => may_repeat = false,
                Ok(_) | Err(Fault::Argument(_)) => {
                    self.connection = Some(connection);
                    return outcome;
                }
                Err(_) => return outcome,
            }
        }
    }

    async fn exchange_all(
        &mut self,
        pipeline: &Pipeline,
    ) -> std::result::Result<Vec<Answer>, Fault> {
        let deadline = self.options.deadline();
        let mut connection = self.take(deadline).await?;
        let outcome = connection.exchange_all(pipeline, self.options.timeout, deadline).await;
        if matches!(outcome, Ok(_) | Err(Fault::Argument(_))) {
            self.connection = Some(connection);
        }
        outcome
    }

    /// The connection, or a new one if there is none that may be used.
    async fn take(&mut self, deadline: Instant) -> std::result::Result<Connection<T>, Fault> {
        if self.is_closed {
            let reason = "the client was closed; make another one to go on";
            return Err(io::Error::new(io::ErrorKind::NotConnected, reason).into());
        }
        if let Some(mut connection) = self.connection.take()
            && connection.is_usable(deadline - self.options.timeout).await
        {
            return Ok(connection);
        }
        self.open(deadline).await
    }

    async fn open(&self, deadline: Instant) -> std::result::Result<Connection<T>, Fault> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..self.options.connect_attempts {
            match Connection::open(&self.options, self.login.as_ref(), deadline).await {
                Err(Fault::Broken(_)) if left_until(deadline)? > pause => {}
                outcome => return outcome,
            }
            T::pause(jittered(pause)).await;
            pause *= 2;
        }
        Connection::open(&self.options, self.login.as_ref(), deadline).await
    }

    fn error(&self, fault: Fault) -> Error {
        let node = self.node();
        match fault {
            Fault::Late => Error::Timeout { node, timeout: self.options.timeout },
            Fault::Broken(source) => Error::Connection { node, source },
            Fault::Malformed(reason) => Error::Protocol { node, reason },
            Fault::Refused(sentence) => ServerError { node, sentence }.into(),
            Fault::Argument(error) => error,
        }
    }
}

/// Leaves off up to half of a pause at random, so that many clients do not come back at once.
fn jittered(pause: Duration) -> Duration {
    // Each state of a hash map has random keys: enough for this, and no further dependency.
    let random = RandomState::new().hash_one(()) >> 32;
    let share = f64::from(u32::try_from(random).unwrap_or_default()) / f64::from(u32::MAX);
    pause.mul_f64(1.0 - share / 2.0)
}
