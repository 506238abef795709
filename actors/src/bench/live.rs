//! What clients of a node notice of its sessions: reads of one client, first while nothing else
//! happens, then while a peer with many differences is compared and repaired, over and over. Both
//! nodes run in this process, with real sockets between them and without a broker.

use super::BenchError;
use super::client::BenchClient;
use super::figures::grouped;
use super::machine::machine;
use super::replication::pipeline;
use super::sync::scattered;
use crate::bench::latencies::Latencies;
use crate::node::{Node, Signals};
use merkle_kv_core::config;
use std::collections::BTreeMap;
use std::fmt;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Writes that are prepared and sent at once.
const LOADED_AT_ONCE: u64 = 100_000;

/// Keys that differ before each session.
const DIFFERENCES: u64 = 100_000;

const VALUE_BYTES: usize = 64;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct LivePlan {
    /// Keys that both nodes have.
    pub keys: u64,
    /// How long reads are timed, without sessions and with them.
    pub time: Duration,
}

/// What was measured.
#[derive(Debug)]
pub struct LiveReport {
    plan: LivePlan,
    machine: String,
    /// How long it took to bring everything to an empty node.
    filled: Duration,
    quiet: Latencies,
    syncing: Latencies,
    /// How long each session took, as the client sees it that asked for it.
    sessions: Vec<Duration>,
}

/// Measures. `progress` is told what is being done, a line at a time.
pub fn run_live(plan: LivePlan, progress: &mut dyn FnMut(&str)) -> Result<LiveReport, BenchError> {
    let keys = plan.keys.max(1);
    let plan = LivePlan { keys, ..plan };
    let machine = machine();
    let (writer, reader) = (start("bench-writer")?, start("bench-reader")?);
    let mut rival = Rival::connect(&writer, &reader, keys)?;
    progress(&format!("{} keys on one node", grouped(keys)));
    rival.write_all()?;
    progress("the same to the other, which is empty");
    let filled = rival.sync()?;
    let mut client = BenchClient::connect(&reader.address().to_string())?;
    progress("reads while nothing else happens");
    let quiet = read(&mut client, keys, plan.time, &AtomicBool::new(true), || false)?;
    progress(&format!("reads while {} differences at a time are repaired", rival.differences()));
    let (is_syncing, is_enough) = (Arc::default(), Arc::default());
    let running = rival.run(Arc::clone(&is_syncing), Arc::clone(&is_enough));
    let syncing = read(&mut client, keys, plan.time, &is_syncing, || running.is_finished());
    is_enough.store(true, Ordering::Relaxed);
    let sessions = running.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))?;
    Ok(LiveReport { plan, machine, filled, quiet, syncing: syncing?, sessions })
}

fn start(name: &str) -> Result<Node, BenchError> {
    let text = format!(
        "node_id = \"{name}\"\n[network]\nbind_port = 0\n[mqtt]\nenabled = false\n\
         [anti_entropy]\ninterval_seconds = 3600\n"
    );
    Ok(Node::start(&config::load(&text, "bench", &BTreeMap::new())?, Signals::Ignore)?)
}

/// Whoever makes the nodes differ and has them compared.
struct Rival {
    writer: BenchClient,
    reader: BenchClient,
    keys: u64,
    round: u64,
}

impl Rival {
    fn connect(writer: &Node, reader: &Node, keys: u64) -> Result<Rival, BenchError> {
        let connect = |node: &Node| BenchClient::connect(&node.address().to_string());
        Ok(Rival { writer: connect(writer)?, reader: connect(reader)?, keys, round: 0 })
    }

    fn differences(&self) -> u64 {
        DIFFERENCES.min(self.keys)
    }

    fn write_all(&mut self) -> Result<(), BenchError> {
        for from in (0..self.keys).step_by(LOADED_AT_ONCE as usize) {
            self.write(from..(from + LOADED_AT_ONCE).min(self.keys))?;
        }
        Ok(())
    }

    fn write(&mut self, keys: impl Iterator<Item = u64>) -> Result<(), BenchError> {
        let round = self.round;
        let set = |n| format!("SET {} {round:0>VALUE_BYTES$}\r\n", key(n));
        let sets: Vec<String> = keys.map(set).collect();
        pipeline(&mut self.writer, sets.concat(), sets.len(), "OK")
    }

    /// One session, until both nodes hold the same.
    fn sync(&mut self) -> Result<Duration, BenchError> {
        let command = format!("SYNC {}", self.writer.node);
        let begun = Instant::now();
        self.reader.expect(&command, "SYNC")?;
        let outcome = self.reader.reply()?.to_owned();
        let took = begun.elapsed();
        if !outcome.contains(" equal ") {
            return Err(self.reader.unexpected(&command, &outcome));
        }
        self.reader.expect_reply(&command, "END")?;
        Ok(took)
    }

    /// Sessions over fresh differences, until it is enough; at least one. Tells while one runs.
    fn run(
        mut self,
        is_syncing: Arc<AtomicBool>,
        is_enough: Arc<AtomicBool>,
    ) -> JoinHandle<Result<Vec<Duration>, BenchError>> {
        thread::spawn(move || {
            let mut sessions = Vec::new();
            while sessions.is_empty() || !is_enough.load(Ordering::Relaxed) {
                self.round += 1;
                let (round, keys) = (self.round, self.keys);
                let chosen = (0..).map(|n| scattered((round << 32) + n) % keys);
                self.write(chosen.take(self.differences() as usize))?;
                is_syncing.store(true, Ordering::Relaxed);
                let session = self.sync();
                is_syncing.store(false, Ordering::Relaxed);
                sessions.push(session?);
            }
            Ok(sessions)
        })
    }
}

/// Times reads, one at a time, for so long; only those that meet a session where there are any.
fn read(
    client: &mut BenchClient,
    keys: u64,
    time: Duration,
    counts: &AtomicBool,
    is_over: impl Fn() -> bool,
) -> Result<Latencies, BenchError> {
    let mut times = Vec::new();
    let mut total = Duration::ZERO;
    for n in 0.. {
        if total >= time || is_over() {
            break;
        }
        let get = format!("GET {}", key(scattered(n) % keys));
        let counted_before = counts.load(Ordering::Relaxed);
        let begun = Instant::now();
        let reply = client.ask(&get)?;
        let took = begun.elapsed();
        if !reply.starts_with("VALUE ") {
            let reply = reply.to_owned();
            return Err(client.unexpected(&get, &reply));
        }
        if counted_before || counts.load(Ordering::Relaxed) {
            times.push(took);
            total += took;
        }
    }
    Latencies::of(times).ok_or(BenchError::NothingRead)
}

fn key(n: u64) -> String {
    format!("user:{n:014}")
}

impl fmt::Display for LiveReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LivePlan { keys, .. } = self.plan;
        let differences = DIFFERENCES.min(keys);
        let rate =
            |entries: u64, time: Duration| grouped((entries as f64 / time.as_secs_f64()) as u64);
        writeln!(f, "machine   {}", self.machine)?;
        writeln!(
            f,
            "load      two nodes and their clients in one process, {} keys of 19 bytes, 64-byte values",
            grouped(keys)
        )?;
        writeln!(f, "one GET at a time, quiet")?;
        writeln!(f, "          {}", self.quiet)?;
        writeln!(f, "one GET at a time, while sessions run")?;
        writeln!(f, "          {}", self.syncing)?;
        let ratio = |percent| {
            let [quiet, syncing] =
                [&self.quiet, &self.syncing].map(|times| times.percentile(percent).as_secs_f64());
            syncing / quiet
        };
        writeln!(
            f,
            "          p50 {:.2} times, p99 {:.2} times, max {:.2} times the quiet one",
            ratio(50.0),
            ratio(99.0),
            ratio(100.0)
        )?;
        let count = self.sessions.len();
        let mean = self.sessions.iter().sum::<Duration>() / count.max(1) as u32;
        writeln!(
            f,
            "sessions  {count} of {} differences, {:.2} s on average, {} entries/s",
            grouped(differences),
            mean.as_secs_f64(),
            rate(differences, mean)
        )?;
        writeln!(
            f,
            "          all {} to an empty node in {:.2} s, {} entries/s",
            grouped(keys),
            self.filled.as_secs_f64(),
            rate(keys, self.filled)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_timed_without_sessions_and_with_them() {
        let plan = LivePlan { keys: 3_000, time: Duration::from_millis(50) };
        let mut steps = Vec::new();
        let report = run_live(plan, &mut |step| steps.push(step.to_owned())).unwrap();
        let text = report.to_string();
        for part in
            ["machine", "3,000 keys", "quiet", "times the quiet one", "of 3,000 differences"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(steps.len(), 4);
        assert!(!report.sessions.is_empty() && report.syncing.count() > 0);
    }
}
