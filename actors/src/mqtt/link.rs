//! One connection to the broker: how it is set up, and the loop that keeps it going.
//!
//! The client library forgets queued messages and subscriptions when a connection breaks, and can
//! wedge when it is reused, so a link is used once: after any error a new one is made.

use super::MqttSettings;
use merkle_kv_core::protocol::Limits;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, NetworkOptions, QoS,
    TlsConfiguration, Transport,
};
use std::future::Future;

/// Requests that wait in the client library. Small: what has not left is kept in the outbox.
const REQUESTS: usize = 16;

/// Messages that the broker may leave unconfirmed at once.
const UNCONFIRMED: u16 = 16;

/// Seconds that connecting may take.
const CONNECT_LIMIT_SECONDS: u64 = 5;

/// The largest packet that is taken in, in bytes, unless the own limits ask for more: a node with
/// larger limits shall not cut this one off.
const LARGEST_INCOMING_BYTES: usize = 16 << 20;

/// Room beside key and value in a packet with a single entry.
const PACKET_OVERHEAD_BYTES: usize = 4 << 10;

/// The largest packet that a node with these limits sends.
fn largest_outgoing_bytes(limits: Limits) -> usize {
    let one_entry = limits.max_key_bytes + limits.max_value_bytes;
    one_entry.max(super::UPDATE_BYTES) + PACKET_OVERHEAD_BYTES
}

/// The largest packet that a node with these limits takes in; its own broker has to let it pass.
pub(crate) fn largest_incoming_bytes(limits: Limits) -> usize {
    largest_outgoing_bytes(limits).max(LARGEST_INCOMING_BYTES)
}

/// A client and its loop, not connected yet; the first poll connects.
pub(super) fn open(
    settings: &MqttSettings,
    client_id: &str,
    will: Option<LastWill>,
) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(client_id, settings.host.clone(), settings.port);
    options
        .set_keep_alive(settings.keep_alive)
        .set_clean_session(settings.clean_session || will.is_none())
        .set_inflight(UNCONFIRMED)
        .set_max_packet_size(
            largest_incoming_bytes(settings.limits),
            largest_outgoing_bytes(settings.limits),
        );
    if let Some(tls) = &settings.tls {
        let tls = TlsConfiguration::Rustls(tls.config());
        options.set_transport(Transport::tls_with_config(tls));
    }
    if let Some((user, password)) = &settings.credentials {
        options.set_credentials(user, password);
    }
    if let Some(will) = will {
        options.set_last_will(will);
    }
    let (client, mut event_loop) = AsyncClient::new(options, REQUESTS);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    network.set_connection_timeout(CONNECT_LIMIT_SECONDS);
    event_loop.set_network_options(network);
    (client, event_loop)
}

/// The will that tells the others when this node is gone without a word.
pub(super) fn will(topic: &str, message: Vec<u8>) -> LastWill {
    LastWill::new(topic, message, QoS::AtLeastOnce, true)
}

/// Polls until the connection ends, handing each event to `handle` and waiting for it, so that a
/// slow store slows the broker down and not the other way round. Gives the reason for the end.
pub(super) async fn run<F, Fut>(mut event_loop: EventLoop, handle: F) -> ConnectionError
where
    F: Fn(Event) -> Fut,
    Fut: Future<Output = ()>,
{
    loop {
        match event_loop.poll().await {
            Ok(event) => handle(event).await,
            Err(error) => return error,
        }
    }
}
