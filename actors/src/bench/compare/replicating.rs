//! Writes on a node whose broker carries every one of them to two peers, which compare themselves
//! with it all the time; beside them the same node without broker and peers.

use super::contestants::{Contestant, Contestants};
use super::turns::{Round, paired, take_turns};
use super::{Command, VALUE_BYTES};
use crate::bench::load::Load;
use crate::bench::servers::{Role, ServerError};
use std::thread;
use std::time::{Duration, Instant};

/// Seconds between two rounds of sessions of each peer: as often as they can be had.
const ANTI_ENTROPY: &str = "interval_seconds = 1";

/// How long the peers may take until they hold the same, at the end.
const EQUAL_LIMIT: Duration = Duration::from_secs(120);

const LOOK: Duration = Duration::from_millis(100);

/// One pipeline.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) pipeline: usize,
    pub(super) alone: Vec<Round>,
    pub(super) replicating: Vec<Round>,
    /// The share of the operations that remain, and how many times the processor time one takes.
    pub(super) rate_share: f64,
    pub(super) cpu_ratio: f64,
}

pub(super) fn measure(
    contestants: &Contestants<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Row>, ServerError> {
    let plan = contestants.plan;
    progress("replicating: a node alone, and one with two peers");
    let without = "[mqtt]\nenabled = false\n[anti_entropy]\nenabled = false\n";
    let cluster = contestants.replicated("cluster", ANTI_ENTROPY);
    let both =
        [contestants.node(without, Role::Measured)?, contestants.node(&cluster, Role::Measured)?];
    let peers =
        [contestants.node(&cluster, Role::Needed)?, contestants.node(&cluster, Role::Needed)?];
    both.iter().try_for_each(|node| node.fill(plan.keys, VALUE_BYTES))?;
    let mut rows = Vec::new();
    for pipeline in &plan.pipelines {
        progress(&format!("replicating: SET, pipeline {pipeline}"));
        let load = |node: &Contestant| Load {
            pipeline: *pipeline,
            reads: Command::Set.reads(),
            ..node.load(plan.keys)
        };
        let mut rounds = take_turns(&both, plan.rounds, plan.time, load)?.into_iter();
        let alone = rounds.next().unwrap_or_default();
        let replicating = rounds.next().unwrap_or_default();
        rows.push(row(*pipeline, alone, replicating));
    }
    progress("replicating: until the peers hold the same");
    wait_until_equal(&both[1], &peers)?;
    Ok(rows)
}

/// Holds the rounds of a node with peers against those of one without.
pub(super) fn row(pipeline: usize, alone: Vec<Round>, replicating: Vec<Round>) -> Row {
    let rate_share = paired(&alone, &replicating, |alone, with| with.rate / alone.rate);
    let cpu_ratio = paired(&alone, &replicating, |alone, with| with.cpu / alone.cpu);
    Row { pipeline, alone, replicating, rate_share, cpu_ratio }
}

/// Otherwise what was measured was not replication.
fn wait_until_equal(node: &Contestant, peers: &[Contestant]) -> Result<(), ServerError> {
    let begun = Instant::now();
    loop {
        let root = root(node)?;
        let mut is_equal = true;
        for peer in peers {
            is_equal &= self::root(peer)? == root;
        }
        if is_equal {
            return Ok(());
        }
        if begun.elapsed() > EQUAL_LIMIT {
            return Err(node.server.process.late("brought its peers to its state", EQUAL_LIMIT));
        }
        thread::sleep(LOOK);
    }
}

fn root(node: &Contestant) -> Result<String, ServerError> {
    Ok(node.server.connect()?.ask("HASH")?.to_owned())
}
