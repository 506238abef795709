//! The life of a node: its threads and its actors, from their start to their end.

use super::Signals;
use super::parts::Parts;
use crate::admin::{AdminSettings, Known, Samples};
use crate::connection::ConnectionSettings;
use crate::exit::ExitReason;
use crate::facts::Facts;
use crate::lane::{Errands, Lanes};
use crate::ports::advertised;
use crate::reload::Reloader;
use crate::storage::Opened;
use crate::store::StoreActor;
use crate::system::{Child, ChildDown, Plan, SystemActor, start_watched};
use crate::users::Gate;
use crate::{histogram, signals, threads, tls};
use actix::{Addr, Arbiter, AsyncContext, Context, System};
use merkle_kv_core::config::{Config, Durability};
use merkle_kv_core::execute::Engine;
use std::io;
use std::sync::{Arc, Mutex, mpsc};
use tokio::sync::watch;

impl Parts {
    /// The life of the node's main thread.
    pub(super) fn run(
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

/// How the data is kept, for the status page.
fn storage_in_words(config: &Config) -> &'static str {
    match config.storage.persistence.as_ref().map(|kept| kept.durability) {
        None => "in memory only",
        Some(Durability::Always) => "on disk, always",
        Some(Durability::Interval) => "on disk, interval",
        Some(Durability::None) => "on disk, none",
    }
}
