//! The system actor: starts the other actors, starts again what may fail, ends the node when what
//! may not has failed, and stops everything in order.
//!
//! ```text
//!              SystemActor ── starts, watches, stops ──┐
//!                  ▲                                   ▼
//!   ListenerActor ─┼─► ConnectionActor ─ Errand ──► StoreActor ◄─ Apply, TakeUpdate ─ MqttActor
//!                  │   (one per client)                 └───────── Changed ─────────────► │
//!   BrokerActor    └────────────────── ChildDown ──────────────────────────────────────────┘
//! ```

mod children;
mod supervise;

pub(crate) use children::Plan;
pub(crate) use supervise::{LastWords, start_watched};

use crate::exit::ExitReason;
use crate::facts::Facts;
use crate::mqtt::{Drain, MqttActor, Switched};
use crate::store::{Close, LimitMemory, SetUsers, StoreActor};
use crate::sync::{Joined, PeerSeen, SyncActor};
use crate::{file_limit, random};
use actix::{
    Actor, ActorContext, ActorFutureExt, Addr, AsyncContext, Context, Handler, Message,
    MessageResult, WrapFuture,
};
use children::Children;
use log::{error, info, warn};
use merkle_kv_core::access::Users;
use merkle_kv_core::backoff::{Attempt, Backoff};
use merkle_kv_core::config::Config;
use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task;
use tokio::time;

/// Between restarts of a failing actor.
const RESTART: Backoff =
    Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(10) };

/// An actor that has run for so long is well again: its next failure counts as the first.
const WELL_AFTER: Duration = Duration::from_secs(60);

/// How long a stop waits for clients to take their last replies, and for the broker to take the
/// last updates.
const CLIENTS_LIMIT: Duration = Duration::from_secs(5);
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// How often a stop looks whether all clients are gone.
const CLIENTS_LOOK: Duration = Duration::from_millis(5);

/// The actors that are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Child {
    /// Owns the data: its failure ends the node.
    Store,
    /// Accepts clients.
    Listener,
    /// Replicates.
    Mqtt,
    /// Compares data sets with peers.
    Sync,
    /// Hosts the in-process broker.
    Broker,
    /// Serves metrics and health.
    Admin,
}

/// How often a child has failed lately.
#[derive(Default)]
struct Record {
    failures: Attempt,
    last: Option<Instant>,
}

/// The root of a node. If it fails, the node ends.
pub(crate) struct SystemActor {
    facts: Arc<Facts>,
    children: Children,
    records: HashMap<Child, Record>,
    stopping: watch::Sender<bool>,
    exit: mpsc::Sender<ExitReason>,
}

impl SystemActor {
    /// `exit` hears why the node ended, once.
    pub(crate) fn new(
        plan: Plan,
        facts: Arc<Facts>,
        stopping: watch::Sender<bool>,
        exit: mpsc::Sender<ExitReason>,
    ) -> SystemActor {
        let children = Children::new(plan);
        SystemActor { facts, children, records: HashMap::new(), stopping, exit }
    }

    fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// The node is over.
    fn finish(&mut self, reason: ExitReason, ctx: &mut Context<SystemActor>) {
        // If nobody waits for the reason, the node's owner is gone already.
        let _ = self.exit.send(reason);
        ctx.stop();
        actix::System::current().stop();
    }

    fn restart_later(&mut self, child: Child, ctx: &mut Context<SystemActor>) {
        let record = self.records.entry(child).or_default();
        if record.last.is_some_and(|last| last.elapsed() > WELL_AFTER) {
            record.failures = Attempt::default();
        }
        record.failures = record.failures.next();
        record.last = Some(Instant::now());
        let delay = RESTART.delay(record.failures, random::number());
        self.facts.actor_restarts.add(1);
        ctx.run_later(delay, move |actor, ctx| {
            if !actor.is_stopping() {
                actor.children.start(child, ctx.address());
            }
        });
    }
}

impl Actor for SystemActor {
    type Context = Context<SystemActor>;

    fn started(&mut self, ctx: &mut Context<SystemActor>) {
        for child in [Child::Broker, Child::Sync, Child::Mqtt, Child::Listener, Child::Admin] {
            self.children.start(child, ctx.address());
        }
    }
}

/// An actor has ended.
pub(crate) struct ChildDown {
    pub(crate) child: Child,
    pub(crate) reason: ExitReason,
}

impl Message for ChildDown {
    type Result = ();
}

impl Handler<ChildDown> for SystemActor {
    type Result = ();

    fn handle(&mut self, message: ChildDown, ctx: &mut Context<SystemActor>) {
        let ChildDown { child, reason } = message;
        match (child, &reason) {
            (_, ExitReason::Asked) if self.is_stopping() => {}
            (Child::Store, _) => {
                error!(reason:%; "the store failed, the node stops");
                self.finish(reason, ctx);
            }
            (Child::Listener | Child::Mqtt | Child::Sync | Child::Broker | Child::Admin, _) => {
                error!(actor:? = child, reason:%; "an actor failed and is started again");
                self.restart_later(child, ctx);
            }
        }
    }
}

/// Stop the node in order: no new clients, replies to what was received, the last updates.
pub(crate) struct Stop(pub(crate) ExitReason);

impl Message for Stop {
    type Result = ();
}

impl Handler<Stop> for SystemActor {
    type Result = ();

    fn handle(&mut self, Stop(reason): Stop, ctx: &mut Context<SystemActor>) {
        if self.is_stopping() {
            return;
        }
        info!(reason:%; "stopping");
        self.stopping.send_replace(true);
        self.children.stop_listening();
        let (store, mqtt) = (self.children.store(), self.children.mqtt());
        let stop = stop_in_order(self.facts.clone(), store, mqtt);
        ctx.spawn(stop.into_actor(self).map(move |(), actor, ctx| {
            actor.finish(reason, ctx);
        }));
    }
}

async fn stop_in_order(facts: Arc<Facts>, store: Addr<StoreActor>, mqtt: Option<Addr<MqttActor>>) {
    let clients_gone = async {
        while facts.clients.count() > 0 {
            time::sleep(CLIENTS_LOOK).await;
        }
    };
    if time::timeout(CLIENTS_LIMIT, clients_gone).await.is_err() {
        warn!(clients = facts.clients.count(); "some clients did not take their last replies");
    }
    if let Some(mqtt) = mqtt {
        // A failed actor cannot be waited for; what it had not published is counted below.
        let _ = time::timeout(DRAIN_LIMIT, mqtt.send(Drain)).await;
        let unpublished = facts.mqtt.queued.get();
        if unpublished > 0 {
            warn!(unpublished; "the broker has not taken every change of this node");
        }
    }
    // If the store fails meanwhile, the node ends for that reason.
    let _ = store.send(Close).await;
    // Sends the last spans, or gives them up.
    let _ = task::spawn_blocking(move || facts.tracer.finish()).await;
}

/// Switch replication on or off. Answers false if the configuration has none.
pub(crate) struct SetReplication(pub(crate) bool);

impl Message for SetReplication {
    type Result = bool;
}

impl Handler<SetReplication> for SystemActor {
    type Result = bool;

    fn handle(&mut self, SetReplication(on): SetReplication, _: &mut Self::Context) -> bool {
        if !self.children.replicates() {
            return false;
        }
        info!(on; "replication switched");
        self.facts.mqtt.set_enabled(on);
        if let Some(mqtt) = self.children.mqtt() {
            // An actor that is being started again reads the switch when it connects.
            mqtt.do_send(Switched);
        }
        if let (true, Some(sync)) = (on, self.children.sync()) {
            // It may have missed as much as by losing its broker.
            sync.do_send(Joined);
        }
        true
    }
}

/// Take on another configuration, which differs only in what a running node can change.
pub(crate) struct TakeOn(pub(crate) Box<Config>);

impl Message for TakeOn {
    type Result = ();
}

impl Handler<TakeOn> for SystemActor {
    type Result = ();

    fn handle(&mut self, TakeOn(config): TakeOn, _: &mut Self::Context) {
        file_limit::raise_for(config.network.max_connections);
        self.facts.clients.set_max(config.network.max_connections);
        self.children.take_on(&config);
        self.children.store().do_send(LimitMemory(config.storage.memory_limit_bytes));
    }
}

/// Judge clients by this table of users from now on; with nothing, everybody may do everything.
pub(crate) struct TakeUsers(pub(crate) Option<Arc<Users>>);

impl Message for TakeUsers {
    type Result = ();
}

impl Handler<TakeUsers> for SystemActor {
    type Result = ();

    fn handle(&mut self, TakeUsers(users): TakeUsers, _: &mut Self::Context) {
        let count = users.as_ref().map_or(0, |users| users.iter().count());
        self.children.store().do_send(SetUsers(users));
        info!(users = count; "clients are judged by another table of users");
    }
}

/// Where the sync actor is now; nothing if anti-entropy is off.
pub(crate) struct FindSync;

impl Message for FindSync {
    type Result = Option<Addr<SyncActor>>;
}

impl Handler<FindSync> for SystemActor {
    type Result = MessageResult<FindSync>;

    fn handle(&mut self, _: FindSync, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.children.sync())
    }
}

impl Handler<PeerSeen> for SystemActor {
    type Result = ();

    fn handle(&mut self, seen: PeerSeen, _: &mut Self::Context) {
        // One that is being started again hears of the peer with its next heartbeat.
        if let Some(sync) = self.children.sync() {
            sync.do_send(seen);
        }
    }
}

impl Handler<Joined> for SystemActor {
    type Result = ();

    fn handle(&mut self, joined: Joined, _: &mut Self::Context) {
        // One that is being started again begins with everybody.
        if let Some(sync) = self.children.sync() {
            sync.do_send(joined);
        }
    }
}

#[cfg(test)]
mod tests;
