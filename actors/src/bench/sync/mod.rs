//! Measures what a session between two replicas costs: bytes, messages and time, for differences
//! from none to everything, against the budgets of the design. Both replicas are engines of this
//! process and no socket is between them, so what is counted is the protocol's own.

mod naive;
mod table;
mod twins;

pub(super) use twins::scattered;

use super::BenchError;
use super::figures::grouped;
use super::machine::machine;
use super::verdict::Verdict;
use naive::Naive;
use std::time::Duration;
use twins::Twins;

/// How many keys the budgets are for.
const BUDGET_KEYS: u64 = 1_000_000;

/// The most messages until everything is repaired, whatever differs.
const MAX_MESSAGES: u32 = 7;

/// Below, there are not enough keys for the differences that are measured.
const MIN_KEYS: u64 = 20_000;

/// Above, keys would be longer than the others.
const MAX_KEYS: u64 = 90_000_000;

/// Sessions of a large difference, for each of these of a small one.
const SMALL_FOR_LARGE: usize = 10;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct SyncPlan {
    /// Keys that both replicas have.
    pub keys: u64,
    /// Sessions of each small difference; a tenth of them of each large one.
    pub rounds: usize,
}

/// What was measured.
#[derive(Debug)]
pub struct SyncReport {
    plan: SyncPlan,
    machine: String,
    rows: Vec<Row>,
}

/// Sessions of one kind of difference.
#[derive(Debug)]
struct Row {
    name: &'static str,
    /// For the mean of the overhead, in bytes, both ways together.
    budget: Option<u64>,
    /// At least one.
    sessions: Vec<Cost>,
    naive: Naive,
}

/// What one session took.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// Bytes of all frames but those of entries, by sender: who opened, who answered.
    overhead: [u64; 2],
    /// Bytes of frames of entries, both ways.
    payload: u64,
    /// Messages up to the last that carried entries.
    repaired: u32,
    /// Messages until both sides knew that they hold the same.
    known: u32,
    /// Of both sides together, what is repaired included.
    took: Duration,
}

/// What differs before a session.
#[derive(Clone, Copy)]
enum Difference {
    /// Keys that both have, written anew; every other one on the other side.
    Updated(u64),
    /// The same for keys that stand next to each other.
    Neighbours(u64),
    /// So many keys on each side that the other side does not have.
    Missing(u64),
    /// One side has nothing.
    Everything,
    Nothing,
}

/// Every kind of difference, its budget in bytes, and whether it is small.
const DIFFERENCES: [(&str, Difference, Option<u64>, bool); 7] = [
    ("1 update", Difference::Updated(1), Some(2_500), true),
    ("100 updates", Difference::Updated(100), Some(45_000), true),
    ("10,000 updates", Difference::Updated(10_000), Some(1_450_000), false),
    ("10,000 neighbouring updates", Difference::Neighbours(10_000), Some(50_000), false),
    ("1,000 missing on each side", Difference::Missing(1_000), None, false),
    ("everything, to an empty peer", Difference::Everything, None, false),
    ("nothing, equal replicas", Difference::Nothing, None, true),
];

/// Measures. `progress` is told what is being done, a line at a time.
pub fn run_sync(plan: SyncPlan, progress: &mut dyn FnMut(&str)) -> Result<SyncReport, BenchError> {
    let SyncPlan { keys, rounds } = plan;
    if !(MIN_KEYS..=MAX_KEYS).contains(&keys) {
        return Err(BenchError::Keys { keys, from: MIN_KEYS, to: MAX_KEYS });
    }
    let machine = machine();
    progress(&format!("two replicas of {} keys", grouped(keys)));
    let mut twins = Twins::new(keys);
    let mut rows = Vec::new();
    for (name, difference, budget, is_small) in DIFFERENCES {
        let rounds = match difference {
            Difference::Everything => 1,
            _ if is_small => rounds.max(1),
            _ => (rounds / SMALL_FOR_LARGE).max(1),
        };
        let sessions = if rounds == 1 { "session" } else { "sessions" };
        progress(&format!("{name}: {rounds} {sessions}"));
        rows.push(measure(&mut twins, name, difference, budget, rounds)?);
    }
    Ok(SyncReport { plan, machine, rows })
}

fn measure(
    twins: &mut Twins,
    name: &'static str,
    difference: Difference,
    budget: Option<u64>,
    rounds: usize,
) -> Result<Row, BenchError> {
    let mut naive = None;
    let mut sessions = Vec::new();
    for _ in 0..rounds {
        twins.differ(difference);
        // Takes seconds, and depends on the keys more than on what differs.
        if naive.is_none() {
            let snapshots = twins.snapshots();
            naive = snapshots.map(|(own, theirs)| Naive::of(&own.tree, &theirs.tree));
        }
        sessions.push(twins.sync(name)?);
        twins.forget_empty();
    }
    let naive = naive.unwrap_or_default();
    Ok(Row { name, budget, sessions, naive })
}

impl SyncReport {
    /// An error that names every budget which was broken, if one was.
    pub fn judge(&self) -> Result<(), BenchError> {
        let broken = self.rows.iter().filter(|row| row.verdict(self.plan.keys) == Verdict::Broken);
        let broken: Vec<&str> = broken.map(|row| row.name).collect();
        if broken.is_empty() { Ok(()) } else { Err(BenchError::Budget(broken.join("; "))) }
    }
}

impl Row {
    fn mean(&self, value: impl Fn(&Cost) -> u64) -> u64 {
        self.sessions.iter().map(value).sum::<u64>() / self.sessions.len().max(1) as u64
    }

    fn most(&self, value: impl Fn(&Cost) -> u32) -> u32 {
        self.sessions.iter().map(value).max().unwrap_or_default()
    }

    fn took(&self) -> Duration {
        let total: Duration = self.sessions.iter().map(|cost| cost.took).sum();
        total / self.sessions.len().max(1) as u32
    }

    fn verdict(&self, keys: u64) -> Verdict {
        if keys != BUDGET_KEYS {
            return Verdict::NotJudged;
        }
        let mean = self.mean(Cost::overhead);
        let is_kept = self.budget.is_none_or(|budget| mean <= budget)
            && self.most(|cost| cost.repaired) <= MAX_MESSAGES;
        Verdict::of(is_kept)
    }
}

impl Cost {
    fn overhead(&self) -> u64 {
        self.overhead.iter().sum()
    }
}

#[cfg(test)]
mod tests;
