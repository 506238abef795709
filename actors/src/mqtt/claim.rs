//! Asks, before joining, whether another live node already has this node's id.
//!
//! Two nodes with one id would throw each other off the broker for ever (a broker serves one
//! client of a name) and would write versions that cannot be told apart. So a node first connects
//! under a name of this start only, asks on its claim topic, and listens for an answer. A node
//! that holds the id answers; what a crashed one left behind does not.

use super::link;
use super::{MqttSettings, Topics};
use merkle_kv_core::replication::Presence;
use merkle_kv_core::version::BootId;
use rumqttc::{ConnectionError, Event, Packet, QoS};
use std::time::Duration;
use tokio::time::{self, Instant};

/// How long to listen when nothing suggests that the id is in use.
const QUIET: Duration = Duration::from_millis(50);

/// How long to listen when a presence of another start is still there: its node may be slow, or
/// have crashed without the broker noticing.
const DOUBTFUL: Duration = Duration::from_secs(2);

/// What came of a claim.
pub(super) enum Claim {
    /// Nobody objected.
    Free,
    /// This node did.
    HeldBy(Box<Presence>),
}

/// Claims the node's id. Leaves no trace with the broker.
pub(super) async fn claim(
    settings: &MqttSettings,
    topics: &Topics,
    boot: BootId,
) -> Result<Claim, ConnectionError> {
    let name = format!("{}-{boot}", settings.client_id);
    let (client, mut event_loop) = link::open(settings, &name, None);
    let mut deadline: Option<Instant> = None;
    let mut doubtful = false;
    loop {
        let event = match deadline {
            None => event_loop.poll().await?,
            Some(deadline) => match time::timeout_at(deadline, event_loop.poll()).await {
                Ok(event) => event?,
                Err(_) => break,
            },
        };
        match event {
            Event::Incoming(Packet::ConnAck(_)) => {
                // The queue is empty, so neither of the two can fail.
                let _ = client.try_subscribe(&topics.own_presence, QoS::AtLeastOnce);
                let _ = client.try_subscribe(&topics.holder, QoS::AtLeastOnce);
                let question = boot.to_string();
                let _ = client.try_publish(&topics.claim, QoS::AtLeastOnce, false, question);
            }
            Event::Incoming(Packet::PubAck(_)) => {
                deadline = Some(Instant::now() + if doubtful { DOUBTFUL } else { QUIET });
            }
            Event::Incoming(Packet::Publish(message)) => {
                let Ok(presence) = Presence::decode(&message.payload) else {
                    continue;
                };
                if !presence.is_other_start_of(&settings.node_id, boot) {
                    continue;
                }
                if message.topic == topics.holder {
                    return Ok(Claim::HeldBy(Box::new(presence)));
                }
                doubtful = true;
                deadline = deadline.map(|_| Instant::now() + DOUBTFUL);
            }
            Event::Incoming(_) | Event::Outgoing(_) => {}
        }
    }
    let _ = client.try_disconnect();
    // One more poll sends the goodbye; without it the broker would only log a lost connection.
    let _ = time::timeout(QUIET, event_loop.poll()).await;
    Ok(Claim::Free)
}
