//! The MQTT actor: publishes what the store's outbox holds, hands the store what other nodes
//! publish, and keeps this node's presence. Owns the connection to the broker and nothing that
//! would be missed: after a failure a new one starts from the outbox.

mod claim;
mod link;
mod session;
mod topics;

pub(crate) use link::largest_incoming_bytes;

use crate::facts::Facts;
use crate::random;
use crate::store::{Apply, Attach, Changed, Previous, ReadFacts, Repeat, StoreActor, TakeUpdate};
use crate::wall_clock;
use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, ResponseActFuture,
    ResponseFuture, WrapFuture, fut,
};
use claim::Claim;
use log::{debug, error, info, warn};
use merkle_kv_core::backoff::{Attempt, Backoff};
use merkle_kv_core::change::Change;
use merkle_kv_core::protocol::{Limits, MqttState};
use merkle_kv_core::rate_limit::{RateLimit, Verdict};
use merkle_kv_core::replication::{Presence, PresenceState, decode_update, encode_update};
use merkle_kv_core::version::BootId;
use rumqttc::{ConnectionError, Publish};
use session::{Sent, Session, Step};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use topics::Topics;

/// About how much one update message carries, in bytes: large enough that a busy node sends few,
/// small enough that a receiver applies one in a millisecond or two.
const UPDATE_BYTES: usize = 256 << 10;

/// Changes of one message that the store takes in before clients have their turn.
const APPLY_CHANGES: usize = 4_096;

/// Between attempts to reach the broker.
const RECONNECT: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(10) };

/// A connection that has held so long is a good one: the next failure counts as the first.
const STEADY: Duration = Duration::from_secs(10);

/// Connections in a row that broke before the broker had confirmed a single update. Each makes the
/// next message sixteen times smaller, so that the last ones hold one entry.
const FRUITLESS_LIMIT: u32 = 6;

/// Until a node whose id is taken asks again.
const CLAIM_AGAIN: Duration = Duration::from_secs(30);

/// Between a peer's return and the repetition of what it may have missed.
const REPEAT_DELAY: Duration = Duration::from_millis(200);

/// How often presence is said again, so that its key count and time stay current.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(60);

/// How often a line is logged that a stranger or an absent broker can cause.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Nodes whose presence is remembered; more than any cluster has.
const MAX_PEERS: usize = 10_000;

/// How this node takes part in replication.
#[derive(Clone)]
pub(crate) struct MqttSettings {
    pub(crate) node_id: String,
    /// Where clients and peers find this node.
    pub(crate) address: String,
    pub(crate) boot: BootId,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) prefix: String,
    pub(crate) client_id: String,
    pub(crate) credentials: Option<(String, String)>,
    pub(crate) keep_alive: Duration,
    pub(crate) clean_session: bool,
    pub(crate) limits: Limits,
}

/// A node's voice and ear in its cluster. Started again by the system actor if it fails.
pub(crate) struct MqttActor {
    settings: Arc<MqttSettings>,
    topics: Topics,
    store: Addr<StoreActor>,
    facts: Arc<Facts>,
    /// The connection, once there is one; its number tells late events of an earlier one apart.
    session: Option<Session>,
    sessions: u64,
    failures: Attempt,
    /// Connections in a row that broke over an update.
    fruitless: u32,
    /// Counts messages of this start.
    seq: u64,
    peers: HashMap<String, Presence>,
    undecodable: RateLimit,
    claimed: RateLimit,
    unreachable: RateLimit,
    /// What was published of late is about to be published again.
    repeating: bool,
    /// Told once the outbox is empty and goodbye is said.
    drained: Option<oneshot::Sender<()>>,
}

impl MqttActor {
    pub(crate) fn new(
        settings: Arc<MqttSettings>,
        store: Addr<StoreActor>,
        facts: Arc<Facts>,
    ) -> MqttActor {
        MqttActor {
            topics: Topics::new(&settings.prefix, &settings.node_id),
            settings,
            store,
            facts,
            session: None,
            sessions: 0,
            failures: Attempt::default(),
            fruitless: 0,
            seq: 0,
            peers: HashMap::new(),
            undecodable: RateLimit::new(LOG_INTERVAL, 1),
            claimed: RateLimit::new(LOG_INTERVAL, 1),
            unreachable: RateLimit::new(LOG_INTERVAL, 1),
            repeating: false,
            drained: None,
        }
    }

    /// Claims the node's id, and joins if nobody else holds it.
    fn connect(&mut self, ctx: &mut Context<MqttActor>) {
        self.facts.mqtt.set_state(MqttState::Connecting);
        let (settings, topics) = (self.settings.clone(), self.topics.clone());
        let claim = async move { claim::claim(&settings, &topics, settings.boot).await };
        ctx.spawn(claim.into_actor(self).map(|claim, actor, ctx| match claim {
            Ok(Claim::Free) => actor.join(ctx),
            Ok(Claim::HeldBy(holder)) => actor.stay_out(&holder, ctx),
            Err(error) => actor.lost(&error, ctx),
        }));
    }

    fn join(&mut self, ctx: &mut Context<MqttActor>) {
        self.sessions += 1;
        let number = self.sessions;
        let farewell = self.presence(PresenceState::Offline, 0).encode();
        let will = link::will(&self.topics.own_presence, farewell);
        let (client, event_loop) = link::open(&self.settings, &self.settings.client_id, Some(will));
        self.session = Some(Session::new(number, client));
        let actor = ctx.address();
        let events = link::run(event_loop, move |event| {
            let handled = actor.send(BrokerEvent { session: number, event });
            // A closed mailbox means that this future is about to be dropped.
            async move { handled.await.unwrap_or_default() }
        });
        ctx.spawn(events.into_actor(self).map(move |error, actor, ctx| {
            if actor.session.as_ref().is_some_and(|session| session.number == number) {
                actor.lost(&error, ctx);
            }
        }));
    }

    fn stay_out(&mut self, holder: &Presence, ctx: &mut Context<MqttActor>) {
        self.facts.mqtt.set_state(MqttState::Refused);
        error!(
            node_id = self.settings.node_id.as_str(), holder = holder.address.as_str();
            "another live node has this node_id; this node serves its clients but does not \
             replicate until the other is gone; give each node a node_id of its own"
        );
        self.finish_drain();
        ctx.run_later(CLAIM_AGAIN, MqttActor::connect);
    }

    /// The broker cannot be reached, or not any more. Nothing is lost: the outbox keeps it.
    fn lost(&mut self, error: &ConnectionError, ctx: &mut Context<MqttActor>) {
        if let Some(session) = self.session.take() {
            if session.joined_at().is_some_and(|at| self.facts.uptime() - at > STEADY) {
                self.failures = Attempt::default();
            }
            if session.has_unconfirmed_update() {
                self.fruitless += 1;
            }
        }
        self.failures = self.failures.next();
        self.facts.mqtt.set_state(MqttState::Connecting);
        self.finish_drain();
        let delay = RECONNECT.delay(self.failures, random::number());
        let broker = format!("{}:{}", self.settings.host, self.settings.port);
        match self.unreachable.check(self.facts.uptime()) {
            Verdict::Allow { suppressed } => warn!(
                broker = broker.as_str(), error:%, attempt = self.failures.0, suppressed;
                "no connection to the broker; trying again"
            ),
            Verdict::Suppress => {
                debug!(broker = broker.as_str(), error:%; "no connection to the broker");
            }
        }
        ctx.run_later(delay, MqttActor::connect);
    }

    fn joined(&mut self, ctx: &mut Context<MqttActor>) {
        let now = self.facts.uptime();
        if let Some(session) = &mut self.session {
            session.joined(now);
        }
        self.facts.mqtt.connections.add(1);
        self.facts.mqtt.set_state(MqttState::Connected);
        info!(broker = format!("{}:{}", self.settings.host, self.settings.port); "joined the cluster");
        self.say_presence(ctx);
        self.publish_next(ctx);
    }

    fn say_presence(&mut self, ctx: &mut Context<MqttActor>) {
        let facts = self.store.send(ReadFacts).into_actor(self);
        ctx.spawn(facts.map(|facts, actor, _| {
            if actor.session.as_mut().is_some_and(|session| session.may_say(Sent::Presence)) {
                let keys = facts.map_or(0, |facts| facts.keys);
                let presence = actor.presence(PresenceState::Online, keys).encode();
                let topic = actor.topics.own_presence.clone();
                actor.send(Sent::Presence, &topic, true, presence);
            }
        }));
    }

    fn presence(&self, state: PresenceState, keys: u64) -> Presence {
        Presence {
            node_id: self.settings.node_id.clone(),
            state,
            address: self.settings.address.clone(),
            boot_id: self.settings.boot.to_string(),
            joined: self.facts.mqtt.connections.get(),
            version: merkle_kv_core::VERSION.to_string(),
            keys,
            time: wall_clock::now().0 / 1_000,
        }
    }

    fn send(&mut self, what: Sent, topic: &str, retain: bool, message: Vec<u8>) {
        if let Some(session) = &mut self.session {
            session.publish(what, topic, retain, message);
        }
    }

    /// Takes the next changes out of the outbox, unless a message is on its way already.
    fn publish_next(&mut self, ctx: &mut Context<MqttActor>) {
        let enabled = self.facts.mqtt.is_enabled();
        let Some(session) = self.session.as_mut().filter(|_| enabled) else {
            return;
        };
        if !session.is_free() {
            return;
        }
        let (number, mut previous) = (session.number, session.take());
        if previous == Previous::Lost && self.fruitless >= FRUITLESS_LIMIT {
            self.fruitless = 0;
            previous = Previous::Unwelcome;
            error!(
                "the broker breaks the connection over one entry, which is set aside and not \
                 replicated; let the broker accept larger messages"
            );
        }
        let max_bytes = UPDATE_BYTES >> (4 * self.fruitless).min(u32::BITS - 1);
        let take = self.store.send(TakeUpdate { previous, max_bytes });
        ctx.spawn(take.into_actor(self).map(move |taken, actor, ctx| {
            let current = actor.session.as_mut().filter(|session| session.number == number);
            match (current, taken) {
                (Some(_), Ok(Some(changes))) => actor.publish(&changes),
                (Some(session), Ok(None) | Err(_)) => {
                    if session.has_nothing() {
                        actor.publish_next(ctx);
                    } else {
                        actor.say_goodbye();
                    }
                }
                // What was taken for a session that has ended since is restored by the next.
                (None, _) => {}
            }
        }));
    }

    fn publish(&mut self, changes: &[Change]) {
        self.seq += 1;
        let MqttSettings { node_id, boot, .. } = &*self.settings;
        match encode_update(node_id, *boot, self.seq, changes) {
            Ok(message) => {
                let topic = self.topics.updates.clone();
                self.send(Sent::Update { changes: changes.len() }, &topic, false, message);
            }
            Err(error) => error!(error:%; "an update cannot be encoded"),
        }
    }

    /// The last words of a node that stops, once there is nothing left to publish.
    fn say_goodbye(&mut self) {
        if self.drained.is_some() {
            let farewell = self.presence(PresenceState::Offline, 0).encode();
            let topic = self.topics.own_presence.clone();
            self.send(Sent::Farewell, &topic, true, farewell);
        }
    }

    fn finish_drain(&mut self) {
        if let Some(drained) = self.drained.take() {
            // Nobody waits any more if the stop ran out of time.
            let _ = drained.send(());
        }
    }

    fn follow(&mut self, step: Step, ctx: &mut Context<MqttActor>) -> ResponseActFuture<Self, ()> {
        match step {
            Step::Nothing => {}
            Step::Subscribe => self.subscribe(),
            Step::Joined => self.joined(ctx),
            Step::Confirmed(Sent::Update { changes }) => {
                self.fruitless = 0;
                self.facts.mqtt.published.add(1);
                self.facts.mqtt.published_changes.add(changes as u64);
                self.publish_next(ctx);
            }
            Step::Confirmed(Sent::Farewell) => {
                if let Some(session) = &self.session {
                    session.disconnect();
                }
            }
            Step::Confirmed(Sent::Presence) => {
                if self.is_wanted_again(Sent::Presence) {
                    self.say_presence(ctx);
                }
            }
            Step::Confirmed(Sent::Answer) => {
                if self.is_wanted_again(Sent::Answer) {
                    self.answer();
                }
            }
            Step::SaidGoodbye => self.finish_drain(),
            Step::Message(message) => return self.receive(&message, ctx),
        }
        Box::pin(fut::ready(()))
    }

    fn subscribe(&mut self) {
        let Topics { updates, all_presence, claim, .. } = &self.topics;
        if let Some(session) = &mut self.session {
            session.subscribe(&[updates, all_presence, claim]);
        }
    }

    fn receive(
        &mut self,
        message: &Publish,
        ctx: &mut Context<MqttActor>,
    ) -> ResponseActFuture<Self, ()> {
        if message.topic == self.topics.updates {
            return self.receive_update(&message.payload);
        }
        if message.topic == self.topics.claim {
            self.answer_claim(&message.payload);
        } else {
            self.receive_presence(message, ctx);
        }
        Box::pin(fut::ready(()))
    }

    fn receive_update(&mut self, payload: &[u8]) -> ResponseActFuture<Self, ()> {
        let counters = &self.facts.mqtt;
        counters.received.add(1);
        let update = match decode_update(payload) {
            Ok(update) => update,
            Err(error) => {
                counters.undecodable.add(1);
                let verdict = self.undecodable.check(self.facts.uptime());
                if let Verdict::Allow { suppressed } = verdict {
                    let bytes = payload.len();
                    warn!(error:%, bytes, suppressed; "a message that is no update was dropped");
                }
                return Box::pin(fut::ready(()));
            }
        };
        if update.origin == self.settings.node_id && update.boot == self.settings.boot {
            counters.received_own.add(1);
            return Box::pin(fut::ready(()));
        }
        if !counters.is_enabled() {
            return Box::pin(fut::ready(()));
        }
        let (store, facts) = (self.store.clone(), self.facts.clone());
        let apply = async move {
            let mut changes = update.changes;
            while !changes.is_empty() {
                let later = changes.split_off(changes.len().min(APPLY_CHANGES));
                let count = changes.len();
                // Without its store the node is about to stop.
                let won = store.send(Apply(changes)).await.unwrap_or_default();
                facts.mqtt.applied_changes.add(won as u64);
                facts.mqtt.stale_changes.add((count - won) as u64);
                changes = later;
            }
        };
        Box::pin(apply.into_actor(self))
    }

    /// Somebody asks whether this node's id is taken.
    fn answer_claim(&mut self, claimant: &[u8]) {
        if claimant != self.settings.boot.to_string().as_bytes() {
            if let Verdict::Allow { suppressed } = self.claimed.check(self.facts.uptime()) {
                let node_id = self.settings.node_id.as_str();
                warn!(node_id, suppressed; "another node claims this node_id");
            }
            self.answer();
        }
    }

    fn answer(&mut self) {
        if self.session.as_mut().is_some_and(|session| session.may_say(Sent::Answer)) {
            let presence = self.presence(PresenceState::Online, 0).encode();
            let topic = self.topics.holder.clone();
            self.send(Sent::Answer, &topic, false, presence);
        }
    }

    fn is_wanted_again(&mut self, what: Sent) -> bool {
        self.session.as_mut().is_some_and(|session| session.take_again(what))
    }

    fn receive_presence(&mut self, message: &Publish, ctx: &mut Context<MqttActor>) {
        let Ok(presence) = Presence::decode(&message.payload) else {
            // An empty message removes a retained one; anything else is a stranger's.
            return debug!(topic = message.topic.as_str(); "a message that is no presence");
        };
        if message.topic == self.topics.own_presence {
            return self.receive_own_presence(&presence, ctx);
        }
        let known = self.peers.get(&presence.node_id);
        let has_joined = presence.has_joined_since(known);
        if self.peers.len() < MAX_PEERS || known.is_some() {
            self.peers.insert(presence.node_id.clone(), presence);
        }
        if has_joined {
            self.repeat_soon(ctx);
        }
        let up = self.peers.values().filter(|peer| peer.state == PresenceState::Online).count();
        self.facts.mqtt.peers.set(up as u64);
    }

    /// A peer has joined, perhaps again: what it has missed of late is published once more. Peers
    /// that come back together, as after a restart of the broker, are served together.
    fn repeat_soon(&mut self, ctx: &mut Context<MqttActor>) {
        if self.repeating {
            return;
        }
        self.repeating = true;
        ctx.run_later(REPEAT_DELAY, |actor, _| {
            actor.repeating = false;
            actor.store.do_send(Repeat);
        });
    }

    /// Two nodes with one id can have joined at the same moment. Once the own words have come
    /// back, those of another start cannot be old ones; of the two, the greater boot id yields.
    fn receive_own_presence(&mut self, presence: &Presence, ctx: &mut Context<MqttActor>) {
        let Some(session) = &mut self.session else {
            return;
        };
        let own = self.settings.boot.to_string();
        if presence.boot_id == own {
            session.presence_came_back();
        } else if session.has_presence_come_back() && presence.state == PresenceState::Online {
            if presence.boot_id < own {
                session.disconnect();
                self.session = None;
                self.stay_out(presence, ctx);
            } else {
                self.say_presence(ctx);
            }
        }
    }
}

impl Actor for MqttActor {
    type Context = Context<MqttActor>;

    fn started(&mut self, ctx: &mut Context<MqttActor>) {
        self.store.do_send(Attach(ctx.address().recipient()));
        ctx.run_interval(PRESENCE_INTERVAL, |actor, ctx| {
            if actor.session.as_ref().is_some_and(Session::is_joined) {
                actor.say_presence(ctx);
            }
        });
        self.connect(ctx);
    }
}

/// Something happened on the connection with this number.
struct BrokerEvent {
    session: u64,
    event: rumqttc::Event,
}

impl Message for BrokerEvent {
    type Result = ();
}

impl Handler<BrokerEvent> for MqttActor {
    type Result = ResponseActFuture<Self, ()>;

    fn handle(&mut self, message: BrokerEvent, ctx: &mut Context<MqttActor>) -> Self::Result {
        let current = self.session.as_mut().filter(|session| session.number == message.session);
        let step = current.map_or(Step::Nothing, |session| session.on(message.event));
        self.follow(step, ctx)
    }
}

impl Handler<Changed> for MqttActor {
    type Result = ();

    fn handle(&mut self, _: Changed, ctx: &mut Context<MqttActor>) {
        self.publish_next(ctx);
    }
}

/// Publish and apply from now on, or stop doing so. The switch itself is already set.
pub(crate) struct Switched;

impl Message for Switched {
    type Result = ();
}

impl Handler<Switched> for MqttActor {
    type Result = ();

    fn handle(&mut self, _: Switched, ctx: &mut Context<MqttActor>) {
        self.publish_next(ctx);
    }
}

/// Publish what is left and say goodbye; answered when that is done, or cannot be.
pub(crate) struct Drain;

impl Message for Drain {
    type Result = ();
}

impl Handler<Drain> for MqttActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Drain, ctx: &mut Context<MqttActor>) -> Self::Result {
        let (drained, done) = oneshot::channel();
        self.drained = Some(drained);
        match &self.session {
            Some(session) if session.is_joined() => {
                if !self.facts.mqtt.is_enabled() {
                    self.say_goodbye();
                } else {
                    // If a message is on its way, its confirmation leads here too.
                    self.publish_next(ctx);
                }
            }
            Some(_) | None => self.finish_drain(),
        }
        Box::pin(async move {
            // A dropped sender means that there is no actor left to wait for.
            let _ = done.await;
        })
    }
}
