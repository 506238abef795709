//! One node, from its configuration to its end: what a program, or a test, starts and waits for.
//! Several live side by side in one process; nothing is global.

use crate::connection::ConnectionSettings;
use crate::exit::ExitReason;
use crate::facts::Facts;
use crate::lane::{Errands, Lanes};
use crate::mqtt::MqttSettings;
use crate::random;
use crate::signals;
use crate::storage::{self, OpenSettings, Opened, StorageError};
use crate::store::StoreActor;
use crate::sync::SyncSettings;
use crate::system::{Child, ChildDown, Plan, Stop, SystemActor, start_watched};
use crate::{threads, wall_clock};
use actix::{Addr, Arbiter, ArbiterHandle, AsyncContext, Context, System};
use log::{info, warn};
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::config::{self, AntiEntropy, Config, PeerAddress};
use merkle_kv_core::execute::{Engine, EngineSettings};
use merkle_kv_core::journal::Mode;
use merkle_kv_core::members::Members;
use merkle_kv_core::merkle::TreeSeed;
use merkle_kv_core::protocol::{BrokerRole, Limits};
use merkle_kv_core::replication::MAX_UNPUBLISHED;
use merkle_kv_core::store::HashSeed;
use merkle_kv_core::version::{BootId, NodeId};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::watch;

#[cfg(feature = "broker")]
use crate::broker::{BrokerError, BrokerSource};

/// How often presence is said again where anti-entropy, which has a key for it, is off.
const PRESENCE_INTERVAL: Duration = Duration::from_secs(60);

/// A running node. Dropping it stops the node in order and waits for the end.
#[derive(Debug)]
pub struct Node {
    address: SocketAddr,
    system: Addr<SystemActor>,
    exit: mpsc::Receiver<ExitReason>,
    thread: Option<JoinHandle<()>>,
}

/// Whether the process's signals are this node's to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signals {
    /// SIGTERM and SIGINT stop the node in order; a second one ends the process at once.
    Follow,
    /// They mean something else here.
    Ignore,
}

/// Why a node did not start. Nothing of it is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The client port is taken, or not this machine's.
    #[error("cannot listen for clients on {address}: {source}; change network.bind_port")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The in-process broker did not start; most often its port is taken.
    #[cfg(feature = "broker")]
    #[error("cannot start the in-process broker: {0}; change broker.bind_port")]
    Broker(#[from] BrokerError),
    /// The configuration asks for what this build does not have.
    #[cfg(not(feature = "broker"))]
    #[error("broker.enabled is true, but this program was built without the broker feature")]
    NoBroker,
    /// The data directory cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

impl StartError {
    /// Whether something that only one process can have is taken already.
    pub fn is_taken(&self) -> bool {
        let kind = match self {
            StartError::Storage(error) => return error.is_taken(),
            StartError::Listen { source, .. } | StartError::Thread(source) => source.kind(),
            #[cfg(feature = "broker")]
            StartError::Broker(error) => error.kind(),
            #[cfg(not(feature = "broker"))]
            StartError::NoBroker => return false,
        };
        kind == io::ErrorKind::AddrInUse
    }

    /// Whether what the data directory holds is damaged, or not for this node.
    pub fn is_damage(&self) -> bool {
        matches!(self, StartError::Storage(error) if error.is_damage())
    }
}

impl Node {
    /// Starts a node. When it returns, the client port accepts connections.
    pub fn start(config: &Config, signals: Signals) -> Result<Node, StartError> {
        Node::start_after(Mode::Strict, config, signals)
    }

    /// Starts a node. A damaged data directory is repaired first: what can be read is kept.
    pub fn repair(config: &Config, signals: Signals) -> Result<Node, StartError> {
        Node::start_after(Mode::Repair, config, signals)
    }

    fn start_after(mode: Mode, config: &Config, signals: Signals) -> Result<Node, StartError> {
        let (socket, address) = listen(config)?;
        let parts = Parts::new(config, mode, socket, address)?;
        let (exit_sender, exit) = mpsc::channel();
        let (started, start) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("merkle-kv".to_owned())
            .spawn(move || {
                if let Err(error) = parts.run(signals, exit_sender, &started) {
                    // The node's owner waits for it.
                    let _ = started.send(Err(error));
                }
            })
            .map_err(StartError::Thread)?;
        let system = start.recv().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        let system = system.map_err(StartError::Thread)?;
        info!(address:%, version = merkle_kv_core::VERSION; "listening");
        warn_of_strangers("clients", address.ip());
        if let Some(broker) = &config.broker {
            warn_of_strangers("the in-process broker", broker.bind_address);
        }
        Ok(Node { address, system, exit, thread: Some(thread) })
    }

    /// Where clients connect; the port is a real one even if 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells the node to stop in order. Returns at once.
    pub fn stop(&self) {
        self.system.do_send(Stop(ExitReason::Asked));
    }

    /// Waits until the node has ended, whyever.
    pub fn wait(mut self) -> ExitReason {
        self.join()
    }

    fn join(&mut self) -> ExitReason {
        // The system actor gives the reason before it ends; if it panicked, it could not.
        let reason = self.exit.recv().unwrap_or(ExitReason::Panicked);
        if let Some(thread) = self.thread.take() {
            // Its panic is the reason already.
            let _ = thread.join();
        }
        reason
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.stop();
            self.join();
        }
    }
}

/// There are no users and no TLS yet, so whoever reaches a port may do everything.
fn warn_of_strangers(what: &str, address: IpAddr) {
    if !address.is_loopback() {
        warn!(
            address:%;
            "{what}: the port is open to everybody who can reach it; this release has no users and \
             no TLS"
        );
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

/// The port for clients. Bound before any actor starts, so that a taken one is known at once.
fn listen(config: &Config) -> Result<(TcpListener, SocketAddr), StartError> {
    let network = &config.network;
    let address = SocketAddr::new(network.bind_address, network.bind_port);
    let bound = || {
        let socket = TcpListener::bind(address)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        Ok((socket, address))
    };
    bound().map_err(|source| StartError::Listen { address, source })
}

/// Everything that is known before the threads start.
struct Parts {
    socket: TcpListener,
    settings: ClientSettings,
    io_threads: usize,
    engine: Engine,
    /// The data directory that the engine was read from.
    opened: Option<Opened>,
    facts: Arc<Facts>,
    mqtt: Option<Arc<MqttSettings>>,
    sync: Option<SyncParts>,
    #[cfg(feature = "broker")]
    broker: Option<BrokerSource>,
}

/// The settings of anti-entropy that do not depend on threads.
struct SyncParts {
    anti_entropy: AntiEntropy,
    node_id: String,
    own_address: String,
    secret: Option<Arc<[u8]>>,
    data_dir: PathBuf,
    /// The members that were known when the node ended, and when each was last heard of.
    members: Vec<(NodeId, UnixMillis)>,
}

/// The settings of connections that do not depend on other actors.
struct ClientSettings {
    limits: Limits,
    network: config::Network,
}

impl Parts {
    fn new(
        config: &Config,
        mode: Mode,
        socket: TcpListener,
        address: SocketAddr,
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
                keep_alive: mqtt.keep_alive,
                clean_session: mqtt.clean_session,
                limits,
                presence_interval: config
                    .anti_entropy
                    .as_ref()
                    .map_or(PRESENCE_INTERVAL, |sync| sync.peer_discovery_interval),
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
        let (engine, opened) = open(config, mode, &|| Engine::new(settings.clone()))?;
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
            members: engine.kept_members().to_vec(),
        });
        let role = match (&mqtt, &config.broker) {
            (None, _) => BrokerRole::None,
            (Some(_), Some(_)) => BrokerRole::Embedded,
            (Some(_), None) => BrokerRole::External,
        };
        let description = config.description.clone();
        let name = config.node_id.to_string();
        let facts = Facts::new(name, description, network.max_connections, role);
        if sync.is_none() {
            // There is nobody whom it could be behind.
            facts.sync.set_ready();
        }
        Ok(Parts {
            socket,
            settings: ClientSettings { limits, network: network.clone() },
            io_threads: network.io_threads,
            engine,
            opened,
            facts: Arc::new(facts),
            #[cfg(feature = "broker")]
            broker: start_broker(config, limits)?,
            mqtt,
            sync,
        })
    }

    /// The life of the node's main thread.
    fn run(
        self,
        signals: Signals,
        exit: mpsc::Sender<ExitReason>,
        started: &mpsc::Sender<io::Result<Addr<SystemActor>>>,
    ) -> io::Result<()> {
        let runtime = threads::runtime()?;
        let runner = System::with_tokio_rt(|| runtime);
        let thread = || Arbiter::try_with_tokio_rt(threads::runtime);
        let store_thread = thread()?;
        let sync_thread = if self.sync.is_some() { Some(thread()?) } else { None };
        let io_threads = (0..self.io_threads).map(|_| thread()).collect::<io::Result<Vec<_>>>()?;
        let threads = Threads { store: &store_thread, sync: sync_thread.as_ref(), io: &io_threads };
        let system = runner.block_on(self.start(threads, signals, exit));
        if let Some(system) = system {
            // The node's owner waits for it.
            let _ = started.send(Ok(system));
            // The reason of the end has its own way out.
            let _ = runner.run();
        }
        for thread in io_threads.into_iter().chain(sync_thread).chain([store_thread]) {
            thread.stop();
            // A thread whose actor panicked has said so already.
            let _ = thread.join();
        }
        Ok(())
    }

    async fn start(
        self,
        threads: Threads<'_>,
        signals: Signals,
        exit: mpsc::Sender<ExitReason>,
    ) -> Option<Addr<SystemActor>> {
        let Parts { socket, settings, engine, opened, facts, mqtt, sync, .. } = self;
        let Threads { store: store_thread, sync: sync_thread, io: io_threads } = threads;
        let context = Context::<SystemActor>::new();
        let system = context.address();
        let (engine_facts, watcher) = (facts.clone(), system.clone());
        let (lanes, errands) = Lanes::open();
        let data = (engine, opened, errands);
        let store = start_store(store_thread, data, engine_facts, watcher).await?;
        let (stopping_sender, stopping) = watch::channel(false);
        let network = settings.network;
        let connections = Arc::new(ConnectionSettings {
            limits: settings.limits,
            dialect: network.dialect,
            stall_limit: network.connection_timeout,
            idle_limit: network.idle_timeout,
            lanes,
            store: store.clone(),
            system: system.clone(),
            facts: facts.clone(),
            stopping: stopping.clone(),
        });
        let stall_limit = network.connection_timeout;
        let sync = sync.zip(sync_thread).map(|(parts, thread)| {
            Arc::new(parts.settings(thread.handle(), stall_limit, stopping))
        });
        let threads = match io_threads {
            [] => vec![store_thread.handle()],
            threads => threads.iter().map(Arbiter::handle).collect(),
        };
        let plan = Plan {
            store,
            facts: facts.clone(),
            socket: Some(socket),
            threads,
            connections,
            mqtt,
            sync,
            #[cfg(feature = "broker")]
            broker: self.broker,
        };
        if signals == Signals::Follow {
            actix_rt::spawn(signals::follow(system.clone()));
        }
        let actor = SystemActor::new(plan, facts, stopping_sender, exit);
        let task = actix_rt::spawn(context.into_future(actor));
        actix_rt::spawn(async move {
            // Whether it panicked shows in whether it gave a reason.
            let _ = task.await;
            System::current().stop();
        });
        Some(system)
    }
}

/// The threads of a node beside its main one.
struct Threads<'a> {
    store: &'a Arbiter,
    /// If it compares data sets with others.
    sync: Option<&'a Arbiter>,
    /// For connections; none is the store's.
    io: &'a [Arbiter],
}

impl SyncParts {
    fn settings(
        self,
        thread: ArbiterHandle,
        stall_limit: Duration,
        stopping: watch::Receiver<bool>,
    ) -> SyncSettings {
        let SyncParts { anti_entropy, node_id, own_address, secret, data_dir, members } = self;
        let evict_after = u64::try_from(anti_entropy.evict_after.as_millis()).unwrap_or(u64::MAX);
        let mut known = Members::new(NodeId::of(&node_id), evict_after);
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
            stall_limit,
            thread,
            stopping,
        }
    }
}

/// Starts the store on its own thread. Nothing if that thread is not to be had.
async fn start_store(
    thread: &Arbiter,
    (engine, opened, errands): (Engine, Option<Opened>, Errands),
    facts: Arc<Facts>,
    system: Addr<SystemActor>,
) -> Option<Addr<StoreActor>> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    thread.spawn_fn(move || {
        let ended = move |reason| system.do_send(ChildDown { child: Child::Store, reason });
        let store =
            start_watched(|words| StoreActor::new(engine, facts, opened, errands, words), ended);
        // Fails only if the node's own thread has ended meanwhile.
        let _ = sender.send(store);
    });
    receiver.await.ok()
}

#[cfg(feature = "broker")]
fn start_broker(config: &Config, limits: Limits) -> Result<Option<BrokerSource>, StartError> {
    let Some(broker) = &config.broker else {
        return Ok(None);
    };
    let address = SocketAddr::new(broker.bind_address, broker.bind_port);
    Ok(Some(BrokerSource::start(address, crate::mqtt::largest_incoming_bytes(limits))?))
}

/// What peers are told to connect to. A wildcard is no address, so loopback stands in for it.
fn advertised(config: &Config, bound: SocketAddr) -> String {
    if let Some(address) = &config.network.advertise_address {
        return format!("{}:{}", address.host, address.port.unwrap_or(bound.port()));
    }
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port()).to_string()
}

/// What a test needs to reach into a node.
#[cfg(test)]
impl Node {
    pub(crate) fn system(&self) -> &Addr<SystemActor> {
        &self.system
    }
}
