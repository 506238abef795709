//! Who takes part, how each is started, and how it is filled.

use super::ComparePlan;
use crate::bench::load::{Load, Protocol, Until};
use crate::bench::servers::{Bench, Durability, Process, Role, Server, ServerError, settle};
use std::cell::Cell;
use std::fmt;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

/// Requests that each client has on the way while a server is filled.
const FILL_PIPELINE: usize = 16;

/// How long a node may take to join, and to hand on what it has.
const JOIN_LIMIT: Duration = Duration::from_secs(30);
const PUBLISH_LIMIT: Duration = Duration::from_secs(120);

/// Between two looks at that.
const LOOK: Duration = Duration::from_millis(20);

/// Who takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Node,
    Redis,
    Memcached,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Name::Node => "MerkleKV",
            Name::Redis => "Redis",
            Name::Memcached => "memcached",
        })
    }
}

/// Starts whoever is needed, on the same machine and beside the same broker.
pub(super) struct Contestants<'a> {
    pub(super) plan: &'a ComparePlan,
    bench: &'a Bench<'a>,
    /// Runs until the end.
    _broker: Process,
    broker: SocketAddr,
    /// Nodes so far.
    nodes: Cell<u32>,
}

/// One of them, running. Killed when dropped.
pub(super) struct Contestant {
    pub(super) name: Name,
    pub(super) server: Server,
}

impl Contestants<'_> {
    /// Starts the broker.
    pub(super) fn prepare<'a>(
        bench: &'a Bench<'a>,
        plan: &'a ComparePlan,
    ) -> Result<Contestants<'a>, ServerError> {
        let (process, broker) = bench.broker()?;
        Ok(Contestants { plan, bench, _broker: process, broker, nodes: Cell::new(0) })
    }

    /// Those that take part besides the node.
    pub(super) fn others(&self) -> impl Iterator<Item = Name> {
        let redis = self.plan.redis.then_some(Name::Redis);
        redis.into_iter().chain(self.plan.memcached.then_some(Name::Memcached))
    }

    /// All that take part, the node first.
    pub(super) fn all(&self) -> impl Iterator<Item = Name> {
        [Name::Node].into_iter().chain(self.others())
    }

    /// Starts one, empty, and waits until it answers. The node has joined its broker then, and has
    /// no peers.
    pub(super) fn start(&self, name: Name) -> Result<Contestant, ServerError> {
        match name {
            Name::Node => {
                let cluster = format!("alone-{}", self.nodes.get());
                self.node(&self.replicated(&cluster, ""), Role::Measured)
            }
            Name::Redis => {
                let folder = self.bench.site.folder("redis-data")?;
                ready(name, self.bench.redis(Durability::Off, &folder)?)
            }
            Name::Memcached => ready(name, self.bench.memcached()?),
        }
    }

    /// The sections of a node that replicates in the cluster of this name.
    pub(super) fn replicated(&self, cluster: &str, anti_entropy: &str) -> String {
        format!(
            "[mqtt]\nbroker_address = \"tcp://{}\"\ntopic_prefix = \"{cluster}\"\n\
             [anti_entropy]\n{anti_entropy}\n",
            self.broker
        )
    }

    /// Starts a node with these sections, in memory and without a limit.
    pub(super) fn node(&self, sections: &str, role: Role) -> Result<Contestant, ServerError> {
        // Their names are unique, as the broker may still know those that have ended.
        let name = format!("node-{}", self.nodes.get());
        self.nodes.set(self.nodes.get() + 1);
        let sections = format!("{sections}[storage]\nmemory_limit_mb = 0\n");
        let node = self.bench.node_with(&name, &sections, self.plan.protocol, role)?;
        let node = ready(Name::Node, node)?;
        if sections.contains("broker_address") {
            node.wait_for_status("joined its broker", JOIN_LIMIT, |status| {
                status.starts_with("REPLICATION enabled connected ")
            })?;
        }
        Ok(node)
    }
}

fn ready(name: Name, server: Server) -> Result<Contestant, ServerError> {
    server.wait_for(0)?;
    Ok(Contestant { name, server })
}

impl Contestant {
    /// A load of reads or writes on it.
    pub(super) fn load(&self, keys: u64) -> Load {
        Load::of_writes(self.server.address, self.protocol(), keys)
    }

    fn protocol(&self) -> Protocol {
        self.server.protocol
    }

    /// Writes every key once, and waits until nothing more comes of it.
    pub(super) fn fill(&self, keys: u64, value_bytes: usize) -> Result<(), ServerError> {
        let (pipeline, until) = (FILL_PIPELINE, Until::AllWritten);
        Load { value_bytes, pipeline, until, ..self.load(keys) }.run()?;
        self.server.wait_for(keys)?;
        self.rest()
    }

    /// Waits until it has done what it has put off.
    pub(super) fn rest(&self) -> Result<(), ServerError> {
        settle(&[&self.server]);
        match self.name {
            Name::Node => {
                let is_published = |status: &str| {
                    !status.starts_with("REPLICATION enabled")
                        || status.ends_with(" queued=0")
                        || status.contains(" off ")
                };
                self.wait_for_status("published its writes", PUBLISH_LIMIT, is_published)
            }
            Name::Redis | Name::Memcached => Ok(()),
        }
    }

    /// Waits until a node says something of its replication.
    fn wait_for_status(
        &self,
        done: &str,
        limit: Duration,
        holds: impl Fn(&str) -> bool,
    ) -> Result<(), ServerError> {
        let begun = Instant::now();
        let mut control = self.server.connect()?;
        while !holds(control.ask("REPLICATE STATUS")?) {
            if begun.elapsed() > limit {
                return Err(self.server.process.late(done, limit));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }
}
