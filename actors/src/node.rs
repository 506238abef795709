//! One node, from its configuration to its end: what a program, or a test, starts and waits for.
//! Several live side by side in one process; nothing is global.

use crate::admin::{AdminSettings, Known, Samples};
use crate::connection::ConnectionSettings;
use crate::exit::ExitReason;
use crate::facts::Facts;
use crate::lane::{Errands, Lanes};
use crate::latencies::Latencies;
use crate::live::Live;
use crate::mqtt::MqttSettings;
use crate::ports::{self, advertised, warn_of_strangers};
use crate::random;
use crate::reload::{ConfigSource, Reloader};
use crate::signals;
use crate::storage::{self, OpenSettings, Opened, StorageError};
use crate::store::StoreActor;
use crate::sync::SyncSettings;
use crate::system::{Child, ChildDown, Plan, Stop, SystemActor, TakeUsers, start_watched};
use crate::tls::{self, NodeTls, Renewable, Tls, TlsError};
use crate::tracing::{Tracer, TracingError};
use crate::users::{self, Gate, UsersError};
use crate::{file_limit, histogram, threads, wall_clock};
use actix::{Addr, Arbiter, ArbiterHandle, AsyncContext, Context, System};
use log::info;
use merkle_kv_core::access::Users;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::config::{AntiEntropy, Config, Durability, PeerAddress};
use merkle_kv_core::execute::{Engine, EngineSettings};
use merkle_kv_core::journal::Mode;
use merkle_kv_core::members::Members;
use merkle_kv_core::merkle::TreeSeed;
use merkle_kv_core::protocol::{BrokerRole, Dialect, Limits};
use merkle_kv_core::replication::MAX_UNPUBLISHED;
use merkle_kv_core::store::HashSeed;
use merkle_kv_core::version::{BootId, NodeId};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use tokio::sync::watch;

#[cfg(feature = "broker")]
use crate::broker::{BrokerError, BrokerSource};

/// A running node. Dropping it stops the node in order and waits for the end.
#[derive(Debug)]
pub struct Node {
    address: SocketAddr,
    admin_address: Option<SocketAddr>,
    system: Addr<SystemActor>,
    exit: mpsc::Receiver<ExitReason>,
    thread: Option<JoinHandle<()>>,
    certificates: Vec<Arc<dyn Renewable>>,
}

/// Whether the process's signals are this node's to follow.
pub enum Signals {
    /// SIGTERM and SIGINT stop the node in order; a second one ends the process at once. At SIGHUP,
    /// and when its file has changed, the configuration is read again.
    Follow(ConfigSource),
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
    /// The port for HTTP is taken, or not this machine's.
    #[error("cannot serve metrics and health on {address}: {source}; change admin.bind_port")]
    Admin {
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
    /// The file of users cannot be used.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// A file for TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// Nothing can be traced.
    #[error(transparent)]
    Tracing(#[from] TracingError),
}

impl StartError {
    /// Whether something that only one process can have is taken already.
    pub fn is_taken(&self) -> bool {
        let kind = match self {
            StartError::Storage(error) => return error.is_taken(),
            StartError::Tracing(_) | StartError::Users(_) | StartError::Tls(_) => return false,
            StartError::Listen { source, .. }
            | StartError::Admin { source, .. }
            | StartError::Thread(source) => source.kind(),
            #[cfg(feature = "broker")]
            StartError::Broker(error) => error.kind(),
            #[cfg(not(feature = "broker"))]
            StartError::NoBroker => return false,
        };
        kind == io::ErrorKind::AddrInUse
    }

    /// Whether the configuration names files that cannot be used.
    pub fn is_configuration(&self) -> bool {
        matches!(self, StartError::Users(_) | StartError::Tls(_))
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
        let tls = NodeTls::load(config)?;
        let certificates = tls.renewable();
        file_limit::raise_for(config.network.max_connections);
        let (socket, address) = ports::listen(config)?;
        let admin = ports::listen_for_admin(config)?;
        let admin_address = admin.as_ref().map(|(_, address)| *address);
        let admin = admin.map(|(socket, _)| socket);
        let parts = Parts::new(config, mode, (socket, address, admin), tls)?;
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
        ports::warn_of_clients(config, address.ip());
        if let Some(address) = admin_address {
            info!(address:%; "serving metrics and health over HTTP");
            warn_of_strangers("metrics and health", address.ip());
        }
        if let Some(broker) = &config.broker {
            warn_of_strangers("the in-process broker", broker.bind_address);
        }
        users::warn_of_readable_files(config);
        let thread = Some(thread);
        Ok(Node { address, admin_address, system, exit, thread, certificates })
    }

    /// Where clients connect; the port is a real one even if 0 was configured.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics and health are served, if they are; the port is a real one.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Tells the node to stop in order. Returns at once.
    pub fn stop(&self) {
        self.system.do_send(Stop(ExitReason::Asked));
    }

    /// Judges clients by another table of users, those of open connections too; with nothing,
    /// everybody may do everything. Returns at once; a moment later it holds.
    pub fn take_users(&self, users: Option<Arc<Users>>) {
        self.system.do_send(TakeUsers(users));
    }

    /// Reads the files of TLS again. New connections use them, those that are open go on as they
    /// began; files that are no good change nothing. Blocks while it reads, and logs what it found.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used, and why.
    pub fn reload_certificates(&self) -> Result<(), TlsError> {
        tls::reload(&self.certificates)
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

/// Everything that is known before the threads start.
struct Parts {
    socket: TcpListener,
    /// What is in force when the node starts.
    config: Config,
    /// The one for HTTP.
    admin: Option<TcpListener>,
    settings: ClientSettings,
    io_threads: usize,
    engine: Engine,
    /// The data directory that the engine was read from.
    opened: Option<Opened>,
    facts: Arc<Facts>,
    mqtt: Option<Arc<MqttSettings>>,
    sync: Option<SyncParts>,
    tls: NodeTls,
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
    tls: Option<Tls>,
    /// The members that were known when the node ended, and when each was last heard of.
    members: Vec<(NodeId, UnixMillis)>,
}

/// The settings of connections that do not depend on other actors.
struct ClientSettings {
    limits: Limits,
    live: Arc<Live>,
    dialect: Dialect,
}

impl Parts {
    fn new(
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
        let Parts {
            socket, admin, config, settings, engine, opened, facts, mqtt, sync, tls, ..
        } = self;
        let Threads { store: store_thread, sync: sync_thread, io: io_threads } = threads;
        let context = Context::<SystemActor>::new();
        let system = context.address();
        let (engine_facts, watcher) = (facts.clone(), system.clone());
        let (lanes, errands) = Lanes::open();
        let data = (engine, opened, errands);
        let store = start_store(store_thread, data, engine_facts, watcher).await?;
        let (stopping_sender, stopping) = watch::channel(false);
        let gate = Arc::new(Gate::new(facts.clone()));
        let connections = Arc::new(ConnectionSettings {
            limits: settings.limits,
            dialect: settings.dialect,
            live: settings.live.clone(),
            lanes,
            store: store.clone(),
            system: system.clone(),
            facts: facts.clone(),
            gate: gate.clone(),
            stopping: stopping.clone(),
            tls: tls.port.clone(),
        });
        let bound = socket.local_addr();
        let own_address = bound.map_or_else(|_| String::new(), |at| advertised(&config, at));
        let admin = admin.map(|socket| {
            let settings = AdminSettings {
                facts: facts.clone(),
                store: store.clone(),
                system: system.clone(),
                stopping: stopping.clone(),
                address: own_address,
                storage: storage_in_words(&config),
                samples: Mutex::new(Samples::new(histogram::bounds_micros())),
                gate,
                known: Known::default(),
                tls: tls.port.clone(),
            };
            (socket, Arc::new(settings))
        });
        actix_rt::spawn(tls::watch(tls.renewable(), stopping.clone()));
        let sync = sync.zip(sync_thread).map(|(parts, thread)| {
            Arc::new(parts.settings(thread.handle(), settings.live, stopping))
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
            admin,
            #[cfg(feature = "broker")]
            broker: self.broker,
        };
        if let Signals::Follow(source) = signals {
            let reloader = Reloader::new(source, config, tls.renewable(), system.clone());
            actix_rt::spawn(signals::follow(system.clone(), reloader));
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

/// Starts the store on its own thread. Nothing if that thread is not to be had.
async fn start_store(
    thread: &Arbiter,
    (engine, opened, errands): (Engine, Option<Opened>, Errands),
    facts: Arc<Facts>,
    system: Addr<SystemActor>,
) -> Option<Addr<StoreActor>> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    thread.spawn_fn(move || {
        merkle_kv_allocator::keep_recent();
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

/// How the data is kept, for the status page.
fn storage_in_words(config: &Config) -> &'static str {
    match config.storage.persistence.as_ref().map(|kept| kept.durability) {
        None => "in memory only",
        Some(Durability::Always) => "on disk, always",
        Some(Durability::Interval) => "on disk, interval",
        Some(Durability::None) => "on disk, none",
    }
}

/// What a test needs to reach into a node.
#[cfg(test)]
impl Node {
    pub(crate) fn system(&self) -> &Addr<SystemActor> {
        &self.system
    }
}
