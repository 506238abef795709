//! One session as a task: leads core's state machine over a socket, and has the store do what it
//! asks for. Runs on the thread of sessions, so that no client waits for a digest.

use super::ended::SessionEnded;
use super::error::SyncError;
use super::set_aside::set_aside;
use super::wire::Wire;
use super::{ISOLATED, SyncActor};
use crate::clients::ClientSlot;
use crate::facts::Facts;
use crate::random;
use crate::socket::{Detached, Socket};
use crate::store::{CarryOut, Conclude, Meet, Pin, Secure, StoreActor};
use crate::tls::Tls;
use actix::Addr;
use bytes::BytesMut;
use log::warn;
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::entry::Entry;
use merkle_kv_core::naming::PeerAddress;
use merkle_kv_core::session::{
    Effect, Frame, Hello, Identity, Nonce, Outcome, Session, SessionError,
};
use merkle_kv_core::store::Snapshot;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task;
use tokio::time;

/// How long connecting may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long a peer may take from its greeting to its hello, which it sends together: few places
/// there are, and a stranger shall not hold one for long.
const HELLO_LIMIT: Duration = Duration::from_secs(5);

/// How long a session may keep its snapshot, and with it everything that is overwritten meanwhile.
/// A session that is cut off there is begun again, and what it has brought is not sent twice.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(300);

/// Entries that the store takes in before clients have their turn: a quarter of a millisecond.
const APPLY_ENTRIES: usize = 256;

/// What every session needs.
pub(super) struct SessionContext {
    pub(super) identity: Identity,
    pub(super) store: Addr<StoreActor>,
    pub(super) data_dir: Arc<PathBuf>,
    /// What sessions that this node opens are secured with, if they are.
    pub(super) tls: Option<Tls>,
    pub(super) stall_limit: Duration,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) facts: Arc<Facts>,
}

impl SessionContext {
    /// A client may have switched replication off meanwhile: then nothing more is exchanged.
    fn goes_on(&self) -> Result<(), SyncError> {
        if self.facts.is_isolated() { Err(SyncError::Isolated) } else { Ok(()) }
    }
}

/// Who the session is with, and how it begins.
pub(super) enum Beginning {
    Open {
        peer: PeerAddress,
        /// The roots are known to differ.
        eager: bool,
    },
    Answer(Incoming),
}

/// A peer that has just greeted this node.
pub(crate) struct Incoming {
    pub(crate) stream: Detached,
    /// What it has sent beside its greeting.
    pub(crate) input: BytesMut,
    /// Its place among the connections.
    pub(crate) slot: ClientSlot,
}

/// What a session has come to. Told to the actor when it is dropped, also by a panic.
pub(super) struct Account {
    pub(super) ended: Option<SessionEnded>,
    pub(super) to: Addr<SyncActor>,
}

impl Drop for Account {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            self.to.do_send(ended);
        }
    }
}

/// Runs a session to its end.
pub(super) async fn run(beginning: Beginning, context: SessionContext, mut account: Account) {
    let begun = Instant::now();
    let mut stopping = context.stopping.clone();
    if let Some(ended) = &mut account.ended {
        let session = time::timeout(SNAPSHOT_LIMIT, lead(beginning, context, ended));
        let result = tokio::select! {
            result = session => result.unwrap_or(Err(SyncError::TooLong)),
            _ = stopping.wait_for(|stopping| *stopping) => Err(SyncError::Stopping),
        };
        ended.result = result;
        ended.took = begun.elapsed();
    }
}

async fn lead(
    beginning: Beginning,
    context: SessionContext,
    ended: &mut SessionEnded,
) -> Result<Outcome, SyncError> {
    let (mut wire, mut session, _slot) = match beginning {
        Beginning::Open { peer, eager } => {
            let (wire, session) = open(&peer, eager, &context).await?;
            (wire, session, None)
        }
        Beginning::Answer(incoming) => {
            let (wire, session, slot) = answer(incoming, &context).await?;
            (wire, session, Some(slot))
        }
    };
    let result = exchange(&mut wire, &mut session, &context, ended).await;
    if let Some(fault) = result.as_ref().err().and_then(fault) {
        // Whether the peer hears it is its own affair.
        let _ = wire.send(&fault).await;
        let _ = wire.flush().await;
    }
    (ended.entries_sent, ended.entries_received) = session.entries();
    (ended.bytes_sent, ended.bytes_received) = (wire.sent, wire.received);
    ended.messages = u64::from(session.turns());
    ended.began = session.began();
    ended.hello = session.peer().filter(|_| session.is_proven()).cloned().map(Box::new);
    let outcome = result?;
    // Both have said all; a peer that is gone already has heard it.
    let _ = wire.close().await;
    context.store.send(Conclude(outcome)).await.map_err(|_| SyncError::Stopping)?;
    Ok(outcome)
}

/// What the peer is told of the end; nothing if it knows.
fn fault(error: &SyncError) -> Option<Frame> {
    match error {
        SyncError::Peer(SessionError::Busy | SessionError::Ended(_)) => None,
        SyncError::Peer(error) => Some(Frame::fault(error)),
        SyncError::Isolated => Some(Frame::Fault(ISOLATED.to_owned())),
        _ => None,
    }
}

async fn open(
    peer: &PeerAddress,
    eager: bool,
    context: &SessionContext,
) -> Result<(Wire, Session), SyncError> {
    let connected = time::timeout(CONNECT_LIMIT, connect(peer, context.tls.as_ref())).await;
    let stream = connected.map_err(|_| SyncError::ConnectTimeout(CONNECT_LIMIT.as_secs()))??;
    let mut wire = Wire::new(stream, BytesMut::new(), context.stall_limit);
    wire.greet();
    let snapshot = pin(&context.store).await?;
    let session = Session::open(context.identity.clone(), snapshot, nonce(), eager);
    Ok((wire, session))
}

async fn connect(peer: &PeerAddress, tls: Option<&Tls>) -> Result<Socket, SyncError> {
    let address = (peer.host.as_str(), peer.port);
    let stream = TcpStream::connect(address).await.map_err(SyncError::Connect)?;
    stream.set_nodelay(true).map_err(SyncError::Connect)?;
    match tls {
        Some(tls) => tls.connect(stream, &peer.host).await.map_err(SyncError::Insecure),
        None => Ok(Socket::Plain(stream)),
    }
}

async fn answer(
    incoming: Incoming,
    context: &SessionContext,
) -> Result<(Wire, Session, ClientSlot), SyncError> {
    let Incoming { stream, input, slot } = incoming;
    let stream = stream.attach().map_err(SyncError::Broken)?;
    let mut wire = Wire::new(stream, input, context.stall_limit);
    wire.accept();
    // One that sends its first frame byte by byte would keep a place from peers for minutes.
    let first = time::timeout(context.stall_limit.min(HELLO_LIMIT), wire.receive(false)).await;
    let hello = match first.map_err(|_| SyncError::Stalled)?? {
        Frame::Hello(hello) => *hello,
        other => return Err(SessionError::OutOfTurn(other.name()).into()),
    };
    let identity = context.identity.clone();
    let accepted = accept(hello, identity, context).await;
    if let Err(SyncError::Peer(error)) = &accepted {
        let _ = wire.send(&Frame::fault(error)).await;
        let _ = wire.flush().await;
    }
    Ok((wire, accepted?, slot))
}

async fn accept(
    hello: Hello,
    identity: Identity,
    context: &SessionContext,
) -> Result<Session, SyncError> {
    let meet = Meet(Box::new(hello.clone()));
    context.store.send(meet).await.map_err(|_| SyncError::Stopping)?;
    let snapshot = pin(&context.store).await?;
    Ok(Session::accept(identity, hello, snapshot, nonce())?)
}

/// A snapshot whose root is known, so that nothing later takes long.
async fn pin(store: &Addr<StoreActor>) -> Result<Snapshot, SyncError> {
    let pinned = store.send(Pin).await.ok().flatten();
    let snapshot = pinned.ok_or(SyncError::Stopping)?;
    if snapshot.tree.knows_root() {
        return Ok(snapshot);
    }
    let hashed = task::spawn_blocking(move || {
        snapshot.tree.root();
        snapshot
    });
    hashed.await.map_err(|_| SyncError::Failed)
}

async fn exchange(
    wire: &mut Wire,
    session: &mut Session,
    context: &SessionContext,
    ended: &mut SessionEnded,
) -> Result<Outcome, SyncError> {
    let mut is_accepted = !ended.opened;
    // The peer builds on what it is told, so it hears of nothing that a power cut could take back:
    // the clock at first, then what the session has brought.
    let mut is_secured = false;
    loop {
        if !std::mem::replace(&mut is_secured, true) {
            let is_secure = context.store.send(Secure).await.map_err(|_| SyncError::Stopping)?;
            if !is_secure {
                return Err(SyncError::DiskFull);
            }
        }
        context.goes_on()?;
        while let Some(frame) = session.next_frame() {
            wire.send(&frame).await?;
        }
        wire.flush().await?;
        if let Some(outcome) = session.outcome() {
            return Ok(outcome);
        }
        if !is_accepted {
            wire.accepted().await?;
            is_accepted = true;
        }
        let frame = wire.receive(session.is_proven()).await?;
        for effect in session.receive(frame)? {
            is_secured = false;
            carry_out(effect, context, ended).await?;
        }
        if let Some(outcome) = session.outcome() {
            return Ok(outcome);
        }
    }
}

/// Has the store do what the session asks for. When this returns it is done, so the peer may be
/// told so.
async fn carry_out(
    effect: Effect,
    context: &SessionContext,
    ended: &mut SessionEnded,
) -> Result<(), SyncError> {
    match effect {
        Effect::Apply { mut entries, watermark } => {
            while !entries.is_empty() {
                let later = entries.split_off(entries.len().min(APPLY_ENTRIES));
                carry_out_one(Effect::Apply { entries, watermark }, context, ended).await?;
                entries = later;
            }
            Ok(())
        }
        Effect::GiveUp(entries) => {
            write_down(&entries, context).await?;
            carry_out_one(Effect::GiveUp(entries), context, ended).await
        }
        Effect::Hello(_) | Effect::Flush(_) | Effect::WriteAgain(_) => {
            carry_out_one(effect, context, ended).await
        }
    }
}

async fn carry_out_one(
    effect: Effect,
    context: &SessionContext,
    ended: &mut SessionEnded,
) -> Result<(), SyncError> {
    context.goes_on()?;
    let carried = context.store.send(CarryOut(effect)).await.map_err(|_| SyncError::Stopping)?;
    let carried = carried.ok_or(SyncError::DiskFull)?;
    ended.given_up += carried.given_up.len() as u64;
    ended.written_again += carried.written_again as u64;
    Ok(())
}

async fn write_down(entries: &[Entry], context: &SessionContext) -> Result<(), SyncError> {
    if entries.is_empty() {
        return Ok(());
    }
    let (folder, copied) = (context.data_dir.clone(), entries.to_vec());
    let written = task::spawn_blocking(move || set_aside(&folder, &copied));
    let path = written.await.map_err(|_| SyncError::Failed)??;
    warn!(
        keys = entries.len(), file:% = path.display();
        "the cluster has deleted these while this node was away; they are set aside"
    );
    Ok(())
}

fn nonce() -> Nonce {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&random::number().to_be_bytes());
    nonce[8..].copy_from_slice(&random::number().to_be_bytes());
    Nonce(nonce)
}

/// Before a session has begun.
pub(super) const NEVER: Hlc = Hlc::ZERO;

/// Tells a peer why there is no session with it.
pub(super) async fn turn_away(incoming: Incoming, refusal: Frame, stall_limit: Duration) {
    let Incoming { stream, input, slot } = incoming;
    if let Ok(stream) = stream.attach() {
        let mut wire = Wire::new(stream, input, stall_limit);
        wire.accept();
        // Whether the peer hears it is its own affair.
        let _ = wire.send(&refusal).await;
        let _ = wire.flush().await;
        let _ = wire.close().await;
    }
    drop(slot);
}
