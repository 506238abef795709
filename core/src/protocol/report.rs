//! INFO, STATS, SYNC, PEERS, CLIENT LIST and HELP: the facts, and the lines that they make. Where a
//! fact comes from is the caller's business.

use super::table::{COMMANDS, text_commands};
use super::text::quote::in_quotes;
use crate::access::UserName;
use crate::clock::Hlc;
use crate::merkle::Digest;
use crate::naming::{NodeName, PeerAddress};
use std::fmt;

/// What the node as a whole knows of itself.
#[derive(Clone, Debug, Default)]
pub struct NodeFacts {
    /// The configured name.
    pub node_id: String,
    /// The configured free text.
    pub description: Option<String>,
    /// Seconds since the start.
    pub uptime_seconds: u64,
    /// Wall time, in seconds since 1970.
    pub unix_seconds: u64,
    /// Connections open now.
    pub connections: u64,
    /// Connections accepted since the start.
    pub connections_accepted: u64,
    /// Connections turned away because there were too many.
    pub connections_refused: u64,
    /// Resident memory of the process, in bytes; nothing where the machine does not tell it.
    pub resident_bytes: Option<u64>,
    /// Wrong users and passwords.
    pub failed_logins: u64,
    /// Connections to a port with TLS that were not secured.
    pub failed_handshakes: u64,
    /// Actors that were started again after a failure.
    pub actor_restarts: u64,
    /// Replication over MQTT.
    pub mqtt: MqttFacts,
    /// The root of the Merkle tree; nothing while it is not known.
    pub root: Option<Digest>,
    /// Whether the node has caught up with the others.
    pub ready: bool,
    /// Anti-entropy.
    pub sync: SyncCounts,
    /// What is kept on disk.
    pub storage: StorageCounts,
}

/// Where the MQTT broker runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrokerRole {
    /// Replication is off.
    #[default]
    None,
    /// In this node's process.
    Embedded,
    /// Somewhere else.
    External,
}

/// How the node stands with its broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MqttState {
    /// `mqtt.enabled` is false.
    #[default]
    Off,
    /// Looking for the broker, or waiting to try again.
    Connecting,
    /// Subscribed and publishing.
    Connected,
    /// Another live node has this node's id; this one stays out.
    Refused,
}

/// Replication over MQTT, counted since the start.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the names are those of the STATS lines, documented there
pub struct MqttFacts {
    pub role: BrokerRole,
    pub state: MqttState,
    pub enabled: bool,
    pub peers: u64,
    pub queued: u64,
    pub dropped: u64,
    pub published: u64,
    pub published_changes: u64,
    pub received: u64,
    pub received_own: u64,
    pub applied_changes: u64,
    pub stale_changes: u64,
    pub undecodable: u64,
    pub connections: u64,
}

/// Anti-entropy, counted since the start.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the names are those of the STATS lines, documented there
pub struct SyncCounts {
    pub sessions_opened: u64,
    pub sessions_answered: u64,
    pub equal: u64,
    pub different: u64,
    pub failed: u64,
    pub busy: u64,
    pub entries_sent: u64,
    pub entries_received: u64,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub given_up: u64,
    pub written_again: u64,
    /// The watermark, in milliseconds since 1970; 0 before there is one.
    pub tombstones_removed_up_to: u64,
}

/// What is kept on disk, counted since the start.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)] // the names are those of the STATS lines, documented there
pub struct StorageCounts {
    pub snapshots_written: u64,
    pub snapshots_failed: u64,
    pub snapshot_running: u64,
    pub backups_written: u64,
    pub backups_failed: u64,
    pub refused_changes: u64,
}

/// What REPLICATE STATUS says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicationFacts {
    /// Whether the node publishes and applies.
    pub enabled: bool,
    /// How it stands with its broker.
    pub state: MqttState,
    /// Changes that wait to be published.
    pub queued: u64,
    /// Other nodes that are up, by their presence.
    pub peers: u64,
}

/// The line of REPLICATE STATUS in the standard dialect, without its title.
impl fmt::Display for ReplicationFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let switch = if self.enabled { "enabled" } else { "disabled" };
        write!(f, "{switch} {} queued={}", self.state.name(), self.queued)
    }
}

/// What the store and the executor know.
#[derive(Clone, Debug)]
pub struct StoreFacts {
    /// Keys that have a value.
    pub keys: u64,
    /// Deleted keys that are remembered.
    pub tombstones: u64,
    /// Keys with a value that is over at some time.
    pub expiring: u64,
    /// Values that have become tombstones because their time was over.
    pub expired: u64,
    /// Estimated memory of the data, in bytes.
    pub memory_bytes: u64,
    /// Changes from a clock further ahead than is followed.
    pub changes_ahead: u64,
    /// The last timestamp of the clock.
    pub clock: Hlc,
    /// How often each command ran, by its row.
    pub commands: [u64; COMMANDS.len()],
    /// Lines that were no legal command.
    pub refused: u64,
    /// Writes of clients for which there was no room.
    pub refused_full: u64,
    /// Commands that whoever sent them may not run.
    pub not_permitted: u64,
    /// Entries of other nodes that were taken although there was no room.
    pub applied_over_limit: u64,
}

impl Default for StoreFacts {
    fn default() -> StoreFacts {
        StoreFacts {
            keys: 0,
            tombstones: 0,
            expiring: 0,
            expired: 0,
            memory_bytes: 0,
            changes_ahead: 0,
            clock: Hlc::ZERO,
            commands: [0; COMMANDS.len()],
            refused: 0,
            refused_full: 0,
            not_permitted: 0,
            applied_over_limit: 0,
        }
    }
}

impl StoreFacts {
    /// How often the commands of these names ran.
    pub(super) fn runs_of(&self, names: &[&str]) -> u64 {
        let counted = COMMANDS.iter().zip(&self.commands);
        counted.filter(|(spec, _)| names.contains(&spec.name)).map(|(_, runs)| runs).sum()
    }

    /// How often any command ran.
    pub(super) fn runs(&self) -> u64 {
        self.commands.iter().sum()
    }
}

/// One open connection.
#[derive(Clone, Debug)]
pub struct ClientFacts {
    /// Counts up with every connection.
    pub id: u64,
    /// The client's address.
    pub address: String,
    /// Seconds since it connected.
    pub age_seconds: u64,
    /// Seconds since it last sent anything.
    pub idle_seconds: u64,
    /// What it calls itself; empty if it has said nothing.
    pub name: String,
    /// Who has logged in on it; nothing if nobody has.
    pub user: Option<UserName>,
}

/// One session with a peer, after its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyncFacts {
    /// The peer's name, if it told one.
    pub node_id: Option<NodeName>,
    /// Where it was met.
    pub address: PeerAddress,
    /// What came of it.
    pub result: SyncResult,
    /// Entries that went to the peer.
    pub entries_sent: u64,
    /// Entries that came from it.
    pub entries_received: u64,
    /// Bytes of the whole session, both ways.
    pub bytes: u64,
    /// Messages of the whole session, both ways.
    pub messages: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// What came of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncResult {
    /// Both nodes hold the same entries.
    Equal,
    /// It ran to its end, and something differs still.
    Different,
    /// There was none, or it broke off.
    Failed {
        /// Why, for a person.
        error: String,
    },
}

/// One other node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerFacts {
    /// Its name, if it is known.
    pub node_id: Option<NodeName>,
    /// Where it is met.
    pub address: PeerAddress,
    /// Whether it is there.
    pub state: PeerState,
    /// Whether it holds what this node holds.
    pub root: PeerRoot,
    /// When both last held the same, in seconds since 1970.
    pub last_equal: Option<u64>,
    /// Why the last session with it failed; nothing if it did not.
    pub last_error: Option<String>,
}

/// Whether a peer is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerState {
    /// It says so, or a session with it has just ended well.
    Up,
    /// It said goodbye, or cannot be reached.
    Down,
    /// Nobody has heard of it yet.
    #[default]
    Unknown,
}

/// How a peer's root compares with the own one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerRoot {
    /// Both hold the same entries.
    Equal,
    /// They do not.
    Different,
    /// The peer's is not known.
    #[default]
    Unknown,
}

/// A reply of several lines.
#[derive(Clone, Debug)]
pub enum Report {
    /// INFO.
    Info(Box<(NodeFacts, StoreFacts)>),
    /// STATS.
    Stats(Box<(NodeFacts, StoreFacts)>),
    /// SYNC.
    Sync(Vec<SyncFacts>),
    /// PEERS.
    Peers(Vec<PeerFacts>),
    /// CLIENT LIST.
    Clients(Vec<ClientFacts>),
    /// HELP.
    Help,
}

impl Report {
    /// The line that opens the report in the standard dialect.
    pub(super) fn title(&self) -> String {
        let title = match self {
            Report::Info(_) => "# Server Information",
            Report::Stats(_) => "STATS",
            Report::Sync(_) => "SYNC",
            Report::Peers(peers) => return format!("PEERS {}", peers.len()),
            Report::Clients(_) => "CLIENT LIST",
            Report::Help => "HELP",
        };
        title.to_owned()
    }

    /// The lines between the title and the end.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Report::Info(facts) => info_lines(&facts.0, &facts.1),
            Report::Stats(facts) => stats_lines(&facts.0, &facts.1),
            Report::Sync(sessions) => sessions.iter().map(sync_line).collect(),
            Report::Peers(peers) => peers.iter().map(peer_line).collect(),
            Report::Clients(clients) => clients.iter().map(client_line).collect(),
            Report::Help => help_lines(),
        }
    }
}

impl BrokerRole {
    /// The word in INFO.
    pub fn name(self) -> &'static str {
        match self {
            BrokerRole::None => "none",
            BrokerRole::Embedded => "embedded",
            BrokerRole::External => "external",
        }
    }
}

impl MqttState {
    /// The word in INFO and REPLICATE STATUS.
    pub fn name(self) -> &'static str {
        match self {
            MqttState::Off => "off",
            MqttState::Connecting => "connecting",
            MqttState::Connected => "connected",
            MqttState::Refused => "refused-duplicate-node-id",
        }
    }
}

impl SyncFacts {
    /// The peer in SYNC: `node_id@host:port`, or `host:port` of one that told no name.
    pub(super) fn peer(&self) -> String {
        match &self.node_id {
            Some(node_id) => format!("{node_id}@{}", self.address),
            None => self.address.to_string(),
        }
    }
}

impl SyncResult {
    /// The word in SYNC.
    pub fn name(&self) -> &'static str {
        match self {
            SyncResult::Equal => "equal",
            SyncResult::Different => "different",
            SyncResult::Failed { .. } => "failed",
        }
    }

    /// Why it failed; nothing if it did not.
    pub fn error(&self) -> Option<&str> {
        match self {
            SyncResult::Equal | SyncResult::Different => None,
            SyncResult::Failed { error } => Some(error),
        }
    }
}

impl PeerState {
    /// The word in PEERS.
    pub fn name(self) -> &'static str {
        match self {
            PeerState::Up => "up",
            PeerState::Down => "down",
            PeerState::Unknown => "unknown",
        }
    }
}

impl PeerRoot {
    /// The word in PEERS.
    pub fn name(self) -> &'static str {
        match self {
            PeerRoot::Equal => "equal",
            PeerRoot::Different => "different",
            PeerRoot::Unknown => "unknown",
        }
    }
}

fn info_lines(node: &NodeFacts, store: &StoreFacts) -> Vec<String> {
    let mut lines = vec![
        format!("version:{}", crate::VERSION),
        format!("uptime_seconds:{}", node.uptime_seconds),
        format!("server_time_unix:{}", node.unix_seconds),
        format!("node_id:{}", node.node_id),
    ];
    lines.extend(node.description.iter().map(|text| format!("description:{text}")));
    lines.extend([format!("memory_usage_mb:{:.1}", megabytes(store.memory_bytes))]);
    lines.extend(resident_line(node));
    lines.extend([
        format!("total_keys:{}", store.keys),
        format!("expiring_keys:{}", store.expiring),
        format!("expired_keys:{}", store.expired),
        format!("tombstones:{}", store.tombstones),
    ]);
    lines.extend(node.root.iter().map(|root| format!("root_hash:{root}")));
    lines.extend([
        format!("connected_clients:{}", node.connections),
        format!("broker:{}", node.mqtt.role.name()),
        format!("broker_state:{}", node.mqtt.state.name()),
        format!("replication:{}", if node.mqtt.enabled { "enabled" } else { "disabled" }),
        format!("ready:{}", if node.ready { "yes" } else { "no" }),
        format!("peers:{}", node.mqtt.peers),
    ]);
    lines
}

fn resident_line(node: &NodeFacts) -> Option<String> {
    node.resident_bytes.map(|bytes| format!("memory_rss_mb:{:.1}", megabytes(bytes)))
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn stats_lines(node: &NodeFacts, store: &StoreFacts) -> Vec<String> {
    let NodeFacts { mqtt, sync, storage, .. } = node;
    let mut lines: Vec<String> = [
        ("uptime_seconds", node.uptime_seconds),
        ("total_connections", node.connections_accepted),
        ("active_connections", node.connections),
        ("refused_connections", node.connections_refused),
        ("actor_restarts", node.actor_restarts),
        ("total_commands", store.runs()),
        ("refused_commands", store.refused),
        ("not_permitted_commands", store.not_permitted),
        ("failed_logins", node.failed_logins),
        ("failed_handshakes", node.failed_handshakes),
    ]
    .into_iter()
    .map(|(name, value)| format!("{name}:{value}"))
    .collect();
    for (spec, runs) in COMMANDS.iter().zip(&store.commands) {
        lines.push(format!("{}_commands:{runs}", spec.name.to_lowercase()));
    }
    let data = [
        ("keys", store.keys),
        ("expiring_keys", store.expiring),
        ("expired_keys", store.expired),
        ("tombstones", store.tombstones),
        ("memory_bytes", store.memory_bytes),
    ];
    lines.extend(data.iter().map(|(name, value)| format!("{name}:{value}")));
    lines.extend(resident_line(node));
    let rest = [
        ("storage_refused_full", store.refused_full),
        ("storage_applied_over_limit", store.applied_over_limit),
        ("changes_ahead_of_clock", store.changes_ahead),
        ("mqtt_connections", mqtt.connections),
        ("mqtt_queued", mqtt.queued),
        ("mqtt_dropped", mqtt.dropped),
        ("mqtt_published", mqtt.published),
        ("mqtt_published_changes", mqtt.published_changes),
        ("mqtt_received", mqtt.received),
        ("mqtt_received_own", mqtt.received_own),
        ("mqtt_applied_changes", mqtt.applied_changes),
        ("mqtt_stale_changes", mqtt.stale_changes),
        ("mqtt_undecodable", mqtt.undecodable),
        ("sync_sessions_opened", sync.sessions_opened),
        ("sync_sessions_answered", sync.sessions_answered),
        ("sync_equal", sync.equal),
        ("sync_different", sync.different),
        ("sync_failed", sync.failed),
        ("sync_busy", sync.busy),
        ("sync_entries_sent", sync.entries_sent),
        ("sync_entries_received", sync.entries_received),
        ("sync_bytes_sent", sync.bytes_sent),
        ("sync_bytes_received", sync.bytes_received),
        ("sync_given_up", sync.given_up),
        ("sync_written_again", sync.written_again),
        ("tombstones_removed_up_to", sync.tombstones_removed_up_to),
        ("snapshots_written", storage.snapshots_written),
        ("snapshots_failed", storage.snapshots_failed),
        ("snapshot_running", storage.snapshot_running),
        ("backups_written", storage.backups_written),
        ("backups_failed", storage.backups_failed),
        ("storage_refused_changes", storage.refused_changes),
    ];
    lines.extend(rest.iter().map(|(name, value)| format!("{name}:{value}")));
    lines
}

fn sync_line(session: &SyncFacts) -> String {
    let SyncFacts { result, entries_sent, entries_received, bytes, messages, millis, .. } = session;
    let error = result.error().map(|error| format!(" error={}", in_quotes(error)));
    format!(
        "{} {} sent={entries_sent} received={entries_received} bytes={bytes} messages={messages} \
         ms={millis}{}",
        session.peer(),
        result.name(),
        error.unwrap_or_default(),
    )
}

fn peer_line(peer: &PeerFacts) -> String {
    let PeerFacts { node_id, address, state, root, last_equal, last_error } = peer;
    let node_id = node_id.as_ref().map_or("?", NodeName::as_str);
    let last_equal = last_equal.map_or("never".to_owned(), |seconds| seconds.to_string());
    let last_error = last_error.as_ref().map_or("none".to_owned(), |error| in_quotes(error));
    let (state, root) = (state.name(), root.name());
    format!(
        "{node_id} {address} {state} root={root} last_equal={last_equal} last_error={last_error}"
    )
}

fn client_line(client: &ClientFacts) -> String {
    let ClientFacts { id, address, age_seconds, idle_seconds, name, user } = client;
    let user = user.as_ref().map_or_else(String::new, |user| format!(" user={user}"));
    format!("id={id} addr={address} age={age_seconds} idle={idle_seconds} name={name}{user}")
}

fn help_lines() -> Vec<String> {
    text_commands()
        .map(|spec| {
            let usage = format!("{} {}", spec.name, spec.arguments);
            let aliases = match spec.aliases {
                [] => String::new(),
                aliases => format!(" (also {})", aliases.join(", ")),
            };
            format!("{:<36} {}{aliases}", usage.trim_end(), spec.summary)
        })
        .collect()
}
