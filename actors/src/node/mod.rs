//! One node, from its configuration to its end: what a program, or a test, starts and waits for.
//! Several live side by side in one process; nothing is global.

mod error;
mod life;
mod parts;

pub use error::StartError;

use crate::exit::ExitReason;
use crate::file_limit;
use crate::ports::{self, warn_of_strangers};
use crate::reload::ConfigSource;
use crate::system::{Stop, SystemActor, TakeUsers};
use crate::tls::{self, NodeTls, Renewable, TlsError};
use crate::users;
use actix::Addr;
use log::info;
use merkle_kv_core::access::Users;
use merkle_kv_core::config::Config;
use merkle_kv_core::journal::Mode;
use parts::Parts;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

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

/// What a test needs to reach into a node.
#[cfg(test)]
impl Node {
    pub(crate) fn system(&self) -> &Addr<SystemActor> {
        &self.system
    }
}
