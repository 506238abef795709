//! The MQTT 3.1.1 broker a node can host in its own process, so that one command needs nothing
//! installed. Knows nothing of keys, peers or actors; production points at a real broker instead.
//!
//! rumqttd does the routing (topics, logs per filter, retained messages), on a thread of its own.
//! The sockets in front of it are ours, on a second thread, because rumqttd's `Server` can neither
//! be stopped nor supervised, lets any client wedge it, and fires the wrong client's will:
//!
//! ```text
//!         broker thread (tokio, current thread)          router thread (rumqttd)
//! client ── session ── decodes, checks, keeps the will ── link ──┐
//! client ── session ── decodes, checks, keeps the will ── link ──┼── one log per filter
//!           accept loop ────────────────────────── control link ─┘
//! ```
//!
//! Nothing is stored on disk. A subscriber that falls a whole log behind loses messages; a broker
//! gives latency, anti-entropy gives correctness.

mod actor;
mod clients;
mod embedded;
mod end;
mod hello;
mod router;
mod session;
#[cfg(test)]
mod tests;

pub(crate) use actor::{BrokerActor, BrokerSource};
pub use embedded::BrokerError;
pub(crate) use router::LOG_TARGETS_TO_SILENCE;
