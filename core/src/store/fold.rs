//! Keeps the Merkle tree in step with the index, some time after each write: writes gather, and are
//! folded into the tree together. A fold may run anywhere, so that many writes at once hold up
//! nobody; the tree is away meanwhile.

use super::reaping::Reaped;
use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::merkle::{Edit, FirstExpiry, KeyRange, Tree, TreeSeed, keep_last_of_each_key};
use crate::pattern::Pattern;
use crate::registers::Registers;

/// Edits that are folded where they are, without a word: two milliseconds at most.
const FEW: usize = 256;

/// Entries that are looked through where they are, likewise.
const FEW_TO_PRUNE: u32 = 4_096;

/// Edits, and bytes of edits, that are folded soon. Of a large data set a quarter may wait: the more
/// edits fall on one page of the tree, the cheaper is each.
const MANY: usize = 65_536;
const MANY_OF_LARGE: usize = 4;

/// Bytes of waiting edits that are folded soon whatever the data set, and bytes that those of them which are overwritten
/// already may keep alive, beside what the index holds, before they are looked for. Looking sorts
/// all that waits, a tenth of a second for 100,000 different keys, so it has to be worth it.
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
    /// Of these, about how many are of entries that are overwritten already.
    overwritten_bytes: usize,
    compact_at: usize,
    prune: bool,
    /// When the first of the entries that wait is over. It may be overwritten already.
    pub(super) first_expiry: FirstExpiry,
    /// How far the tree has been looked through for what is over, since the last fold.
    pub(super) reaped: Reaped,
}

impl Folding {
    pub(super) fn new(seed: TreeSeed) -> Folding {
        Folding {
            tree: Some(Tree::new(seed)),
            began: (Registers::default(), Hlc::ZERO),
            waiting: Vec::new(),
            waiting_bytes: 0,
            overwritten_bytes: 0,
            compact_at: MANY_BYTES,
            prune: false,
            first_expiry: FirstExpiry::NEVER,
            reaped: Reaped::default(),
        }
    }

    /// Takes an edit, and what stood under its key until now, of a data set of so many bytes.
    pub(super) fn add(&mut self, edit: Edit, replaced: Option<&Entry>, data_bytes: usize) {
        self.waiting_bytes += bytes_of(&edit);
        if let Edit::Put(entry) = &edit {
            self.first_expiry = self.first_expiry.min(FirstExpiry::of(entry));
        }
        self.waiting.push(edit);
        // What is later than the last fold waits here too, while all before it is in the tree.
        // A session may bring older ones, but not many times for one key.
        if let Some(replaced) = replaced.filter(|entry| entry.version().hlc > self.began.1) {
            self.overwritten_bytes += Entry::memory_bytes(replaced);
        }
        if self.overwritten_bytes > self.compact_at.max(data_bytes / MANY_OF_LARGE) {
            keep_last_of_each_key(&mut self.waiting);
            self.waiting_bytes = self.waiting.iter().map(bytes_of).sum();
            self.overwritten_bytes = 0;
            self.compact_at = MANY_BYTES + self.waiting_bytes;
        }
    }

    /// The tree of the last fold; nothing while it is away in another.
    pub(super) fn tree(&self) -> Option<&Tree> {
        self.tree.as_ref()
    }

    /// The registers have risen.
    pub(super) fn prune(&mut self) {
        self.prune = true;
    }

    /// What is dead is due at once: the tree keeps its memory until then.
    pub(super) fn is_due(&self, entries: usize, bytes: usize) -> bool {
        self.prune
            || self.waiting.len() >= MANY.max(entries / MANY_OF_LARGE)
            || self.waiting_bytes >= MANY_BYTES.max(bytes / MANY_OF_LARGE)
    }

    /// The fold of all that waits; nothing if a fold is under way.
    pub(super) fn begin(&mut self, registers: Registers, clock: Hlc) -> Option<Fold> {
        let tree = self.tree.take()?;
        self.began = (registers, clock);
        let prune = std::mem::take(&mut self.prune).then_some(registers);
        (self.first_expiry, self.reaped) = (FirstExpiry::NEVER, Reaped::default());
        (self.waiting_bytes, self.overwritten_bytes, self.compact_at) = (0, 0, MANY_BYTES);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::{NodeId, Version};

    /// A store's way of writing, as far as a fold sees it.
    fn write(folding: &mut Folding, held: &mut Option<Entry>, key: u64, hlc: u64) {
        let version = Version { hlc: Hlc::from_raw(hlc), node: NodeId(1) };
        let entry = Entry::value_of(&key.to_be_bytes(), &[b'v'; 1_000], version);
        let replaced = held.replace(entry.clone()).filter(|held| held.key() == entry.key());
        folding.add(Edit::Put(entry), replaced.as_ref(), 0);
    }

    #[test]
    fn a_key_that_is_written_over_and_over_keeps_little_alive_while_the_tree_is_away() {
        let mut folding = Folding::new(TreeSeed::of(b"test"));
        let fold = folding.begin(Registers::default(), Hlc::from_raw(1)).unwrap();
        let mut held = None;
        for hlc in 2..60_000 {
            write(&mut folding, &mut held, 7, hlc);
            assert!(folding.waiting_bytes <= 2 * MANY_BYTES);
        }
        folding.end(fold.run());
        let tree = folding.begin(Registers::default(), Hlc::from_raw(60_000)).unwrap().run();
        assert_eq!(tree.get(&7_u64.to_be_bytes()), held.as_ref());
    }

    /// Symptom: while clients wrote new keys, one batch in some thousands took half a second.
    /// Cause: all that waited was sorted on the store's thread, to find nothing overwritten.
    #[test]
    fn different_keys_are_not_looked_through_while_the_tree_is_away() {
        let mut folding = Folding::new(TreeSeed::of(b"test"));
        let _away = folding.begin(Registers::default(), Hlc::from_raw(1));
        for key in (0..40_000).rev() {
            write(&mut folding, &mut None, key, 40_002 - key);
        }
        assert!(folding.waiting_bytes > 2 * MANY_BYTES && folding.is_due(0, 0));
        // Sorted, the last would be the first.
        let first = folding.waiting.first();
        assert!(matches!(first, Some(Edit::Put(entry)) if entry.key() == 39_999_u64.to_be_bytes()));
    }
}
