//! Owns the broker's thread: binds, accepts, stops, and says why it ended. What is said on a
//! connection is the session's business.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use log::{error, info, warn};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot, watch};

use super::router::{MAX_SESSIONS, RunningRouter};
use super::session::{self, Shared};

/// A pause after a failed accept. The usual cause is a lack of file descriptors, which passes;
/// without a pause the thread would spin until then.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A running broker. [`EmbeddedBroker::start`] makes it; stopping and dropping it are the same:
/// clients are cut without a last will, both threads end, and the port is free.
#[derive(Debug)]
pub(crate) struct EmbeddedBroker {
    #[cfg(test)]
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    exit: watch::Receiver<Option<BrokerEnd>>,
    thread: Option<JoinHandle<()>>,
}

/// Why a broker no longer runs. In every case its port is free and its clients are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrokerEnd {
    /// It was stopped or dropped.
    Asked,
    /// The router's thread panicked; start a new broker.
    RouterPanicked,
    /// The broker's own thread panicked; start a new broker.
    Panicked,
}

/// Why a broker did not start. The port is free of it.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The operator's matter: the address is taken or not ours.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// `AddrInUse` if another process, or another broker, has the port.
        source: io::Error,
    },
    /// The system gave no thread or no event queue.
    #[error("cannot start the broker's thread: {0}")]
    Thread(#[source] io::Error),
    /// The router ended before its first answer.
    #[error("the message router did not start")]
    Router,
}

impl BrokerError {
    /// The kind of the system's error; `AddrInUse` for a taken port.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Bind { source, .. } | Self::Thread(source) => source.kind(),
            Self::Router => io::ErrorKind::Other,
        }
    }
}

impl EmbeddedBroker {
    /// Binds `listen` and starts the two threads. When it returns, the port accepts connections.
    /// A client that announces a packet of more than `max_packet_bytes` (without the fixed header
    /// of 2 to 5 bytes) is cut; leave room for topic and framing above the largest message.
    pub(super) fn start(listen: SocketAddr, max_packet_bytes: usize) -> Result<Self, BrokerError> {
        let bound = |source| BrokerError::Bind { address: listen, source };
        let listener = StdListener::bind(listen).map_err(bound)?;
        listener.set_nonblocking(true).map_err(bound)?;
        let address = listener.local_addr().map_err(bound)?;

        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(BrokerError::Thread)?;
        let router = RunningRouter::start().map_err(|_| BrokerError::Router)?;
        let (stop, stopped) = oneshot::channel();
        let (exit_sender, exit) = watch::channel(None);
        let body = move || {
            let reason = run(runtime, listener, router, stopped, max_packet_bytes);
            exit_sender.send_replace(Some(reason));
        };
        let thread = thread::Builder::new()
            .name("mqtt-broker".to_owned())
            .spawn(body)
            .map_err(BrokerError::Thread)?;
        info!(address:% = address; "mqtt broker listens");
        Ok(Self {
            #[cfg(test)]
            address,
            stop: Some(stop),
            exit,
            thread: Some(thread),
        })
    }

    /// Resolves when the broker has ended, on any runtime, also after the broker is dropped.
    /// Await it to restart a broker that panicked; the port is already free then.
    pub(super) fn ended(&self) -> impl Future<Output = BrokerEnd> + Send + 'static {
        let mut exit = self.exit.clone();
        async move {
            match exit.wait_for(Option::is_some).await {
                Ok(reason) => reason.unwrap_or(BrokerEnd::Panicked),
                Err(_) => BrokerEnd::Panicked,
            }
        }
    }
}

/// What only a test asks.
#[cfg(test)]
impl EmbeddedBroker {
    /// Where it listens.
    pub(super) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Whether it still serves. Never blocks.
    pub(super) fn is_running(&self) -> bool {
        self.exit.borrow().is_none()
    }

    /// Stops it and waits until both threads have ended: some milliseconds, so keep it off a
    /// thread that serves clients. Last wills are not published: nobody is left to hear them.
    pub(super) fn stop(self) {
        drop(self);
    }
}

impl Drop for EmbeddedBroker {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only if the thread has already ended.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic was already caught and turned into an exit reason.
            let _ = thread.join();
        }
    }
}

/// The life of the broker's thread.
fn run(
    runtime: Runtime,
    listener: StdListener,
    mut router: RunningRouter,
    stopped: oneshot::Receiver<()>,
    max_packet_bytes: usize,
) -> BrokerEnd {
    let serving = serve(listener, &mut router, stopped, max_packet_bytes);
    let served = catch_unwind(AssertUnwindSafe(|| runtime.block_on(serving)));
    // Drops every session and with them the sockets, before the router goes.
    drop(runtime);
    if !router.end() {
        error!("the mqtt router did not end, its thread stays behind");
    }
    served.unwrap_or(BrokerEnd::Panicked)
}

async fn serve(
    listener: StdListener,
    router: &mut RunningRouter,
    mut stopped: oneshot::Receiver<()>,
    max_packet_bytes: usize,
) -> BrokerEnd {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            error!(error:%; "mqtt broker cannot use its socket");
            return BrokerEnd::Panicked;
        }
    };
    let shared = Shared::new(router.connector(), max_packet_bytes);
    let slots = Arc::new(Semaphore::new(MAX_SESSIONS));
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => return BrokerEnd::Asked,
            () = router.ended() => {
                error!("the mqtt router has panicked");
                return BrokerEnd::RouterPanicked;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => match Arc::clone(&slots).try_acquire_owned() {
                Ok(slot) => {
                    let shared = shared.clone();
                    tokio::spawn(async move {
                        session::serve(socket, peer, shared).await;
                        drop(slot);
                    });
                }
                Err(_) => warn!(peer:%, limit = MAX_SESSIONS; "mqtt client refused, broker full"),
            },
            Err(error) => {
                warn!(error:%; "mqtt broker cannot accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
