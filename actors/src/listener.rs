//! The listener actor: accepts clients as long as there is room, and gives each to a thread that
//! serves connections.

use crate::clients::{ClientSlot, Clients};
use crate::connection::{ConnectionActor, ConnectionSettings};
use crate::system::LastWords;
use actix::{
    Actor, ActorContext, ActorFutureExt, ArbiterHandle, AsyncContext, Context, Handler, Message,
    WrapFuture,
};
use log::{debug, warn};
use merkle_kv_core::protocol::Dialect;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time;

/// How long the listener rests when the system has no socket to give: long enough not to spin,
/// short enough that a freed one is soon used.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How many clients at once are told that there is no room; the next ones are just closed.
const MAX_FAREWELLS: usize = 64;

/// How long such a client may take to read it.
const FAREWELL_LIMIT: Duration = Duration::from_secs(1);

/// Owns the listening socket. Restarted after a failure with a copy of the same socket.
pub(crate) struct ListenerActor {
    /// Nothing once it listens, or when the node stops.
    socket: Option<io::Result<net::TcpListener>>,
    /// The threads that serve connections, in turn.
    threads: Vec<ArbiterHandle>,
    settings: Arc<ConnectionSettings>,
    words: LastWords,
}

impl ListenerActor {
    /// `threads` is not empty.
    pub(crate) fn new(
        socket: Option<io::Result<net::TcpListener>>,
        threads: Vec<ArbiterHandle>,
        settings: Arc<ConnectionSettings>,
        words: LastWords,
    ) -> ListenerActor {
        ListenerActor { socket, threads, settings, words }
    }
}

impl Actor for ListenerActor {
    type Context = Context<ListenerActor>;

    fn started(&mut self, ctx: &mut Context<ListenerActor>) {
        let listener = match self.socket.take().map(|socket| socket.and_then(TcpListener::from_std))
        {
            Some(Ok(listener)) => listener,
            Some(Err(error)) => {
                self.words.say(format!("cannot listen: {error}"));
                return ctx.stop();
            }
            None => return ctx.stop(),
        };
        let accept = accept_all(listener, self.threads.clone(), self.settings.clone());
        ctx.spawn(accept.into_actor(self).map(|(), _, ctx| ctx.stop()));
    }
}

async fn accept_all(
    listener: TcpListener,
    threads: Vec<ArbiterHandle>,
    settings: Arc<ConnectionSettings>,
) {
    let farewells = Arc::new(Semaphore::new(MAX_FAREWELLS));
    for thread in threads.iter().cycle() {
        let (stream, address) = accept(&listener).await;
        let clients = &settings.facts.clients;
        match clients.admit(address) {
            Some(slot) => serve(stream, slot, thread, settings.clone()),
            None => {
                debug!(client:% = address, limit = clients.max(); "no room for another client");
                let farewell = farewell(clients, settings.dialect);
                if let Ok(place) = farewells.clone().try_acquire_owned() {
                    actix_rt::spawn(async move {
                        let said = time::timeout(FAREWELL_LIMIT, say_farewell(stream, farewell));
                        // Whether the client read it is its own affair.
                        let _ = said.await;
                        drop(place);
                    });
                }
            }
        }
    }
}

/// The next client. Running out of sockets is no reason to stop: it passes.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut failing = false;
    loop {
        match listener.accept().await {
            Ok(client) => return client,
            Err(error) => {
                if !failing {
                    warn!(error:%; "cannot accept clients for now");
                }
                failing = true;
                time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// Starts the connection on its thread. If that thread is gone the node is stopping, and the
/// client sees its connection close.
fn serve(
    stream: TcpStream,
    slot: ClientSlot,
    thread: &ArbiterHandle,
    settings: Arc<ConnectionSettings>,
) {
    let address = slot.address();
    let stream = match prepare(stream) {
        Ok(stream) => stream,
        Err(error) => return debug!(client:% = address, error:%; "cannot set up a connection"),
    };
    thread.spawn_fn(move || match TcpStream::from_std(stream) {
        Ok(stream) => {
            ConnectionActor::new(stream, slot, settings).start();
        }
        Err(error) => debug!(client:% = address, error:%; "cannot set up a connection"),
    });
}

/// Takes the socket off this thread's reactor, and sends small replies at once.
fn prepare(stream: TcpStream) -> io::Result<net::TcpStream> {
    stream.set_nodelay(true)?;
    stream.into_std()
}

fn farewell(clients: &Clients, dialect: Dialect) -> String {
    let limit = clients.max();
    match dialect {
        Dialect::Standard => format!("ERROR: Too many connections: the limit is {limit}\r\n"),
        Dialect::Legacy => format!("ERROR too many connections, the limit is {limit}\r\n"),
    }
}

/// Writes the line and reads until the client closes: closing with unread input would reset the
/// connection, and the client might never see the line.
async fn say_farewell(mut stream: TcpStream, line: String) -> io::Result<()> {
    stream.write_all(line.as_bytes()).await?;
    stream.shutdown().await?;
    let mut scrap = [0; 1024];
    while stream.read(&mut scrap).await? > 0 {}
    Ok(())
}

/// Accept nobody any more and close the socket.
pub(crate) struct StopListening;

impl Message for StopListening {
    type Result = ();
}

impl Handler<StopListening> for ListenerActor {
    type Result = ();

    fn handle(&mut self, _: StopListening, ctx: &mut Context<ListenerActor>) {
        ctx.stop();
    }
}
