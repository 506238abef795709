//! Writes per second of both servers, with the same durability, in turns.

use super::StoragePlan;
use crate::bench::figures::median;
use crate::bench::latencies::Latencies;
use crate::bench::load::{Load, Outcome, Until};
use crate::bench::servers::Durability;
use crate::bench::servers::ServerError;
use crate::bench::servers::{Bench, Server, cpu_seconds, settle};
use crate::bench::verdict::Verdict;
use std::time::Duration;

/// How long each server is written to before its first round.
const WARM_UP: Duration = Duration::from_secs(1);

/// One durability with one pipeline.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) durability: Durability,
    pub(super) pipeline: usize,
    pub(super) node: Side,
    pub(super) redis: Option<Side>,
    /// Share of a processor that the load itself took.
    pub(super) generator: f64,
}

/// What one server did.
#[derive(Debug)]
pub(super) struct Side {
    /// Writes per second, of each round.
    pub(super) rates: Vec<f64>,
    /// Of a write, from when its batch was sent.
    pub(super) round_trips: Latencies,
    /// Processor time of the server for a million writes.
    pub(super) cpu_seconds: f64,
}

/// What one server has done so far.
struct Turns {
    server: Server,
    load: Load,
    outcomes: Vec<Outcome>,
    cpu_seconds: f64,
    /// Of this process while it wrote.
    generator_seconds: f64,
}

pub(super) fn measure(
    bench: &Bench<'_>,
    plan: &StoragePlan,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Row>, ServerError> {
    let mut rows = Vec::new();
    for durability in &plan.durabilities {
        for pipeline in &plan.pipelines {
            progress(&format!(
                "durability {durability}, pipeline {pipeline}: {} times {} s",
                plan.rounds,
                plan.time.as_secs()
            ));
            rows.push(measure_row(bench, plan, *durability, *pipeline)?);
        }
    }
    Ok(rows)
}

fn measure_row(
    bench: &Bench<'_>,
    plan: &StoragePlan,
    durability: Durability,
    pipeline: usize,
) -> Result<Row, ServerError> {
    let site = bench.site;
    let node = bench.node(durability, &site.empty_folder("node-data")?)?;
    let mut sides = vec![Turns::new(node, plan.keys, pipeline)];
    if plan.redis {
        let redis = bench.redis(durability, &site.empty_folder("redis-data")?)?;
        sides.push(Turns::new(redis, plan.keys, pipeline));
    }
    for side in &sides {
        side.server.wait_for(0)?;
    }
    for side in &sides {
        side.load(WARM_UP).run()?;
    }
    for _ in 0..plan.rounds {
        for turn in 0..sides.len() {
            settle(&sides.iter().map(|side| &side.server).collect::<Vec<_>>());
            sides[turn].take(plan.time)?;
        }
    }
    let spent: f64 = sides.iter().map(|side| side.generator_seconds).sum();
    let took: f64 = sides.iter().map(Turns::seconds).sum();
    let mut sides = sides.into_iter().map(Turns::finish);
    let node = sides.next().transpose()?;
    Ok(Row {
        durability,
        pipeline,
        node: node.ok_or(ServerError::Nothing("nothing was measured"))?,
        redis: sides.next().transpose()?,
        generator: spent / took,
    })
}

impl Turns {
    fn new(server: Server, keys: u64, pipeline: usize) -> Turns {
        let load = Load { pipeline, ..Load::of_writes(server.address, server.protocol, keys) };
        Turns { server, load, outcomes: Vec::new(), cpu_seconds: 0.0, generator_seconds: 0.0 }
    }

    fn load(&self, time: Duration) -> Load {
        Load { until: Until::Passed(time), ..self.load.clone() }
    }

    /// One round, and what the server has to do for it afterwards.
    fn take(&mut self, time: Duration) -> Result<(), ServerError> {
        let (server, own) = (self.server.cpu_seconds(), cpu_seconds("self"));
        let outcome = self.load(time).run()?;
        self.generator_seconds += cpu_seconds("self") - own;
        settle(&[&self.server]);
        self.cpu_seconds += self.server.cpu_seconds() - server;
        self.outcomes.push(outcome);
        Ok(())
    }

    fn seconds(&self) -> f64 {
        self.outcomes.iter().map(|outcome| outcome.took.as_secs_f64()).sum()
    }

    fn finish(self) -> Result<Side, ServerError> {
        self.server.process.insist_on_running()?;
        let writes: u64 = self.outcomes.iter().map(|outcome| outcome.tally.writes).sum();
        let rate = |outcome: &Outcome| outcome.tally.writes as f64 / outcome.took.as_secs_f64();
        let rates = self.outcomes.iter().map(rate).collect();
        let mut round_trips = Latencies::new();
        self.outcomes.iter().for_each(|outcome| round_trips.add_all(&outcome.tally.latencies));
        if writes == 0 {
            return Err(ServerError::Nothing("nothing was written"));
        }
        Ok(Side { rates, round_trips, cpu_seconds: self.cpu_seconds * 1e6 / writes as f64 })
    }
}

impl Row {
    /// How many times as fast as Redis the node is: the median of the rounds, each of which is held
    /// against its neighbour, since the machine is not the same all the time.
    pub(super) fn ratio(&self) -> Option<f64> {
        let rounds = self.node.rates.iter().zip(&self.redis.as_ref()?.rates);
        Some(median(rounds.map(|(node, redis)| node / redis).collect()))
    }

    /// The least ratio.
    pub(super) fn budget(&self) -> Option<f64> {
        match (self.durability, self.pipeline) {
            (Durability::Interval | Durability::Always, 1) => Some(1.0),
            (Durability::Interval | Durability::Always, 16) => Some(1.5),
            (Durability::Interval | Durability::Always | Durability::Off, _) => None,
        }
    }

    pub(super) fn verdict(&self, is_judged: bool) -> Verdict {
        match (self.ratio(), self.budget()) {
            (Some(ratio), Some(budget)) if is_judged => Verdict::of(ratio >= budget),
            _ => Verdict::NotJudged,
        }
    }
}

/// The rows that broke their budgets.
pub(super) fn broken(rows: &[Row], is_judged: bool) -> Vec<String> {
    let broken = rows.iter().filter(|row| row.verdict(is_judged) == Verdict::Broken);
    broken.map(|row| format!("{} at pipeline {}", row.durability, row.pipeline)).collect()
}
