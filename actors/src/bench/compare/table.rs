//! What was measured, as text: narrow enough for a page.

use super::growth::{self, PIPELINE, SMALL_VALUE_BYTES};
use super::latency;
use super::replicating;
use super::throughput::{Cell, Other};
use super::turns::{Round, spread};
use super::{CompareReport, KEY_BYTES, VALUE_BYTES};
use crate::bench::figures::grouped;
use crate::bench::load::CLIENTS;
use std::fmt::{self, Formatter};
use std::time::Duration;

impl fmt::Display for CompareReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (setting, plan) = (&self.setting, &self.plan);
        writeln!(f, "machine     {}", setting.machine)?;
        writeln!(f, "day         {}", setting.day)?;
        writeln!(f, "servers     {}", setting.servers)?;
        writeln!(f, "broker      {}, to which the node publishes every write", setting.broker)?;
        writeln!(f, "processors  {}", setting.cores)?;
        let (rounds, seconds) = (plan.rounds, plan.time.as_secs_f64());
        writeln!(f, "rounds      {rounds} of {seconds} s, in turns; {CLIENTS} clients")?;
        writeln!(f, "keys        {} of {KEY_BYTES} bytes, but where it says", grouped(plan.keys))?;
        self.write_throughput(f)?;
        self.write_latency(f)?;
        self.write_memory(f)?;
        self.write_growth(f)?;
        self.write_replicating(f)?;
        let (broken, budgets) = (self.broken(), self.budgets());
        if broken.is_empty() {
            return writeln!(f, "\nbudgets     {budgets}, none of them broken");
        }
        writeln!(f, "\nbudgets     {budgets}, {} of them broken:", broken.len())?;
        broken.iter().try_for_each(|of| writeln!(f, "            {of}"))
    }
}

impl CompareReport {
    fn write_throughput(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(cells) = &self.throughput else { return Ok(()) };
        writeln!(
            f,
            "\nthroughput in thousands of operations a second, and processor time of the server for \
             one in\nnanoseconds: median, least and greatest. Ratios are medians of neighbouring \
             rounds; above 1\nMerkleKV is better. The budget is of the ratio of processor times."
        )?;
        writeln!(
            f,
            "{:<3} {:>4} {:>5}  {:<9} {:>7} {:>14} {:>6} {:>13}  {:>5} {:>5} {:>6} kept",
            "", "pipe", "value", "", "rate", "", "cpu", "", "rate", "cpu", "budget"
        )?;
        cells.iter().try_for_each(|cell| write_cell(cell, f))
    }

    fn write_latency(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(rows) = &self.latency else { return Ok(()) };
        writeln!(
            f,
            "\nlatency in microseconds, {VALUE_BYTES}-byte values, at a steady rate which is half of \
             what the slower one\ncan do, timed from when each operation was due: medians of the \
             rounds. The ratio is of p99."
        )?;
        writeln!(
            f,
            "{:<3} {:>12}  {:<9} {:>8} {:>8} {:>8} {:>17}  {:>5} {:>6} kept",
            "", "operations/s", "", "p50", "p99", "p99.9", "p99 from to", "ratio", "budget"
        )?;
        rows.iter().try_for_each(|row| write_latencies(row, f))
    }

    fn write_memory(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(rows) = &self.memory else { return Ok(()) };
        let keys = grouped(self.plan.memory_keys);
        writeln!(
            f,
            "\nmemory: what the process has grown by for each of {keys} keys, {VALUE_BYTES}-byte \
             values"
        )?;
        writeln!(
            f,
            "{:<9} {:>10} {:>10} {:>13}  {:>5} {:>6} kept",
            "", "MB before", "after", "bytes for one", "ratio", "budget"
        )?;
        for row in rows {
            let megabytes = |bytes: u64| bytes as f64 / 1e6;
            let ratio = row.ratio.map_or_else(String::new, |ratio| {
                format!("  {:>5.2} {:>6} {}", ratio.figure, number(ratio.budget), ratio.word())
            });
            writeln!(
                f,
                "{:<9} {:>10.1} {:>10.1} {:>13.1}{ratio}",
                row.name,
                megabytes(row.before),
                megabytes(row.after),
                row.each
            )?;
        }
        Ok(())
    }

    fn write_growth(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(rows) = &self.growth else { return Ok(()) };
        let [few, many] = [self.plan.keys, self.plan.growth_keys].map(grouped);
        writeln!(
            f,
            "\ngrowth: processor time of the server for an operation in nanoseconds, {few} keys and \
             {many},\n{SMALL_VALUE_BYTES}-byte values, pipeline {PIPELINE}"
        )?;
        writeln!(
            f,
            "{:<3} {:<9} {:>8} {:>13} {:>8} {:>13}  {:>5} {:>6} kept",
            "", "", "few", "", "many", "", "ratio", "budget"
        )?;
        rows.iter().try_for_each(|row| write_growth_row(row, f))
    }

    fn write_replicating(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(rows) = &self.replicating else { return Ok(()) };
        writeln!(
            f,
            "\nreplicating: SET of {VALUE_BYTES}-byte values on a node alone, and on one with two \
             peers, to which the\nbroker carries every write, and which compare themselves with it \
             each second. Rates in\nthousands, processor time of the node in nanoseconds."
        )?;
        writeln!(
            f,
            "{:>4}  {:<11} {:>7} {:>14} {:>6} {:>13}  {:>5} {:>5}",
            "pipe", "", "rate", "", "cpu", "", "rate", "cpu"
        )?;
        rows.iter().try_for_each(|row| write_replication(row, f))
    }
}

fn write_cell(cell: &Cell, f: &mut Formatter<'_>) -> fmt::Result {
    let (command, pipeline) = (cell.command, cell.pipeline);
    let bytes = grouped(cell.value_bytes as u64);
    let figures = figures(&cell.node);
    writeln!(f, "{command:<3} {pipeline:>4} {bytes:>5}  {:<9} {figures}", "MerkleKV")?;
    for Other { name, rounds, rate_ratio, cpu_ratio } in &cell.others {
        let (figures, budget) = (self::figures(rounds), number(cpu_ratio.budget));
        writeln!(
            f,
            "{:<15}{name:<9} {figures}  {rate_ratio:>5.2} {:>5.2} {budget:>6} {}",
            "",
            cpu_ratio.figure,
            cpu_ratio.word()
        )?;
    }
    Ok(())
}

/// Rate and processor time of some rounds.
fn figures(rounds: &[Round]) -> String {
    let rate = spread(rounds, |round| round.rate / 1_000.0);
    let cpu = spread(rounds, |round| round.cpu);
    format!(
        "{:>7.1} {:>14} {:>6.0} {:>13}",
        rate.median,
        format!("{:.1}-{:.1}", rate.least, rate.greatest),
        cpu.median,
        format!("{:.0}-{:.0}", cpu.least, cpu.greatest)
    )
}

fn write_latencies(row: &latency::Row, f: &mut Formatter<'_>) -> fmt::Result {
    let rate = grouped(row.rate as u64);
    writeln!(f, "{:<3} {rate:>12}  {:<9} {}", row.command, "MerkleKV", times(&row.node))?;
    write_unsent(&row.node, f)?;
    let (Some(redis), Some(ratio)) = (&row.redis, row.ratio) else { return Ok(()) };
    let (times, budget) = (times(redis), number(ratio.budget));
    writeln!(
        f,
        "{:<18}{:<9} {times}  {:>5.2} {budget:>6} {}",
        "",
        "Redis",
        ratio.figure,
        ratio.word()
    )?;
    write_unsent(redis, f)
}

fn times(rounds: &[Round]) -> String {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let p99 = spread(rounds, |round| micros(round.p99));
    format!(
        "{:>8.0} {:>8.0} {:>8.0} {:>17}",
        spread(rounds, |round| micros(round.p50)).median,
        p99.median,
        spread(rounds, |round| micros(round.p999)).median,
        format!("{:.0}-{:.0}", p99.least, p99.greatest)
    )
}

/// Many of these, and the latency is that of a queue: the server has not kept the rate.
fn write_unsent(rounds: &[Round], f: &mut Formatter<'_>) -> fmt::Result {
    let unsent: u64 = rounds.iter().map(|round| round.unsent).sum();
    if unsent == 0 {
        return Ok(());
    }
    writeln!(f, "{:<28}at the end {} operations were due and unsent", "", grouped(unsent))
}

fn write_growth_row(row: &growth::Row, f: &mut Formatter<'_>) -> fmt::Result {
    let cpu = |rounds: &[Round]| {
        let cpu = spread(rounds, |round| round.cpu);
        format!("{:>8.0} {:>13}", cpu.median, format!("{:.0}-{:.0}", cpu.least, cpu.greatest))
    };
    let (few, many, budget) = (cpu(&row.few), cpu(&row.many), number(row.growth.budget));
    writeln!(
        f,
        "{:<3} {:<9} {few} {many}  {:>5.2} {budget:>6} {}",
        row.command,
        row.name,
        row.growth.figure,
        row.growth.word()
    )
}

fn write_replication(row: &replicating::Row, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "{:>4}  {:<11} {}", row.pipeline, "alone", figures(&row.alone))?;
    let figures = figures(&row.replicating);
    let (rate, cpu) = (row.rate_share, row.cpu_ratio);
    writeln!(f, "{:>4}  {:<11} {figures}  {rate:>5.2} {cpu:>5.2}", "", "replicating")
}

fn number(budget: Option<f64>) -> String {
    budget.map_or_else(|| "-".to_owned(), |budget| format!("{budget:.2}"))
}
