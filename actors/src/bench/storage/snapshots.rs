//! What a reader notices of snapshots: single GETs, one after the other, while the node is written
//! to as fast as it goes and makes snapshots by itself.

use super::StoragePlan;
use super::recovery::fill;
use crate::bench::latencies::Latencies;
use crate::bench::load::{Load, Outcome, Until};
use crate::bench::load::{Numbers, key};
use crate::bench::servers::Durability;
use crate::bench::servers::ServerError;
use crate::bench::servers::{Bench, Control, Server};
use crate::random;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Snapshots after which it is enough.
const ENOUGH: u64 = 3;

/// How long it is waited for them.
const LIMIT: Duration = Duration::from_secs(180);

/// Between two looks whether a snapshot is being made.
const LOOK: Duration = Duration::from_millis(10);

const PIPELINE: usize = 16;

/// What was measured.
#[derive(Debug)]
pub(super) struct Snapshots {
    pub(super) count: u64,
    /// How long snapshots were being made, all together.
    pub(super) took: Duration,
    /// Writes per second meanwhile and between.
    pub(super) rate: f64,
    pub(super) during: Option<Latencies>,
    pub(super) between: Option<Latencies>,
}

/// A look at the node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// Before it was asked, and after it had answered.
    pub(super) asked: Instant,
    pub(super) answered: Instant,
    pub(super) written: u64,
    pub(super) is_running: bool,
}

/// A GET: when it was sent, and when it was answered.
pub(super) type Read = (Instant, Instant);

pub(super) fn measure(
    bench: &Bench<'_>,
    plan: &StoragePlan,
    progress: &mut dyn FnMut(&str),
) -> Result<Snapshots, ServerError> {
    progress("a node is filled");
    let node = bench.node(Durability::Interval, &bench.site.empty_folder("node-data")?)?;
    fill(&node, plan.keys)?;
    // Asked before the load begins, so that a node that cannot tell is noticed at once.
    let mut stats = node.connect()?;
    let first = look(&mut stats)?;
    progress(&format!("reads while it is written to, until there were {ENOUGH} snapshots"));
    let is_enough = Arc::new(AtomicBool::new(false));
    let keys = plan.keys;
    let until = Until::Told(Arc::clone(&is_enough));
    let load = Load::of_writes(node.address, node.protocol, keys);
    let load = Load { pipeline: PIPELINE, until, ..load };
    let writer = thread::spawn(move || load.run());
    let reader = read(&node, keys, Arc::clone(&is_enough));
    // Both are told that it is enough, whatever came of it.
    let looks = reader.and_then(|reader| {
        let looks = watch(&mut stats, first, plan.time, || writer.is_finished());
        is_enough.store(true, Ordering::Relaxed);
        Ok((looks?, joined(reader)?))
    });
    is_enough.store(true, Ordering::Relaxed);
    let Outcome { tally, took, .. } = joined(writer)?;
    let (looks, reads) = looks?;
    let spans = spans(&looks);
    let (during, between) = split(&reads, &spans);
    let count = looks.last().map_or(0, |last| last.written - first.written);
    if count == 0 && spans.is_empty() {
        return Err(ServerError::Nothing("the node has made no snapshot"));
    }
    Ok(Snapshots {
        count,
        took: spans.iter().map(|(from, to)| *to - *from).sum(),
        rate: tally.writes as f64 / took.as_secs_f64(),
        during: Latencies::of(during),
        between: Latencies::of(between),
    })
}

/// Reads until it is enough.
fn read(
    node: &Server,
    keys: u64,
    is_enough: Arc<AtomicBool>,
) -> Result<JoinHandle<Result<Vec<Read>, ServerError>>, ServerError> {
    let mut control = node.connect()?;
    Ok(thread::spawn(move || {
        let mut numbers = Numbers::new(random::number());
        let mut reads = Vec::new();
        while !is_enough.load(Ordering::Relaxed) {
            let get = format!("GET {}", key(numbers.below(keys)));
            let sent = Instant::now();
            let is_found = control.ask(&get)?.starts_with("VALUE ");
            reads.push((sent, Instant::now()));
            if !is_found {
                return Err(control.refused());
            }
        }
        Ok(reads)
    }))
}

/// Looks until there were enough snapshots and so much time has passed, or until the limit.
fn watch(
    stats: &mut Control,
    first: Look,
    time: Duration,
    has_failed: impl Fn() -> bool,
) -> Result<Vec<Look>, ServerError> {
    let mut looks = vec![first];
    loop {
        thread::sleep(LOOK);
        let last = look(stats)?;
        looks.push(last);
        let passed = first.asked.elapsed();
        let is_enough = last.written >= first.written + ENOUGH && passed >= time;
        if is_enough || passed > LIMIT || has_failed() {
            return Ok(looks);
        }
    }
}

fn look(stats: &mut Control) -> Result<Look, ServerError> {
    let asked = Instant::now();
    let (mut written, mut running) = (None, None);
    let mut line = stats.ask("STATS")?;
    while line != "END" {
        let number = |name| line.strip_prefix(name).and_then(|number| number.parse().ok());
        written = written.or_else(|| number("snapshots_written:"));
        running = running.or_else(|| number("snapshot_running:"));
        line = stats.next_line()?;
    }
    let silent = "STATS of this node does not tell of snapshots";
    let (Some(written), Some(running)) = (written, running) else {
        return Err(ServerError::Nothing(silent));
    };
    Ok(Look { asked, answered: Instant::now(), written, is_running: running > 0 })
}

/// When snapshots were being made: from the last look before one until the first after it. So a
/// span is rather too long than too short, and no read that met a snapshot counts as another.
pub(super) fn spans(looks: &[Look]) -> Vec<(Instant, Instant)> {
    let mut spans: Vec<(Instant, Instant)> = Vec::new();
    for pair in looks.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        if !before.is_running && !after.is_running && before.written == after.written {
            continue;
        }
        match spans.last_mut() {
            Some((_, to)) if *to >= before.asked => *to = after.answered,
            Some(_) | None => spans.push((before.asked, after.answered)),
        }
    }
    spans
}

/// The times of reads that met a snapshot, and of those that met none. Both come in order.
pub(super) fn split(
    reads: &[Read],
    spans: &[(Instant, Instant)],
) -> (Vec<Duration>, Vec<Duration>) {
    let (mut during, mut between) = (Vec::new(), Vec::new());
    let mut spans = spans.iter().peekable();
    for (sent, answered) in reads {
        while spans.next_if(|(_, to)| to < sent).is_some() {}
        let meets = spans.peek().is_some_and(|(from, _)| from <= answered);
        let times = if meets { &mut during } else { &mut between };
        times.push(*answered - *sent);
    }
    (during, between)
}

fn joined<T>(thread: JoinHandle<Result<T, ServerError>>) -> Result<T, ServerError> {
    thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))
}
