//! What the node knows of itself: counters that its actors write and INFO, STATS and REPLICATE
//! STATUS read. Decisions travel as messages; nothing is decided by reading a counter.

use crate::clients::Clients;
use crate::latencies::Latencies;
use crate::origins::Origins;
use crate::storage::JournalMeters;
use crate::tls::Welcome;
use crate::tracing::Tracer;
use crate::{resident_memory, wall_clock};
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::protocol::{
    BrokerRole, MqttFacts, MqttState, NodeFacts, ReplicationFacts, StorageCounts, SyncCounts,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Shared by all actors of one node.
#[derive(Debug)]
pub(crate) struct Facts {
    node_id: String,
    description: Option<String>,
    started: Instant,
    started_at: UnixMillis,
    pub(crate) clients: Arc<Clients>,
    pub(crate) actor_restarts: Counter,
    /// Wrong users and passwords.
    pub(crate) failed_logins: Counter,
    failed_handshakes: Counter,
    pub(crate) mqtt: MqttCounters,
    pub(crate) sync: SyncCounters,
    pub(crate) storage: StorageCounters,
    /// Where each actor gives its spans.
    pub(crate) tracer: Tracer,
    /// Shared with the threads of the journal.
    pub(crate) journal: Arc<JournalMeters>,
    pub(crate) origins: Origins,
    /// Measured only where somebody can ask for it.
    pub(crate) latencies: Option<Latencies>,
}

/// A number that only ever grows, or a gauge that is set.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See [`MqttFacts`] for what each counts.
#[derive(Debug, Default)]
pub(crate) struct MqttCounters {
    role: BrokerRole,
    state: AtomicU8,
    enabled: AtomicBool,
    pub(crate) peers: Counter,
    pub(crate) queued: Counter,
    pub(crate) dropped: Counter,
    pub(crate) published: Counter,
    pub(crate) published_changes: Counter,
    pub(crate) received: Counter,
    pub(crate) received_own: Counter,
    pub(crate) applied_changes: Counter,
    pub(crate) stale_changes: Counter,
    pub(crate) undecodable: Counter,
    pub(crate) connections: Counter,
}

/// See [`SyncCounts`] for what each counts.
#[derive(Debug, Default)]
pub(crate) struct SyncCounters {
    ready: AtomicBool,
    pub(crate) opened: Counter,
    pub(crate) answered: Counter,
    pub(crate) equal: Counter,
    pub(crate) different: Counter,
    pub(crate) failed: Counter,
    pub(crate) busy: Counter,
    pub(crate) entries_sent: Counter,
    pub(crate) entries_received: Counter,
    pub(crate) bytes_sent: Counter,
    pub(crate) bytes_received: Counter,
    pub(crate) given_up: Counter,
    pub(crate) written_again: Counter,
    pub(crate) watermark: Counter,
}

/// See [`StorageCounts`] for what each counts.
#[derive(Debug, Default)]
pub(crate) struct StorageCounters {
    pub(crate) snapshots_written: Counter,
    pub(crate) snapshots_failed: Counter,
    pub(crate) snapshot_running: Counter,
    pub(crate) backups_written: Counter,
    pub(crate) backups_failed: Counter,
    pub(crate) refused_changes: Counter,
    /// 1 while nothing more can be kept.
    pub(crate) is_full: Counter,
}

impl StorageCounters {
    fn counts(&self) -> StorageCounts {
        StorageCounts {
            snapshots_written: self.snapshots_written.get(),
            snapshots_failed: self.snapshots_failed.get(),
            snapshot_running: self.snapshot_running.get(),
            backups_written: self.backups_written.get(),
            backups_failed: self.backups_failed.get(),
            refused_changes: self.refused_changes.get(),
        }
    }
}

impl SyncCounters {
    /// The node holds what its peers hold, or has none to be filled by.
    pub(crate) fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    fn counts(&self) -> SyncCounts {
        SyncCounts {
            sessions_opened: self.opened.get(),
            sessions_answered: self.answered.get(),
            equal: self.equal.get(),
            different: self.different.get(),
            failed: self.failed.get(),
            busy: self.busy.get(),
            entries_sent: self.entries_sent.get(),
            entries_received: self.entries_received.get(),
            bytes_sent: self.bytes_sent.get(),
            bytes_received: self.bytes_received.get(),
            given_up: self.given_up.get(),
            written_again: self.written_again.get(),
            tombstones_removed_up_to: self.watermark.get(),
        }
    }
}

const STATES: [MqttState; 4] =
    [MqttState::Off, MqttState::Connecting, MqttState::Connected, MqttState::Refused];

impl MqttCounters {
    pub(crate) fn set_state(&self, state: MqttState) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    pub(crate) fn state(&self) -> MqttState {
        STATES[usize::from(self.state.load(Ordering::Relaxed)) % STATES.len()]
    }

    pub(crate) fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Ordering::Relaxed);
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    fn facts(&self) -> MqttFacts {
        MqttFacts {
            role: self.role,
            state: self.state(),
            enabled: self.is_enabled(),
            peers: self.peers.get(),
            queued: self.queued.get(),
            dropped: self.dropped.get(),
            published: self.published.get(),
            published_changes: self.published_changes.get(),
            received: self.received.get(),
            received_own: self.received_own.get(),
            applied_changes: self.applied_changes.get(),
            stale_changes: self.stale_changes.get(),
            undecodable: self.undecodable.get(),
            connections: self.connections.get(),
        }
    }
}

impl Facts {
    pub(crate) fn new(
        node_id: String,
        description: Option<String>,
        max_connections: usize,
        role: BrokerRole,
        tracer: Tracer,
    ) -> Facts {
        let replicates = role != BrokerRole::None;
        let state = if replicates { MqttState::Connecting } else { MqttState::Off };
        let mqtt = MqttCounters { role, ..MqttCounters::default() };
        mqtt.set_state(state);
        mqtt.set_enabled(replicates);
        Facts {
            node_id,
            description,
            started: Instant::now(),
            started_at: wall_clock::now(),
            clients: Arc::new(Clients::new(max_connections)),
            actor_restarts: Counter::default(),
            failed_logins: Counter::default(),
            failed_handshakes: Counter::default(),
            mqtt,
            sync: SyncCounters::default(),
            storage: StorageCounters::default(),
            tracer,
            journal: Arc::default(),
            origins: Origins::default(),
            latencies: None,
        }
    }

    /// Time since the node started; never runs backwards.
    pub(crate) fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// When the node started, by the wall clock of that moment.
    pub(crate) fn started_at(&self) -> UnixMillis {
        self.started_at
    }

    /// Whether a client has switched replication off. Nothing is exchanged with others then.
    pub(crate) fn is_isolated(&self) -> bool {
        self.mqtt.role != BrokerRole::None && !self.mqtt.is_enabled()
    }

    /// Wall time as it would be if nobody had set the clock since the node started: a leap of the
    /// clock shall not look like the silence of others.
    pub(crate) fn steady_time(&self) -> UnixMillis {
        let uptime = u64::try_from(self.uptime().as_millis()).unwrap_or(u64::MAX);
        UnixMillis(self.started_at.0.saturating_add(uptime))
    }

    pub(crate) fn node(&self) -> NodeFacts {
        NodeFacts {
            node_id: self.node_id.clone(),
            description: self.description.clone(),
            uptime_seconds: self.uptime().as_secs(),
            unix_seconds: wall_clock::now().0 / 1_000,
            connections: self.clients.count() as u64,
            connections_accepted: self.clients.accepted(),
            connections_refused: self.clients.refused(),
            resident_bytes: resident_memory::bytes(),
            actor_restarts: self.actor_restarts.get(),
            failed_logins: self.failed_logins.get(),
            failed_handshakes: self.failed_handshakes.get(),
            mqtt: self.mqtt.facts(),
            // Whoever asks for INFO computes it.
            root: None,
            ready: self.sync.ready.load(Ordering::Relaxed),
            sync: self.sync.counts(),
            storage: self.storage.counts(),
        }
    }

    /// Counts a connection that did not become a secure one.
    pub(crate) fn count_handshake(&self, welcome: &Welcome) {
        if !matches!(welcome, Welcome::Secure(_)) {
            self.failed_handshakes.add(1);
        }
    }

    pub(crate) fn replication(&self) -> ReplicationFacts {
        ReplicationFacts {
            enabled: self.mqtt.is_enabled(),
            state: self.mqtt.state(),
            queued: self.mqtt.queued.get(),
            peers: self.mqtt.peers.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_as_it_was_set() {
        let counters = MqttCounters::default();
        for state in STATES {
            counters.set_state(state);
            assert_eq!(counters.state(), state);
        }
    }
}
