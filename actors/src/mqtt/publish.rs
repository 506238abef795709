//! What the MQTT actor says: updates out of the outbox, one at a time, and its presence.

use super::session::{Sent, Session};
use super::{MqttActor, MqttSettings, UPDATE_BYTES};
use crate::store::{ReadFacts, TakeUpdate};
use crate::sync;
use crate::wall_clock;
use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use log::error;
use merkle_kv_core::change::Change;
use merkle_kv_core::merkle::Digest;
use merkle_kv_core::replication::{Presence, PresenceState, encode_update};
use std::time::Duration;

/// Between two updates of a busy node. To publish one takes about 20 microseconds of processor time
/// whatever it carries, and a broker nearby confirms it so fast that it would carry only a few
/// writes.
const PAUSE: Duration = Duration::from_millis(2);

/// Changes that wait and do not have to wait longer: there are enough for a message.
const MANY_CHANGES: u64 = 1_000;

impl MqttActor {
    /// Says presence, once the root is known that belongs into it.
    pub(super) fn say_presence(&mut self, ctx: &mut Context<MqttActor>) {
        if !self.session.as_ref().is_some_and(Session::is_joined) {
            return;
        }
        let facts = self.read_facts().into_actor(self);
        ctx.spawn(facts.map(|(keys, root), actor, _| actor.send_presence(keys, root)));
    }

    /// Says presence if the root is another than the last one told. Seldom where that takes long.
    pub(super) fn say_presence_if_changed(&mut self, ctx: &mut Context<MqttActor>) {
        if !self.settings.tells_root || !self.session.as_ref().is_some_and(Session::is_joined) {
            return;
        }
        if !self.root_pace.begins(self.facts.uptime()) {
            return;
        }
        let facts = self.read_facts().into_actor(self);
        ctx.spawn(facts.map(|(keys, root), actor, _| {
            actor.root_pace.ends(actor.facts.uptime());
            if root != actor.told_root {
                actor.send_presence(keys, root);
            }
        }));
    }

    fn read_facts(&self) -> impl Future<Output = (u64, Option<Digest>)> + use<> {
        let (store, tells_root) = (self.store.clone(), self.settings.tells_root);
        async move {
            let keys = store.send(ReadFacts).await.map_or(0, |facts| facts.keys);
            let root = if tells_root { sync::root(store).await } else { None };
            (keys, root)
        }
    }

    fn send_presence(&mut self, keys: u64, root: Option<Digest>) {
        if self.session.as_mut().is_some_and(|session| session.may_say(Sent::Presence)) {
            self.told_root = root;
            let presence = self.presence(PresenceState::Online, keys, root).encode();
            let topic = self.topics.own_presence.clone();
            self.send(Sent::Presence, &topic, true, presence);
        }
    }

    pub(super) fn presence(
        &self,
        state: PresenceState,
        keys: u64,
        root: Option<Digest>,
    ) -> Presence {
        Presence {
            node_id: self.settings.node_id.clone(),
            state,
            address: self.settings.address.clone(),
            boot_id: self.settings.boot.to_string(),
            joined: self.facts.mqtt.connections.get(),
            version: merkle_kv_core::VERSION.to_string(),
            root: root.map(|root| root.to_string()),
            keys,
            time: wall_clock::now().0 / 1_000,
        }
    }

    pub(super) fn send(&mut self, what: Sent, topic: &str, retain: bool, message: Vec<u8>) {
        if let Some(session) = &mut self.session {
            session.publish(what, topic, retain, message);
        }
    }

    /// Takes the next changes out of the outbox, unless a message is on its way already.
    pub(super) fn publish_next(&mut self, ctx: &mut Context<MqttActor>) {
        let enabled = self.facts.mqtt.is_enabled();
        let Some(session) = self.session.as_mut().filter(|_| enabled) else {
            return;
        };
        if !session.is_free() || self.pauses(ctx) {
            return;
        }
        let Some(session) = &mut self.session else { return };
        let (number, previous) = (session.number, session.take());
        let take = self.store.send(TakeUpdate { previous, max_bytes: UPDATE_BYTES });
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

    /// Whether the next update waits a little, so that more leaves with it. What comes after a
    /// silence never does, nor what fills a message.
    fn pauses(&mut self, ctx: &mut Context<MqttActor>) -> bool {
        let since = self.published_at.map(|at| self.facts.uptime().saturating_sub(at));
        let left = since.and_then(|since| PAUSE.checked_sub(since)).unwrap_or_default();
        let is_full = self.facts.mqtt.queued.get() >= MANY_CHANGES;
        if left.is_zero() || is_full || self.leaving {
            return false;
        }
        if !std::mem::replace(&mut self.pausing, true) {
            ctx.run_later(left, |actor, ctx| {
                actor.pausing = false;
                actor.publish_next(ctx);
            });
        }
        true
    }

    fn publish(&mut self, changes: &[Change]) {
        self.seq += 1;
        self.published_at = Some(self.facts.uptime());
        let tracer = &self.facts.tracer;
        self.traced = (tracer.pick(changes.iter().map(Change::version)), tracer.now());
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
    pub(super) fn say_goodbye(&mut self) {
        if self.drained.is_some() {
            let farewell = self.presence(PresenceState::Offline, 0, None).encode();
            let topic = self.topics.own_presence.clone();
            self.send(Sent::Farewell, &topic, true, farewell);
        }
    }
}
