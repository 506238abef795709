//! The sync actor: decides with which peer a session is opened and when, has sessions run on a
//! thread of their own, keeps rounds of them, and tells the store from when on tombstones are
//! needed by nobody. Owns the table of peers; what a session exchanges goes straight to the store.

mod ended;
mod error;
mod recent;
mod session;
mod set_aside;
mod wire;

pub(crate) use recent::RecentSession;
pub(crate) use session::Incoming;

use crate::facts::Facts;
use crate::live::Live;
use crate::random;
use crate::store::{KeepMembers, Pin, RaiseWatermark, StoreActor, Tick};
use crate::tls::Tls;
use crate::wall_clock;
use actix::{
    Actor, ActorFutureExt, Addr, ArbiterHandle, AsyncContext, Context, Handler, Message,
    MessageResult, ResponseActFuture, ResponseFuture, SpawnHandle, WrapFuture,
};
use ended::SessionEnded;
use error::SyncError;
use log::{debug, info, warn};
use merkle_kv_core::backoff::Backoff;
use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::config::AntiEntropy;
use merkle_kv_core::members::{EqualSession, Members};
use merkle_kv_core::merkle::Digest;
use merkle_kv_core::naming::{NodeName, PeerAddress};
use merkle_kv_core::peers::{Ended, Peers, PeersSettings};
use merkle_kv_core::protocol::{PeerFacts, SyncFacts};
use merkle_kv_core::rate_limit::{RateLimit, Verdict};
use merkle_kv_core::replication::Presence;
use merkle_kv_core::session::{Frame, Identity, Outcome};
use merkle_kv_core::version::NodeId;
use recent::Recent;
use session::{Account, Beginning, SessionContext};
use std::collections::HashMap;
use std::future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task;

/// Before a peer that cannot be reached is tried for the second time.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// How long a node waits for peers that it does not know of, before it calls itself ready without
/// having met any: presence comes within milliseconds of joining the broker.
const LONELY_AFTER: Duration = Duration::from_secs(3);

/// How often a line is logged that an absent or a foreign peer can cause.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// What a peer is told while replication is disabled here. It need not ask again: this node opens
/// sessions itself when that is over.
const ISOLATED: &str = "replication is disabled on it";

/// How this node takes part in anti-entropy.
#[derive(Clone)]
pub(crate) struct SyncSettings {
    pub(crate) anti_entropy: AntiEntropy,
    pub(crate) node_id: String,
    pub(crate) own_address: Option<PeerAddress>,
    pub(crate) secret: Option<Arc<[u8]>>,
    pub(crate) data_dir: Arc<PathBuf>,
    pub(crate) live: Arc<Live>,
    /// What sessions that this node opens are secured with, if they are.
    pub(crate) tls: Option<Tls>,
    /// Outlives a restart of the actor: whoever forgets a member would take tombstones from it.
    pub(crate) members: Arc<Mutex<Members>>,
    /// Where sessions run.
    pub(crate) thread: ArbiterHandle,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl SyncSettings {
    fn peers(&self) -> PeersSettings {
        let AntiEntropy { peer_list, max_concurrent_syncs, peer_discovery_interval, .. } =
            self.anti_entropy.clone();
        PeersSettings {
            own: self.own_address.clone(),
            listed: peer_list,
            max_sessions: max_concurrent_syncs,
            retry: Backoff {
                first: FIRST_RETRY,
                longest: peer_discovery_interval.max(FIRST_RETRY),
            },
        }
    }
}

/// Opens and answers sessions. Started again by the system actor if it fails; sessions of its
/// predecessor come to their end by themselves.
pub(crate) struct SyncActor {
    settings: Arc<SyncSettings>,
    store: Addr<StoreActor>,
    facts: Arc<Facts>,
    peers: Peers,
    /// Who waits for the next session with a peer, and for the one under way.
    waiting: HashMap<PeerAddress, Vec<oneshot::Sender<SyncFacts>>>,
    served: HashMap<PeerAddress, Vec<oneshot::Sender<SyncFacts>>>,
    /// Looks again when the next peer is due.
    alarm: Option<SpawnHandle>,
    /// Begins the next round.
    next_round: Option<SpawnHandle>,
    is_ready: bool,
    recent: Recent,
    failing: RateLimit,
    /// The members that the store keeps.
    kept: Vec<NodeId>,
}

impl SyncActor {
    pub(crate) fn new(
        settings: Arc<SyncSettings>,
        store: Addr<StoreActor>,
        facts: Arc<Facts>,
    ) -> SyncActor {
        let peers = Peers::new(settings.peers());
        SyncActor {
            settings,
            store,
            facts,
            peers,
            waiting: HashMap::new(),
            served: HashMap::new(),
            alarm: None,
            next_round: None,
            is_ready: false,
            recent: Recent::default(),
            failing: RateLimit::new(LOG_INTERVAL, 1),
            kept: Vec::new(),
        }
    }

    /// Opens what is due, and sets the alarm for what is due next.
    fn advance(&mut self, ctx: &mut Context<SyncActor>) {
        self.answer_the_hopeless();
        if self.facts.is_isolated() {
            return;
        }
        let now = self.facts.uptime();
        while let Some((peer, eager)) = self.peers.next(now) {
            // Who asks from now on wants more than this session will see.
            let served = self.waiting.remove(&peer).unwrap_or_default();
            self.served.entry(peer.clone()).or_default().extend(served);
            self.begin(Some(peer.clone()), Beginning::Open { peer, eager }, ctx);
        }
        if let Some(alarm) = self.alarm.take() {
            ctx.cancel_future(alarm);
        }
        self.alarm = self.peers.wait(now).map(|wait| {
            ctx.run_later(wait, |actor, ctx| {
                actor.alarm = None;
                actor.advance(ctx);
            })
        });
    }

    /// Answers those whose session will not come.
    fn answer_the_hopeless(&mut self) {
        let (is_isolated, peers) = (self.facts.is_isolated(), &self.peers);
        let hopeless = self.waiting.extract_if(|address, _| is_isolated || !peers.knows(address));
        for (address, waiting) in hopeless {
            let error = if is_isolated { SyncError::Isolated } else { SyncError::Moved };
            let ended = SessionEnded::of(None, Err(error));
            for waiting in waiting {
                // Who no longer waits needs no answer.
                let _ = waiting.send(ended.facts(&address));
            }
        }
    }

    fn begin(
        &mut self,
        peer: Option<PeerAddress>,
        beginning: Beginning,
        ctx: &mut Context<SyncActor>,
    ) {
        let settings = &self.settings;
        let members = self.members().to_tell(self.facts.steady_time());
        let context = SessionContext {
            identity: Identity::new(&settings.node_id, settings.secret.clone(), members),
            store: self.store.clone(),
            data_dir: settings.data_dir.clone(),
            stall_limit: settings.live.stall_limit(),
            tls: settings.tls.clone(),
            stopping: settings.stopping.clone(),
            facts: self.facts.clone(),
        };
        let counter =
            if peer.is_some() { &self.facts.sync.opened } else { &self.facts.sync.answered };
        counter.add(1);
        let ended = SessionEnded::of(peer, Err(SyncError::Failed));
        let account = Account { ended: Some(ended), to: ctx.address() };
        // If the thread is gone the account is dropped, which tells of it.
        settings.thread.spawn(session::run(beginning, context, account));
    }

    /// Has the store keep who is a member, if that has changed: who forgets one in a crash would
    /// take tombstones from it.
    fn keep_members(&mut self) {
        let heard = self.members().heard();
        if !heard.iter().map(|(node, _)| node).eq(&self.kept) {
            self.kept = heard.iter().map(|(node, _)| *node).collect();
            self.store.do_send(KeepMembers(heard));
        }
    }

    /// Begins a round: a session with everybody.
    fn begin_round(&mut self, ctx: &mut Context<SyncActor>) {
        // The times have passed, whoever it is.
        self.kept.clear();
        self.keep_members();
        let tick = self.store.send(Tick).into_actor(self);
        ctx.spawn(tick.map(|clock, actor, ctx| {
            if let Ok(Some(clock)) = clock {
                let watermark = actor.members().begin_round(clock, actor.facts.steady_time());
                actor.raise(watermark);
            }
            actor.peers.want_all(actor.facts.uptime());
            actor.advance(ctx);
        }));
        self.begin_round_later(ctx);
    }

    /// Sets the time of the next round, in place of another that was set.
    fn begin_round_later(&mut self, ctx: &mut Context<SyncActor>) {
        let interval = self.settings.anti_entropy.interval;
        // Half of the jitter of a Backoff: rounds of many nodes spread out, and none comes late.
        let jittered = interval.mul_f64(0.9 + 0.2 * random::number() as f64 / u64::MAX as f64);
        if let Some(former) = self.next_round.take() {
            ctx.cancel_future(former);
        }
        self.next_round = Some(ctx.run_later(jittered, |actor, ctx| {
            actor.next_round = None;
            actor.begin_round(ctx);
        }));
    }

    fn raise(&mut self, watermark: Option<Hlc>) {
        if let Some(watermark) = watermark {
            debug!(watermark:%; "every member has held everything up to here");
            self.store.do_send(RaiseWatermark(watermark));
        }
    }

    /// What the session was good for, whoever opened it.
    fn learn(&mut self, ended: &SessionEnded) {
        let now = self.facts.steady_time();
        let Some(hello) = &ended.hello else {
            return;
        };
        let mut members = self.members();
        for (node, silent) in &hello.members {
            members.told_of(*node, *silent, now);
        }
        members.heard_from(hello.node, now);
        drop(members);
        self.keep_members();
        let Ok(Outcome::Equal { registers, .. }) = &ended.result else {
            return;
        };
        let (began, peer_clock) = (ended.began, hello.clock);
        let session = EqualSession { peer: hello.node, began, peer_clock };
        let watermark = self.members().met(session, now);
        self.facts.sync.watermark.set(registers.watermark.millis().0);
        self.raise(watermark);
    }

    fn count(&self, ended: &SessionEnded) {
        let counters = &self.facts.sync;
        let outcome = match &ended.result {
            Ok(Outcome::Equal { .. }) => &counters.equal,
            Ok(Outcome::Different) => &counters.different,
            Err(_) => match ended.ended() {
                Ended::Busy => &counters.busy,
                Ended::Equal(_) | Ended::Different | Ended::Failed { .. } => &counters.failed,
            },
        };
        outcome.add(1);
        counters.entries_sent.add(ended.entries_sent);
        counters.entries_received.add(ended.entries_received);
        counters.bytes_sent.add(ended.bytes_sent);
        counters.bytes_received.add(ended.bytes_received);
        counters.given_up.add(ended.given_up);
        counters.written_again.add(ended.written_again);
    }

    fn log(&mut self, ended: &SessionEnded) {
        let peer = ended.peer_name();
        let (sent, received) = (ended.entries_sent, ended.entries_received);
        let took_ms = ended.took.as_millis();
        match &ended.result {
            Ok(Outcome::Equal { .. }) if sent + received == 0 => {
                debug!(peer, took_ms; "a peer holds the same");
            }
            Ok(Outcome::Equal { .. }) => {
                info!(peer, sent, received, took_ms; "differences with a peer were repaired");
            }
            Ok(Outcome::Different) => {
                info!(peer, sent, received, took_ms; "a peer differs still; another session follows");
            }
            Err(SyncError::Stopping) => {}
            Err(error) => match self.failing.check(self.facts.uptime()) {
                Verdict::Allow { suppressed } => {
                    warn!(peer, error:%, suppressed; "a session with a peer failed");
                }
                Verdict::Suppress => debug!(peer, error:%; "a session with a peer failed"),
            },
        }
    }

    /// Ready is who has once held what a peer holds, or has nobody to hold it against.
    fn look_whether_ready(&mut self, has_agreed: bool) {
        let is_lonely = self.facts.uptime() >= LONELY_AFTER && self.peers.are_tried();
        if !self.is_ready && (has_agreed || is_lonely) {
            self.is_ready = true;
            self.facts.sync.set_ready();
            info!(has_agreed; "ready");
        }
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        // Nothing in it can panic half-way.
        self.settings.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The root of the data set of this moment, computed where it holds up nobody.
pub(crate) async fn root(store: Addr<StoreActor>) -> Option<Digest> {
    let snapshot = store.send(Pin).await.ok().flatten()?;
    if snapshot.tree.knows_root() {
        return Some(snapshot.tree.root());
    }
    task::spawn_blocking(move || snapshot.tree.root()).await.ok()
}

impl Actor for SyncActor {
    type Context = Context<SyncActor>;

    fn started(&mut self, ctx: &mut Context<SyncActor>) {
        self.begin_round(ctx);
        let lonely = LONELY_AFTER.saturating_sub(self.facts.uptime()) + Duration::from_millis(1);
        ctx.run_later(lonely, |actor, _| actor.look_whether_ready(false));
    }
}

impl Message for SessionEnded {
    type Result = ();
}

impl Handler<SessionEnded> for SyncActor {
    type Result = ();

    fn handle(&mut self, ended: SessionEnded, ctx: &mut Context<SyncActor>) {
        self.count(&ended);
        self.log(&ended);
        self.recent.note(&ended, wall_clock::now());
        self.learn(&ended);
        match &ended.peer {
            None => self.peers.leave(),
            Some(peer) => {
                let UnixMillis(millis) = wall_clock::now();
                let now = (self.facts.uptime(), millis / 1_000);
                self.peers.ended(peer, ended.ended(), now, random::number());
                let name = ended.hello.as_ref().and_then(|hello| NodeName::parse(&hello.name));
                if let Some(name) = name {
                    self.peers.named(peer, name);
                }
                let served = self.served.remove(peer).unwrap_or_default();
                if ended.ended() == Ended::Busy {
                    self.waiting.entry(peer.clone()).or_default().extend(served);
                } else {
                    for waiting in served {
                        // Who no longer waits needs no answer.
                        let _ = waiting.send(ended.facts(peer));
                    }
                }
            }
        }
        self.look_whether_ready(matches!(ended.result, Ok(Outcome::Equal { .. })));
        self.advance(ctx);
    }
}

/// A peer opens a session with this node.
impl Message for Incoming {
    type Result = ();
}

impl Handler<Incoming> for SyncActor {
    type Result = ();

    fn handle(&mut self, incoming: Incoming, ctx: &mut Context<SyncActor>) {
        let refusal = if self.facts.is_isolated() {
            Frame::Fault(ISOLATED.to_owned())
        } else if self.peers.admit() {
            return self.begin(None, Beginning::Answer(incoming), ctx);
        } else {
            self.facts.sync.busy.add(1);
            Frame::Busy
        };
        let limit = self.settings.live.stall_limit();
        self.settings.thread.spawn(session::turn_away(incoming, refusal, limit));
    }
}

/// A presence that was heard of over MQTT.
pub(crate) struct PeerSeen(pub(crate) Presence);

impl Message for PeerSeen {
    type Result = ();
}

impl Handler<PeerSeen> for SyncActor {
    type Result = ();

    fn handle(&mut self, PeerSeen(presence): PeerSeen, ctx: &mut Context<SyncActor>) {
        if presence.is_online() {
            let node = presence.node();
            self.members().heard_from(node, self.facts.steady_time());
            self.keep_members();
        }
        let root = root(self.store.clone());
        ctx.spawn(root.into_actor(self).map(move |root, actor, ctx| {
            actor.peers.presence(&presence, root.as_ref(), actor.facts.uptime());
            actor.look_whether_ready(false);
            actor.advance(ctx);
        }));
    }
}

/// This node has joined its broker, perhaps again: it may have missed something.
pub(crate) struct Joined;

impl Message for Joined {
    type Result = ();
}

impl Handler<Joined> for SyncActor {
    type Result = ();

    fn handle(&mut self, _: Joined, ctx: &mut Context<SyncActor>) {
        self.peers.want_all(self.facts.uptime());
        self.advance(ctx);
    }
}

/// Open a session with this peer, or with all, now. Answers when they are over.
pub(crate) struct SyncNow(pub(crate) Option<PeerAddress>);

impl Message for SyncNow {
    type Result = Vec<SyncFacts>;
}

impl Handler<SyncNow> for SyncActor {
    type Result = ResponseFuture<Vec<SyncFacts>>;

    fn handle(&mut self, SyncNow(peer): SyncNow, ctx: &mut Context<SyncActor>) -> Self::Result {
        let now = self.facts.uptime();
        let addresses = peer.map_or_else(|| self.peers.addresses(), |peer| vec![peer]);
        if self.facts.is_isolated() {
            let refused = SessionEnded::of(None, Err(SyncError::Isolated));
            let facts = addresses.iter().map(|address| refused.facts(address)).collect();
            return Box::pin(future::ready(facts));
        }
        let mut answers = Vec::new();
        for address in addresses {
            if self.peers.want(&address, now) {
                let (sender, receiver) = oneshot::channel();
                self.waiting.entry(address).or_default().push(sender);
                answers.push(receiver);
            }
        }
        self.advance(ctx);
        Box::pin(async move {
            let mut facts = Vec::new();
            for answer in answers {
                facts.extend(answer.await.ok());
            }
            facts
        })
    }
}

/// Other settings of the configuration hold from now on. Sessions under way go on.
pub(crate) struct Reconfigure(pub(crate) Arc<SyncSettings>);

impl Message for Reconfigure {
    type Result = ();
}

impl Handler<Reconfigure> for SyncActor {
    type Result = ();

    fn handle(&mut self, Reconfigure(settings): Reconfigure, ctx: &mut Context<SyncActor>) {
        let former = std::mem::replace(&mut self.settings, settings);
        self.peers.reconfigure(self.settings.peers(), self.facts.uptime());
        self.members().evict_after(self.settings.anti_entropy.evict_after_millis());
        if former.anti_entropy.interval != self.settings.anti_entropy.interval {
            self.begin_round_later(ctx);
        }
        self.advance(ctx);
    }
}

/// What is known of every peer.
pub(crate) struct ReadPeers;

impl Message for ReadPeers {
    type Result = Vec<PeerFacts>;
}

impl Handler<ReadPeers> for SyncActor {
    type Result = ResponseActFuture<Self, Vec<PeerFacts>>;

    fn handle(&mut self, _: ReadPeers, _: &mut Context<SyncActor>) -> Self::Result {
        let root = root(self.store.clone());
        Box::pin(root.into_actor(self).map(|root, actor, _| {
            if let Some(root) = root {
                actor.peers.own_root(&root);
            }
            actor.peers.facts()
        }))
    }
}

/// The last sessions, the latest first.
pub(crate) struct ReadSessions;

impl Message for ReadSessions {
    type Result = Vec<RecentSession>;
}

impl Handler<ReadSessions> for SyncActor {
    type Result = Vec<RecentSession>;

    fn handle(&mut self, _: ReadSessions, _: &mut Context<SyncActor>) -> Vec<RecentSession> {
        self.recent.all()
    }
}

/// What metrics tell of the others, as it was when they were last heard of: nothing is computed for
/// it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Membership {
    pub(crate) peers: Vec<PeerFacts>,
    /// Nodes that hold back the removal of tombstones, with this one; 0 if there is no telling.
    pub(crate) members: usize,
    /// Members that were left out for their silence.
    pub(crate) evicted: u64,
}

/// Asks for the [`Membership`].
pub(crate) struct ReadMembership;

impl Message for ReadMembership {
    type Result = Membership;
}

impl Handler<ReadMembership> for SyncActor {
    type Result = MessageResult<ReadMembership>;

    fn handle(&mut self, _: ReadMembership, _: &mut Context<SyncActor>) -> Self::Result {
        let peers = self.peers.facts();
        let members = self.members();
        let (others, evicted) = (members.heard().len(), members.evicted());
        MessageResult(Membership { peers, members: others + 1, evicted })
    }
}
