//! Keeps the Merkle tree in step with the index, some time after each write: writes gather, and are
//! folded into the tree together. A fold may run anywhere, so that many writes at once hold up
//! nobody; the tree is away meanwhile.

use super::registers::Registers;
use crate::clock::Hlc;
use crate::entry::Entry;
use crate::merkle::{Edit, Tree, TreeSeed, keep_last_of_each_key};

/// Edits that are folded where they are, without a word: two milliseconds at most.
const FEW: usize = 256;

/// Entries that are looked through where they are, likewise.
const FEW_TO_PRUNE: u32 = 4_096;

/// Edits that wait for a fold. More would make it no cheaper for each.
const MANY: usize = 65_536;

/// Bytes that waiting edits may keep alive, beside what the index holds, before it is looked
/// whether most of them are overwritten already.
const MANY_BYTES: usize = 16 << 20;

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

/// A fold to be run: takes about two microseconds for each edit, and a tenth of a second for each
/// million entries if something is to be pruned.
#[derive(Debug)]
pub struct Fold {
    tree: Tree,
    edits: Vec<Edit>,
    prune: Option<Registers>,
}

impl Fold {
    /// Runs it.
    pub fn run(self) -> Tree {
        let Fold { mut tree, edits, prune } = self;
        tree.edit(edits);
        if let Some(registers) = prune {
            tree.prune(|entry| registers.kill(entry));
        }
        tree
    }
}

#[derive(Clone, Debug)]
pub(super) struct Folding {
    /// Nothing while it is away in a fold.
    tree: Option<Tree>,
    /// The moment at which the last fold began.
    began: (Registers, Hlc),
    waiting: Vec<Edit>,
    waiting_bytes: usize,
    compact_at: usize,
    prune: bool,
}

impl Folding {
    pub(super) fn new(seed: TreeSeed) -> Folding {
        Folding {
            tree: Some(Tree::new(seed)),
            began: (Registers::default(), Hlc::ZERO),
            waiting: Vec::new(),
            waiting_bytes: 0,
            compact_at: MANY_BYTES,
            prune: false,
        }
    }

    pub(super) fn add(&mut self, edit: Edit) {
        self.waiting_bytes += bytes_of(&edit);
        self.waiting.push(edit);
        if self.waiting_bytes > self.compact_at {
            keep_last_of_each_key(&mut self.waiting);
            self.waiting_bytes = self.waiting.iter().map(bytes_of).sum();
            self.compact_at = MANY_BYTES + 2 * self.waiting_bytes;
        }
    }

    /// The registers have risen.
    pub(super) fn prune(&mut self) {
        self.prune = true;
    }

    pub(super) fn is_due(&self) -> bool {
        self.waiting.len() >= MANY || self.waiting_bytes >= MANY_BYTES
    }

    /// The fold of all that waits; nothing if a fold is under way.
    pub(super) fn begin(&mut self, registers: Registers, clock: Hlc) -> Option<Fold> {
        let tree = self.tree.take()?;
        self.began = (registers, clock);
        let prune = std::mem::take(&mut self.prune).then_some(registers);
        (self.waiting_bytes, self.compact_at) = (0, MANY_BYTES);
        Some(Fold { tree, edits: std::mem::take(&mut self.waiting), prune })
    }

    /// The data set of the moment at which the fold began.
    pub(super) fn end(&mut self, tree: Tree) -> Snapshot {
        let (registers, clock) = self.began;
        self.tree = Some(tree.clone());
        Snapshot { tree, registers, clock }
    }

    /// The data set of this moment, if only a little has to be folded first.
    pub(super) fn snapshot(&mut self, registers: Registers, clock: Hlc) -> Option<Snapshot> {
        let prunes_many = self.prune && self.tree.as_ref()?.totals().leaves > FEW_TO_PRUNE;
        if self.waiting.len() > FEW || prunes_many {
            return None;
        }
        let fold = self.begin(registers, clock)?;
        Some(self.end(fold.run()))
    }
}

fn bytes_of(edit: &Edit) -> usize {
    match edit {
        Edit::Put(entry) | Edit::Remove(entry) => Entry::memory_bytes(entry),
    }
}
