//! What a schedule may do, drawn from its seed.

use crate::mutants::Mutant;
use crate::random::Random;

/// Silence after which a member no longer counts, where it can happen.
pub(crate) const EVICT_AFTER_MILLIS: u64 = 60_000;

/// The furthest that clocks are apart.
const AN_HOUR_MILLIS: i64 = 3_600_000;

/// Which of the two worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// Few keys, everything compared at every step.
    Small,
    /// So many keys that sessions cut and list.
    Large,
}

/// One schedule.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) size: Size,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) nodes: usize,
    pub(crate) keys: usize,
    pub(crate) steps: usize,
    /// Writes in one step.
    pub(crate) writes_at_once: usize,
    /// How far each node's clock is ahead of true time.
    pub(crate) skews: Vec<i64>,
    pub(crate) secret: bool,
    pub(crate) strangers: bool,
    pub(crate) partitions: bool,
    pub(crate) crashes: bool,
    pub(crate) loses_tail: bool,
    pub(crate) jumps: bool,
    pub(crate) flushes: bool,
    /// Time leaps, so that members are evicted.
    pub(crate) evictions: bool,
    /// All know each other from the start; else each knows its neighbours in a row.
    pub(crate) acquainted: bool,
    /// All have agreed before anything happens.
    pub(crate) settled: bool,
    /// Clients let keys expire.
    pub(crate) expiries: bool,
    /// Messages lost, out of 16.
    pub(crate) losses: usize,
    /// Compare the tree with one built anew after so many steps.
    pub(crate) rebuild_every: usize,
}

impl Plan {
    pub(crate) fn small(mutant: Option<Mutant>, random: &mut Random) -> Plan {
        let nodes = 3 + random.below(3);
        Plan {
            keys: 1 + random.below(8),
            steps: 50 + random.below(151),
            flushes: random.one_in(3),
            rebuild_every: if random.one_in(2) { 1 } else { 8 },
            ..Plan::of(Size::Small, nodes, mutant, random)
        }
    }

    pub(crate) fn large(mutant: Option<Mutant>, random: &mut Random) -> Plan {
        Plan {
            keys: crate::large::KEYS,
            steps: 400,
            writes_at_once: 4,
            flushes: random.one_in(16),
            rebuild_every: usize::MAX,
            ..Plan::of(Size::Large, 5, mutant, random)
        }
    }

    fn of(size: Size, nodes: usize, mutant: Option<Mutant>, random: &mut Random) -> Plan {
        let furthest = match random.below(4) {
            0 => 0,
            1 => 50,
            2 => 5_000,
            _ => AN_HOUR_MILLIS,
        };
        let skew = |random: &mut Random| (random.next() % (2 * furthest as u64 + 1)) as i64;
        let skews = (0..nodes).map(|_| skew(random) - furthest).collect();
        let evictions = random.one_in(3);
        Plan {
            size,
            mutant,
            nodes,
            keys: 0,
            steps: 0,
            writes_at_once: 1,
            skews,
            secret: random.one_in(4),
            strangers: random.one_in(4),
            partitions: random.one_in(2) || evictions,
            crashes: random.one_in(2),
            loses_tail: random.one_in(2),
            jumps: random.one_in(3),
            flushes: false,
            evictions,
            acquainted: random.one_in(2),
            settled: !random.one_in(if evictions { 2 } else { 4 }),
            losses: random.below(8),
            expiries: random.one_in(2),
            rebuild_every: 1,
        }
    }

    pub(crate) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }
}
