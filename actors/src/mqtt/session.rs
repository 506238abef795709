//! The state of one connection to the broker: how far joining has come, and what the broker has
//! not confirmed yet. Turns events into the steps that the actor takes; does nothing itself but
//! queue requests.

use crate::store::Previous;
use log::warn;
use rumqttc::{AsyncClient, Event, Outgoing, Packet, Publish, QoS};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

/// What a message was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sent {
    /// So many changes.
    Update { changes: usize },
    /// The node is up.
    Presence,
    /// The node stops.
    Farewell,
    /// The id that somebody claims is this node's.
    Answer,
}

/// What an event leads to.
pub(super) enum Step {
    Nothing,
    /// The broker is there: subscribe.
    Subscribe,
    /// Every subscription is in force: nothing that is published from now on is missed.
    Joined,
    /// The broker has a message.
    Confirmed(Sent),
    /// A message came in.
    Message(Publish),
    /// The broker was told that the node leaves.
    SaidGoodbye,
}

/// One connection. The client library confirms messages by packet number, and tells the numbers in
/// the order in which messages were queued.
pub(super) struct Session {
    pub(super) number: u64,
    client: AsyncClient,
    subscriptions_left: usize,
    /// The node's uptime when every subscription was in force.
    joined_at: Option<Duration>,
    /// Queued, packet number not known yet.
    queued: VecDeque<Sent>,
    unconfirmed: HashMap<u16, Sent>,
    /// What is to be said once more when it is confirmed.
    again: HashSet<Sent>,
    /// An update is on its way, or is being taken from the outbox.
    busy: bool,
    /// The outbox has changed while that was so.
    changed: bool,
    /// What became of the update before: on a new connection, that of the old one.
    previous: Previous,
    presence_came_back: bool,
}

impl Session {
    pub(super) fn new(number: u64, client: AsyncClient) -> Session {
        Session {
            number,
            client,
            subscriptions_left: 0,
            joined_at: None,
            queued: VecDeque::new(),
            unconfirmed: HashMap::new(),
            again: HashSet::new(),
            busy: false,
            changed: false,
            previous: Previous::Lost,
            presence_came_back: false,
        }
    }

    pub(super) fn is_joined(&self) -> bool {
        self.joined_at.is_some()
    }

    pub(super) fn joined(&mut self, uptime: Duration) {
        self.joined_at = Some(uptime);
    }

    pub(super) fn joined_at(&self) -> Option<Duration> {
        self.joined_at
    }

    /// Whether the next update may be taken. If not, the wish is remembered: the hint that the
    /// outbox has changed may overtake the answer that it was empty.
    pub(super) fn is_free(&mut self) -> bool {
        self.changed = self.busy;
        self.is_joined() && !self.busy
    }

    /// An update is being taken. Says what became of the one before.
    pub(super) fn take(&mut self) -> Previous {
        self.busy = true;
        self.previous
    }

    /// There was no update to take. Whether to look again, since there may be one now.
    pub(super) fn has_nothing(&mut self) -> bool {
        self.busy = false;
        self.changed
    }

    pub(super) fn presence_came_back(&mut self) {
        self.presence_came_back = true;
    }

    pub(super) fn has_presence_come_back(&self) -> bool {
        self.presence_came_back
    }

    pub(super) fn subscribe(&mut self, filters: &[&String]) {
        self.subscriptions_left = filters.len();
        for filter in filters {
            self.queue_result(self.client.try_subscribe(*filter, QoS::AtLeastOnce));
        }
    }

    /// Whether a message of this kind may be sent. If one is on its way the wish is remembered, so
    /// that strangers who provoke any number of answers cannot fill the queue.
    pub(super) fn may_say(&mut self, what: Sent) -> bool {
        let queued = self.queued.contains(&what);
        let on_its_way = queued || self.unconfirmed.values().any(|sent| *sent == what);
        if on_its_way {
            self.again.insert(what);
        }
        !on_its_way
    }

    /// Whether a message that was confirmed was wished for once more meanwhile.
    pub(super) fn take_again(&mut self, what: Sent) -> bool {
        self.again.remove(&what)
    }

    pub(super) fn publish(&mut self, what: Sent, topic: &str, retain: bool, message: Vec<u8>) {
        let queued = self.client.try_publish(topic, QoS::AtLeastOnce, retain, message);
        if queued.is_ok() {
            self.queued.push_back(what);
        }
        self.queue_result(queued);
    }

    pub(super) fn disconnect(&self) {
        self.queue_result(self.client.try_disconnect());
    }

    pub(super) fn on(&mut self, event: Event) -> Step {
        match event {
            Event::Incoming(Packet::ConnAck(_)) => Step::Subscribe,
            Event::Incoming(Packet::SubAck(_)) => {
                self.subscriptions_left = self.subscriptions_left.saturating_sub(1);
                if self.subscriptions_left == 0 { Step::Joined } else { Step::Nothing }
            }
            Event::Incoming(Packet::Publish(message)) => Step::Message(message),
            Event::Incoming(Packet::PubAck(ack)) => match self.unconfirmed.remove(&ack.pkid) {
                Some(what) => {
                    if let Sent::Update { .. } = what {
                        self.busy = false;
                        self.previous = Previous::Arrived;
                    }
                    Step::Confirmed(what)
                }
                None => Step::Nothing,
            },
            Event::Outgoing(Outgoing::Publish(number)) => {
                if let Some(what) = self.queued.pop_front() {
                    self.unconfirmed.insert(number, what);
                }
                Step::Nothing
            }
            Event::Outgoing(Outgoing::Disconnect) => Step::SaidGoodbye,
            Event::Incoming(_) | Event::Outgoing(_) => Step::Nothing,
        }
    }

    /// The queue has room for everything that a session ever has on its way, so a full one means
    /// that the connection is stuck; its keep-alive will end it, and the outbox has the changes.
    fn queue_result(&self, result: Result<(), rumqttc::ClientError>) {
        if let Err(error) = result {
            warn!(error:%, session = self.number; "the connection to the broker takes no request");
        }
    }
}
