//! The blocking client, and its socket of the standard library.

use crate::core::Core;
use crate::operations::{checked_keys, checked_pairs, operations};
use crate::options::{Builder, Options};
use crate::reply::{FromReply, Mismatch};
use crate::transport::{Fault, Transport, left_until};
use crate::wire::{Verb, checked_key};
use crate::{Error, Pipeline, Reply, Result, Scan, ServerError};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::pin::pin;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// How much a timeout of the socket may differ from the time that is left, before it is set anew:
/// setting it is a call of the system, which most replies can be spared.
const SLACK: Duration = Duration::from_millis(1);

/// A client that blocks until each reply is there. It has one connection and is moved to the thread
/// that uses it; make one for each thread.
///
/// The connection is closed when the client is dropped.
pub struct Client {
    core: Core<Socket>,
}

impl Client {
    /// Connects to a node at an address such as `localhost:7379`.
    ///
    /// # Errors
    ///
    /// As those of every call; a client that waits for its first call is made with a
    /// [builder](Client::builder).
    pub fn connect(address: &str) -> Result<Client> {
        let mut client = Client::builder().address(address)?.build()?;
        ready(client.core.connect())?;
        Ok(client)
    }

    /// Takes options, and makes a client that connects with its first call.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(options: Options) -> Client {
        Client { core: Core::new(options) }
    }

    /// The keys with a prefix in byte order, a thousand at a time; `""` means all keys. Nothing is
    /// asked before the first key is wanted.
    pub fn scan(&mut self, prefix: impl AsRef<str>) -> Scan<'_> {
        Scan::new(self, prefix.as_ref())
    }

    /// Logs in. The connection is this user's from now on, and so are those after it.
    pub fn auth(&mut self, user: &str, password: &str) -> Result<()> {
        ready(self.core.auth(user, password))
    }

    /// Sends the commands of a pipeline together, and gives the result of each, in order.
    ///
    /// # Errors
    ///
    /// If the pipeline fails as a whole, it is not known how many of its commands were done.
    pub fn run(
        &mut self,
        pipeline: &Pipeline,
    ) -> Result<Vec<std::result::Result<Reply, ServerError>>> {
        ready(self.core.run(pipeline))
    }

    /// Closes the connection. Calls after it fail. May be called twice.
    pub fn close(&mut self) {
        self.core.close();
    }

    pub(crate) fn call<R: FromReply>(&mut self, verb: Verb, args: &[&[u8]]) -> Result<R> {
        ready(self.core.call(verb, args))
    }

    pub(crate) fn mismatch(&self, verb: Verb, mismatch: &Mismatch) -> Error {
        self.core.mismatch(verb, mismatch)
    }
}

operations!(Client, [], []);

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("node", &self.core.node()).finish_non_exhaustive()
    }
}

/// The outcome of a future that waits by blocking, and so is ready when it is first polled.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(outcome) = future.as_mut().poll(&mut context) {
            return outcome;
        }
    }
}

/// A socket that blocks, with the timeouts that it has at the moment.
struct Socket {
    stream: TcpStream,
    read_timeout: Duration,
    write_timeout: Duration,
}

impl Socket {
    fn new(stream: TcpStream, timeout: Duration) -> io::Result<Socket> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(timeout))?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(Socket { stream, read_timeout: timeout, write_timeout: timeout })
    }

    fn write(&mut self, bytes: &[u8], deadline: Instant) -> std::result::Result<usize, Fault> {
        loop {
            let left = left_until(deadline)?;
            if self.write_timeout.abs_diff(left) > SLACK {
                self.stream.set_write_timeout(Some(left))?;
                self.write_timeout = left;
            }
            match self.stream.write(bytes) {
                Err(error) if is_too_early(&error) => {}
                outcome => return Ok(outcome?),
            }
        }
    }
}

impl Transport for Socket {
    async fn open(host: &str, port: u16, deadline: Instant) -> std::result::Result<Socket, Fault> {
        let addresses = resolve(host, port, deadline)?;
        let mut fault = Fault::Broken(no_address());
        for (tried, address) in addresses.iter().enumerate() {
            // One that does not answer leaves the others their share.
            let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let share = (left_until(deadline)? / others).max(Duration::from_nanos(1));
            match TcpStream::connect_timeout(address, share) {
                Ok(stream) => return Ok(Socket::new(stream, left_until(deadline)?)?),
                Err(error) => fault = Fault::Broken(error),
            }
        }
        left_until(deadline)?;
        Err(fault)
    }

    async fn read(
        &mut self,
        space: &mut [u8],
        deadline: Instant,
    ) -> std::result::Result<usize, Fault> {
        loop {
            let left = left_until(deadline)?;
            if self.read_timeout.abs_diff(left) > SLACK {
                self.stream.set_read_timeout(Some(left))?;
                self.read_timeout = left;
            }
            match self.stream.read(space) {
                Err(error) if is_too_early(&error) => {}
                outcome => return Ok(outcome?),
            }
        }
    }

    async fn write_all(
        &mut self,
        mut bytes: &[u8],
        deadline: Instant,
    ) -> std::result::Result<(), Fault> {
        while !bytes.is_empty() {
            match self.write(bytes, deadline)? {
                0 => return Err(Fault::Broken(ErrorKind::WriteZero.into())),
                written => bytes = &bytes[written..],
            }
        }
        Ok(())
    }

    async fn read_now(&mut self, space: &mut [u8]) -> io::Result<Option<usize>> {
        self.stream.set_nonblocking(true)?;
        let outcome = self.stream.read(space);
        self.stream.set_nonblocking(false)?;
        match outcome {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    async fn pause(duration: Duration) {
        thread::sleep(duration);
    }
}

/// Whether the socket gave up by its own timeout, or for a signal: the deadline decides.
fn is_too_early(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// The addresses of a host. The system's resolver knows no deadline, so it is asked in a thread of
/// its own, which goes on by itself if it takes too long.
fn resolve(
    host: &str,
    port: u16,
    deadline: Instant,
) -> std::result::Result<Vec<SocketAddr>, Fault> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = mpsc::channel();
    let name = host.to_owned();
    let ask = move || {
        let addresses = (name.as_str(), port).to_socket_addrs();
        // Nobody may listen any more.
        let _ = sender.send(addresses.map(Iterator::collect));
    };
    thread::Builder::new().name("merklekv-resolver".to_owned()).spawn(ask)?;
    match receiver.recv_timeout(left_until(deadline)?) {
        Ok(addresses) => Ok(addresses?),
        Err(RecvTimeoutError::Timeout) => Err(Fault::Late),
        Err(RecvTimeoutError::Disconnected) => Err(Fault::Broken(no_address())),
    }
}

fn no_address() -> io::Error {
    io::Error::new(ErrorKind::NotFound, "the host has no address")
}
