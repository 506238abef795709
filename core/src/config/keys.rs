//! The table of configuration: one row per key, from which the environment names, the checks, the
//! reference file and the printed configuration are made. What a row is made of is in `row`, what
//! it accepts in `kinds` and `amounts`.

use std::borrow::Cow;
use std::marker::PhantomData;

use super::amounts::{
    Hours, HoursOrNever, MegabytesOrUnlimited, Milliseconds, Seconds, SecondsOrNever,
};
use super::kinds::{
    Advertise, Boolean, BrokerUrl, ClusterSecret, FilePath, Integer, Ip, Line, List, Node, OneOf,
    Password, Peer, Topic,
};
use super::raw::Written;
use super::row::{About, Absent, Key, Row, Section};

/// The most connections a node may be told to serve: one file descriptor each.
const MAX_CONNECTIONS: usize = 100_000;

/// The longest key, in bytes: its length is written in two bytes.
const MAX_KEY_BYTES: usize = 65_535;

/// The longest value, in bytes: it has to fit into one MQTT publish with room to spare.
const MAX_VALUE_BYTES: usize = 64 << 20;

/// The most threads that serve connections: more only take turns.
const MAX_IO_THREADS: usize = 64;

/// The longest a client may stall inside a command, in seconds: a day.
const MAX_CONNECTION_TIMEOUT_SECONDS: u32 = 86_400;

/// The longest silence that still ends, in seconds: a year. More is "never" and written as 0.
const MAX_IDLE_TIMEOUT_SECONDS: u32 = 31_536_000;

/// The longest keep-alive, in seconds: MQTT writes it in two bytes. Below 1 the client panics.
const MAX_KEEP_ALIVE_SECONDS: u32 = 65_535;

/// The longest text that is shown to people, in characters.
const MAX_LINE_CHARS: usize = 256;

/// The longest client id, in characters: brokers must take 23 and in practice take these.
const MAX_CLIENT_ID_CHARS: usize = 128;

/// The longest time between two rounds with all peers, and between two words of presence, in
/// seconds: a week. Nodes that meet less often differ for longer than anybody would wait.
const MAX_ROUND_SECONDS: u32 = 604_800;

/// The most sessions at once: each is a connection, and a walk through the whole store.
const MAX_CONCURRENT_SYNCS: usize = 100;

/// The most peers in the list: each is asked in every round.
const MAX_PEERS: usize = 1_000;

/// The longest silence of a peer that tombstones wait for, in hours: ten years.
const MAX_EVICT_AFTER_HOURS: u32 = 87_600;

/// The largest limit of memory, in megabytes: a terabyte, more than one thread would fill.
const MAX_MEMORY_MB: u32 = 1_048_576;

/// The longest time between two writes to the disk itself, in milliseconds: a minute. Whoever can
/// lose more than that asks for none.
const MAX_SYNC_INTERVAL_MS: u32 = 60_000;

/// The longest time between two backups, in hours: a year.
const MAX_BACKUP_INTERVAL_HOURS: u32 = 8_760;

/// The most backups: each is a copy of all data.
const MAX_BACKUPS: usize = 1_000;

/// The largest log file, in megabytes: a terabyte.
const MAX_LOG_FILE_MB: u64 = 1_048_576;

/// The most log files: each rotation renames all of them.
const MAX_LOG_FILES: usize = 1_000;

/// The most writes of which one is traced: more than a node makes in a quarter of an hour.
const MAX_ONE_IN: u32 = 1_000_000_000;

/// The sections of the file in the order of the rows. The top level has no name.
pub(super) static SECTIONS: &[Section] = &[
    Section { name: "", meaning: "The node itself." },
    Section { name: "network", meaning: "The port that clients and peers connect to." },
    Section { name: "mqtt", meaning: "How writes reach the other nodes." },
    Section {
        name: "broker",
        meaning: "An MQTT broker inside this node, for a cluster without one.",
    },
    Section {
        name: "anti_entropy",
        meaning: "How this node finds and repairs differences with its peers.",
    },
    Section { name: "security", meaning: "Who may do what." },
    Section {
        name: "tls",
        meaning: "TLS on the client port, which clients and peers share, and towards peers.",
    },
    Section { name: "storage", meaning: "What the node keeps, in memory and on disk." },
    Section { name: "logging", meaning: "What the node says about itself." },
    Section { name: "tracing", meaning: "Spans of writes, in a program that was built with otlp." },
    Section { name: "admin", meaning: "Metrics and health over HTTP, for those who operate it." },
];

/// Makes a constant of each row, for the one place that resolves it, and [`ROWS`] of all of them.
macro_rules! rows {
    ($(
        $key:ident: $kind_type:ty = $section:literal $name:literal,
        $kind:expr, $absent:expr, $(secret: $secret:literal,)? $meaning:literal,
        $resolved:expr;
    )*) => {
        $(
            pub(super) static $key: Key<$kind_type> = Key {
                about: About {
                    section: $section,
                    name: $name,
                    absent: $absent,
                    meaning: $meaning,
                    secret: false $(|| $secret)?,
                },
                kind: $kind,
                resolved: $resolved,
            };
        )*

        /// Every row, in the order of the reference.
        pub(super) static ROWS: &[&dyn Row] = &[$(&$key),*];
    };
}

rows! {
    NODE_ID: Node = "" "node_id",
        Node, Absent::Required(text("node-1")),
        "Name of this node, unique in the cluster.",
        |config| Some(config.node_id.clone());
    DESCRIPTION: Line = "" "description",
        Line { max_chars: MAX_LINE_CHARS }, Absent::Unset(text("rack 3, left")),
        "Free text, shown in INFO.",
        |config| config.description.clone();

    NETWORK_BIND_ADDRESS: Ip = "network" "bind_address",
        Ip, Absent::Default(text("127.0.0.1")),
        "Address to listen on; 0.0.0.0 or :: is every interface.",
        |config| Some(config.network.bind_address);
    NETWORK_BIND_PORT: Integer<u16> = "network" "bind_port",
        Integer { from: 0, to: u16::MAX }, Absent::Default(integer(7379)),
        "Port to listen on; 0 picks a free one and logs it.",
        |config| Some(config.network.bind_port);
    NETWORK_ADVERTISE_ADDRESS: Advertise = "network" "advertise_address",
        Advertise, Absent::Unset(text("node-1.example.net:7379")),
        "Where peers are told to connect, if not to the address and port above.",
        |config| config.network.advertise_address.clone();
    NETWORK_MAX_CONNECTIONS: Integer<usize> = "network" "max_connections",
        Integer { from: 1, to: MAX_CONNECTIONS }, Absent::Default(integer(1000)),
        "Connections served at once; one more gets an error line and is closed.",
        |config| Some(config.network.max_connections);
    NETWORK_CONNECTION_TIMEOUT: Seconds = "network" "connection_timeout",
        Seconds { to: MAX_CONNECTION_TIMEOUT_SECONDS }, Absent::Default(integer(30)),
        "How long a client may stall inside a command or while not reading its replies.",
        |config| Some(config.network.connection_timeout);
    NETWORK_IDLE_TIMEOUT: SecondsOrNever = "network" "idle_timeout",
        SecondsOrNever { to: MAX_IDLE_TIMEOUT_SECONDS }, Absent::Default(integer(0)),
        "Silence between commands after which a connection is closed; 0 is never.",
        |config| Some(config.network.idle_timeout);
    NETWORK_MAX_KEY_BYTES: Integer<usize> = "network" "max_key_bytes",
        Integer { from: 1, to: MAX_KEY_BYTES }, Absent::Default(integer(1024)),
        "Longest key that is accepted.",
        |config| Some(config.network.max_key_bytes);
    NETWORK_MAX_VALUE_BYTES: Integer<usize> = "network" "max_value_bytes",
        Integer { from: 1, to: MAX_VALUE_BYTES }, Absent::Default(integer(1_048_576)),
        "Longest value that is accepted.",
        |config| Some(config.network.max_value_bytes);
    NETWORK_IO_THREADS: Integer<usize> = "network" "io_threads",
        Integer { from: 0, to: MAX_IO_THREADS }, Absent::Default(integer(0)),
        "Threads that serve connections; 0 is the thread of the store.",
        |config| Some(config.network.io_threads);
    NETWORK_DIALECT: OneOf<crate::protocol::Dialect> = "network" "dialect",
        OneOf(PhantomData), Absent::Default(text("standard")),
        "Replies of this release, or those that clients of 0.1 know.",
        |config| Some(config.network.dialect);

    MQTT_ENABLED: Boolean = "mqtt" "enabled",
        Boolean, Absent::Default(Written::Boolean(true)),
        "Whether writes are exchanged with other nodes.",
        |config| Some(config.mqtt.is_some());
    MQTT_BROKER_ADDRESS: BrokerUrl = "mqtt" "broker_address",
        BrokerUrl, Absent::Unset(text("tcp://127.0.0.1:1883")),
        "Broker to connect to; by default the one in this node, if it is enabled.",
        |config| config.mqtt.as_ref().map(|mqtt| mqtt.broker_address.clone());
    MQTT_TOPIC_PREFIX: Topic = "mqtt" "topic_prefix",
        Topic, Absent::Default(text("merkle-kv")),
        "Start of every topic; names the cluster.",
        |config| Some(config.topic_prefix.clone());
    MQTT_CLIENT_ID: Line = "mqtt" "client_id",
        Line { max_chars: MAX_CLIENT_ID_CHARS }, Absent::Unset(text("node-1")),
        "Name of this node at the broker, if not node_id.",
        |config| config.mqtt.as_ref().map(|mqtt| mqtt.client_id.clone());
    MQTT_USERNAME: Line = "mqtt" "username",
        Line { max_chars: MAX_LINE_CHARS }, Absent::Unset(text("merkle-kv")),
        "User at the broker.",
        |config| config.mqtt.as_ref().and_then(|mqtt| mqtt.username.clone());
    MQTT_PASSWORD: Password = "mqtt" "password",
        Password, Absent::Unset(text("secret")), secret: true,
        "Password of that user; never shown.",
        |config| config.mqtt.as_ref().and_then(|mqtt| mqtt.password.clone());
    MQTT_CA_FILE: FilePath = "mqtt" "ca_file",
        FilePath, Absent::Unset(text("broker-ca.pem")),
        "Certificates (PEM) that the broker is verified with if its address begins with ssl://; by \
         default those of the system.",
        |config| config.mqtt.as_ref().and_then(|mqtt| mqtt.tls.as_ref()?.ca_file.clone());
    MQTT_CERT_FILE: FilePath = "mqtt" "cert_file",
        FilePath, Absent::Unset(text("mqtt.pem")),
        "Certificate (PEM, the chain behind it) that the broker is shown, if it asks for one.",
        |config| {
            let tls = config.mqtt.as_ref()?.tls.as_ref()?;
            tls.identity.as_ref().map(|identity| identity.cert_file.clone())
        };
    MQTT_KEY_FILE: FilePath = "mqtt" "key_file",
        FilePath, Absent::Unset(text("mqtt.key")),
        "Private key (PEM) of that certificate.",
        |config| {
            let tls = config.mqtt.as_ref()?.tls.as_ref()?;
            tls.identity.as_ref().map(|identity| identity.key_file.clone())
        };
    MQTT_KEEP_ALIVE: Seconds = "mqtt" "keep_alive",
        Seconds { to: MAX_KEEP_ALIVE_SECONDS }, Absent::Default(integer(60)),
        "Silence after which the broker is asked whether it is there.",
        |config| config.mqtt.as_ref().map(|mqtt| mqtt.keep_alive);
    MQTT_CLEAN_SESSION: Boolean = "mqtt" "clean_session",
        Boolean, Absent::Default(Written::Boolean(true)),
        "Whether the broker forgets this node when it disconnects.",
        |config| config.mqtt.as_ref().map(|mqtt| mqtt.clean_session);

    BROKER_ENABLED: Boolean = "broker" "enabled",
        Boolean, Absent::Default(Written::Boolean(false)),
        "Whether this node runs a broker.",
        |config| Some(config.broker.is_some());
    BROKER_BIND_ADDRESS: Ip = "broker" "bind_address",
        Ip, Absent::Default(text("127.0.0.1")),
        "Address the broker listens on.",
        |config| config.broker.as_ref().map(|broker| broker.bind_address);
    BROKER_BIND_PORT: Integer<u16> = "broker" "bind_port",
        Integer { from: 1, to: u16::MAX }, Absent::Default(integer(1883)),
        "Port the broker listens on.",
        |config| config.broker.as_ref().map(|broker| broker.bind_port);

    ANTI_ENTROPY_ENABLED: Boolean = "anti_entropy" "enabled",
        Boolean, Absent::Default(Written::Boolean(true)),
        "Whether this node compares what it holds with its peers.",
        |config| Some(config.anti_entropy.is_some());
    ANTI_ENTROPY_INTERVAL_SECONDS: Seconds = "anti_entropy" "interval_seconds",
        Seconds { to: MAX_ROUND_SECONDS }, Absent::Default(integer(300)),
        "Time between two rounds of comparing with every peer; jittered.",
        |config| config.anti_entropy.as_ref().map(|anti_entropy| anti_entropy.interval);
    ANTI_ENTROPY_PEER_DISCOVERY_INTERVAL: Seconds = "anti_entropy" "peer_discovery_interval",
        Seconds { to: MAX_ROUND_SECONDS }, Absent::Default(integer(600)),
        "How often presence is said again, and silent peers are tried again.",
        |config| {
            config.anti_entropy.as_ref().map(|anti_entropy| anti_entropy.peer_discovery_interval)
        };
    ANTI_ENTROPY_MAX_CONCURRENT_SYNCS: Integer<usize> = "anti_entropy" "max_concurrent_syncs",
        Integer { from: 1, to: MAX_CONCURRENT_SYNCS }, Absent::Default(integer(3)),
        "Sessions at once, those that peers start included.",
        |config| config.anti_entropy.as_ref().map(|anti_entropy| anti_entropy.max_concurrent_syncs);
    ANTI_ENTROPY_PEER_LIST: List<Peer> = "anti_entropy" "peer_list",
        List { of: Peer, max_len: MAX_PEERS }, Absent::Default(Written::List(Vec::new())),
        "Client ports of peers, besides those that MQTT presence tells of.",
        |config| config.anti_entropy.as_ref().map(|anti_entropy| anti_entropy.peer_list.clone());
    ANTI_ENTROPY_EVICT_AFTER_HOURS: Hours = "anti_entropy" "evict_after_hours",
        Hours { to: MAX_EVICT_AFTER_HOURS }, Absent::Default(integer(168)),
        "Silence after which a peer no longer holds back the removal of tombstones.",
        |config| config.anti_entropy.as_ref().map(|anti_entropy| anti_entropy.evict_after);

    SECURITY_CLUSTER_SECRET: ClusterSecret = "security" "cluster_secret",
        ClusterSecret, Absent::Unset(text("16 characters or more")), secret: true,
        "Shared by all nodes of the cluster: peers prove that they know it before data moves.",
        |config| config.security.cluster_secret.clone();
    SECURITY_USERS_FILE: FilePath = "security" "users_file",
        FilePath, Absent::Unset(text("users.toml")),
        "Users and what each may do, as merkle-kv user writes them; without it all is allowed.",
        |config| config.security.users_file.clone();

    TLS_ENABLED: Boolean = "tls" "enabled",
        Boolean, Absent::Default(Written::Boolean(false)),
        "Whether the client port speaks TLS, and nothing else; peers are met over TLS then, too.",
        |config| Some(config.tls.is_some());
    TLS_CERT_FILE: FilePath = "tls" "cert_file",
        FilePath, Absent::Unset(text("node-1.pem")),
        "Certificate of this node (PEM, the chain behind it), shown to clients and to peers.",
        |config| config.tls.as_ref().map(|tls| tls.identity.cert_file.clone());
    TLS_KEY_FILE: FilePath = "tls" "key_file",
        FilePath, Absent::Unset(text("node-1.key")),
        "Private key (PEM) of that certificate.",
        |config| config.tls.as_ref().map(|tls| tls.identity.key_file.clone());
    TLS_CLIENT_CA_FILE: FilePath = "tls" "client_ca_file",
        FilePath, Absent::Unset(text("clients-ca.pem")),
        "Certificates (PEM) of who signs those of clients and peers, which then have to show one.",
        |config| config.tls.as_ref().and_then(|tls| tls.client_ca_file.clone());
    TLS_CA_FILE: FilePath = "tls" "ca_file",
        FilePath, Absent::Unset(text("nodes-ca.pem")),
        "Certificates (PEM) that peers are verified with; by default client_ca_file, or else those \
         of the system.",
        |config| config.tls.as_ref().and_then(|tls| tls.ca_file.clone());
    TLS_MIN_VERSION: OneOf<super::TlsVersion> = "tls" "min_version",
        OneOf(PhantomData), Absent::Default(text("1.2")),
        "Oldest version of TLS that is spoken.",
        |config| config.tls.as_ref().map(|tls| tls.min_version);

    STORAGE_MEMORY_LIMIT_MB: MegabytesOrUnlimited = "storage" "memory_limit_mb",
        MegabytesOrUnlimited { to: MAX_MEMORY_MB }, Absent::Default(integer(1024)),
        "Memory of the data beyond which clients cannot add to it; 0 is any.",
        |config| Some(config.storage.memory_limit_bytes);
    STORAGE_PERSISTENCE_ENABLED: Boolean = "storage" "persistence_enabled",
        Boolean, Absent::Default(Written::Boolean(false)),
        "Whether the data is kept on disk too, and is there again after a restart.",
        |config| Some(config.storage.persistence.is_some());
    STORAGE_DATA_DIR: FilePath = "storage" "data_dir",
        FilePath, Absent::Unset(text("data/node-1")),
        "Where this node writes files of its own; by default data/ and then node_id.",
        |config| Some(config.storage.data_dir.clone());
    STORAGE_DURABILITY: OneOf<super::Durability> = "storage" "durability",
        OneOf(PhantomData), Absent::Default(text("interval")),
        "When a write is on disk: before its reply, within sync_interval_ms, or some time.",
        |config| config.storage.persistence.as_ref().map(|persistence| persistence.durability);
    STORAGE_SYNC_INTERVAL_MS: Milliseconds = "storage" "sync_interval_ms",
        Milliseconds { to: MAX_SYNC_INTERVAL_MS }, Absent::Default(integer(1000)),
        "Longest time that a write is not on disk if durability is interval.",
        |config| config.storage.persistence.as_ref().map(|persistence| persistence.sync_interval);
    STORAGE_BACKUP_INTERVAL_HOURS: HoursOrNever = "storage" "backup_interval_hours",
        HoursOrNever { to: MAX_BACKUP_INTERVAL_HOURS }, Absent::Default(integer(24)),
        "Time between two backups under data_dir/backups; 0 is never.",
        |config| config.storage.persistence.as_ref().map(|persistence| persistence.backup_interval);
    STORAGE_BACKUP_KEEP: Integer<usize> = "storage" "backup_keep",
        Integer { from: 1, to: MAX_BACKUPS }, Absent::Default(integer(3)),
        "Backups that are kept.",
        |config| config.storage.persistence.as_ref().map(|persistence| persistence.backup_keep);

    LOGGING_LEVEL: OneOf<super::LogLevel> = "logging" "level",
        OneOf(PhantomData), Absent::Default(text("info")),
        "Least important messages that are still logged.",
        |config| Some(config.logging.level);
    LOGGING_FORMAT: OneOf<super::LogFormat> = "logging" "format",
        OneOf(PhantomData), Absent::Default(text("text")),
        "Lines for people, or one JSON object per line.",
        |config| Some(config.logging.format);
    LOGGING_FILE_PATH: FilePath = "logging" "file_path",
        FilePath, Absent::Unset(text("merkle-kv.log")),
        "File to log to instead of standard error.",
        |config| config.logging.file_path.clone();
    LOGGING_MAX_SIZE_MB: Integer<u64> = "logging" "max_size_mb",
        Integer { from: 1, to: MAX_LOG_FILE_MB }, Absent::Default(integer(100)),
        "Size at which the file is rotated, in units of 1048576 bytes.",
        |config| Some(config.logging.max_size_mb);
    LOGGING_MAX_FILES: Integer<usize> = "logging" "max_files",
        Integer { from: 1, to: MAX_LOG_FILES }, Absent::Default(integer(5)),
        "Files that are kept.",
        |config| Some(config.logging.max_files);

    TRACING_OTLP_COLLECTOR: Peer = "tracing" "otlp_collector",
        Peer, Absent::Unset(text("127.0.0.1:4318")),
        "Where spans of traced writes go, as OTLP over plain HTTP.",
        |config| config.tracing.as_ref().map(|tracing| tracing.collector.clone());
    TRACING_ONE_IN: Integer<u32> = "tracing" "one_in",
        Integer { from: 1, to: MAX_ONE_IN }, Absent::Default(integer(1000)),
        "One write in so many is traced, the same ones on every node.",
        |config| config.tracing.as_ref().map(|tracing| tracing.one_in.get());
    ADMIN_ENABLED: Boolean = "admin" "enabled",
        Boolean, Absent::Default(Written::Boolean(false)),
        "Whether this node serves metrics and its health over HTTP.",
        |config| Some(config.admin.is_some());
    ADMIN_BIND_ADDRESS: Ip = "admin" "bind_address",
        Ip, Absent::Default(text("127.0.0.1")),
        "Address that HTTP listens on.",
        |config| config.admin.as_ref().map(|admin| admin.bind_address);
    ADMIN_BIND_PORT: Integer<u16> = "admin" "bind_port",
        Integer { from: 0, to: u16::MAX }, Absent::Default(integer(9379)),
        "Port that HTTP listens on; 0 picks a free one and logs it.",
        |config| config.admin.as_ref().map(|admin| admin.bind_port);
}

/// The row of a key, if there is one.
pub(super) fn find(section: &str, name: &str) -> Option<&'static dyn Row> {
    rows_of(section).find(|row| row.about().name == name)
}

/// The rows of a section.
pub(super) fn rows_of(section: &str) -> impl Iterator<Item = &'static dyn Row> {
    ROWS.iter().copied().filter(move |row| row.about().section == section)
}

/// Whether the file may have `[name]`.
pub(super) fn is_section(name: &str) -> bool {
    !name.is_empty() && SECTIONS.iter().any(|section| section.name == name)
}

const fn text(text: &'static str) -> Written {
    Written::Text(Cow::Borrowed(text))
}

const fn integer(integer: i128) -> Written {
    Written::Integer(integer)
}
