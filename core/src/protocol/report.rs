//! INFO, STATS, CLIENT LIST and HELP: the facts, and the lines that they make. Where a fact comes
//! from is the caller's business.

use super::table::COMMANDS;

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
    /// Actors that were started again after a failure.
    pub actor_restarts: u64,
    /// Replication over MQTT.
    pub mqtt: MqttFacts,
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

/// What the store and the executor know.
#[derive(Clone, Debug)]
pub struct StoreFacts {
    /// Keys that have a value.
    pub keys: u64,
    /// Deleted keys that are remembered.
    pub tombstones: u64,
    /// Estimated memory of the data, in bytes.
    pub memory_bytes: u64,
    /// Changes from a clock further ahead than is followed.
    pub changes_ahead: u64,
    /// How often each command ran, by its row.
    pub commands: [u64; COMMANDS.len()],
    /// Lines that were no legal command.
    pub refused: u64,
}

impl Default for StoreFacts {
    fn default() -> StoreFacts {
        StoreFacts {
            keys: 0,
            tombstones: 0,
            memory_bytes: 0,
            changes_ahead: 0,
            commands: [0; COMMANDS.len()],
            refused: 0,
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
}

/// A reply of several lines.
#[derive(Clone, Debug)]
pub enum Report {
    /// INFO.
    Info(Box<(NodeFacts, StoreFacts)>),
    /// STATS.
    Stats(Box<(NodeFacts, StoreFacts)>),
    /// CLIENT LIST.
    Clients(Vec<ClientFacts>),
    /// HELP.
    Help,
}

impl Report {
    /// The line that opens the report in the standard dialect.
    pub(super) fn title(&self) -> &'static str {
        match self {
            Report::Info(_) => "# Server Information",
            Report::Stats(_) => "STATS",
            Report::Clients(_) => "CLIENT LIST",
            Report::Help => "HELP",
        }
    }

    /// The lines between the title and the end.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Report::Info(facts) => info_lines(&facts.0, &facts.1),
            Report::Stats(facts) => stats_lines(&facts.0, &facts.1),
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

fn info_lines(node: &NodeFacts, store: &StoreFacts) -> Vec<String> {
    let mut lines = vec![
        format!("version:{}", crate::VERSION),
        format!("uptime_seconds:{}", node.uptime_seconds),
        format!("server_time_unix:{}", node.unix_seconds),
        format!("node_id:{}", node.node_id),
    ];
    lines.extend(node.description.iter().map(|text| format!("description:{text}")));
    lines.extend([
        format!("memory_usage_mb:{:.1}", store.memory_bytes as f64 / f64::from(1 << 20)),
        format!("total_keys:{}", store.keys),
        format!("tombstones:{}", store.tombstones),
        format!("connected_clients:{}", node.connections),
        format!("broker:{}", node.mqtt.role.name()),
        format!("broker_state:{}", node.mqtt.state.name()),
        format!("replication:{}", if node.mqtt.enabled { "enabled" } else { "disabled" }),
        format!("peers:{}", node.mqtt.peers),
    ]);
    lines
}

fn stats_lines(node: &NodeFacts, store: &StoreFacts) -> Vec<String> {
    let mqtt = &node.mqtt;
    let mut lines: Vec<String> = [
        ("uptime_seconds", node.uptime_seconds),
        ("total_connections", node.connections_accepted),
        ("active_connections", node.connections),
        ("refused_connections", node.connections_refused),
        ("actor_restarts", node.actor_restarts),
        ("total_commands", store.runs()),
        ("refused_commands", store.refused),
    ]
    .into_iter()
    .map(|(name, value)| format!("{name}:{value}"))
    .collect();
    for (spec, runs) in COMMANDS.iter().zip(&store.commands) {
        lines.push(format!("{}_commands:{runs}", spec.name.to_lowercase()));
    }
    let rest = [
        ("keys", store.keys),
        ("tombstones", store.tombstones),
        ("memory_bytes", store.memory_bytes),
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
    ];
    lines.extend(rest.iter().map(|(name, value)| format!("{name}:{value}")));
    lines
}

fn client_line(client: &ClientFacts) -> String {
    let ClientFacts { id, address, age_seconds, idle_seconds } = client;
    format!("id={id} addr={address} age={age_seconds} idle={idle_seconds}")
}

fn help_lines() -> Vec<String> {
    COMMANDS
        .iter()
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
