//! What a load has come to: as a table with a plot, and as JSON.

use super::drive::Outcome;
use super::plot::plot;
use super::wire::KEY_BYTES;
use super::{LoadPlan, LoadProgress};
use crate::bench::BenchError;
use crate::bench::figures::grouped;
use crate::bench::latencies::Latencies;
use serde_json::json;
use std::fmt;
use std::time::Duration;

/// From this share of a processor on, the load and not the server may be what is measured.
const BUSY: f64 = 0.9;

/// The points of a distribution that are told: name, name in JSON, percent.
const POINTS: [(&str, &str, f64); 6] = [
    ("min", "min", 0.0),
    ("p50", "p50", 50.0),
    ("p90", "p90", 90.0),
    ("p99", "p99", 99.0),
    ("p99.9", "p99_9", 99.9),
    ("max", "max", 100.0),
];

/// What a load has come to.
#[derive(Debug)]
pub struct LoadReport {
    plan: LoadPlan,
    machine: String,
    /// Of writing each key once before.
    filled: Option<Outcome>,
    pub(super) outcome: Outcome,
}

impl LoadReport {
    pub(super) fn new(
        plan: LoadPlan,
        machine: String,
        filled: Option<Outcome>,
        outcome: Outcome,
    ) -> LoadReport {
        LoadReport { plan, machine, filled, outcome }
    }

    /// An error if the server has given one.
    pub fn judge(&self) -> Result<(), BenchError> {
        match self.first_error() {
            None => Ok(()),
            Some(first) => Err(BenchError::Errors { count: self.errors(), first }),
        }
    }

    /// One object, in lines.
    pub fn json(&self) -> String {
        let LoadReport { plan, machine, outcome, .. } = self;
        let tally = &outcome.tally;
        let micros = |time: Duration| time.as_nanos() as f64 / 1_000.0;
        let mut latency: serde_json::Map<String, serde_json::Value> = POINTS
            .iter()
            .map(|(_, name, percent)| {
                ((*name).to_owned(), json!(micros(tally.latencies.percentile(*percent))))
            })
            .collect();
        latency.insert("mean".to_owned(), json!(micros(tally.latencies.mean())));
        let text = serde_json::to_string_pretty(&json!({
            "machine": machine,
            "address": plan.address,
            "protocol": plan.protocol.to_string(),
            "clients": plan.clients,
            "pipeline": plan.pipeline,
            "reads_share": plan.reads,
            "keys": plan.keys,
            "key_bytes": KEY_BYTES,
            "value_bytes": plan.value_bytes,
            "zipf": plan.zipf,
            "rate": plan.rate,
            "seed": plan.seed,
            "seconds": outcome.took.as_secs_f64(),
            "operations": tally.operations(),
            "reads": tally.reads,
            "writes": tally.writes,
            "operations_per_second": self.rate(),
            "missing_keys": tally.misses,
            "unsent": outcome.unsent,
            "errors": self.errors(),
            "first_error": self.first_error(),
            "sent_bytes": tally.sent_bytes,
            "received_bytes": tally.received_bytes,
            "client_cpu_seconds": outcome.cpu.as_secs_f64(),
            "latency_us": latency,
        }));
        // Maps with names that are text are always made.
        text.unwrap_or_default()
    }

    fn rate(&self) -> f64 {
        self.outcome.tally.operations() as f64 / self.outcome.took.as_secs_f64()
    }

    /// A key that was written before and is missing is an error.
    fn lost(&self) -> u64 {
        if self.filled.is_some() { self.outcome.tally.misses } else { 0 }
    }

    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.filled.iter().chain([&self.outcome])
    }

    fn errors(&self) -> u64 {
        self.outcomes().map(|outcome| outcome.tally.errors).sum::<u64>() + self.lost()
    }

    fn first_error(&self) -> Option<String> {
        let said = self.outcomes().find_map(|outcome| outcome.tally.first_error.clone());
        let lost = || "a key that was written before is missing".to_owned();
        said.or_else(|| (self.lost() > 0).then(lost))
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadReport { plan, outcome, .. } = self;
        let tally = &outcome.tally;
        let seconds = outcome.took.as_secs_f64();
        writeln!(f, "machine     {}", self.machine)?;
        writeln!(f, "server      {}, {}", plan.address, plan.protocol)?;
        writeln!(f, "load        {}", self.pace())?;
        writeln!(f, "keys        {}", self.data())?;
        writeln!(
            f,
            "throughput  {} operations/s: {} in {seconds:.2} s, {} reads and {} writes",
            grouped(self.rate() as u64),
            grouped(tally.operations()),
            grouped(tally.reads),
            grouped(tally.writes)
        )?;
        writeln!(
            f,
            "bytes       {:.1} MB/s sent, {:.1} MB/s received",
            tally.sent_bytes as f64 / 1e6 / seconds,
            tally.received_bytes as f64 / 1e6 / seconds
        )?;
        writeln!(f, "latency     {}", spread(&tally.latencies))?;
        for line in plot(&tally.latencies) {
            writeln!(f, "            {line}")?;
        }
        writeln!(f, "client      {}", self.client())?;
        if tally.misses > 0 {
            writeln!(f, "missing     {} reads found no key", grouped(tally.misses))?;
        }
        if outcome.unsent > 0 {
            writeln!(
                f,
                "unsent      {} operations were due before the end and not sent: the rate is more \
                 than the server takes",
                grouped(outcome.unsent)
            )?;
        }
        match self.first_error() {
            None => writeln!(f, "errors      0"),
            Some(first) => writeln!(f, "errors      {}; the first: {first}", self.errors()),
        }
    }
}

impl LoadReport {
    fn pace(&self) -> String {
        let LoadPlan { clients, pipeline, reads, rate, .. } = &self.plan;
        let pace = match rate {
            None => "as fast as it is answered".to_owned(),
            Some(rate) => format!("{rate} operations/s, each timed from when it is due"),
        };
        format!("{clients} clients, pipeline {pipeline}, {pace}; {:.0} % reads", reads * 100.0)
    }

    fn data(&self) -> String {
        let LoadPlan { keys, value_bytes, zipf, fill, .. } = &self.plan;
        let choice = zipf.map_or_else(|| "all alike".to_owned(), |zipf| format!("by Zipf {zipf}"));
        let filled = if *fill { ", all written before" } else { "" };
        let keys = grouped(*keys);
        format!("{keys} of {KEY_BYTES} bytes, {choice}{filled}; {value_bytes}-byte values")
    }

    /// What the load itself has cost.
    fn client(&self) -> String {
        let Outcome { cpu, took, tally, .. } = &self.outcome;
        let share = cpu.as_secs_f64() / took.as_secs_f64();
        let each = cpu.as_nanos() as f64 / tally.operations().max(1) as f64;
        let warning = if share < BUSY || self.plan.rate.is_some() {
            ""
        } else {
            ", which may be all there is: the server may be faster"
        };
        format!("{:.0} % of a processor, {each:.0} ns for an operation{warning}", share * 100.0)
    }
}

fn spread(latencies: &Latencies) -> String {
    let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
    let points = POINTS
        .map(|(name, _, percent)| format!("{name} {:.3}", millis(latencies.percentile(percent))));
    format!("{} ms", points.join("  "))
}

impl fmt::Display for LoadProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadProgress { is_filling, elapsed, time, operations, rate, p99, errors } = self;
        let seconds = elapsed.as_secs_f64();
        if *is_filling {
            write!(f, "writing every key: {seconds:.0} s, {}", grouped(*operations))?;
        } else {
            write!(f, "{seconds:.0} of {:.0} s", time.as_secs_f64())?;
        }
        let p99 = p99.as_secs_f64() * 1_000.0;
        let rate = grouped(*rate as u64);
        write!(f, ", {rate} operations/s, p99 {p99:.3} ms, {errors} errors")
    }
}
