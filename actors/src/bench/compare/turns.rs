//! Rounds in turns: the same load on each server for the same time, and what it has cost.

use super::contestants::Contestant;
use crate::bench::figures::median;
use crate::bench::load::{Load, Until};
use crate::bench::servers::{ServerError, settle};
use std::time::Duration;

/// One round of one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Operations in a second.
    pub(super) rate: f64,
    /// Processor time of the server for one, in nanoseconds, with what it has put off.
    pub(super) cpu: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) p999: Duration,
    /// Operations of an open loop that could not be sent.
    pub(super) unsent: u64,
}

/// Each server's rounds, in the order of the servers.
pub(super) fn take_turns(
    contestants: &[Contestant],
    rounds: usize,
    time: Duration,
    load: impl Fn(&Contestant) -> Load,
) -> Result<Vec<Vec<Round>>, ServerError> {
    let mut taken = vec![Vec::new(); contestants.len()];
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            // Nobody always follows the same one.
            let who = (round + turn) % contestants.len();
            settle(&contestants.iter().map(|each| &each.server).collect::<Vec<_>>());
            let load = Load { until: Until::Passed(time), ..load(&contestants[who]) };
            taken[who].push(take(&contestants[who], &load)?);
        }
    }
    Ok(taken)
}

fn take(contestant: &Contestant, load: &Load) -> Result<Round, ServerError> {
    let server = &contestant.server;
    let before = server.cpu_nanos();
    let outcome = load.run()?;
    contestant.rest()?;
    server.process.insist_on_running()?;
    let cpu = server.cpu_nanos().saturating_sub(before);
    if outcome.tally.misses > 0 {
        return Err(ServerError::Nothing("a key that was written before is missing"));
    }
    let operations = outcome.tally.operations() as f64;
    if operations == 0.0 {
        return Err(ServerError::Nothing("nothing was answered in a round"));
    }
    let latencies = &outcome.tally.latencies;
    Ok(Round {
        rate: operations / outcome.took.as_secs_f64(),
        cpu: cpu as f64 / operations,
        p50: latencies.percentile(50.0),
        p99: latencies.percentile(99.0),
        p999: latencies.percentile(99.9),
        unsent: outcome.unsent,
    })
}

/// The least, the middle and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) greatest: f64,
}

/// Of one figure of all rounds.
pub(super) fn spread(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> Spread {
    let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    let at = |index: usize| figures.get(index).copied().unwrap_or(f64::NAN);
    let last = figures.len().saturating_sub(1);
    Spread { least: at(0), median: (at(last / 2) + at(last.div_ceil(2))) / 2.0, greatest: at(last) }
}

/// The middle of what `ratio` makes of each round of one and the round of another beside it: the
/// machine is not the same all the time.
pub(super) fn paired(one: &[Round], other: &[Round], ratio: fn(&Round, &Round) -> f64) -> f64 {
    let ratios = one.iter().zip(other).map(|(one, other)| ratio(one, other)).collect();
    median(ratios)
}
