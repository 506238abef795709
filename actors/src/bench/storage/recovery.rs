//! How fast a server is there again with all its data after it was killed: from its journal and
//! from a snapshot alone. What it reads has just been written, so no disk slows it down.

use super::StoragePlan;
use crate::bench::load::Load;
use crate::bench::servers::Durability;
use crate::bench::servers::ServerError;
use crate::bench::servers::{Bench, Server, settle};
use crate::bench::verdict::Verdict;
use std::thread;
use std::time::Duration;

/// From the last reply until the servers are killed: as long as what is written may stay in memory.
const REST: Duration = Duration::from_secs(1);

/// Writes that each connection has on the way while the servers are filled.
const PIPELINE: usize = 16;

/// How long the node may take to be there again.
const JOURNAL_BUDGET: Duration = Duration::from_secs(4);
const SNAPSHOT_BUDGET: Duration = Duration::from_secs(2);

/// Times from the start of a process until it shows all keys.
#[derive(Debug)]
pub(super) struct Recovery {
    pub(super) journal: Restart,
    pub(super) snapshot: Restart,
}

#[derive(Debug)]
pub(super) struct Restart {
    pub(super) node: Duration,
    pub(super) redis: Option<Duration>,
    pub(super) budget: Duration,
}

pub(super) fn measure(
    bench: &Bench<'_>,
    plan: &StoragePlan,
    progress: &mut dyn FnMut(&str),
) -> Result<Recovery, ServerError> {
    let node = restart_node(bench, plan.keys, progress)?;
    let redis = if plan.redis { Some(restart_redis(bench, plan.keys, progress)?) } else { None };
    let restart = |which: usize, budget| Restart {
        node: node[which],
        redis: redis.map(|redis| redis[which]),
        budget,
    };
    Ok(Recovery { journal: restart(0, JOURNAL_BUDGET), snapshot: restart(1, SNAPSHOT_BUDGET) })
}

fn restart_node(
    bench: &Bench<'_>,
    keys: u64,
    progress: &mut dyn FnMut(&str),
) -> Result<[Duration; 2], ServerError> {
    let data = bench.site.empty_folder("node-data")?;
    let restored = bench.site.empty_folder("restored")?;
    progress("a node is filled, killed, and started again");
    let node = bench.node(Durability::Interval, &data)?;
    fill(&node, keys)?;
    let before = root(&node)?;
    drop(node);
    let node = bench.node(Durability::Interval, &data)?;
    let from_journal = node.wait_for(keys)?;
    insist_on_root(&node, &before)?;
    node.stop()?;
    progress("a node starts from a snapshot");
    let backup = bench.site.empty_folder("backup")?.join("snapshot");
    let [data, backup, target] = [&data, &backup, &restored].map(|path| path.display().to_string());
    bench.subcommand(&["backup", "--data-dir", &data, "--to", &backup])?;
    bench.subcommand(&["restore", "--from", &backup, "--data-dir", &target])?;
    let node = bench.node(Durability::Interval, &restored)?;
    let from_snapshot = node.wait_for(keys)?;
    insist_on_root(&node, &before)?;
    Ok([from_journal, from_snapshot])
}

fn restart_redis(
    bench: &Bench<'_>,
    keys: u64,
    progress: &mut dyn FnMut(&str),
) -> Result<[Duration; 2], ServerError> {
    let data = bench.site.empty_folder("redis-data")?;
    progress("Redis is filled, killed, and started again");
    let redis = bench.redis(Durability::Interval, &data)?;
    fill(&redis, keys)?;
    drop(redis);
    let redis = bench.redis(Durability::Interval, &data)?;
    let from_journal = redis.wait_for(keys)?;
    progress("Redis starts from a snapshot");
    let mut control = redis.connect()?;
    if control.ask("SAVE")? != "+OK" {
        return Err(control.refused());
    }
    drop(redis);
    // Without a journal it reads its snapshot.
    let from_snapshot = bench.redis(Durability::Off, &data)?.wait_for(keys)?;
    Ok([from_journal, from_snapshot])
}

/// Writes every key once, and lets the server rest.
pub(super) fn fill(server: &Server, keys: u64) -> Result<(), ServerError> {
    server.wait_for(0)?;
    let load = Load::of_writes(server.address, server.protocol, keys);
    Load { pipeline: PIPELINE, ..load }.run()?;
    server.wait_for(keys)?;
    thread::sleep(REST);
    settle(&[server]);
    Ok(())
}

fn root(node: &Server) -> Result<String, ServerError> {
    let mut control = node.connect()?;
    match control.ask("HASH")?.strip_prefix("HASH ").map(str::to_owned) {
        Some(root) => Ok(root),
        None => Err(control.refused()),
    }
}

fn insist_on_root(node: &Server, before: &str) -> Result<(), ServerError> {
    let after = root(node)?;
    if after == before {
        return Ok(());
    }
    Err(ServerError::Root { before: before.to_owned(), after })
}

impl Recovery {
    /// The restarts that took too long.
    pub(super) fn broken(&self, is_judged: bool) -> Vec<String> {
        let restarts = [("from the journal", &self.journal), ("from a snapshot", &self.snapshot)];
        let broken =
            restarts.iter().filter(|(_, restart)| restart.verdict(is_judged) == Verdict::Broken);
        broken.map(|(name, _)| format!("the start {name}")).collect()
    }
}

impl Restart {
    pub(super) fn verdict(&self, is_judged: bool) -> Verdict {
        if is_judged { Verdict::of(self.node <= self.budget) } else { Verdict::NotJudged }
    }
}
