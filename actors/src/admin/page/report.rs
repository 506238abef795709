//! What the page shows, as JSON. Its fields are the page's, and no interface for others: those have
//! the metrics.

use super::samples::{SAMPLE_INTERVAL, Sample};
use crate::sync::RecentSession;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::protocol::{
    MqttState, NodeFacts, PeerFacts, PeerRoot, PeerState, StoreFacts, SyncResult,
};
use serde::Serialize;
use std::collections::HashMap;

/// Everything that [`Report::new`] puts together.
pub(super) struct Sources {
    pub(super) address: String,
    pub(super) node: NodeFacts,
    pub(super) store: StoreFacts,
    pub(super) peers: Vec<PeerFacts>,
    pub(super) sessions: Vec<RecentSession>,
    pub(super) samples: Vec<Sample>,
    /// Why the node is not ready; nothing if it is.
    pub(super) reasons: Vec<String>,
    /// How old the last update of each node was when it came, in seconds.
    pub(super) lags: HashMap<String, f64>,
    /// How the data is kept, in a word or two.
    pub(super) storage: &'static str,
    pub(super) now: UnixMillis,
}

#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Seconds since 1970.
    now: f64,
    node: Node,
    peers: Vec<Peer>,
    sessions: Vec<Session>,
    history: History,
}

#[derive(Debug, Serialize)]
struct Node {
    id: String,
    description: Option<String>,
    version: &'static str,
    uptime_seconds: u64,
    address: String,
    ready: bool,
    reasons: Vec<String>,
    root: Option<String>,
    keys: u64,
    expiring_keys: u64,
    tombstones: u64,
    memory_bytes: u64,
    resident_bytes: u64,
    connections: u64,
    broker: &'static str,
    queued: u64,
    dropped: u64,
    storage: &'static str,
}

#[derive(Debug, Serialize)]
struct Peer {
    id: Option<String>,
    address: String,
    state: &'static str,
    root: &'static str,
    last_equal: Option<u64>,
    last_error: Option<String>,
    lag_seconds: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Session {
    /// Seconds since 1970.
    at: f64,
    opened: bool,
    peer: String,
    result: &'static str,
    error: Option<String>,
    sent: u64,
    received: u64,
    bytes: u64,
    ms: u64,
}

#[derive(Debug, Serialize)]
struct History {
    interval_seconds: u64,
    samples: Vec<Sample>,
}

impl Report {
    pub(super) fn new(sources: Sources) -> Report {
        let Sources { address, node, store, peers, sessions, samples, reasons, .. } = sources;
        let lags = sources.lags;
        let peer = |facts: PeerFacts| Peer {
            lag_seconds: facts.node_id.as_ref().and_then(|id| lags.get(id.as_str()).copied()),
            id: facts.node_id.map(|id| id.to_string()),
            address: facts.address.to_string(),
            state: match facts.state {
                PeerState::Up => "up",
                PeerState::Down => "down",
                PeerState::Unknown => "unknown",
            },
            root: match facts.root {
                PeerRoot::Equal => "equal",
                PeerRoot::Different => "different",
                PeerRoot::Unknown => "unknown",
            },
            last_equal: facts.last_equal,
            last_error: facts.last_error,
        };
        Report {
            now: seconds(sources.now),
            peers: peers.into_iter().map(peer).collect(),
            sessions: sessions.into_iter().map(session).collect(),
            history: History { interval_seconds: SAMPLE_INTERVAL.as_secs(), samples },
            node: Node {
                id: node.node_id,
                description: node.description,
                version: merkle_kv_core::VERSION,
                uptime_seconds: node.uptime_seconds,
                address,
                ready: reasons.is_empty(),
                reasons,
                root: node.root.map(|root| root.to_string()),
                keys: store.keys,
                expiring_keys: store.expiring,
                tombstones: store.tombstones,
                memory_bytes: store.memory_bytes,
                resident_bytes: node.resident_bytes.unwrap_or_default(),
                connections: node.connections,
                broker: match (node.mqtt.state, node.mqtt.enabled) {
                    (MqttState::Off, _) => "none",
                    (_, false) => "replication is disabled",
                    (MqttState::Connecting, true) => "not connected",
                    (MqttState::Connected, true) => "connected",
                    (MqttState::Refused, true) => "another node has this id",
                },
                queued: node.mqtt.queued,
                dropped: node.mqtt.dropped,
                storage: sources.storage,
            },
        }
    }
}

fn session(session: RecentSession) -> Session {
    let (result, error) = match session.result {
        SyncResult::Equal => ("equal", None),
        SyncResult::Different => ("different", None),
        SyncResult::Failed { error } => ("failed", Some(error)),
    };
    Session {
        at: seconds(session.at),
        opened: session.opened,
        peer: session.peer,
        result,
        error,
        sent: session.entries_sent,
        received: session.entries_received,
        bytes: session.bytes,
        ms: session.millis,
    }
}

fn seconds(time: UnixMillis) -> f64 {
    time.0 as f64 / 1_000.0
}
