//! The async client, and its socket of tokio.

use crate::core::Core;
use crate::operations::{checked_keys, checked_pairs, operations};
use crate::options::{Builder, Options};
use crate::reply::{FromReply, Mismatch};
use crate::transport::{Fault, Transport, left_until};
use crate::wire::{Verb, checked_key};
use crate::{AsyncScan, Client, Error, Pipeline, Reply, Result, ServerError};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{sleep, timeout, timeout_at};

/// The [`Client`] of async programs that run on tokio. It has one connection; make one for each
/// task, or keep it in a `tokio::sync::Mutex`.
///
/// A call may be dropped at any time. Then it is not known whether the node did what was asked, the
/// connection is closed, since a reply may be on its way, and the next call opens another one.
///
/// ```no_run
/// # async fn example() -> merklekv_client::Result<()> {
/// use merklekv_client::AsyncClient;
///
/// let mut client = AsyncClient::connect("localhost:7379").await?;
/// client.set("greeting", "hello").await?;
/// assert_eq!(client.get("greeting").await?.as_deref(), Some("hello"));
/// # Ok(())
/// # }
/// ```
pub struct AsyncClient {
    core: Core<Socket>,
}

impl AsyncClient {
    /// Connects to a node at an address such as `localhost:7379`.
    ///
    /// # Errors
    ///
    /// As those of every call; a client that waits for its first call is made with a
    /// [builder](AsyncClient::builder).
    pub async fn connect(address: &str) -> Result<AsyncClient> {
        let mut client = AsyncClient::builder().address(address)?.build_async()?;
        client.core.connect().await?;
        Ok(client)
    }

    /// Takes options; its `build_async` makes a client that connects with its first call.
    pub fn builder() -> Builder {
        Client::builder()
    }

    pub(crate) fn new(options: Options) -> AsyncClient {
        AsyncClient { core: Core::new(options) }
    }

    /// The keys with a prefix in byte order, a thousand at a time; `""` means all keys. Nothing is
    /// asked before the first key is wanted.
    ///
    /// ```no_run
    /// # async fn example(mut client: merklekv_client::AsyncClient) -> merklekv_client::Result<()> {
    /// let mut keys = client.scan("user:");
    /// while let Some(key) = keys.next().await {
    ///     println!("{}", key?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan(&mut self, prefix: impl AsRef<str>) -> AsyncScan<'_> {
        AsyncScan::new(self, prefix.as_ref())
    }

    /// Logs in. The connection is this user's from now on, and so are those after it.
    pub async fn auth(&mut self, user: &str, password: &str) -> Result<()> {
        self.core.auth(user, password).await
    }

    /// Sends the commands of a pipeline together, and gives the result of each, in order.
    ///
    /// # Errors
    ///
    /// If the pipeline fails as a whole, it is not known how many of its commands were done.
    pub async fn run(
        &mut self,
        pipeline: &Pipeline,
    ) -> Result<Vec<std::result::Result<Reply, ServerError>>> {
        self.core.run(pipeline).await
    }

    /// Closes the connection. Calls after it fail. May be called twice.
    pub fn close(&mut self) {
        self.core.close();
    }

    pub(crate) async fn call<R: FromReply>(&mut self, verb: Verb, args: &[&[u8]]) -> Result<R> {
        self.core.call(verb, args).await
    }

    pub(crate) fn mismatch(&self, verb: Verb, mismatch: &Mismatch) -> Error {
        self.core.mismatch(verb, mismatch)
    }
}

operations!(AsyncClient, [async], [.await]);

impl std::fmt::Debug for AsyncClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AsyncClient").field("node", &self.core.node()).finish_non_exhaustive()
    }
}

struct Socket {
    stream: TcpStream,
}

/// The outcome of an operation, or that it is too late.
async fn before<T>(
    deadline: Instant,
    operation: impl Future<Output = io::Result<T>>,
) -> std::result::Result<T, Fault> {
    Ok(timeout_at(deadline.into(), operation).await.map_err(|_| Fault::Late)??)
}

impl Transport for Socket {
    async fn open(host: &str, port: u16, deadline: Instant) -> std::result::Result<Socket, Fault> {
        let addresses: Vec<_> = before(deadline, lookup_host((host, port))).await?.collect();
        let mut error = io::Error::new(ErrorKind::NotFound, "the host has no address");
        for (tried, address) in addresses.iter().enumerate() {
            // One that does not answer leaves the others their share.
            let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            let share = left_until(deadline)? / others;
            match timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(Socket { stream });
                }
                Ok(Err(refused)) => error = refused,
                Err(_) => error = ErrorKind::TimedOut.into(),
            }
        }
        left_until(deadline)?;
        Err(error.into())
    }

    async fn read(
        &mut self,
        space: &mut [u8],
        deadline: Instant,
    ) -> std::result::Result<usize, Fault> {
        before(deadline, self.stream.read(space)).await
    }

    async fn write_all(
        &mut self,
        bytes: &[u8],
        deadline: Instant,
    ) -> std::result::Result<(), Fault> {
        before(deadline, self.stream.write_all(bytes)).await
    }

    async fn read_now(&mut self, space: &mut [u8]) -> io::Result<Option<usize>> {
        // Lets the runtime look at its sockets, which it may not have done for as long as this one
        // was idle.
        tokio::task::yield_now().await;
        match self.stream.try_read(space) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    async fn pause(duration: Duration) {
        sleep(duration).await;
    }
}
