//! The MQTT actor: publishes what the store's outbox holds, hands the store what other nodes
//! publish, and keeps this node's presence. Owns the connection to the broker and nothing that
//! would be missed: after a failure a new one starts from the outbox.

mod claim;
mod link;
mod publish;
mod receive;
mod root_pace;
mod session;
mod topics;

#[cfg(feature = "broker")]
pub(crate) use link::largest_incoming_bytes;

use crate::facts::Facts;
use crate::live::Live;
use crate::random;
use crate::store::{Attach, Changed, StoreActor};
use crate::sync::Joined;
use crate::system::SystemActor;
use crate::tls::BrokerTls;
use actix::{
    Actor, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message, ResponseActFuture,
    ResponseFuture, WrapFuture, fut,
};
use claim::Claim;
use log::{debug, error, info, warn};
use merkle_kv_core::backoff::{Attempt, Backoff};
use merkle_kv_core::merkle::Digest;
use merkle_kv_core::protocol::{Limits, MqttState};
use merkle_kv_core::rate_limit::{RateLimit, Verdict};
use merkle_kv_core::replication::{Presence, PresenceState, update_prefix};
use merkle_kv_core::trace::Stage;
use merkle_kv_core::version::{BootId, Version};
use root_pace::RootPace;
use rumqttc::ConnectionError;
use session::{Sent, Session, Step};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;
use topics::Topics;

/// About how much one update message carries, in bytes: large enough that a busy node sends few,
/// small enough that a receiver applies one in a millisecond or two.
const UPDATE_BYTES: usize = 256 << 10;

/// Between attempts to reach the broker.
const RECONNECT: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(10) };

/// A connection that has held so long is a good one: the next failure counts as the first.
const STEADY: Duration = Duration::from_secs(10);

/// Until a node whose id is taken asks again.
const CLAIM_AGAIN: Duration = Duration::from_secs(30);

/// How often presence is said again while the data set changes, so that others see when theirs is
/// another. While it does not, presence is said at longer intervals.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// How often a line is logged that a stranger or an absent broker can cause.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

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
    /// What the connection is secured with, if it is.
    pub(crate) tls: Option<BrokerTls>,
    pub(crate) keep_alive: Duration,
    pub(crate) clean_session: bool,
    pub(crate) limits: Limits,
    /// How often presence is said again, come what may.
    pub(crate) live: Arc<Live>,
    /// Whether presence tells the root.
    pub(crate) tells_root: bool,
}

/// A node's voice and ear in its cluster. Started again by the system actor if it fails.
pub(crate) struct MqttActor {
    settings: Arc<MqttSettings>,
    topics: Topics,
    store: Addr<StoreActor>,
    system: Addr<SystemActor>,
    facts: Arc<Facts>,
    /// The root that the last presence told, if it told one.
    told_root: Option<Digest>,
    root_pace: RootPace,
    /// The connection, once there is one; its number tells late events of an earlier one apart.
    session: Option<Session>,
    sessions: u64,
    failures: Attempt,
    /// Counts messages of this start.
    seq: u64,
    /// How its own updates begin, which the broker gives back to it.
    own_updates: Option<Vec<u8>>,
    peers: HashMap<String, Presence>,
    undecodable: RateLimit,
    claimed: RateLimit,
    unreachable: RateLimit,
    /// The traced writes of the update that is on its way, and since when it is.
    traced: (Vec<Version>, Option<SystemTime>),
    /// The node's uptime at its last update.
    published_at: Option<Duration>,
    /// The next update waits for more to leave with it.
    pausing: bool,
    /// What was published of late is about to be published again.
    repeating: bool,
    /// The node stops: a connection that ends is not made again.
    leaving: bool,
    /// Told once the outbox is empty and goodbye is said.
    drained: Option<oneshot::Sender<()>>,
}

impl MqttActor {
    pub(crate) fn new(
        settings: Arc<MqttSettings>,
        store: Addr<StoreActor>,
        system: Addr<SystemActor>,
        facts: Arc<Facts>,
    ) -> MqttActor {
        MqttActor {
            topics: Topics::new(&settings.prefix, &settings.node_id),
            own_updates: update_prefix(&settings.node_id, settings.boot).ok(),
            settings,
            store,
            system,
            facts,
            told_root: None,
            root_pace: RootPace::default(),
            session: None,
            sessions: 0,
            failures: Attempt::default(),
            seq: 0,
            peers: HashMap::new(),
            undecodable: RateLimit::new(LOG_INTERVAL, 1),
            claimed: RateLimit::new(LOG_INTERVAL, 1),
            unreachable: RateLimit::new(LOG_INTERVAL, 1),
            traced: (Vec::new(), None),
            published_at: None,
            pausing: false,
            repeating: false,
            leaving: false,
            drained: None,
        }
    }

    /// Claims the node's id, and joins if nobody else holds it.
    fn connect(&mut self, ctx: &mut Context<MqttActor>) {
        if self.leaving {
            return;
        }
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
        if self.leaving {
            return;
        }
        self.sessions += 1;
        let number = self.sessions;
        let farewell = self.presence(PresenceState::Offline, 0, None).encode();
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

    /// The broker cannot be reached, or not any more. Nothing is lost: the outbox keeps it. A broker
    /// ends the connection of a node that has said goodbye, too.
    fn lost(&mut self, error: &ConnectionError, ctx: &mut Context<MqttActor>) {
        let joined_at = self.session.take().and_then(|session| session.joined_at());
        if joined_at.is_some_and(|at| self.facts.uptime() - at > STEADY) {
            self.failures = Attempt::default();
        }
        self.failures = self.failures.next();
        self.facts.mqtt.set_state(MqttState::Connecting);
        self.finish_drain();
        let broker = format!("{}:{}", self.settings.host, self.settings.port);
        if self.leaving {
            debug!(broker = broker.as_str(), error:%; "the connection to the broker has ended");
            return;
        }
        let delay = RECONNECT.delay(self.failures, random::number());
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
        self.system.do_send(Joined);
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
                self.facts.mqtt.published.add(1);
                self.facts.mqtt.published_changes.add(changes as u64);
                let (traced, began) = std::mem::take(&mut self.traced);
                self.facts.tracer.record(Stage::Publish, &traced, began);
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

    fn is_wanted_again(&mut self, what: Sent) -> bool {
        self.session.as_mut().is_some_and(|session| session.take_again(what))
    }

    /// Presence is said again and again, at an interval that may change meanwhile.
    fn say_presence_later(&mut self, ctx: &mut Context<MqttActor>) {
        ctx.run_later(self.settings.live.presence_interval(), |actor, ctx| {
            actor.say_presence(ctx);
            actor.say_presence_later(ctx);
        });
    }
}

impl Actor for MqttActor {
    type Context = Context<MqttActor>;

    fn started(&mut self, ctx: &mut Context<MqttActor>) {
        self.store.do_send(Attach(ctx.address().recipient()));
        ctx.run_interval(HEARTBEAT, MqttActor::say_presence_if_changed);
        self.say_presence_later(ctx);
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
        self.leaving = true;
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
