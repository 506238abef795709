//! The admin actor: accepts those who operate the node, over HTTP, and serves each on the node's
//! main thread. What a page says is made in `health`, `metrics` and `page`, which there is for whom in
//! `pages`; how long and how large a request may be stands in `serve`.

mod health;
mod known;
mod metrics;
mod page;
mod pages;
mod permission;
mod serve;

pub(crate) use known::Known;
pub(crate) use page::Samples;

use crate::facts::Facts;
use crate::store::StoreActor;
use crate::system::{LastWords, SystemActor};
use crate::tls::{Tls, Welcome};
use crate::users::Gate;
use actix::{Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, WrapFuture};
use axum::{Extension, Router};
use log::warn;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time;

/// Connections served at once. A few scrapers and a few people need no more; the next one waits in
/// the queue of the socket, for at most as long as a connection may last.
const MAX_CONNECTIONS: usize = 32;

/// How long the actor rests when the system has no socket to give.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How long TLS may take to come about.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);

/// What pages are made of.
pub(crate) struct AdminSettings {
    pub(crate) facts: Arc<Facts>,
    pub(crate) store: Addr<StoreActor>,
    pub(crate) system: Addr<SystemActor>,
    /// Turns true when the node stops.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Where clients and peers find this node.
    pub(crate) address: String,
    /// How the data is kept, for a person.
    pub(crate) storage: &'static str,
    /// What the status page draws. Outlives a restart of the actor.
    pub(crate) samples: Mutex<Samples>,
    /// Verifies passwords, for clients too.
    pub(crate) gate: Arc<Gate>,
    pub(crate) known: Known,
    /// What connections are secured with, if those of clients are.
    pub(crate) tls: Option<Tls>,
}

impl AdminSettings {
    fn samples(&self) -> MutexGuard<'_, Samples> {
        // A panic while the lock was held cannot have left more than one sample out.
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Owns the socket for HTTP. Restarted after a failure with a copy of the same socket.
pub(crate) struct AdminActor {
    /// Nothing once it listens.
    socket: Option<io::Result<net::TcpListener>>,
    settings: Arc<AdminSettings>,
    words: LastWords,
}

impl AdminActor {
    pub(crate) fn new(
        socket: io::Result<net::TcpListener>,
        settings: Arc<AdminSettings>,
        words: LastWords,
    ) -> AdminActor {
        AdminActor { socket: Some(socket), settings, words }
    }
}

impl Actor for AdminActor {
    type Context = Context<AdminActor>;

    fn started(&mut self, ctx: &mut Context<AdminActor>) {
        let socket = self.socket.take().map(|socket| socket.and_then(TcpListener::from_std));
        match socket {
            Some(Ok(listener)) => {
                let pages = pages::router(self.settings.clone());
                let accept = accept_all(listener, pages, self.settings.clone());
                ctx.spawn(accept.into_actor(self).map(|(), _, ctx| ctx.stop()));
                ctx.run_interval(page::SAMPLE_INTERVAL, |actor, ctx| {
                    ctx.spawn(take_sample(actor.settings.clone()).into_actor(actor));
                });
            }
            Some(Err(error)) => {
                self.words.say(format!("cannot listen: {error}"));
                ctx.stop();
            }
            None => ctx.stop(),
        }
    }
}

/// Notes what has happened since the last time, for the status page.
async fn take_sample(settings: Arc<AdminSettings>) {
    if let Some(store) = health::ask_store(&settings).await {
        let totals = page::totals(&store, settings.facts.latencies.as_ref());
        settings.samples().note(totals);
    }
}

async fn accept_all(listener: TcpListener, pages: Router, settings: Arc<AdminSettings>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    // Nobody closes the semaphore.
    while let Ok(place) = places.clone().acquire_owned().await {
        let (stream, client) = accept(&listener).await;
        let pages = pages.clone().layer(Extension(permission::Client(client)));
        let settings = settings.clone();
        actix_rt::spawn(async move {
            match &settings.tls {
                None => serve::serve(stream, pages).await,
                Some(tls) => serve_securely(tls, stream, client, pages, &settings.facts).await,
            }
            drop(place);
        });
    }
}

/// The same over TLS. Who speaks plain HTTP is told so as HTTP has it.
async fn serve_securely(
    tls: &Tls,
    stream: TcpStream,
    client: SocketAddr,
    pages: Router,
    facts: &Facts,
) {
    let welcome = tls.welcome(stream, client, HANDSHAKE_LIMIT).await;
    facts.count_handshake(&welcome);
    match welcome {
        Welcome::Secure(socket) => serve::serve(socket, pages).await,
        Welcome::PlainText(stream, _) => serve::serve(stream, pages::tls_only()).await,
        // The log has it.
        Welcome::Refused(_) | Welcome::Stalled => {}
    }
}

/// The next one. Running out of sockets is no reason to stop: it passes.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut failing = false;
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                if !failing {
                    warn!(error:%; "cannot accept connections over HTTP for now");
                }
                failing = true;
                time::sleep(ACCEPT_REST).await;
            }
        }
    }
}
