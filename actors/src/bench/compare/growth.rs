//! What a request costs with many more keys: caches of the processor miss, and trees are deeper.

use super::budget::Judged;
use super::contestants::{Contestant, Contestants, Name};
use super::turns::{Round, paired, take_turns};
use super::{BUDGET_GROWTH_KEYS, BUDGET_KEYS, Command};
use crate::bench::load::Load;
use crate::bench::servers::ServerError;

/// Bytes of each value, so that many keys fit.
pub(super) const SMALL_VALUE_BYTES: usize = 8;

/// Requests that each client has on the way.
pub(super) const PIPELINE: usize = 16;

/// How many times the processor time a request of the node may take.
const BUDGET: f64 = 1.5;

/// One command on one server.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: Name,
    pub(super) command: Command,
    pub(super) few: Vec<Round>,
    pub(super) many: Vec<Round>,
    /// How many times the processor time a request takes.
    pub(super) growth: Judged,
}

pub(super) fn measure(
    contestants: &Contestants<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Row>, ServerError> {
    let plan = contestants.plan;
    let mut rows = Vec::new();
    let names = contestants.all().filter(|name| *name != Name::Memcached);
    for name in names {
        progress(&format!("growth: {} keys on {name}", plan.growth_keys));
        let both = [contestants.start(name)?, contestants.start(name)?];
        let keys = [plan.keys, plan.growth_keys];
        both.iter().zip(keys).try_for_each(|(each, keys)| each.fill(keys, SMALL_VALUE_BYTES))?;
        for command in Command::ALL {
            progress(&format!("growth: {command} on {name}"));
            let load = |contestant: &Contestant| {
                let is_first = contestant.server.address == both[0].server.address;
                let keys = keys[usize::from(!is_first)];
                Load {
                    reads: command.reads(),
                    pipeline: PIPELINE,
                    value_bytes: SMALL_VALUE_BYTES,
                    ..contestant.load(keys)
                }
            };
            let mut rounds = take_turns(&both, plan.rounds, plan.time, load)?.into_iter();
            let (few, many) =
                (rounds.next().unwrap_or_default(), rounds.next().unwrap_or_default());
            let is_judged = keys == [BUDGET_KEYS, BUDGET_GROWTH_KEYS];
            rows.push(row(name, command, few, many, is_judged));
        }
    }
    Ok(rows)
}

/// Holds the rounds with many keys against those with few.
pub(super) fn row(
    name: Name,
    command: Command,
    few: Vec<Round>,
    many: Vec<Round>,
    is_judged: bool,
) -> Row {
    let growth = paired(&few, &many, |few, many| many.cpu / few.cpu);
    let budget = (is_judged && name == Name::Node).then_some(BUDGET);
    Row { name, command, few, many, growth: Judged::at_most(growth, budget) }
}
