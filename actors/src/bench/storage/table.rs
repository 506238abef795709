//! What was measured, as text.

use super::recovery::{Recovery, Restart};
use super::snapshots::Snapshots;
use super::writes::{Row, Side};
use super::{Measured, StoragePlan, StorageReport};
use crate::bench::figures::{grouped, median};
use crate::bench::latencies::Latencies;
use crate::bench::load::CLIENTS;
use crate::bench::load::{KEY_BYTES, VALUE_BYTES};
use crate::bench::verdict::Verdict;
use std::fmt;
use std::time::Duration;

impl fmt::Display for StorageReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "machine   {}", self.machine)?;
        let (plan, keys) = (&self.plan, grouped(self.plan.keys));
        match &self.measured {
            Measured::Writes(rows) => {
                writeln!(
                    f,
                    "load      {CLIENTS} connections of one thread set {keys} keys of {KEY_BYTES} \
                     bytes at random, {VALUE_BYTES}-byte values; {} times {} s each, in turns",
                    plan.rounds,
                    plan.time.as_secs()
                )?;
                writeln!(f, "disk      {}", self.disk)?;
                write_rows(rows, plan, f)
            }
            Measured::Recovery(recovery) => {
                writeln!(
                    f,
                    "load      {keys} keys of {KEY_BYTES} bytes, {VALUE_BYTES}-byte values; killed, \
                     and started until all keys are there, with the files still in memory"
                )?;
                writeln!(f, "disk      {}", self.disk)?;
                write_recovery(recovery, plan, f)
            }
            Measured::Snapshots(snapshots) => {
                writeln!(
                    f,
                    "load      {CLIENTS} connections set {keys} keys of {KEY_BYTES} bytes at \
                     random, {VALUE_BYTES}-byte values; another one reads"
                )?;
                writeln!(f, "disk      {}", self.disk)?;
                write_snapshots(snapshots, f)
            }
        }
    }
}

fn write_rows(rows: &[Row], plan: &StoragePlan, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "writes    medians of the rounds; round trips of a pipeline in microseconds; processor \
         seconds of the server for a million writes"
    )?;
    writeln!(
        f,
        "          {:<8} {:>8}  {:<9} {:>9} {:>7} {:>7} {:>7}  {:>6} {:>6} {:<6}",
        "durable", "pipeline", "server", "writes/s", "p50", "p99", "cpu", "ratio", "budget", ""
    )?;
    rows.iter().try_for_each(|row| write_row(row, plan, f))
}

fn write_row(row: &Row, plan: &StoragePlan, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let verdict = row.verdict(plan.is_judged());
    let budget = row.budget().filter(|_| verdict != Verdict::NotJudged);
    let number = |number: Option<f64>| {
        number.map_or_else(|| "-".to_owned(), |number| format!("{number:.2}"))
    };
    let name = format!("{:<8} {:>8}", row.durability, row.pipeline);
    writeln!(
        f,
        "          {name}  {}  {:>6} {:>6} {verdict:<6}",
        side("MerkleKV", &row.node),
        number(row.ratio()),
        number(budget)
    )?;
    let generator = format!("load cpu {:.0} %", row.generator * 100.0);
    match &row.redis {
        Some(redis) => writeln!(f, "          {:<17}  {}  {generator}", "", side("Redis", redis)),
        None => writeln!(f, "          {:<17}  {generator}", ""),
    }
}

fn side(name: &str, side: &Side) -> String {
    let micros = |percent| side.round_trips.percentile(percent).as_micros();
    format!(
        "{name:<9} {:>9} {:>7} {:>7} {:>7.2}",
        grouped(median(side.rates.clone()) as u64),
        micros(50.0),
        micros(99.0),
        side.cpu_seconds
    )
}

fn write_recovery(
    recovery: &Recovery,
    plan: &StoragePlan,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    writeln!(
        f,
        "restart   {:<27} {:>9} {:>9} {:>9} {:>7} {:<6}",
        "from", "MerkleKV", "Redis", "ratio", "budget", ""
    )?;
    let restarts = [
        ("what is there / AOF", &recovery.journal),
        ("a restored backup / RDB", &recovery.snapshot),
    ];
    for (name, restart) in restarts {
        let Restart { node, redis, budget } = restart;
        let verdict = restart.verdict(plan.is_judged());
        let ratio = redis.map(|redis| redis.as_secs_f64() / node.as_secs_f64());
        writeln!(
            f,
            "          {name:<27} {:>9} {:>9} {:>9} {:>7} {verdict:<6}",
            seconds(*node),
            redis.map_or_else(|| "-".to_owned(), seconds),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
            if verdict == Verdict::NotJudged { "-".to_owned() } else { seconds(*budget) }
        )?;
    }
    writeln!(f, "          the root of the node was the same after each start")
}

fn write_snapshots(snapshots: &Snapshots, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Snapshots { count, took, rate, during, between } = snapshots;
    writeln!(
        f,
        "snapshots {count}, {:.2} s on average; {} writes/s meanwhile and between",
        took.as_secs_f64() / (*count).max(1) as f64,
        grouped(*rate as u64)
    )?;
    for (name, reads) in [("while a snapshot is made", during), ("while none is", between)] {
        writeln!(f, "one GET at a time, {name}")?;
        match reads {
            Some(reads) => writeln!(f, "          {}", spread(reads))?,
            None => writeln!(f, "          none was read")?,
        }
    }
    Ok(())
}

fn spread(reads: &Latencies) -> String {
    let points =
        [("p50", 50.0), ("p99", 99.0), ("p99.9", 99.9), ("max", 100.0)].map(|(name, percent)| {
            format!("{name} {:.3} ms", reads.percentile(percent).as_secs_f64() * 1_000.0)
        });
    format!("{}  ({} samples)", points.join("  "), grouped(reads.count()))
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
