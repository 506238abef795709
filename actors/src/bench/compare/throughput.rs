//! Operations per second of all servers, and the processor time that one takes.

use super::budget::Judged;
use super::contestants::{Contestant, Contestants, Name};
use super::turns::{Round, paired, take_turns};
use super::{BUDGET_KEYS, Command};
use crate::bench::load::Load;
use crate::bench::servers::ServerError;

/// One command with one pipeline and one length of values.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) command: Command,
    pub(super) pipeline: usize,
    pub(super) value_bytes: usize,
    /// The node's rounds.
    pub(super) node: Vec<Round>,
    pub(super) others: Vec<Other>,
}

/// Another server in the same cell.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) name: Name,
    pub(super) rounds: Vec<Round>,
    /// How many times as many operations the node does, and how many times the processor time this
    /// one takes.
    pub(super) rate_ratio: f64,
    /// Judged.
    pub(super) cpu_ratio: Judged,
}

pub(super) fn measure(
    contestants: &Contestants<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Cell>, ServerError> {
    let plan = contestants.plan;
    let cells = Command::ALL.len() * plan.pipelines.len() * plan.value_bytes.len();
    let all: Vec<Contestant> =
        contestants.all().map(|name| contestants.start(name)).collect::<Result<_, _>>()?;
    let mut measured = Vec::new();
    for value_bytes in &plan.value_bytes {
        all.iter().try_for_each(|contestant| contestant.fill(plan.keys, *value_bytes))?;
        for pipeline in &plan.pipelines {
            for command in Command::ALL {
                progress(&format!(
                    "throughput {} of {cells}: {command}, pipeline {pipeline}, \
                     {value_bytes}-byte values",
                    measured.len() + 1
                ));
                let load = |contestant: &Contestant| Load {
                    pipeline: *pipeline,
                    value_bytes: *value_bytes,
                    reads: command.reads(),
                    ..contestant.load(plan.keys)
                };
                let rounds = take_turns(&all, plan.rounds, plan.time, load)?;
                let mut rounds = all.iter().map(|each| each.name).zip(rounds);
                let node = rounds.next().map(|(_, rounds)| rounds).unwrap_or_default();
                let is_judged = plan.keys == BUDGET_KEYS;
                let others = rounds
                    .map(|(name, rounds)| other(name, *pipeline, &node, rounds, is_judged))
                    .collect();
                let (pipeline, value_bytes) = (*pipeline, *value_bytes);
                measured.push(Cell { command, pipeline, value_bytes, node, others });
            }
        }
    }
    Ok(measured)
}

/// Compares the rounds of another server with those of the node.
pub(super) fn other(
    name: Name,
    pipeline: usize,
    node: &[Round],
    rounds: Vec<Round>,
    is_judged: bool,
) -> Other {
    let cpu_ratio = paired(node, &rounds, |node, other| other.cpu / node.cpu);
    let budget = least_ratio(name, pipeline).filter(|_| is_judged);
    Other {
        name,
        rate_ratio: paired(node, &rounds, |node, other| node.rate / other.rate),
        cpu_ratio: Judged::at_least(cpu_ratio, budget),
        rounds,
    }
}

/// How many times as good as another one the node has to be.
fn least_ratio(name: Name, pipeline: usize) -> Option<f64> {
    match (name, pipeline) {
        (Name::Redis, 1) => Some(1.0),
        (Name::Redis, 16) => Some(1.5),
        (Name::Redis, 100) => Some(2.0),
        (Name::Memcached, 1 | 16 | 100) => Some(1.0),
        (Name::Node | Name::Redis | Name::Memcached, _) => None,
    }
}
