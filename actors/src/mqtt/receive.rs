//! What the MQTT actor hears: updates for the store, presence of peers, and claims of its own id.

use super::MqttActor;
use super::session::Sent;
use crate::store::{Apply, Repeat};
use crate::sync::PeerSeen;
use crate::wall_clock;
use actix::{AsyncContext, Context, ResponseActFuture, WrapFuture, fut};
use log::{debug, warn};
use merkle_kv_core::change::Change;
use merkle_kv_core::rate_limit::Verdict;
use merkle_kv_core::replication::{Presence, PresenceState, decode_update};
use merkle_kv_core::trace::Stage;
use rumqttc::Publish;
use std::time::Duration;

/// Changes of one message that the store takes in before clients have their turn.
const APPLY_CHANGES: usize = 4_096;

/// Between a peer's return and the repetition of what it may have missed.
const REPEAT_DELAY: Duration = Duration::from_millis(200);

/// Nodes whose presence is remembered; more than any cluster has.
const MAX_PEERS: usize = 10_000;

impl MqttActor {
    pub(super) fn receive(
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
        // The broker gives everything back to whom it came from, which is not worth decoding.
        if self.own_updates.as_ref().is_some_and(|own| payload.starts_with(own)) {
            counters.received_own.add(1);
            return Box::pin(fut::ready(()));
        }
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
        if !counters.is_enabled() {
            return Box::pin(fut::ready(()));
        }
        let (store, facts) = (self.store.clone(), self.facts.clone());
        let traced = facts.tracer.pick(update.changes.iter().map(Change::version));
        let began = facts.tracer.now();
        // A stranger's name is no label.
        let origin = self.peers.contains_key(&update.origin).then_some(update.origin);
        let written = update.changes.iter().map(|change| change.version().hlc.millis()).max();
        let apply = async move {
            let mut changes = update.changes;
            let mut is_news = false;
            while !changes.is_empty() {
                let later = changes.split_off(changes.len().min(APPLY_CHANGES));
                let count = changes.len();
                // Without its store the node is about to stop.
                if let Some(won) = store.send(Apply(changes)).await.ok().flatten() {
                    is_news |= won > 0;
                    facts.mqtt.applied_changes.add(won as u64);
                    facts.mqtt.stale_changes.add((count - won) as u64);
                }
                changes = later;
            }
            facts.tracer.record(Stage::Apply, &traced, began);
            // What is repeated for others, and known here, says nothing of how long it took.
            if let (true, Some(origin), Some(written)) = (is_news, origin, written) {
                facts.origins.heard(&origin, written, wall_clock::now());
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

    pub(super) fn answer(&mut self) {
        if self.session.as_mut().is_some_and(|session| session.may_say(Sent::Answer)) {
            let presence = self.presence(PresenceState::Online, 0, None).encode();
            let topic = self.topics.holder.clone();
            self.send(Sent::Answer, &topic, false, presence);
        }
    }

    fn receive_presence(&mut self, message: &Publish, ctx: &mut Context<MqttActor>) {
        let Ok(presence) = Presence::decode(&message.payload) else {
            // An empty message removes a retained one; anything else is a stranger's.
            return debug!(topic = message.topic.as_str(); "a message that is no presence");
        };
        if message.topic == self.topics.own_presence {
            return self.receive_own_presence(&presence, ctx);
        }
        self.system.do_send(PeerSeen(presence.clone()));
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
