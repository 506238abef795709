//! An open connection: the handshake, and commands with their replies.

use crate::link::Link;
use crate::options::{Login, Options};
use crate::transport::{Fault, Transport};
use crate::wire::{Answer, Dialect, Request, Verb};
use crate::{Pipeline, Reply};
use std::io;
use std::time::{Duration, Instant};

/// After this long a connection is looked at before it is used again: the node may have closed it.
const IDLE: Duration = Duration::from_secs(1);

/// How many bytes of commands are on their way before their replies are read. A node stops reading
/// from a client that leaves more than 256 KiB of replies unread.
const CHUNK_BYTES: usize = 32 * 1024;

/// A connection on which the node has greeted. It is thrown away after any fault.
pub(crate) struct Connection<T> {
    transport: T,
    link: Link,
    dialect: Dialect,
    used: Instant,
}

impl<T: Transport> Connection<T> {
    /// Connects, encrypts, learns the dialect and logs in.
    pub(crate) async fn open(
        options: &Options,
        login: Option<&Login>,
        deadline: Instant,
    ) -> Result<Connection<T>, Fault> {
        let cipher = options.cipher()?;
        let mut connection = Connection {
            transport: T::open(&options.host, options.port, deadline).await?,
            link: Link::new(options.reply_limit, cipher),
            dialect: Dialect::Standard,
            used: Instant::now(),
        };
        while connection.link.is_handshaking() {
            connection.send(deadline).await?;
            connection.fill(deadline).await?;
        }
        connection.greet(deadline).await?;
        if let Some(Login { user, password }) = login {
            let args = [user.as_bytes(), password.as_bytes()];
            let request = Request { verb: Verb::Auth, args: &args };
            connection.exchange(&request, deadline).await?.map_err(Fault::Refused)?;
        }
        Ok(connection)
    }

    /// Sends a command and waits for its reply.
    pub(crate) async fn exchange(
        &mut self,
        request: &Request<'_>,
        deadline: Instant,
    ) -> Result<Answer, Fault> {
        if request.is_behind_all_keys(self.dialect) {
            return Ok(Ok(Reply::Values(Vec::new())));
        }
        request.check(self.dialect).map_err(Fault::Argument)?;
        request.encode(self.dialect, self.link.outgoing());
        self.send(deadline).await?;
        loop {
            if let Some(answer) = self.link.decoder.decode(request, self.dialect)? {
                return Ok(answer);
            }
            self.fill(deadline).await?;
        }
    }

    /// Sends the commands of a pipeline, a chunk at a time. Each reply may take as long as the
    /// timeout; that of the first one includes what was done before.
    pub(crate) async fn exchange_all(
        &mut self,
        pipeline: &Pipeline,
        timeout: Duration,
        mut deadline: Instant,
    ) -> Result<Vec<Answer>, Fault> {
        self.check_all(pipeline)?;
        let mut args = Vec::new();
        let mut answers = Vec::with_capacity(pipeline.len());
        while answers.len() < pipeline.len() {
            let end = self.encode_chunk(pipeline, answers.len());
            self.send(deadline).await?;
            while answers.len() < end {
                let verb = pipeline.command(answers.len(), &mut args);
                let request = Request { verb, args: &args };
                if let Some(reply) = request.reply_to_nothing() {
                    answers.push(Ok(reply));
                } else if let Some(answer) = self.link.decoder.decode(&request, self.dialect)? {
                    answers.push(answer);
                    deadline = Instant::now() + timeout;
                } else {
                    self.fill(deadline).await?;
                }
            }
        }
        Ok(answers)
    }

    /// Whether the next command may be sent: the node has not closed the connection meanwhile, and
    /// has sent nothing that was not asked for.
    pub(crate) async fn is_usable(&mut self, now: Instant) -> bool {
        let was_idle = now.saturating_duration_since(self.used) >= IDLE;
        self.used = now;
        !self.link.decoder.holds_more() && (!was_idle || self.is_quiet().await)
    }

    async fn is_quiet(&mut self) -> bool {
        loop {
            match self.transport.read_now(self.link.space()).await {
                Ok(None) => return !self.link.decoder.holds_more(),
                Ok(Some(0)) | Err(_) => return false,
                // What encryption says by itself is no reply.
                Ok(Some(count)) => {
                    if self.link.received(count).is_err() || self.link.decoder.holds_more() {
                        return false;
                    }
                }
            }
        }
    }

    async fn greet(&mut self, deadline: Instant) -> Result<(), Fault> {
        let request = Request { verb: Verb::Version, args: &[] };
        request.encode(self.dialect, self.link.outgoing());
        self.send(deadline).await?;
        loop {
            if let Some(greeting) = self.link.decoder.greeting()? {
                self.dialect = greeting.map_err(Fault::Refused)?;
                return Ok(());
            }
            self.fill(deadline).await?;
        }
    }

    /// Nothing of a pipeline is sent if the dialect cannot carry all of it.
    fn check_all(&self, pipeline: &Pipeline) -> Result<(), Fault> {
        if self.dialect == Dialect::Legacy {
            let mut args = Vec::new();
            for at in 0..pipeline.len() {
                let verb = pipeline.command(at, &mut args);
                Request { verb, args: &args }.check(self.dialect).map_err(Fault::Argument)?;
            }
        }
        Ok(())
    }

    /// Writes the commands from a place on that make a chunk, at least one. Gives where they end.
    fn encode_chunk(&mut self, pipeline: &Pipeline, first: usize) -> usize {
        let out = self.link.outgoing();
        let mut args = Vec::new();
        for at in first..pipeline.len() {
            let before = out.len();
            let verb = pipeline.command(at, &mut args);
            let request = Request { verb, args: &args };
            if request.reply_to_nothing().is_none() {
                request.encode(self.dialect, out);
            }
            if out.len() > CHUNK_BYTES && before > 0 {
                out.truncate(before);
                return at;
            }
        }
        pipeline.len()
    }

    async fn send(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.transport.write_all(self.link.sealed()?, deadline).await?;
        self.link.sent();
        Ok(())
    }

    async fn fill(&mut self, deadline: Instant) -> Result<(), Fault> {
        match self.transport.read(self.link.space(), deadline).await? {
            0 => Err(Fault::closed_by_node()),
            count => Ok(self.link.received(count).map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => Fault::closed_by_node(),
                _ => Fault::Broken(error),
            })?),
        }
    }
}
