//! One client of the load: what it has sent and not been answered, what the socket did not take,
//! and the part of a reply that has been read. Knows the time only as it is told.

use super::replies::{Answer, Parsed, Replies};
use super::tally::Tally;
use super::wire::Kind;
use mio::net::TcpStream;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

/// A client.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    /// Runs of requests that wait for their replies, the oldest first.
    flying: VecDeque<Run>,
    /// How many requests those are.
    in_flight: usize,
    /// What is still to be sent, from the second one on.
    unsent: Vec<u8>,
    sent: usize,
    /// The beginning of a reply.
    rest: Vec<u8>,
    /// Whether it is in the line of those that have nothing to do.
    pub(super) is_waiting: bool,
}

/// Requests of one kind that were due at the same time.
#[derive(Clone, Copy, Debug)]
struct Run {
    kind: Kind,
    count: usize,
    /// In nanoseconds since the beginning.
    due: u64,
}

/// How a connection fails.
#[derive(Debug)]
pub(super) enum Broken {
    /// By the system.
    Io(io::Error),
    /// By what the server says.
    Unreadable(String),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Broken {
        Broken::Io(error)
    }
}

/// How much of something odd is shown.
const SHOWN_BYTES: usize = 200;

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Connection {
        Connection {
            stream,
            flying: VecDeque::new(),
            in_flight: 0,
            unsent: Vec::new(),
            sent: 0,
            rest: Vec::new(),
            is_waiting: false,
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Notes a request that is about to be sent.
    pub(super) fn expect(&mut self, kind: Kind, due: u64) {
        self.in_flight += 1;
        match self.flying.back_mut() {
            Some(run) if run.kind == kind && run.due == due => run.count += 1,
            Some(_) | None => self.flying.push_back(Run { kind, count: 1, due }),
        }
    }

    /// Sends bytes, behind those that could not be sent before.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let sent = write(&mut self.stream, bytes)?;
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Sends what could not be sent before, as far as that goes now.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        self.sent += write(&mut self.stream, &self.unsent[self.sent..])?;
        if self.sent == self.unsent.len() {
            self.unsent.clear();
            self.sent = 0;
        }
        Ok(())
    }

    /// Reads once, into a buffer that has room for much more than a reply. Takes all replies that
    /// are whole, and says whether there may be more to read.
    pub(super) fn receive(
        &mut self,
        buffer: &mut [u8],
        replies: &Replies,
        now: impl FnOnce() -> u64,
        tally: &mut Tally,
    ) -> Result<bool, Broken> {
        let rest = self.rest.len();
        if rest >= buffer.len() {
            return Err(unreadable(&self.rest));
        }
        buffer[..rest].copy_from_slice(&self.rest);
        let read = match self.stream.read(&mut buffer[rest..]) {
            Ok(0) => return Err(Broken::Io(ErrorKind::UnexpectedEof.into())),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            Err(error) => return Err(Broken::Io(error)),
        };
        tally.received_bytes += read as u64;
        let there = &buffer[..rest + read];
        let taken = self.take(there, replies, now(), tally)?;
        self.rest.clear();
        self.rest.extend_from_slice(&there[taken..]);
        // A read that was not filled has emptied the socket, as epoll(7) has it.
        Ok(rest + read == buffer.len())
    }

    /// Takes all whole replies, and gives their bytes.
    fn take(
        &mut self,
        bytes: &[u8],
        replies: &Replies,
        now: u64,
        tally: &mut Tally,
    ) -> Result<usize, Broken> {
        let mut at = 0;
        while at < bytes.len() {
            let Some(run) = self.flying.front_mut() else { return Err(unreadable(&bytes[at..])) };
            let mut answered = 0;
            let mut has_more = true;
            while answered < run.count && has_more {
                match replies.parse(run.kind, &bytes[at..]) {
                    Parsed::Incomplete => has_more = false,
                    Parsed::Unreadable => return Err(unreadable(&bytes[at..])),
                    Parsed::Reply(length, answer) => {
                        match answer {
                            Answer::Good => {}
                            Answer::Missing => tally.misses += 1,
                            Answer::Bad => tally.note_error(|| shown(&bytes[at..at + length])),
                        }
                        at += length;
                        answered += 1;
                    }
                }
            }
            tally.answered(run.kind, answered as u64, now.saturating_sub(run.due));
            run.count -= answered;
            self.in_flight -= answered;
            if run.count == 0 {
                self.flying.pop_front();
            }
            if !has_more {
                break;
            }
        }
        Ok(at)
    }
}

/// Writes as much as the socket takes now.
fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => sent += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

fn unreadable(bytes: &[u8]) -> Broken {
    Broken::Unreadable(shown(bytes))
}

/// The first line of it that says something.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN_BYTES)]).into_owned();
    text.lines().find(|line| !line.is_empty()).unwrap_or_default().to_owned()
}
