//! Every metric of a node: its name, what it means, and where its number comes from. Pure.

use super::family::Family;
use crate::histogram::Times;
use crate::origins::LastUpdate;
use crate::sync::Membership;
use merkle_kv_core::VERSION;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::protocol::{
    COMMANDS, CommandSpec, MqttState, NodeFacts, PeerFacts, PeerRoot, PeerState, StoreFacts,
};
use prometheus_client::registry::Unit;

/// Peers that are told apart by name: each is some time series. More than any cluster has.
const MAX_PEERS: usize = 1_000;

/// All that metrics are made of, at one moment.
pub(super) struct Gathered {
    pub(super) store: StoreFacts,
    pub(super) node: NodeFacts,
    pub(super) started_at: UnixMillis,
    pub(super) now: UnixMillis,
    pub(super) is_full: bool,
    pub(super) latencies: Vec<(&'static CommandSpec, Times)>,
    pub(super) journal_bytes: u64,
    pub(super) journal_segments: u64,
    pub(super) journal_syncs: Times,
    pub(super) origins: Vec<(String, LastUpdate)>,
    pub(super) membership: Membership,
    pub(super) log_lines_dropped: u64,
}

/// The families, in the order of the page.
pub(super) fn of(gathered: &Gathered) -> Vec<Family> {
    let mut families = node(gathered);
    families.extend(commands(gathered));
    families.extend(data(gathered));
    families.extend(storage(gathered));
    families.extend(mqtt(gathered));
    families.extend(sync(gathered));
    families.extend(peers(&gathered.membership));
    families
}

fn node(gathered: &Gathered) -> Vec<Family> {
    let Gathered { node, .. } = gathered;
    vec![
        Family::info("build", "The program.", vec![("version", VERSION.to_owned())]),
        Family::gauge(
            "start_time",
            "When the node started, since 1970.",
            seconds(gathered.started_at.0),
        )
        .in_unit(Unit::Seconds),
        Family::gauge("ready", "1 once the node has held what a peer holds.", flag(node.ready)),
        Family::counter(
            "actor_restarts",
            "Actors that were started again after a failure.",
            node.actor_restarts,
        ),
        Family::counter(
            "log_lines_dropped",
            "Log lines that were lost, since the disk was too slow or full.",
            gathered.log_lines_dropped,
        ),
        Family::gauge("connections", "Connections that are open.", node.connections as f64),
        Family::counter(
            "connections_accepted",
            "Connections that were accepted.",
            node.connections_accepted,
        ),
        Family::counter(
            "connections_refused",
            "Connections that were refused, since there were too many.",
            node.connections_refused,
        ),
        Family::counter(
            "tls_handshakes_failed",
            "Connections to a port with TLS that were not secured.",
            node.failed_handshakes,
        ),
        Family::counter("logins_failed", "Wrong users and passwords.", node.failed_logins),
    ]
}

fn commands(gathered: &Gathered) -> Vec<Family> {
    let store = &gathered.store;
    let runs = COMMANDS.iter().zip(&store.commands).map(|(spec, runs)| (command(spec), *runs));
    let latencies = gathered.latencies.iter().map(|(spec, times)| (command(spec), times.clone()));
    vec![
        Family::counters("commands", "Commands that ran, by command.", runs),
        Family::counter("commands_refused", "Requests that were no legal command.", store.refused),
        Family::counter(
            "commands_not_permitted",
            "Commands that whoever sent them may not run.",
            store.not_permitted,
        ),
        Family::histograms(
            "command_duration",
            "From the read of the chunk that a command came in to the write of that chunk's replies.",
            latencies,
        ),
        Family::counter(
            "writes_refused_full",
            "Writes of clients that were refused, since memory or the disk was full.",
            store.refused_full,
        ),
    ]
}

fn data(gathered: &Gathered) -> Vec<Family> {
    let Gathered { store, node, .. } = gathered;
    let ahead = store.clock.millis().0.saturating_sub(gathered.now.0);
    let resident = node.resident_bytes.map(|bytes| (Vec::new(), bytes as f64));
    vec![
        Family::gauge("keys", "Keys that have a value.", store.keys as f64),
        Family::gauge(
            "keys_expiring",
            "Keys whose value is over at some time.",
            store.expiring as f64,
        ),
        Family::counter("keys_expired", "Values whose time was over.", store.expired),
        Family::gauge("tombstones", "Deleted keys that are remembered.", store.tombstones as f64),
        Family::gauge("data_memory", "Estimated memory of the data.", store.memory_bytes as f64)
            .in_unit(Unit::Bytes),
        Family::gauges(
            "resident_memory",
            "Memory of the process, as the kernel counts it.",
            resident,
        )
        .in_unit(Unit::Bytes),
        Family::counter(
            "changes_over_memory_limit",
            "Entries of other nodes that were taken although there was no room.",
            store.applied_over_limit,
        ),
        Family::counter(
            "changes_ahead_of_clock",
            "Changes from a clock further ahead than is followed.",
            store.changes_ahead,
        ),
        Family::gauge(
            "clock_ahead",
            "How far the node's logical clock is ahead of its wall clock.",
            seconds(ahead),
        )
        .in_unit(Unit::Seconds),
    ]
}

fn storage(gathered: &Gathered) -> Vec<Family> {
    let storage = &gathered.node.storage;
    vec![
        Family::counter("journal_written", "Written to the journal.", gathered.journal_bytes)
            .in_unit(Unit::Bytes),
        Family::counter(
            "journal_segments_begun",
            "Files of the journal that were begun.",
            gathered.journal_segments,
        ),
        Family::histograms(
            "journal_sync_duration",
            "How long the disk took to confirm a piece of the journal.",
            [(Vec::new(), gathered.journal_syncs.clone())],
        ),
        Family::counters(
            "snapshots",
            "Snapshots, by how they ended.",
            ended(storage.snapshots_written, storage.snapshots_failed),
        ),
        Family::counters(
            "backups",
            "Backups, by how they ended.",
            ended(storage.backups_written, storage.backups_failed),
        ),
        Family::gauge(
            "disk_full",
            "1 while nothing can be written, since the disk is full.",
            flag(gathered.is_full),
        ),
        Family::counter(
            "changes_refused_disk_full",
            "Changes of other nodes that were not taken, since the disk was full.",
            storage.refused_changes,
        ),
    ]
}

fn mqtt(gathered: &Gathered) -> Vec<Family> {
    let mqtt = &gathered.node.mqtt;
    let origin = |name: &str| vec![("origin", name.to_owned())];
    let lags = gathered.origins.iter().map(|(name, last)| (origin(name), seconds(last.lag_millis)));
    let heard = gathered.origins.iter().map(|(name, last)| (origin(name), seconds(last.at.0)));
    vec![
        Family::gauge(
            "replication_enabled",
            "1 while writes are exchanged with other nodes.",
            flag(mqtt.enabled),
        ),
        Family::gauge(
            "mqtt_connected",
            "1 while the node is connected to its broker.",
            flag(mqtt.state == MqttState::Connected),
        ),
        Family::gauge(
            "mqtt_duplicate_node_id",
            "1 while another live node has this node_id, and this one stays out.",
            flag(mqtt.state == MqttState::Refused),
        ),
        Family::counter("mqtt_connections", "Connections to the broker.", mqtt.connections),
        Family::gauge(
            "mqtt_queued_changes",
            "Changes that wait to be published.",
            mqtt.queued as f64,
        ),
        Family::counter(
            "mqtt_dropped_changes",
            "Changes that found no room to wait in, and are left to anti-entropy.",
            mqtt.dropped,
        ),
        Family::counter("mqtt_published", "Messages the broker has taken.", mqtt.published),
        Family::counter("mqtt_published_changes", "Changes in them.", mqtt.published_changes),
        Family::counter("mqtt_received", "Messages from the broker.", mqtt.received),
        Family::counter("mqtt_received_own", "Of those, this node's own.", mqtt.received_own),
        Family::counter(
            "mqtt_undecodable",
            "Messages that were no update, and were dropped.",
            mqtt.undecodable,
        ),
        Family::counters(
            "mqtt_changes",
            "Changes of other nodes that came over MQTT: those that won, and those known already.",
            [
                (vec![("result", "applied".to_owned())], mqtt.applied_changes),
                (vec![("result", "stale".to_owned())], mqtt.stale_changes),
            ],
        ),
        Family::gauges(
            "replication_lag",
            "From the newest change of the last update that brought something new to its arrival.",
            lags,
        )
        .in_unit(Unit::Seconds),
        Family::gauges(
            "replication_last_update_timestamp",
            "When that update arrived, since 1970.",
            heard,
        )
        .in_unit(Unit::Seconds),
    ]
}

fn sync(gathered: &Gathered) -> Vec<Family> {
    let sync = &gathered.node.sync;
    let results = [
        ("equal", sync.equal),
        ("different", sync.different),
        ("failed", sync.failed),
        ("busy", sync.busy),
    ];
    let results = results.map(|(name, count)| (vec![("result", name.to_owned())], count));
    let begun = [("opened", sync.sessions_opened), ("answered", sync.sessions_answered)];
    let begun = begun.map(|(name, count)| (vec![("side", name.to_owned())], count));
    vec![
        Family::counters("sync_sessions_begun", "Sessions with peers, by who began.", begun),
        Family::counters("sync_sessions", "Sessions with peers, by what came of them.", results),
        Family::counters(
            "sync_traffic",
            "Exchanged in sessions.",
            ways(sync.bytes_sent, sync.bytes_received),
        )
        .in_unit(Unit::Bytes),
        Family::counters(
            "sync_entries",
            "Entries that sessions have repaired: there if sent, here if received.",
            ways(sync.entries_sent, sync.entries_received),
        ),
        Family::gauge(
            "tombstone_watermark_timestamp",
            "Up to when tombstones are needed by nobody, since 1970; 0 before that is known.",
            seconds(sync.tombstones_removed_up_to),
        )
        .in_unit(Unit::Seconds),
        Family::gauge(
            "members",
            "Nodes without which no tombstone is forgotten, this one included.",
            gathered.membership.members as f64,
        ),
        Family::counter(
            "members_evicted",
            "Members that were silent for too long, and no longer count.",
            gathered.membership.evicted,
        ),
    ]
}

fn peers(membership: &Membership) -> Vec<Family> {
    let all = &membership.peers;
    let states = [PeerState::Up, PeerState::Down, PeerState::Unknown].map(|state| {
        let count = all.iter().filter(|peer| peer.state == state).count();
        (vec![("state", state.name().to_owned())], count as f64)
    });
    // A peer that has told no name is only counted: an address is no label.
    let named = || {
        let named = all.iter().filter_map(|peer| Some((peer.node_id.as_ref()?.to_string(), peer)));
        named.take(MAX_PEERS)
    };
    let of_each = |value: fn(&PeerFacts) -> Option<f64>| {
        let samples = named().filter_map(|(name, peer)| Some((vec![("peer", name)], value(peer)?)));
        samples.collect::<Vec<_>>()
    };
    vec![
        Family::gauges("peers", "Other nodes that are known, by state.", states),
        Family::gauges("peer_up", "1 while the peer is there.", of_each(is_up)),
        Family::gauges(
            "peer_root_equal",
            "1 if the peer held the same when it was last heard of, 0 if not; missing if unknown.",
            of_each(is_equal),
        ),
        Family::gauges(
            "peer_last_equal_timestamp",
            "When a session last showed that both hold the same, since 1970.",
            of_each(|peer| peer.last_equal.map(|seconds| seconds as f64)),
        )
        .in_unit(Unit::Seconds),
    ]
}

fn is_up(peer: &PeerFacts) -> Option<f64> {
    match peer.state {
        PeerState::Up => Some(1.0),
        PeerState::Down => Some(0.0),
        PeerState::Unknown => None,
    }
}

fn is_equal(peer: &PeerFacts) -> Option<f64> {
    match peer.root {
        PeerRoot::Equal => Some(1.0),
        PeerRoot::Different => Some(0.0),
        PeerRoot::Unknown => None,
    }
}

fn command(spec: &CommandSpec) -> Vec<(&'static str, String)> {
    vec![("command", spec.name.to_lowercase())]
}

fn ended(written: u64, failed: u64) -> [(Vec<(&'static str, String)>, u64); 2] {
    [("written", written), ("failed", failed)]
        .map(|(name, count)| (vec![("result", name.to_owned())], count))
}

fn ways(sent: u64, received: u64) -> [(Vec<(&'static str, String)>, u64); 2] {
    [("sent", sent), ("received", received)]
        .map(|(name, count)| (vec![("direction", name.to_owned())], count))
}

fn flag(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

fn seconds(millis: u64) -> f64 {
    millis as f64 / 1_000.0
}
