//! The load itself: many connections on one thread with one epoll loop. In a closed loop each
//! connection sends so many requests at once, waits for all their replies and sends the next, as
//! `redis-benchmark -P` does. In an open loop requests are due at a steady rate, whatever the server
//! does, and their time counts from then on: a server that stalls is charged for all who wait
//! (coordinated omission, as Gil Tene calls the mistake of not doing so). Knows nothing of
//! processes.

use super::connection::{Broken, Connection};
use super::login::Login;
use super::replies::Replies;
use super::source::Source;
use super::tally::Tally;
use super::wire::{Protocol, Requests, VALUE_BYTES};
use crate::bench::servers::ServerError;
use crate::random;
use mio::event::Event;
use mio::{Events, Interest, Poll, Token};
use std::collections::VecDeque;
use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Clients that ask at once, as redis-benchmark has them.
pub(in crate::bench) const CLIENTS: usize = 50;

/// How long a server may say nothing while something is asked of it. Redis may wait for a disk.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is read at once, at least.
const READ_BYTES: usize = 256 << 10;

/// Connections of which news is taken at once.
const EVENTS: usize = 1_024;

/// How long it is slept at most, so that the end, the progress and a silent server are noticed.
const NAP: Duration = Duration::from_millis(50);

/// epoll sleeps in milliseconds: for less than this it is asked again and again instead, on a
/// processor that the load has for itself.
const SHORTEST_NAP: Duration = Duration::from_millis(2);

/// Between two notes of progress.
const PROGRESS: Duration = Duration::from_secs(1);

const SECOND: f64 = 1e9;

/// What to ask, and where.
#[derive(Clone, Debug)]
pub(in crate::bench) struct Load {
    pub(in crate::bench) address: SocketAddr,
    pub(in crate::bench) protocol: Protocol,
    pub(in crate::bench) login: Option<Login>,
    pub(in crate::bench) clients: usize,
    /// Requests that each client has on the way.
    pub(in crate::bench) pipeline: usize,
    /// Keys to choose from, at most 2^32.
    pub(in crate::bench) keys: u64,
    pub(in crate::bench) value_bytes: usize,
    /// Share of reads, from 0 to 1.
    pub(in crate::bench) reads: f64,
    /// How unlike the keys are, if they are.
    pub(in crate::bench) zipf: Option<f64>,
    /// Requests that are due in a second; if there is none, as many as go.
    pub(in crate::bench) rate: Option<f64>,
    pub(in crate::bench) until: Until,
    pub(in crate::bench) seed: u64,
}

/// When a load is over.
#[derive(Clone, Debug)]
pub(in crate::bench) enum Until {
    /// After so long.
    Passed(Duration),
    /// When this is set.
    Told(Arc<AtomicBool>),
    /// When every key has been written once; nothing else is asked then.
    AllWritten,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(in crate::bench) struct Outcome {
    pub(in crate::bench) tally: Tally,
    /// Until the last reply.
    pub(in crate::bench) took: Duration,
    /// Requests that were due and could not be sent before the end. Their time, as far as it went,
    /// is among the latencies.
    pub(in crate::bench) unsent: u64,
    /// Processor time of the load itself.
    pub(in crate::bench) cpu: Duration,
}

/// How far a load is.
#[derive(Clone, Copy, Debug)]
pub(in crate::bench) struct Progress<'a> {
    pub(in crate::bench) elapsed: Duration,
    pub(in crate::bench) tally: &'a Tally,
}

impl Load {
    /// Writes of random keys with values of the usual size, of the usual number of clients.
    pub(in crate::bench) fn of_writes(address: SocketAddr, protocol: Protocol, keys: u64) -> Load {
        Load {
            address,
            protocol,
            login: None,
            clients: CLIENTS,
            pipeline: 1,
            keys,
            value_bytes: VALUE_BYTES,
            reads: 0.0,
            zipf: None,
            rate: None,
            until: Until::AllWritten,
            seed: random::number(),
        }
    }

    /// Asks, and blocks until it is over. An error reply is an error.
    pub(in crate::bench) fn run(&self) -> Result<Outcome, ServerError> {
        let outcome = self.run_with(&mut |_| {})?;
        match outcome.tally.first_error {
            Some(reply) => Err(ServerError::Refused { address: self.address, reply }),
            None => Ok(outcome),
        }
    }

    /// The same, telling how far it is once a second. Error replies are counted.
    pub(in crate::bench) fn run_with(
        &self,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Outcome, ServerError> {
        let requests = Requests::new(self.protocol, self.keys, self.value_bytes);
        let replies = Replies::new(self.protocol, self.value_bytes);
        let batch = Vec::with_capacity(self.pipeline * requests.longest());
        let source = match self.until {
            Until::Passed(_) | Until::Told(_) => {
                Source::random(requests, self.keys, self.reads, self.zipf, self.seed)
            }
            Until::AllWritten => Source::each(requests, self.keys, self.seed),
        };
        let poll = Poll::new().map_err(|source| self.failed(source))?;
        let connections = self.connect(&poll)?;
        let driver = Driver {
            load: self,
            poll,
            source,
            buffer: vec![0; READ_BYTES.max(4 * replies.longest())],
            replies,
            waiting: (0..connections.len()).collect(),
            connections,
            batch,
            tally: Tally::new(),
            begun: Instant::now(),
            due: 0,
            asked: 0,
        };
        driver.drive(progress)
    }

    fn connect(&self, poll: &Poll) -> Result<Vec<Connection>, ServerError> {
        let open = || {
            let stream = std::net::TcpStream::connect(self.address)?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let listen = |client, stream: std::net::TcpStream| {
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut stream, Token(client), both)?;
            Ok(Connection::new(stream))
        };
        let connect = |client| {
            let mut stream = open().map_err(|source| self.failed(source))?;
            if let Some(login) = &self.login {
                login.on(&mut stream, self.protocol, self.address)?;
            }
            listen(client, stream).map_err(|source| self.failed(source))
        };
        (0..self.clients).map(connect).collect()
    }

    fn failed(&self, source: std::io::Error) -> ServerError {
        ServerError::Connection { address: self.address, source }
    }
}

struct Driver<'a> {
    load: &'a Load,
    poll: Poll,
    source: Source,
    replies: Replies,
    connections: Vec<Connection>,
    /// Those that may send, each once.
    waiting: VecDeque<usize>,
    /// Where requests are made, and where replies are read to.
    batch: Vec<u8>,
    buffer: Vec<u8>,
    tally: Tally,
    begun: Instant,
    /// How many requests of an open loop have been sent.
    due: u64,
    /// How many requests have been sent.
    asked: u64,
}

impl Driver<'_> {
    fn drive(mut self, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Outcome, ServerError> {
        let cpu = cpu_of_thread();
        let mut events = Events::with_capacity(EVENTS);
        let (mut next_note, mut heard) = (PROGRESS, (0, Duration::ZERO));
        self.connections.iter_mut().for_each(|connection| connection.is_waiting = true);
        loop {
            let elapsed = self.begun.elapsed();
            let is_over = self.is_over(elapsed);
            if !is_over {
                self.send_what_is_due(elapsed)?;
            } else if self.in_flight() == 0 {
                break;
            }
            if heard.0 != self.tally.received_bytes || self.in_flight() == 0 {
                heard = (self.tally.received_bytes, elapsed);
            } else if elapsed > heard.1 + PATIENCE {
                let (address, limit) = (self.load.address, PATIENCE);
                return Err(ServerError::Silent { address, limit });
            }
            if elapsed >= next_note {
                progress(Progress { elapsed, tally: &self.tally });
                next_note = elapsed + PROGRESS;
            }
            let nap = if is_over { NAP } else { self.nap(elapsed) };
            match self.poll.poll(&mut events, Some(nap)) {
                Err(error) if error.kind() != std::io::ErrorKind::Interrupted => {
                    return Err(self.load.failed(error));
                }
                Ok(()) | Err(_) => {}
            }
            for event in &events {
                self.follow(event)?;
            }
        }
        let took = self.begun.elapsed();
        let unsent = self.count_unsent();
        let cpu = cpu_of_thread().saturating_sub(cpu);
        Ok(Outcome { tally: self.tally, took, unsent, cpu })
    }

    fn is_over(&self, elapsed: Duration) -> bool {
        match &self.load.until {
            Until::Passed(time) => elapsed >= *time,
            Until::Told(told) => told.load(Ordering::Relaxed),
            Until::AllWritten => self.source.remaining() == 0,
        }
    }

    fn in_flight(&self) -> u64 {
        self.asked - self.tally.operations()
    }

    /// Lets connections that have nothing to do send, if there is something.
    fn send_what_is_due(&mut self, elapsed: Duration) -> Result<(), ServerError> {
        let Some(rate) = self.load.rate else {
            while let Some(client) = self.waiting.pop_front() {
                self.send(client, self.load.pipeline, elapsed.as_nanos() as u64)?;
            }
            return Ok(());
        };
        // The first is due at once.
        let due = (elapsed.as_secs_f64() * rate) as u64 + 1;
        while self.due < due {
            let Some(client) = self.waiting.pop_front() else { break };
            let room = self.load.pipeline - self.connections[client].in_flight();
            // What has piled up is spread over those that have room.
            let share = (due - self.due).div_ceil(self.waiting.len() as u64 + 1);
            for _ in 0..share.min(room as u64) {
                let since = (self.due as f64 / rate * SECOND) as u64;
                self.due += 1;
                self.prepare(client, since);
            }
            self.flush(client)?;
            self.wait_if_there_is_room(client);
        }
        Ok(())
    }

    /// Has a connection send so many requests, or as many as remain.
    fn send(&mut self, client: usize, count: usize, due: u64) -> Result<(), ServerError> {
        let count = self.source.remaining().min(count as u64);
        self.connections[client].is_waiting = false;
        (0..count).for_each(|_| self.prepare(client, due));
        self.flush(client)
    }

    fn prepare(&mut self, client: usize, due: u64) {
        let kind = self.source.next(&mut self.batch);
        self.connections[client].expect(kind, due);
        self.asked += 1;
    }

    fn flush(&mut self, client: usize) -> Result<(), ServerError> {
        self.tally.sent_bytes += self.batch.len() as u64;
        let sent = self.connections[client].send(&self.batch);
        self.batch.clear();
        sent.map_err(|source| self.load.failed(source))
    }

    /// Puts a connection in the line of those that may send, unless it is there or is full.
    fn wait_if_there_is_room(&mut self, client: usize) {
        let connection = &mut self.connections[client];
        connection.is_waiting = connection.in_flight() < self.load.pipeline;
        if connection.is_waiting {
            self.waiting.push_back(client);
        }
    }

    /// How long nothing is to be done unless there is news.
    fn nap(&self, elapsed: Duration) -> Duration {
        match self.load.rate {
            None => NAP,
            // Only a reply makes room.
            Some(_) if self.waiting.is_empty() => NAP,
            Some(rate) => {
                let next = Duration::from_secs_f64(self.due as f64 / rate);
                let wait = next.saturating_sub(elapsed);
                if wait < SHORTEST_NAP { Duration::ZERO } else { (wait - SHORTEST_NAP).min(NAP) }
            }
        }
    }

    /// Takes news of a connection.
    fn follow(&mut self, event: &Event) -> Result<(), ServerError> {
        let client = event.token().0;
        let connection = &mut self.connections[client];
        if event.is_writable() {
            connection.flush().map_err(|source| self.load.failed(source))?;
        }
        if !event.is_readable() {
            return Ok(());
        }
        let begun = self.begun;
        let mut now = 0;
        loop {
            let read = || {
                now = begun.elapsed().as_nanos() as u64;
                now
            };
            match connection.receive(&mut self.buffer, &self.replies, read, &mut self.tally) {
                Ok(true) => {}
                // What a server says before it hangs up is followed by no further news.
                Ok(false) if event.is_read_closed() => {}
                Ok(false) => break,
                Err(Broken::Io(source)) => return Err(self.load.failed(source)),
                Err(Broken::Unreadable(reply)) => {
                    return Err(ServerError::Refused { address: self.load.address, reply });
                }
            }
        }
        self.go_on(client, now)
    }

    /// Has a connection do what its replies have made room for; `now` is when the last one was read.
    fn go_on(&mut self, client: usize, now: u64) -> Result<(), ServerError> {
        let connection = &self.connections[client];
        let is_idle = connection.in_flight() == 0 && !connection.is_waiting;
        match self.load.rate {
            Some(_) if !connection.is_waiting => self.wait_if_there_is_room(client),
            None if is_idle && !self.is_over(Duration::from_nanos(now)) => {
                self.send(client, self.load.pipeline, now)?;
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Counts requests that were due and never sent, with the time that they had waited.
    fn count_unsent(&mut self) -> u64 {
        let (Some(rate), Until::Passed(time)) = (self.load.rate, &self.load.until) else {
            return 0;
        };
        let due = (time.as_secs_f64() * rate) as u64;
        let end = time.as_nanos() as u64;
        for request in self.due..due {
            let since = (request as f64 / rate * SECOND) as u64;
            self.tally.latencies.add(end.saturating_sub(since), 1);
        }
        due.saturating_sub(self.due)
    }
}

/// Processor time of this thread, as the scheduler counts it; zero if it does not tell.
fn cpu_of_thread() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
