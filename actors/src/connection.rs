//! The connection actor: one client. Reads a chunk, sends all its commands to the store as one
//! batch, writes the replies, and only then reads on; so a client has at most one batch under way,
//! and one that does not read its replies is not read from.

use crate::clients::ClientSlot;
use crate::exit::ExitReason;
use crate::facts::Facts;
use crate::lane::{Lane, Lanes};
use crate::latencies::Chunk;
use crate::live::Live;
use crate::socket::Socket;
use crate::stop_signal::StopSignal;
use crate::store::{self, StoreActor};
use crate::sync::{self, Incoming, ReadPeers, SyncActor, SyncNow};
use crate::system::{FindSync, SetReplication, Stop, SystemActor};
use crate::tls::{Tls, Welcome};
use crate::users::Gate;
use crate::wall_clock;
use actix::dev::ToEnvelope;
use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, WrapFuture,
};
use bytes::{Buf, Bytes, BytesMut};
use log::debug;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::execute::{Answer, Batch, KeySearch, Progress, Question};
use merkle_kv_core::merkle::Digest;
use merkle_kv_core::protocol::{
    ClientAction, ClientError, Decoder, Dialect, Limits, NodeFacts, ReplicateAction,
};
use merkle_kv_core::session::{Greeting, greeting};
use merkle_kv_core::trace::Stage;
use std::fmt;
use std::future::{self, Future};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task;
use tokio::time;
use tokio_util::io::poll_read_buf;

/// How much is read at once, in bytes: at first, and from a client that fills what it gets.
const FIRST_READ_BYTES: usize = 4 << 10;
const LARGEST_READ_BYTES: usize = 64 << 10;

/// How long a client that is sent away may be silent before its connection is dropped, and how
/// long it may go on sending into the void.
const LINGER_SILENCE: Duration = Duration::from_millis(100);
const LINGER_LIMIT: Duration = Duration::from_secs(1);

/// How long a client that never pauses is still read from when the node stops: time for all that a
/// full socket holds. Together with the lingering it is well below what a stop waits for clients.
const LAST_READS_LIMIT: Duration = Duration::from_secs(1);

/// What all connections of a node have in common.
pub(crate) struct ConnectionSettings {
    pub(crate) limits: Limits,
    pub(crate) dialect: Dialect,
    /// How long a client may stall, and be silent between commands.
    pub(crate) live: Arc<Live>,
    pub(crate) lanes: Lanes,
    pub(crate) store: Addr<StoreActor>,
    pub(crate) system: Addr<SystemActor>,
    pub(crate) facts: Arc<Facts>,
    /// Where clients log in.
    pub(crate) gate: Arc<Gate>,
    /// Turns true when the node stops: finish what was received, then close.
    pub(crate) stopping: watch::Receiver<bool>,
    /// What every connection is secured with, if they are.
    pub(crate) tls: Option<Tls>,
}

/// One client. Lives from the accepted socket to its close; never restarted.
pub(crate) struct ConnectionActor {
    /// Taken by the future that serves the client.
    start: Option<(TcpStream, ClientSlot)>,
    settings: Arc<ConnectionSettings>,
}

impl ConnectionActor {
    pub(crate) fn new(
        stream: TcpStream,
        slot: ClientSlot,
        settings: Arc<ConnectionSettings>,
    ) -> ConnectionActor {
        ConnectionActor { start: Some((stream, slot)), settings }
    }
}

impl Actor for ConnectionActor {
    type Context = Context<ConnectionActor>;

    fn started(&mut self, ctx: &mut Context<ConnectionActor>) {
        let Some((stream, slot)) = self.start.take() else {
            return ctx.stop();
        };
        let address = slot.address();
        #[cfg(test)]
        tests::note(address, ctx.address());
        let settings = self.settings.clone();
        ctx.spawn(begin(stream, slot, settings).into_actor(self).map(move |ended, _, ctx| {
            debug!(client:% = address, reason:% = ended; "connection ended");
            ctx.stop();
        }));
    }
}

/// Secures the connection if it has to be, and serves it.
async fn begin(stream: TcpStream, slot: ClientSlot, settings: Arc<ConnectionSettings>) -> Ended {
    let Some(tls) = &settings.tls else {
        return Client::new(Socket::Plain(stream), slot, settings).serve().await;
    };
    let mut stopping = settings.stopping.clone();
    let welcome = tokio::select! {
        welcome = tls.welcome(stream, slot.address(), settings.live.stall_limit()) => welcome,
        _ = stopping.wait_for(|stopping| *stopping) => return Ended::Asked,
    };
    settings.facts.count_handshake(&welcome);
    match welcome {
        Welcome::Secure(socket) => Client::new(socket, slot, settings).serve().await,
        Welcome::PlainText(stream, first) => {
            let client = Client::new(Socket::Plain(stream), slot, settings);
            client.answer_plain_text(first).await
        }
        Welcome::Refused(reason) => Ended::Insecure(reason),
        Welcome::Stalled => Ended::Stalled,
    }
}

/// Why a connection ended.
enum Ended {
    /// The client closed it, perhaps inside a command, which is then not run.
    PeerClosed,
    /// QUIT, or the node stops.
    Asked,
    /// It is a peer, and sync has its socket.
    IsPeer,
    /// The client was silent for too long, inside or between commands.
    Stalled,
    /// TLS did not come about.
    Insecure(String),
    /// The store is gone: the node is about to stop.
    StoreGone,
    /// The socket failed.
    Broken(io::Error),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::PeerClosed => f.write_str("the client closed it"),
            Ended::Asked => f.write_str("asked to close"),
            Ended::IsPeer => f.write_str("it is a peer's session"),
            Ended::Stalled => f.write_str("the client was silent for too long"),
            Ended::Insecure(reason) => write!(f, "there was no TLS: {reason}"),
            Ended::StoreGone => f.write_str("the store is gone"),
            Ended::Broken(error) => write!(f, "the socket failed: {error}"),
        }
    }
}

/// The state of one client between two chunks.
struct Client {
    stream: Socket,
    slot: ClientSlot,
    decoder: Decoder,
    input: BytesMut,
    lane: Lane,
    /// What the last chunk came to; nothing before the first request.
    batch: Option<Box<Batch>>,
    chunk: Chunk,
    read_bytes: usize,
    /// The input holds what has not been looked at yet.
    has_read: bool,
    stop: StopSignal,
    /// Known once the node stops.
    last_read_by: Option<Instant>,
    settings: Arc<ConnectionSettings>,
}

impl Client {
    fn new(stream: Socket, slot: ClientSlot, settings: Arc<ConnectionSettings>) -> Client {
        Client {
            stream,
            slot,
            decoder: Decoder::new(settings.limits, settings.dialect),
            input: BytesMut::new(),
            lane: settings.lanes.lane(),
            batch: None,
            chunk: Chunk::default(),
            read_bytes: FIRST_READ_BYTES,
            has_read: false,
            stop: StopSignal::new(settings.stopping.clone()),
            last_read_by: None,
            settings,
        }
    }

    async fn serve(mut self) -> Ended {
        match self.greet().await {
            Ok(Greeting::Peer(bytes)) => return self.hand_over(bytes).await,
            Ok(Greeting::Stranger) => return self.refuse(&ClientError::OtherPeerProtocol).await,
            Ok(Greeting::Tls) => return self.refuse(&ClientError::TlsOff).await,
            Ok(Greeting::Client | Greeting::Unfinished) => self.has_read = true,
            Err(ended) => return ended,
        }
        loop {
            if let Err(ended) = self.serve_chunk().await {
                if matches!(ended, Ended::Asked) {
                    self.linger().await;
                }
                return ended;
            }
        }
    }

    /// Reads until it is clear whether this is a client or a peer. What a client has sent is left in
    /// the input, as if it were still to be read.
    async fn greet(&mut self) -> Result<Greeting, Ended> {
        loop {
            self.read().await?;
            match greeting(&self.input) {
                Greeting::Unfinished => {}
                known => return Ok(known),
            }
        }
    }

    /// Says that no more replies come, and drops what the client was still sending: a socket that is
    /// closed with unread input resets the connection, and replies on their way are lost with it.
    async fn linger(&mut self) {
        let Client { stream, input, .. } = self;
        let until_silent = async move {
            stream.shutdown().await?;
            loop {
                input.clear();
                input.reserve(LARGEST_READ_BYTES);
                match time::timeout(LINGER_SILENCE, stream.read_buf(input)).await {
                    Ok(Ok(bytes)) if bytes > 0 => {}
                    Ok(Ok(_)) | Err(_) => return Ok(()),
                    Ok(Err(error)) => return Err(error),
                }
            }
        };
        // Whoever is gone, or does not stop, needs no more care.
        let _: Result<io::Result<()>, _> = time::timeout(LINGER_LIMIT, until_silent).await;
    }

    async fn serve_chunk(&mut self) -> Result<(), Ended> {
        // The first chunk was read to see who speaks.
        if !std::mem::take(&mut self.has_read) {
            self.read().await?;
        }
        let began = self.settings.facts.tracer.now();
        let requests = self.decoder.decode(&mut self.input);
        if requests.is_empty() {
            return Ok(());
        }
        if self.settings.facts.latencies.is_some() {
            self.chunk.begin(&requests);
        }
        let mut batch = match self.batch.take() {
            Some(mut batch) => {
                batch.go_on(requests);
                batch
            }
            None => Box::new(Batch::new(requests, self.decoder.wording(), BytesMut::new())),
        };
        loop {
            let run = self.lane.run(batch).await;
            let (ran, progress) = run.ok_or(Ended::StoreGone)?;
            batch = ran;
            self.write(&mut batch.output).await?;
            self.settings.facts.tracer.record(Stage::Command, batch.traced(), began);
            match progress {
                Progress::Done => break,
                Progress::More => {}
                Progress::Ask(question) => batch.answer(self.answer(question).await),
            }
        }
        if let Some(latencies) = &self.settings.facts.latencies {
            self.chunk.end(latencies);
        }
        if batch.closes() {
            return Err(Ended::Asked);
        }
        // An idle client does not keep the room of the largest reply it ever had.
        if batch.output.capacity() > LARGEST_READ_BYTES {
            batch.output = BytesMut::new();
        }
        self.batch = Some(batch);
        Ok(())
    }

    /// Reads what there is. Silence is bounded by where it falls: inside a command, or between two.
    async fn read(&mut self) -> Result<(), Ended> {
        if self.stop.is_given() {
            let last = *self.last_read_by.get_or_insert_with(|| Instant::now() + LAST_READS_LIMIT);
            if Instant::now() > last {
                return Err(Ended::Asked);
            }
        }
        let limit = if self.decoder.is_inside_request(&self.input) {
            Some(self.settings.live.stall_limit())
        } else {
            self.settings.live.idle_limit()
        };
        self.input.reserve(self.read_bytes);
        let mut silence = limit.map(|limit| Box::pin(time::sleep(limit)));
        let Client { stream, input, stop, .. } = self;
        let read = future::poll_fn(|context| {
            // Knows by a read that does not fill the buffer that no more has come, and does not try.
            if let Poll::Ready(read) = poll_read_buf(Pin::new(&mut *stream), context, input) {
                return Poll::Ready(read.map_err(Ended::Broken));
            }
            if let Some(silence) = &mut silence
                && silence.as_mut().poll(context).is_ready()
            {
                return Poll::Ready(Err(Ended::Stalled));
            }
            stop.poll(context).map(|()| Err(Ended::Asked))
        });
        match read.await? {
            0 => Err(Ended::PeerClosed),
            bytes => {
                self.slot.is_active();
                let filled = bytes >= self.read_bytes;
                let wanted = if filled { self.read_bytes * 2 } else { self.read_bytes };
                self.read_bytes = wanted.min(LARGEST_READ_BYTES);
                Ok(())
            }
        }
    }

    /// Writes all of `output`. The client may take as long as it likes, as long as it takes some.
    async fn write(&mut self, output: &mut BytesMut) -> Result<(), Ended> {
        while !output.is_empty() {
            // Most often there is room, and no time to be measured.
            match self.stream.try_write(output) {
                Ok(0) => return Err(Ended::PeerClosed),
                Ok(bytes) => {
                    output.advance(bytes);
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(Ended::Broken(error)),
            }
            let write = self.stream.write_buf(output);
            match time::timeout(self.settings.live.stall_limit(), write).await {
                Err(_) => return Err(Ended::Stalled),
                Ok(Ok(0)) => return Err(Ended::PeerClosed),
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(Ended::Broken(error)),
            }
        }
        if self.stream.holds_back() {
            match time::timeout(self.settings.live.stall_limit(), self.stream.flush()).await {
                Err(_) => return Err(Ended::Stalled),
                Ok(flushed) => flushed.map_err(Ended::Broken)?,
            }
        }
        Ok(())
    }

    async fn answer(&self, question: Question) -> Answer {
        let ConnectionSettings { facts, system, store: data, .. } = &*self.settings;
        let switch = |on| async move {
            match system.send(SetReplication(on)).await {
                Ok(true) => Answer::Done,
                Ok(false) => Answer::Refused(ClientError::ReplicationOff),
                Err(_) => Answer::Refused(ClientError::Unavailable { what: "the node" }),
            }
        };
        match question {
            Question::Info => {
                let root = sync::root(data.clone()).await;
                Answer::Node(Box::new(NodeFacts { root, ..facts.node() }))
            }
            Question::Stats => Answer::Node(Box::new(facts.node())),
            Question::Snapshot => match data.send(store::Pin).await {
                Ok(Some(snapshot)) => Answer::Snapshot(snapshot),
                Ok(None) | Err(_) => {
                    Answer::Refused(ClientError::Unavailable { what: "the store" })
                }
            },
            Question::Client(ClientAction::List) => Answer::Clients(facts.clients.list()),
            Question::Client(action) => {
                if let ClientAction::SetName(name) = action {
                    self.slot.set_name(&name);
                    return Answer::Done;
                }
                Answer::Client(Box::new(self.slot.facts()))
            }
            Question::Hello(hello) => {
                if let Some(name) = hello.name {
                    self.slot.set_name(&name);
                }
                Answer::Client(Box::new(self.slot.facts()))
            }
            Question::LogIn(login) => {
                match self.settings.gate.log_in(self.slot.address(), &login).await {
                    Ok(user) => {
                        self.slot.set_user(user.name.clone());
                        Answer::User(user)
                    }
                    Err(error) => Answer::Refused(error),
                }
            }
            Question::Reset => {
                self.slot.forget_who_it_is();
                Answer::Done
            }
            Question::Keys(search) => match self.keys(search).await {
                Some(entries) => Answer::Keys(entries),
                None => Answer::Refused(ClientError::Unavailable { what: "the store" }),
            },
            Question::Replicate(ReplicateAction::Status) => {
                Answer::Replication(facts.replication())
            }
            Question::Replicate(ReplicateAction::Enable) => switch(true).await,
            Question::Replicate(ReplicateAction::Disable) => switch(false).await,
            Question::Hash(prefix) => match self.digest(prefix.unwrap_or_default()).await {
                Some(digest) => Answer::Hash(digest),
                None => Answer::Refused(ClientError::Unavailable { what: "the store" }),
            },
            Question::Sync(peer) => self.ask_sync(SyncNow(peer), Answer::Sync).await,
            Question::Peers => self.ask_sync(ReadPeers, Answer::Peers).await,
            Question::Quit => Answer::Done,
            Question::Shutdown => {
                // The stop waits until this connection has written its reply.
                system.do_send(Stop(ExitReason::Asked));
                Answer::Done
            }
        }
    }
}

/// What is asked of others, which takes longer than a command.
impl Client {
    /// The digest of the keys with a prefix, computed where it holds up nobody.
    async fn digest(&self, prefix: Bytes) -> Option<Digest> {
        let snapshot = self.settings.store.send(store::Pin).await.ok().flatten()?;
        task::spawn_blocking(move || snapshot.tree.digest_of_prefix(&prefix)).await.ok()
    }

    /// The keys that match, looked for where it holds up nobody.
    async fn keys(&self, search: KeySearch) -> Option<Vec<Entry>> {
        let snapshot = self.settings.store.send(store::Pin).await.ok().flatten()?;
        let now = wall_clock::now();
        task::spawn_blocking(move || search.run(&snapshot, now)).await.ok()
    }

    async fn ask_sync<M>(&self, message: M, answer: fn(M::Result) -> Answer) -> Answer
    where
        M: Message + Send + 'static,
        M::Result: Send,
        SyncActor: Handler<M>,
        Context<SyncActor>: ToEnvelope<SyncActor, M>,
    {
        let unavailable = Answer::Refused(ClientError::Unavailable { what: "anti-entropy" });
        match self.settings.system.send(FindSync).await {
            Ok(Some(sync)) => sync.send(message).await.map_or(unavailable, answer),
            Ok(None) => Answer::Refused(ClientError::SyncOff),
            Err(_) => unavailable,
        }
    }

    /// Gives the socket to whoever leads sessions. What a peer is told if that cannot be.
    async fn hand_over(mut self, greeting: usize) -> Ended {
        self.input.advance(greeting);
        let sync = self.settings.system.send(FindSync).await;
        let Ok(Some(sync)) = sync else {
            return self.refuse(&ClientError::SyncOff).await;
        };
        match self.stream.detach() {
            Ok(stream) => {
                sync.do_send(Incoming { stream, input: self.input, slot: self.slot });
                Ended::IsPeer
            }
            Err(error) => Ended::Broken(error),
        }
    }

    /// Tells a client that speaks plain text that this port does not, in words that it can read.
    async fn answer_plain_text(mut self, first: u8) -> Ended {
        let start = if first == b'*' { "-ERR" } else { "ERROR:" };
        self.say_last(start, &ClientError::TlsOnly).await
    }

    async fn refuse(&mut self, error: &ClientError) -> Ended {
        self.say_last("ERROR:", error).await
    }

    async fn say_last(&mut self, start: &str, error: &ClientError) -> Ended {
        let mut line = BytesMut::from(format!("{start} {error}\r\n").as_bytes());
        match self.write(&mut line).await {
            Ok(()) => {
                self.linger().await;
                Ended::Asked
            }
            Err(ended) => ended,
        }
    }
}

/// Where the connection of each client is, for tests that make it fail.
#[cfg(test)]
pub(crate) mod tests {
    use super::ConnectionActor;
    use actix::Addr;
    use std::collections::HashMap;
    use std::net::SocketAddr;
    use std::sync::Mutex;

    static CONNECTIONS: Mutex<Option<HashMap<SocketAddr, Addr<ConnectionActor>>>> =
        Mutex::new(None);

    pub(super) fn note(client: SocketAddr, connection: Addr<ConnectionActor>) {
        CONNECTIONS.lock().unwrap().get_or_insert_default().insert(client, connection);
    }

    pub(crate) fn of(client: SocketAddr) -> Addr<ConnectionActor> {
        CONNECTIONS.lock().unwrap().as_ref().unwrap()[&client].clone()
    }
}
