//! What a node is made of, from its configuration: all that is known before its threads start.

use super::StartError;
use crate::facts::Facts;
use crate::latencies::Latencies;
use crate::live::Live;
use crate::mqtt::MqttSettings;
use crate::ports::advertised;
use crate::storage::{self, OpenSettings, Opened};
use crate::sync::SyncSettings;
use crate::tls::{NodeTls, Tls};
use crate::tracing::Tracer;
use crate::{random, users, wall_clock};
use actix::ArbiterHandle;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::config::{AntiEntropy, Config};
use merkle_kv_core::execute::{Engine, EngineSettings};
use merkle_kv_core::journal::Mode;
use merkle_kv_core::members::Members;
use merkle_kv_core::merkle::TreeSeed;
use merkle_kv_core::naming::PeerAddress;
use merkle_kv_core::protocol::{BrokerRole, Dialect, Limits};
use merkle_kv_core::replication::MAX_UNPUBLISHED;
use merkle_kv_core::store::HashSeed;
use merkle_kv_core::version::{BootId, NodeId};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

#[cfg(feature = "broker")]
use crate::broker::BrokerSource;

/// Everything that is known before the threads start.
pub(super) struct Parts {
    pub(super) socket: TcpListener,
    /// What is in force when the node starts.
    pub(super) config: Config,
    /// The one for HTTP.
    pub(super) admin: Option<TcpListener>,
    pub(super) settings: ClientSettings,
    pub(super) io_threads: usize,
    pub(super) engine: Engine,
    /// The data directory that the engine was read from.
    pub(super) opened: Option<Opened>,
    pub(super) facts: Arc<Facts>,
    pub(super) mqtt: Option<Arc<MqttSettings>>,
    pub(super) sync: Option<SyncParts>,
    pub(super) tls: NodeTls,
    #[cfg(feature = "broker")]
    pub(super) broker: Option<BrokerSource>,
}

/// The settings of anti-entropy that do not depend on threads.
pub(super) struct SyncParts {
    anti_entropy: AntiEntropy,
    node_id: String,
    own_address: String,
    secret: Option<Arc<[u8]>>,
    data_dir: PathBuf,
    tls: Option<Tls>,
    /// The members that were known when the node ended, and when each was last heard of.
    members: Vec<(NodeId, UnixMillis)>,
}

/// The settings of connections that do not depend on other actors.
pub(super) struct ClientSettings {
    pub(super) limits: Limits,
    pub(super) live: Arc<Live>,
    pub(super) dialect: Dialect,
}

impl Parts {
    pub(super) fn new(
        config: &Config,
        mode: Mode,
        (socket, address, admin): (TcpListener, SocketAddr, Option<TcpListener>),
        tls: NodeTls,
    ) -> Result<Parts, StartError> {
        #[cfg(not(feature = "broker"))]
        if config.broker.is_some() {
            return Err(StartError::NoBroker);
        }
        let network = &config.network;
        let limits = Limits {
            max_key_bytes: network.max_key_bytes,
            max_value_bytes: network.max_value_bytes,
        };
        let live = Arc::new(Live::new(config));
        let mqtt = config.mqtt.as_ref().map(|mqtt| {
            Arc::new(MqttSettings {
                node_id: config.node_id.to_string(),
                address: advertised(config, address),
                boot: BootId(random::number()),
                host: mqtt.broker_address.host.to_string(),
                port: mqtt.broker_address.port,
                prefix: config.topic_prefix.to_string(),
                client_id: mqtt.client_id.clone(),
                credentials: mqtt.username.clone().map(|user| {
                    let password = mqtt.password.as_ref();
                    (user, password.map_or_else(String::new, |secret| secret.expose().to_owned()))
                }),
                tls: tls.broker.clone(),
                keep_alive: mqtt.keep_alive,
                clean_session: mqtt.clean_session,
                limits,
                live: live.clone(),
                tells_root: config.anti_entropy.is_some(),
            })
        });
        let settings = EngineSettings {
            node: NodeId::of(config.node_id.as_str()),
            seed: HashSeed(random::number(), random::number()),
            tree: tree_seed(config),
            limits,
            max_unpublished: mqtt.as_ref().map(|_| MAX_UNPUBLISHED),
            memory_limit_bytes: config.storage.memory_limit_bytes,
        };
        let users = users::of_config(config)?;
        let (mut engine, opened) = open(config, mode, &|| Engine::new(settings.clone()))?;
        let tracer = Tracer::start(config.tracing.as_ref(), config.node_id.as_str())?;
        if let Some(sampling) = tracer.sampling() {
            engine.store_mut().start_tracing(sampling);
        }
        engine.set_users(users);
        let sync = config.anti_entropy.clone().map(|anti_entropy| SyncParts {
            anti_entropy,
            node_id: config.node_id.to_string(),
            own_address: advertised(config, address),
            secret: config
                .security
                .cluster_secret
                .as_ref()
                .map(|secret| secret.expose().as_bytes().into()),
            data_dir: config.storage.data_dir.clone(),
            tls: tls.port.clone(),
            members: engine.kept_members().to_vec(),
        });
        let role = match (&mqtt, &config.broker) {
            (None, _) => BrokerRole::None,
            (Some(_), Some(_)) => BrokerRole::Embedded,
            (Some(_), None) => BrokerRole::External,
        };
        let description = config.description.clone();
        let name = config.node_id.to_string();
        let mut facts = Facts::new(name, description, network.max_connections, role, tracer);
        facts.latencies = admin.as_ref().map(|_| Latencies::default());
        if sync.is_none() {
            // There is nobody whom it could be behind.
            facts.sync.set_ready();
        }
        Ok(Parts {
            socket,
            settings: ClientSettings { limits, live, dialect: network.dialect },
            config: config.clone(),
            admin,
            io_threads: network.io_threads,
            engine,
            opened,
            facts: Arc::new(facts),
            #[cfg(feature = "broker")]
            broker: start_broker(config, limits)?,
            mqtt,
            sync,
            tls,
        })
    }
}

impl SyncParts {
    pub(super) fn settings(
        self,
        thread: ArbiterHandle,
        live: Arc<Live>,
        stopping: watch::Receiver<bool>,
    ) -> SyncSettings {
        let SyncParts { anti_entropy, node_id, own_address, secret, data_dir, tls, members } = self;
        let evict_after_millis = anti_entropy.evict_after_millis();
        let mut known = Members::new(NodeId::of(&node_id), evict_after_millis);
        let now = wall_clock::now();
        for (node, heard) in members {
            known.told_of(node, now.0.saturating_sub(heard.0), now);
        }
        SyncSettings {
            anti_entropy,
            members: Arc::new(Mutex::new(known)),
            node_id,
            own_address: PeerAddress::parse(&own_address),
            secret,
            data_dir: Arc::new(data_dir),
            live,
            tls,
            thread,
            stopping,
        }
    }
}

/// What gives the Merkle tree its shape: the secret of the cluster, or its name.
fn tree_seed(config: &Config) -> TreeSeed {
    match &config.security.cluster_secret {
        Some(secret) => TreeSeed::of(secret.expose().as_bytes()),
        None => TreeSeed::of(config.topic_prefix.to_string().as_bytes()),
    }
}

/// The engine, with what was kept of it if anything is.
fn open(
    config: &Config,
    mode: Mode,
    make: &dyn Fn() -> Engine,
) -> Result<(Engine, Option<Opened>), StartError> {
    let Some(persistence) = config.storage.persistence.clone() else {
        return Ok((make(), None));
    };
    let settings = OpenSettings {
        folder: config.storage.data_dir.clone(),
        node: config.node_id.to_string(),
        persistence,
        mode,
    };
    let (engine, opened) = storage::open(settings, make)?;
    Ok((engine, Some(opened)))
}

#[cfg(feature = "broker")]
fn start_broker(config: &Config, limits: Limits) -> Result<Option<BrokerSource>, StartError> {
    let Some(broker) = &config.broker else {
        return Ok(None);
    };
    let address = SocketAddr::new(broker.bind_address, broker.bind_port);
    Ok(Some(BrokerSource::start(address, crate::mqtt::largest_incoming_bytes(limits))?))
}
