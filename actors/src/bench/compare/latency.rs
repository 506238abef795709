//! Times of single requests at a steady rate: half of what the slower server can do, so that both
//! keep it and neither is only ever busy.

use super::budget::Judged;
use super::contestants::{Contestant, Contestants, Name};
use super::throughput::Cell;
use super::turns::{Round, paired, spread, take_turns};
use super::{BUDGET_KEYS, Command, VALUE_BYTES};
use crate::bench::load::Load;
use crate::bench::servers::ServerError;

/// The share of the lower throughput.
const SHARE: f64 = 0.5;

/// One command.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) command: Command,
    /// Operations that were due in a second.
    pub(super) rate: f64,
    pub(super) node: Vec<Round>,
    pub(super) redis: Option<Vec<Round>>,
    /// How many times as long the slowest hundredth takes on Redis.
    pub(super) ratio: Option<Judged>,
}

pub(super) fn measure(
    contestants: &Contestants<'_>,
    known: &[Cell],
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Row>, ServerError> {
    let plan = contestants.plan;
    let names = contestants.all().filter(|name| *name != Name::Memcached);
    let both: Vec<Contestant> =
        names.map(|name| contestants.start(name)).collect::<Result<_, _>>()?;
    both.iter().try_for_each(|contestant| contestant.fill(plan.keys, VALUE_BYTES))?;
    let mut rows = Vec::new();
    for command in Command::ALL {
        let load =
            |contestant: &Contestant| Load { reads: command.reads(), ..contestant.load(plan.keys) };
        let lowest = match lowest_known(known, command) {
            Some(rate) => rate,
            None => {
                progress(&format!("latency: the greatest throughput of {command}"));
                let rounds = take_turns(&both, plan.rounds, plan.time, load)?;
                let rates = rounds.iter().map(|rounds| spread(rounds, |round| round.rate).median);
                rates.fold(f64::INFINITY, f64::min)
            }
        };
        let rate = (lowest * SHARE).floor().max(1.0);
        progress(&format!("latency: {command} at {rate} operations/s"));
        let steady = |contestant: &Contestant| Load { rate: Some(rate), ..load(contestant) };
        let mut rounds = take_turns(&both, plan.rounds, plan.time, steady)?.into_iter();
        let node = rounds.next().unwrap_or_default();
        let redis = rounds.next();
        let budget = (plan.keys == BUDGET_KEYS).then_some(1.0);
        let p99 = |node: &Round, redis: &Round| redis.p99.as_secs_f64() / node.p99.as_secs_f64();
        let ratio = redis.as_ref().map(|redis| Judged::at_least(paired(&node, redis, p99), budget));
        rows.push(Row { command, rate, node, redis, ratio });
    }
    Ok(rows)
}

/// What the slower one of node and Redis has done before, one request at a time.
fn lowest_known(cells: &[Cell], command: Command) -> Option<f64> {
    let is_it =
        |cell: &&Cell| (cell.command, cell.pipeline, cell.value_bytes) == (command, 1, VALUE_BYTES);
    let cell = cells.iter().find(is_it)?;
    let redis = cell.others.iter().filter(|other| other.name == Name::Redis);
    let rounds = redis.map(|other| &other.rounds).chain([&cell.node]);
    let rates = rounds.map(|rounds| spread(rounds, |round| round.rate).median);
    Some(rates.fold(f64::INFINITY, f64::min))
}
