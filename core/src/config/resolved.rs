//! A configuration as resolved: every value there, of its type, within its limits and at peace with
//! the others. Knows nothing of files and lines beyond passing them on.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::naming::{Host, NodeName, PeerAddress};
use crate::protocol::Dialect;

use super::amounts::SECONDS_PER_HOUR;
use super::keys;
use super::kinds::Integer;
use super::problem::{Cause, Report};
use super::raw::Raw;
use super::reader::Reader;
use super::row::Key;
use super::tls::{self, MqttTls, Tls};
use super::values::{
    AdvertiseAddress, BrokerAddress, Durability, LogFormat, LogLevel, Secret, TopicPrefix,
};

/// The folder in which every node has one of its own, unless it is told otherwise.
const DATA_FOLDER: &str = "data";

/// What a node is told before it starts. [`load`](super::load) makes it; it does not change
/// afterwards. `Debug` and [`Config::to_toml`] hide secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The name of the node, unique in its cluster.
    pub node_id: NodeName,
    /// Free text for people, one line.
    pub description: Option<String>,
    /// The port that clients and peers connect to.
    pub network: Network,
    /// The start of every topic, which names the cluster: also of a node without MQTT, whose peers
    /// have to be of the same cluster too.
    pub topic_prefix: TopicPrefix,
    /// How writes reach the other nodes; `None` if they are not meant to.
    pub mqtt: Option<Mqtt>,
    /// The broker inside this node; `None` if there is none.
    pub broker: Option<Broker>,
    /// How differences with peers are found and repaired; `None` if they are not meant to be.
    pub anti_entropy: Option<AntiEntropy>,
    /// Who may do what.
    pub security: Security,
    /// TLS on the client port and towards peers; `None` if both speak plain text.
    pub tls: Option<Tls>,
    /// What the node keeps, in memory and on disk.
    pub storage: Storage,
    /// What the node says about itself.
    pub logging: Logging,
    /// Where spans of writes go; `None` if nothing is traced.
    pub tracing: Option<Tracing>,
    /// Metrics and health over HTTP; `None` if they are not served.
    pub admin: Option<Admin>,
}

/// The port that clients and peers connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The address to listen on.
    pub bind_address: IpAddr,
    /// The port to listen on; 0 is any free one.
    pub bind_port: u16,
    /// Where peers are told to connect; `None` is where the node listens.
    pub advertise_address: Option<AdvertiseAddress>,
    /// Connections served at once, at least 1.
    pub max_connections: usize,
    /// How long a client may stall inside a command, at least a second.
    pub connection_timeout: Duration,
    /// Silence after which a connection is closed; `None` is never.
    pub idle_timeout: Option<Duration>,
    /// The longest key, in bytes, at least 1.
    pub max_key_bytes: usize,
    /// The longest value, in bytes, at least 1.
    pub max_value_bytes: usize,
    /// Threads that serve connections; 0 is the thread of the store.
    pub io_threads: usize,
    /// Which replies clients get.
    pub dialect: Dialect,
}

/// How writes reach the other nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mqtt {
    /// Where the broker is; the one inside this node unless another was named.
    pub broker_address: BrokerAddress,
    /// The name at the broker, never empty; the node's name unless another was given.
    pub client_id: String,
    /// The user at the broker.
    pub username: Option<String>,
    /// The password of that user; there is none without a user.
    pub password: Option<Secret>,
    /// How TLS with the broker is verified; `None` if its address asks for none.
    pub tls: Option<MqttTls>,
    /// Silence after which the broker is asked whether it is there, at least a second.
    pub keep_alive: Duration,
    /// Whether the broker forgets this node when it disconnects.
    pub clean_session: bool,
}

/// The broker inside this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// The address it listens on.
    pub bind_address: IpAddr,
    /// The port it listens on, never 0 nor that of [`Network`] on the same address.
    pub bind_port: u16,
}

/// How this node finds and repairs differences with its peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AntiEntropy {
    /// The time between two rounds of comparing with every peer, before jitter, at least a second.
    pub interval: Duration,
    /// How often presence is said again, and silent peers are tried again, at least a second.
    pub peer_discovery_interval: Duration,
    /// Sessions at once, those that peers start included, at least 1.
    pub max_concurrent_syncs: usize,
    /// The client ports of peers besides those that presence tells of, as they were written: one
    /// may stand there twice, and this node among them.
    pub peer_list: Vec<PeerAddress>,
    /// Silence after which a peer no longer holds back the removal of tombstones, longer than
    /// `interval`.
    pub evict_after: Duration,
}

impl AntiEntropy {
    /// `evict_after` in milliseconds, as members are counted.
    pub fn evict_after_millis(&self) -> u64 {
        u64::try_from(self.evict_after.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Who may do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Security {
    /// What peers prove that they know before data moves; `None` asks nobody for a proof.
    pub cluster_secret: Option<Secret>,
    /// The file with the users, which [`load_users`](super::load_users) reads; `None` lets everybody
    /// do everything.
    pub users_file: Option<PathBuf>,
}

/// What the node keeps, in memory and on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storage {
    /// Where the node writes files of its own; `data/<node_id>` unless another was named.
    pub data_dir: PathBuf,
    /// The size of the data at which clients may no longer add to it, at least a megabyte of
    /// 1048576 bytes; `None` is no limit. What other nodes wrote is taken beyond it.
    pub memory_limit_bytes: Option<u64>,
    /// How the data is kept on disk; `None` if it is in memory only.
    pub persistence: Option<Persistence>,
}

/// How the data is kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persistence {
    /// When a write is on disk.
    pub durability: Durability,
    /// The longest time that a write is not on disk with [`Durability::Interval`], at least a
    /// millisecond.
    pub sync_interval: Duration,
    /// The time between two backups, at least an hour; `None` is never.
    pub backup_interval: Option<Duration>,
    /// How many backups are kept, at least 1.
    pub backup_keep: usize,
}

/// What the node says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    /// The least important messages that are logged.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
    /// The file to log to; `None` is standard error.
    pub file_path: Option<PathBuf>,
    /// The size at which the file is rotated, in units of 1048576 bytes, at least 1.
    pub max_size_mb: u64,
    /// How many files are kept, at least 1.
    pub max_files: usize,
}

/// Where spans of writes go, and of which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracing {
    /// A collector that takes OTLP over HTTP.
    pub collector: PeerAddress,
    /// One write in so many is traced.
    pub one_in: NonZeroU32,
}

/// Metrics and health over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admin {
    /// The address it listens on.
    pub bind_address: IpAddr,
    /// The port it listens on; 0 is any free one. Otherwise never that of [`Network`] or [`Broker`]
    /// on the same address.
    pub bind_port: u16,
}

/// Resolves everything, so that everything wrong is reported. `None` only after a report, but a
/// report does not mean `None`: a file can hold a mistake that the environment overrides.
pub(super) fn resolve(raw: &Raw, report: &mut Report) -> Option<Config> {
    let mut reader = Reader { raw, report };
    let node_id = reader.value(&keys::NODE_ID);
    let description = reader.optional(&keys::DESCRIPTION);
    let network = network(&mut reader);
    let broker = broker(&mut reader);
    let topic_prefix = reader.value(&keys::MQTT_TOPIC_PREFIX);
    let mqtt = mqtt(&mut reader, node_id.as_ref(), broker.as_ref());
    let anti_entropy = anti_entropy(&mut reader);
    let security = security(&mut reader, anti_entropy.as_ref());
    let tls = tls::node(&mut reader);
    let storage = storage(&mut reader, node_id.as_ref());
    let logging = logging(&mut reader);
    let tracing = tracing(&mut reader);
    let admin = admin(&mut reader);
    check_ports(network.as_ref(), broker.as_ref(), admin.as_ref(), &mut reader);
    Some(Config {
        node_id: node_id?,
        description: description?,
        network: network?,
        topic_prefix: topic_prefix?,
        mqtt: mqtt?,
        broker: broker?,
        anti_entropy: anti_entropy?,
        security: security?,
        tls: tls?,
        storage: storage?,
        logging: logging?,
        tracing: tracing?,
        admin: admin?,
    })
}

fn network(reader: &mut Reader<'_>) -> Option<Network> {
    let bind_address = reader.value(&keys::NETWORK_BIND_ADDRESS);
    let bind_port = reader.value(&keys::NETWORK_BIND_PORT);
    let advertise_address = reader.optional(&keys::NETWORK_ADVERTISE_ADDRESS);
    let max_connections = reader.value(&keys::NETWORK_MAX_CONNECTIONS);
    let connection_timeout = reader.value(&keys::NETWORK_CONNECTION_TIMEOUT);
    let idle_timeout = reader.value(&keys::NETWORK_IDLE_TIMEOUT);
    let max_key_bytes = reader.value(&keys::NETWORK_MAX_KEY_BYTES);
    let max_value_bytes = reader.value(&keys::NETWORK_MAX_VALUE_BYTES);
    let io_threads = reader.value(&keys::NETWORK_IO_THREADS);
    let dialect = reader.value(&keys::NETWORK_DIALECT);
    Some(Network {
        bind_address: bind_address?,
        bind_port: bind_port?,
        advertise_address: advertise_address?,
        max_connections: max_connections?,
        connection_timeout: connection_timeout?,
        idle_timeout: idle_timeout?,
        max_key_bytes: max_key_bytes?,
        max_value_bytes: max_value_bytes?,
        io_threads: io_threads?,
        dialect: dialect?,
    })
}

/// The outer `None` is a mistake, the inner one a section that is switched off. What stands in
/// such a section is checked all the same: it is meant to be switched on one day.
fn broker(reader: &mut Reader<'_>) -> Option<Option<Broker>> {
    let enabled = reader.value(&keys::BROKER_ENABLED);
    let bind_address = reader.value(&keys::BROKER_BIND_ADDRESS);
    let bind_port = reader.value(&keys::BROKER_BIND_PORT);
    let broker = Broker { bind_address: bind_address?, bind_port: bind_port? };
    Some(enabled?.then_some(broker))
}

fn mqtt(
    reader: &mut Reader<'_>,
    node_id: Option<&NodeName>,
    broker: Option<&Option<Broker>>,
) -> Option<Option<Mqtt>> {
    let enabled = reader.value(&keys::MQTT_ENABLED);
    let broker_address = reader.optional(&keys::MQTT_BROKER_ADDRESS);
    let client_id = reader.optional(&keys::MQTT_CLIENT_ID);
    let username = reader.optional(&keys::MQTT_USERNAME);
    let password = reader.optional(&keys::MQTT_PASSWORD);
    let files = tls::broker_files(reader);
    let keep_alive = reader.value(&keys::MQTT_KEEP_ALIVE);
    let clean_session = reader.value(&keys::MQTT_CLEAN_SESSION);

    if let (Some(None), Some(Some(_))) = (&username, &password) {
        reader.report_at(&keys::MQTT_PASSWORD, Cause::PasswordWithoutUsername);
    }
    if !enabled? {
        return Some(None);
    }
    let broker_address = match (broker_address?, broker?) {
        (Some(address), _) => Some(address),
        (None, Some(broker)) => Some(own_address(broker)),
        (None, None) => {
            reader.missing(
                &keys::MQTT_BROKER_ADDRESS,
                "write broker_address = \"tcp://127.0.0.1:1883\" under [mqtt], \
                 or enabled = true under [broker] to run one in this node",
            );
            None
        }
    };
    let broker_address = broker_address?;
    let tls = if broker_address.tls { Some(tls::broker(files?, reader)?) } else { None };
    Some(Some(Mqtt {
        broker_address,
        client_id: client_id?.or_else(|| node_id.map(NodeName::to_string))?,
        username: username?,
        password: password?,
        tls,
        keep_alive: keep_alive?,
        clean_session: clean_session?,
    }))
}

/// Where this node finds its own broker. One that listens everywhere also listens on loopback.
fn own_address(broker: &Broker) -> BrokerAddress {
    let address = match broker.bind_address {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address @ (IpAddr::V4(_) | IpAddr::V6(_)) => address,
    };
    BrokerAddress { host: Host::from(address), port: broker.bind_port, tls: false }
}

fn anti_entropy(reader: &mut Reader<'_>) -> Option<Option<AntiEntropy>> {
    let enabled = reader.value(&keys::ANTI_ENTROPY_ENABLED);
    let interval = reader.value(&keys::ANTI_ENTROPY_INTERVAL_SECONDS);
    let peer_discovery_interval = reader.value(&keys::ANTI_ENTROPY_PEER_DISCOVERY_INTERVAL);
    let max_concurrent_syncs = reader.value(&keys::ANTI_ENTROPY_MAX_CONCURRENT_SYNCS);
    let peer_list = reader.value(&keys::ANTI_ENTROPY_PEER_LIST);
    let evict_after = reader.value(&keys::ANTI_ENTROPY_EVICT_AFTER_HOURS);
    if let (Some(interval), Some(evict_after)) = (interval, evict_after) {
        check_eviction(interval, evict_after, reader);
    }
    let anti_entropy = AntiEntropy {
        interval: interval?,
        peer_discovery_interval: peer_discovery_interval?,
        max_concurrent_syncs: max_concurrent_syncs?,
        peer_list: peer_list?,
        evict_after: evict_after?,
    };
    Some(enabled?.then_some(anti_entropy))
}

/// A peer is silent from one round to the next, so a silence as short says nothing about it.
fn check_eviction(interval: Duration, evict_after: Duration, reader: &mut Reader<'_>) {
    if evict_after > interval {
        return;
    }
    let cause = Cause::EvictedBetweenRounds {
        hours: evict_after.as_secs() / SECONDS_PER_HOUR,
        seconds: interval.as_secs(),
    };
    if reader.wrote(&keys::ANTI_ENTROPY_EVICT_AFTER_HOURS) {
        reader.report_at(&keys::ANTI_ENTROPY_EVICT_AFTER_HOURS, cause);
    } else {
        reader.report_at(&keys::ANTI_ENTROPY_INTERVAL_SECONDS, cause);
    }
}

fn security(
    reader: &mut Reader<'_>,
    anti_entropy: Option<&Option<AntiEntropy>>,
) -> Option<Security> {
    let cluster_secret = reader.optional(&keys::SECURITY_CLUSTER_SECRET);
    let users_file = reader.optional(&keys::SECURITY_USERS_FILE);
    if let (Some(None), Some(Some(_)), Some(Some(_))) = (&cluster_secret, &users_file, anti_entropy)
    {
        reader.report_at(&keys::SECURITY_USERS_FILE, Cause::UsersWithoutSecret);
    }
    Some(Security { cluster_secret: cluster_secret?, users_file: users_file? })
}

fn storage(reader: &mut Reader<'_>, node_id: Option<&NodeName>) -> Option<Storage> {
    let memory_limit_bytes = reader.value(&keys::STORAGE_MEMORY_LIMIT_MB);
    let data_dir = data_dir(reader, node_id);
    let persistence = persistence(reader);
    Some(Storage {
        data_dir: data_dir?,
        memory_limit_bytes: memory_limit_bytes?,
        persistence: persistence?,
    })
}

fn data_dir(reader: &mut Reader<'_>, node_id: Option<&NodeName>) -> Option<PathBuf> {
    if let Some(data_dir) = reader.optional(&keys::STORAGE_DATA_DIR)? {
        return Some(data_dir);
    }
    let node_id = node_id?.as_str();
    // Good names for a node, but as a path they are the folder of all nodes and the one above it.
    if [".", ".."].contains(&node_id) {
        reader.missing(
            &keys::STORAGE_DATA_DIR,
            &format!(
                "write data_dir = \"data/node-1\" under [storage], as node_id {node_id} names no \
                 folder of its own"
            ),
        );
        return None;
    }
    Some(PathBuf::from(format!("{DATA_FOLDER}/{node_id}")))
}

fn persistence(reader: &mut Reader<'_>) -> Option<Option<Persistence>> {
    let enabled = reader.value(&keys::STORAGE_PERSISTENCE_ENABLED);
    let durability = reader.value(&keys::STORAGE_DURABILITY);
    let sync_interval = reader.value(&keys::STORAGE_SYNC_INTERVAL_MS);
    let backup_interval = reader.value(&keys::STORAGE_BACKUP_INTERVAL_HOURS);
    let backup_keep = reader.value(&keys::STORAGE_BACKUP_KEEP);
    let persistence = Persistence {
        durability: durability?,
        sync_interval: sync_interval?,
        backup_interval: backup_interval?,
        backup_keep: backup_keep?,
    };
    Some(enabled?.then_some(persistence))
}

fn logging(reader: &mut Reader<'_>) -> Option<Logging> {
    let level = reader.value(&keys::LOGGING_LEVEL);
    let format = reader.value(&keys::LOGGING_FORMAT);
    let file_path = reader.optional(&keys::LOGGING_FILE_PATH);
    let max_size_mb = reader.value(&keys::LOGGING_MAX_SIZE_MB);
    let max_files = reader.value(&keys::LOGGING_MAX_FILES);
    Some(Logging {
        level: level?,
        format: format?,
        file_path: file_path?,
        max_size_mb: max_size_mb?,
        max_files: max_files?,
    })
}

/// The outer `None` is a mistake, the inner one a node that traces nothing.
fn tracing(reader: &mut Reader<'_>) -> Option<Option<Tracing>> {
    let collector = reader.optional(&keys::TRACING_OTLP_COLLECTOR);
    let one_in = reader.value(&keys::TRACING_ONE_IN).and_then(NonZeroU32::new)?;
    Some(collector?.map(|collector| Tracing { collector, one_in }))
}

fn admin(reader: &mut Reader<'_>) -> Option<Option<Admin>> {
    let enabled = reader.value(&keys::ADMIN_ENABLED);
    let bind_address = reader.value(&keys::ADMIN_BIND_ADDRESS);
    let bind_port = reader.value(&keys::ADMIN_BIND_PORT);
    let admin = Admin { bind_address: bind_address?, bind_port: bind_port? };
    Some(enabled?.then_some(admin))
}

/// Where something listens, and the key that says so.
#[derive(Clone, Copy)]
struct Bound {
    address: IpAddr,
    port: u16,
    key: &'static Key<Integer<u16>>,
}

/// Reports every pair that would fight for a port. What is switched off, or is a mistake, has none.
fn check_ports(
    network: Option<&Network>,
    broker: Option<&Option<Broker>>,
    admin: Option<&Option<Admin>>,
    reader: &mut Reader<'_>,
) {
    let bound = |address, port, key| Bound { address, port, key };
    let network = network.map(|at| bound(at.bind_address, at.bind_port, &keys::NETWORK_BIND_PORT));
    let broker = broker.and_then(Option::as_ref);
    let broker = broker.map(|at| bound(at.bind_address, at.bind_port, &keys::BROKER_BIND_PORT));
    let admin = admin.and_then(Option::as_ref);
    let admin = admin.map(|at| bound(at.bind_address, at.bind_port, &keys::ADMIN_BIND_PORT));
    for (one, other) in [(network, broker), (network, admin), (broker, admin)] {
        if let (Some(one), Some(other)) = (one, other) {
            check_port(one, other, reader);
        }
    }
}

fn check_port(one: Bound, other: Bound, reader: &mut Reader<'_>) {
    let port = one.port;
    if port == 0 || port != other.port || !overlap(one.address, other.address) {
        return;
    }
    let (at, with) = if reader.wrote(other.key) { (other, one) } else { (one, other) };
    reader.report_at(at.key, Cause::PortTakenTwice { port, other: with.key.about.path() });
}

/// Whether two sockets with these addresses would fight for a port. `::` takes IPv4 as well,
/// unless it is told otherwise, which nobody here does.
fn overlap(one: IpAddr, other: IpAddr) -> bool {
    let covers = |wide: IpAddr, narrow: IpAddr| match wide {
        IpAddr::V4(address) => address.is_unspecified() && narrow.is_ipv4(),
        IpAddr::V6(address) => address.is_unspecified(),
    };
    let (one, other) = (one.to_canonical(), other.to_canonical());
    one == other || covers(one, other) || covers(other, one)
}
