//! Keeps the Merkle tree in step with the index, some time after each write: the index marks what
//! has been written, and that is folded into the tree together. A fold may run anywhere, so that
//! many writes at once hold up nobody; the tree is away meanwhile.

use super::index::{Index, Totals};
use super::reaping::Reaped;
use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::merkle::{Edit, FirstExpiry, KeyRange, Tree, TreeSeed};
use crate::pace::Pace;
use crate::pattern::Pattern;
use crate::registers::Registers;

/// Edits that are folded where they are, without a word: two milliseconds at most.
const FEW: usize = 256;

/// Entries that are looked through where they are, likewise.
const FEW_TO_PRUNE: u32 = 4_096;

/// Entries that one step gathers: a tenth of a millisecond where none of them is cached.
pub(super) const GATHERED_AT_ONCE: usize = 2_048;

/// How long a write may wait to be folded, in milliseconds. The longer, the fewer folds a key costs
/// that is written over and over.
const WAIT_MILLIS: u64 = 1_000;

/// What the tree may keep alive of what is overwritten, in bytes, or as a part of a large data set:
/// then it is folded sooner.
const STALE_BYTES: usize = 32 << 20;
const STALE_OF_LARGE: usize = 4;

/// The data set of one moment, and what the node held for dead then. Costs nothing to make; keeps
/// what it holds for as long as it lives.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The entries.
    pub tree: Tree,
    /// What is dead.
    pub registers: Registers,
    /// Nothing that the node writes afterwards has this timestamp or a lesser one.
    pub clock: Hlc,
}

impl Snapshot {
    /// The entries whose keys match, of those that readers see.
    pub fn keys_like<'a>(
        &self,
        pattern: &'a Pattern,
        now: UnixMillis,
    ) -> impl Iterator<Item = Entry> + use<'a> {
        let prefix = pattern.prefix();
        let end = KeyRange::end_of_prefix(&prefix);
        let range = self.tree.range(KeyRange { from: &prefix, to: end.as_deref() });
        range.filter(move |entry| entry.is_live(now) && pattern.matches(entry.key()))
    }
}

/// A fold to be run: takes about a microsecond for each edit, and a tenth of a second for each
/// million entries if something is to be pruned.
#[derive(Debug)]
pub struct Fold {
    tree: Tree,
    removed: Vec<Entry>,
    written: Vec<Entry>,
    prune: Option<Registers>,
}

impl Fold {
    /// How many edits it makes.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.removed.len() + self.written.len()
    }

    /// Runs it at once.
    pub fn run(self) -> Tree {
        self.run_with_pauses(|| {})
    }

    /// Runs it, and calls `pause` every tenth of a millisecond or so.
    pub fn run_with_pauses(self, mut pause: impl FnMut()) -> Tree {
        let pace = &mut Pace::new(&mut pause);
        let Fold { mut tree, removed, written, prune } = self;
        // A key that was taken out may have been written again.
        let removed = removed.into_iter().map(Edit::Remove);
        tree.edit_at(removed.chain(written.into_iter().map(Edit::Put)).collect(), pace);
        if let Some(registers) = prune {
            tree.prune_at(|entry| registers.kill(entry), pace);
        }
        tree
    }
}

/// Where the tree is.
#[derive(Clone, Debug)]
enum State {
    Here(Tree),
    /// What is to be folded into it is being gathered.
    Gathering {
        tree: Tree,
        removed: Vec<Entry>,
        written: Vec<Entry>,
        prune: bool,
    },
    /// In a fold.
    Away,
}

#[derive(Clone, Debug)]
pub(super) struct Folding {
    state: State,
    /// The moment of the last fold.
    began: (Registers, Hlc),
    /// Since when something waits, as far as anybody has looked.
    waits_since: Option<UnixMillis>,
    prune: bool,
    /// When the first of the entries that wait is over. It may be overwritten already.
    pub(super) first_expiry: FirstExpiry,
    /// The same of those that are in a fold, with the tree.
    away: FirstExpiry,
    /// How far the tree has been looked through for what is over, since the last fold.
    pub(super) reaped: Reaped,
}

impl Folding {
    pub(super) fn new(seed: TreeSeed) -> Folding {
        Folding {
            state: State::Here(Tree::new(seed)),
            began: (Registers::default(), Hlc::ZERO),
            waits_since: None,
            prune: false,
            first_expiry: FirstExpiry::NEVER,
            away: FirstExpiry::NEVER,
            reaped: Reaped::default(),
        }
    }

    /// The tree of the last fold; nothing while it is away in another.
    pub(super) fn tree(&self) -> Option<&Tree> {
        match &self.state {
            State::Here(tree) => Some(tree),
            State::Gathering { .. } | State::Away => None,
        }
    }

    /// When the first of all entries is over, or one that stood in its place.
    pub(super) fn next_expiry(&self) -> FirstExpiry {
        let in_tree = self.tree().map_or(self.away, Tree::first_expiry);
        in_tree.min(self.first_expiry)
    }

    /// The registers have risen.
    pub(super) fn prune(&mut self) {
        self.prune = true;
    }

    /// What is dead is due at once: the tree keeps its memory until then.
    pub(super) fn is_due(&mut self, index: &Index, now: UnixMillis) -> bool {
        let unfolded = index.unfolded();
        if unfolded == 0 || self.prune {
            return self.prune;
        }
        let waits_since = *self.waits_since.get_or_insert(now);
        let Totals { values, tombstones, bytes, .. } = index.totals();
        let stale = unfolded.saturating_mul(bytes / (values + tombstones).max(1));
        now.0.abs_diff(waits_since.0) >= WAIT_MILLIS
            || stale >= STALE_BYTES.max(bytes / STALE_OF_LARGE)
    }

    /// Begins a fold of what the index holds at this moment, if none is under way.
    pub(super) fn begin(&mut self, index: &mut Index, registers: Registers, clock: Hlc) -> bool {
        match std::mem::replace(&mut self.state, State::Away) {
            State::Here(tree) => {
                self.began = (registers, clock);
                self.waits_since = None;
                self.away = self.first_expiry.min(tree.first_expiry());
                (self.first_expiry, self.reaped) = (FirstExpiry::NEVER, Reaped::default());
                let prune = std::mem::take(&mut self.prune);
                let written = Vec::with_capacity(index.unfolded());
                let removed = index.freeze();
                self.state = State::Gathering { tree, removed, written, prune };
                true
            }
            busy => {
                self.state = busy;
                false
            }
        }
    }

    /// Gathers about so many entries more. Gives the fold once it has all; nothing as well if none
    /// has begun.
    pub(super) fn gather(&mut self, index: &mut Index, entries: usize) -> Option<Fold> {
        if let State::Gathering { written, .. } = &mut self.state
            && !index.gather(written, written.len().saturating_add(entries))
            && let State::Gathering { tree, removed, written, prune } =
                std::mem::replace(&mut self.state, State::Away)
        {
            let prune = prune.then_some(self.began.0);
            return Some(Fold { tree, removed, written, prune });
        }
        None
    }

    /// The data set of the moment at which the fold began.
    pub(super) fn end(&mut self, tree: Tree) -> Snapshot {
        let (registers, clock) = self.began;
        self.state = State::Here(tree.clone());
        self.away = FirstExpiry::NEVER;
        Snapshot { tree, registers, clock }
    }

    /// The data set of this moment, if only a little has to be folded first.
    pub(super) fn snapshot(
        &mut self,
        index: &mut Index,
        registers: Registers,
        clock: Hlc,
    ) -> Option<Snapshot> {
        let State::Here(tree) = &self.state else { return None };
        let prunes_many = self.prune && tree.totals().leaves > FEW_TO_PRUNE;
        if index.unfolded() > FEW || prunes_many {
            return None;
        }
        self.begin(index, registers, clock);
        let fold = self.gather(index, usize::MAX)?;
        Some(self.end(fold.run()))
    }
}
