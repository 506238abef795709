//! Starts rumqttd's router, opens links to it and ends it. Knows nothing of sockets.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rumqttd::local::{LinkBuilder, LinkRx, LinkTx};
use rumqttd::{Notification, Router, RouterConfig};

/// The log targets of rumqttd and its spans. rumqttd opens an *error* span for every publish and
/// every event, and tracing turns a new span into a log record: at any level but `off` these are
/// several lines per message. What an operator needs is logged by this module.
pub(crate) const LOG_TARGETS_TO_SILENCE: [&str; 2] = ["rumqttd", "tracing::span"];

/// Sessions at one time; one more is closed unheard. A cluster needs one per node, and each costs
/// the router about 150 kB of queues.
pub(super) const MAX_SESSIONS: usize = 512;

/// One step in which a full log forgets its oldest messages.
const SEGMENT_BYTES: usize = 2 << 20;

/// A log of 32 MiB per subscription filter: a burst of 32 messages of 1 MiB waits here for a
/// subscriber that already has rumqttd's 100 unacknowledged ones on the way. Counted are topic and
/// payload; a message costs about 230 bytes more, so a log full of 100-byte messages takes
/// 100 MB.
const SEGMENTS: usize = 16;

/// Messages a QoS 0 subscriber is given in one turn. rumqttd pauses such a subscriber at 200, and
/// this bounds how far a turn passes that.
const MAX_OUTGOING_PACKETS: u64 = 200;

/// How long the end of the router is waited for; it is a matter of microseconds unless the
/// machine is overloaded.
const END_LIMIT: Duration = Duration::from_secs(5);

/// The broker's own client id. NUL is not allowed in MQTT strings, so no client can take it over.
const CONTROL_ID: &str = "\0broker";

/// Topics that begin with `$` match no filter in rumqttd, so the pill reaches no log.
const PILL_TOPIC: &str = "$broker/end";

/// Both ends of a link and the router's greeting, a CONNACK.
pub(super) type Link = (LinkTx, LinkRx, Notification);

/// Opens a link for a client id, with a clean session or not. Blocks until the router has
/// answered, which it always does at once. A closure, since rumqttd keeps the type of its channel
/// private.
pub(super) type Connector = Arc<dyn Fn(&str, bool) -> Result<Link, RouterGone> + Send + Sync>;

/// The router does not answer: its thread has ended.
#[derive(Debug, thiserror::Error)]
#[error("the message router has ended")]
pub(super) struct RouterGone;

/// The router's thread, seen from the broker's thread. Dropping it leaves the router running;
/// only [`RunningRouter::end`] ends it.
pub(super) struct RunningRouter {
    connector: Connector,
    control_tx: LinkTx,
    control_rx: LinkRx,
}

impl RunningRouter {
    /// Spawns the router's thread and waits for its first answer.
    pub(super) fn start() -> Result<Self, RouterGone> {
        let channel = Router::new(0, config()).spawn();
        let connector: Connector = Arc::new(move |client_id: &str, clean_session: bool| {
            LinkBuilder::new(client_id, channel.clone())
                .clean_session(clean_session)
                .dynamic_filters(true)
                .build()
                .map_err(|_| RouterGone)
        });
        let (control_tx, control_rx, _) = connector(CONTROL_ID, true)?;
        Ok(Self { connector, control_tx, control_rx })
    }

    /// A copy of what opens links; it costs one reference count.
    pub(super) fn connector(&self) -> Connector {
        Arc::clone(&self.connector)
    }

    /// Resolves when the router's thread is gone, which without [`RunningRouter::end`] means that
    /// it panicked.
    pub(super) async fn ended(&mut self) {
        while self.control_rx.next().await.is_ok() {}
    }

    /// Ends the router's thread and waits for it; false if it is still there after `END_LIMIT`.
    /// Every log and retained message is freed.
    pub(super) fn end(mut self) -> bool {
        // Where a panic aborts the process a parked thread is the lesser evil.
        if cfg!(panic = "unwind") {
            let pill = Bytes::from_owner(Pill { maker: thread::current().id() });
            // Fails only if the router is already gone.
            let _ = self.control_tx.publish(PILL_TOPIC, pill);
        }
        let deadline = Instant::now() + END_LIMIT;
        while self.control_rx.recv_deadline(deadline).is_ok() {}
        Instant::now() < deadline
    }
}

fn config() -> RouterConfig {
    RouterConfig {
        // One more for the control link.
        max_connections: MAX_SESSIONS + 1,
        max_outgoing_packet_count: MAX_OUTGOING_PACKETS,
        max_segment_size: SEGMENT_BYTES,
        max_segment_count: SEGMENTS,
        ..RouterConfig::default()
    }
}

/// A payload that unwinds the thread that drops it, unless that is the one that made it.
///
/// The router holds a sender of its own channel, so it does not notice when all others are gone,
/// and it has no other way out: without this every stopped broker would leave a thread and its
/// logs behind. The unwinding starts between two packets, with no lock held, and skips the panic
/// hook, so that nothing is printed.
struct Pill {
    maker: ThreadId,
}

impl AsRef<[u8]> for Pill {
    fn as_ref(&self) -> &[u8] {
        b"end"
    }
}

impl Drop for Pill {
    fn drop(&mut self) {
        if thread::current().id() != self.maker && !thread::panicking() {
            resume_unwind(Box::new("the broker was stopped"));
        }
    }
}
