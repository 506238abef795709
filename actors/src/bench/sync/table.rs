//! What was measured, as text.

use super::{Cost, MAX_MESSAGES, Row, SyncReport, Verdict};
use crate::bench::figures::grouped;
use std::fmt;
use std::time::Duration;

impl fmt::Display for SyncReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "machine   {}", self.machine)?;
        writeln!(
            f,
            "load      two replicas of {} keys, 19-byte keys, 64-byte values; means of {}",
            grouped(self.plan.keys),
            counts(&self.rows)
        )?;
        writeln!(
            f,
            "sessions  bytes without the entries themselves; repaired after at most \
             {MAX_MESSAGES} messages; time of both sides"
        )?;
        writeln!(
            f,
            "          {:<28} {:>9} {:>9} {:>9} {:>9} {:<6} {:>11} {:>8} {:>5} {:>10}",
            "what differs",
            "sent",
            "received",
            "both",
            "budget",
            "",
            "entries",
            "repaired",
            "known",
            "time"
        )?;
        for row in &self.rows {
            self.write_row(row, f)?;
        }
        if let Some(row) = self.rows.iter().find(|row| row.sessions.len() > 1) {
            let overhead = || row.sessions.iter().map(Cost::overhead);
            let (least, most) = (overhead().min(), overhead().max());
            writeln!(
                f,
                "          {}: {} sessions, {} to {} bytes, {} on average",
                row.name,
                row.sessions.len(),
                grouped(least.unwrap_or_default()),
                grouped(most.unwrap_or_default()),
                grouped(row.mean(Cost::overhead))
            )?;
        }
        writeln!(f, "without a tree: a 32-byte digest of every entry is sent, in 3 messages")?;
        writeln!(
            f,
            "          {:<28} {:>11} {:>14} {:>10} {:>14}",
            "what differs", "bytes", "of a session's", "time", "of a session's"
        )?;
        self.rows.iter().try_for_each(|row| write_naive(row, f))
    }
}

impl SyncReport {
    fn write_row(&self, row: &Row, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = row.verdict(self.plan.keys);
        let budget = row.budget.filter(|_| verdict != Verdict::NotJudged);
        let (repaired, known) = (row.most(|cost| cost.repaired), row.most(|cost| cost.known));
        writeln!(
            f,
            "          {:<28} {:>9} {:>9} {:>9} {:>9} {:<6} {:>11} {:>8} {known:>5} {:>10}",
            row.name,
            grouped(row.mean(|cost| cost.overhead[0])),
            grouped(row.mean(|cost| cost.overhead[1])),
            grouped(row.mean(Cost::overhead)),
            budget.map_or_else(|| "-".to_owned(), grouped),
            verdict,
            grouped(row.mean(|cost| cost.payload)),
            if repaired > 0 { repaired.to_string() } else { "-".to_owned() },
            millis(row.took())
        )
    }
}

fn write_naive(row: &Row, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let bytes = row.naive.bytes as f64 / row.mean(Cost::overhead) as f64;
    let time = row.naive.took.as_secs_f64() / row.took().as_secs_f64();
    writeln!(
        f,
        "          {:<28} {:>11} {:>14} {:>10} {:>14}",
        row.name,
        grouped(row.naive.bytes),
        times(bytes),
        millis(row.naive.took),
        times(time)
    )
}

/// How many sessions the rows are means of.
fn counts(rows: &[Row]) -> String {
    let mut counts: Vec<usize> = rows.iter().map(|row| row.sessions.len()).collect();
    counts.sort_unstable();
    counts.dedup();
    match (counts.first(), counts.last()) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most} sessions"),
        (Some(1), _) => "1 session".to_owned(),
        (Some(count), _) => format!("{count} sessions"),
        (None, _) => "no sessions".to_owned(),
    }
}

fn times(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2} x") } else { format!("{} x", grouped(ratio as u64)) }
}

fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1_000.0;
    if millis < 1.0 { format!("{millis:.3} ms") } else { format!("{millis:.1} ms") }
}
