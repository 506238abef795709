//! The tree as others see it: edits, the root, and lookups by key.

use super::cartesian::Cartesian;
use super::digest::Digest;
use super::edit::edit_top;
use super::page::{Child, Page};
use super::range::{KeyRange, Range};
use super::seed::{Priority, TreeSeed};
use crate::entry::Entry;
use crate::pace::{Cost, Pace};
use std::cmp::Reverse;
use std::iter::Sum;
use std::ops::Sub;

/// A data set with its Merkle tree. A clone is a snapshot: it costs one reference, and keeps the
/// entries that it holds for as long as it lives. Edits of one do not show in the other.
#[derive(Clone, Debug)]
pub struct Tree {
    seed: TreeSeed,
    top: Option<Child>,
}

/// A change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The key has this entry now, whatever it had before.
    Put(Entry),
    /// The key of this entry has none now.
    Remove(Entry),
}

/// How much a part of the tree holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Entries, tombstones included.
    pub leaves: u32,
    /// Entries that have a value.
    pub values: u32,
}

impl Totals {
    pub(super) fn of_entries(entries: &[Entry]) -> Totals {
        let values = entries.iter().filter(|entry| entry.value().is_some()).count();
        Totals { leaves: entries.len() as u32, values: values as u32 }
    }
}

impl Sum for Totals {
    fn sum<I: Iterator<Item = Totals>>(parts: I) -> Totals {
        parts.fold(Totals::default(), |sum, part| Totals {
            leaves: sum.leaves + part.leaves,
            values: sum.values + part.values,
        })
    }
}

impl Sub for Totals {
    type Output = Totals;

    fn sub(self, part: Totals) -> Totals {
        Totals {
            leaves: self.leaves.saturating_sub(part.leaves),
            values: self.values.saturating_sub(part.values),
        }
    }
}

impl Edit {
    pub(super) fn key(&self) -> &[u8] {
        match self {
            Edit::Put(entry) | Edit::Remove(entry) => entry.key(),
        }
    }

    /// What stands under the key afterwards.
    pub(super) fn put(&self) -> Option<Entry> {
        match self {
            Edit::Put(entry) => Some(entry.clone()),
            Edit::Remove(_) => None,
        }
    }
}

impl Tree {
    /// A tree of nothing, shaped by `seed`.
    pub fn new(seed: TreeSeed) -> Tree {
        Tree { seed, top: None }
    }

    /// What shapes the tree.
    pub fn seed(&self) -> TreeSeed {
        self.seed
    }

    /// How much it holds.
    pub fn totals(&self) -> Totals {
        self.top().map_or_else(Totals::default, |top| top.totals)
    }

    /// Makes changes, in the order given where they name a key twice. What they replace is dropped
    /// here, unless a snapshot holds it. Takes about a microsecond for each key; digests are left
    /// to whoever asks for them.
    pub fn edit(&mut self, edits: Vec<Edit>) {
        self.edit_at(edits, &mut Pace::new(&mut || {}));
    }

    /// The same at this pace.
    pub(crate) fn edit_at(&mut self, mut edits: Vec<Edit>, pace: &mut Pace<'_>) {
        keep_last_of_each_key(&mut edits, pace);
        self.top = edit_top(self.seed, self.top.take(), &edits, pace);
        for edit in edits {
            drop(edit);
            pace.done(Cost::LOOK);
        }
    }

    /// Removes every entry of which `dead` is true. Looks at all of them.
    pub fn prune(&mut self, dead: impl Fn(&Entry) -> bool) {
        self.prune_at(dead, &mut Pace::new(&mut || {}));
    }

    /// The same at this pace.
    pub(crate) fn prune_at(&mut self, dead: impl Fn(&Entry) -> bool, pace: &mut Pace<'_>) {
        let is_dead = |entry: &Entry| {
            pace.done(Cost::LOOK);
            dead(entry)
        };
        let dead: Vec<Edit> = self.range(KeyRange::ALL).filter(is_dead).map(Edit::Remove).collect();
        if dead.len() as u32 == self.totals().leaves {
            self.top = None;
        } else {
            self.edit_at(dead, pace);
        }
    }

    /// The digest of the whole. Two trees of one seed have the same root exactly if they hold the
    /// same entries. Takes time for what has changed since it was last asked for: about a second
    /// for a million new entries.
    pub fn root(&self) -> Digest {
        self.top().map_or_else(Digest::empty, |top| top.digest(self.seed))
    }

    /// Whether [`Tree::root`] has nothing to compute.
    pub fn knows_root(&self) -> bool {
        self.top().is_none_or(Child::has_digest)
    }

    /// What stands under a key.
    pub fn get(&self, key: &[u8]) -> Option<&Entry> {
        let mut page = self.page()?;
        loop {
            match page {
                Page::Entries(entries) => {
                    let at = entries.binary_search_by(|entry| entry.key().cmp(key)).ok()?;
                    return entries.get(at);
                }
                Page::Pages(_, pages) => {
                    let behind = pages.partition_point(|child| child.first.key() <= key);
                    page = &pages.get(behind.checked_sub(1)?)?.page;
                }
            }
        }
    }

    /// The value at this place among all that have one, in byte order of their keys, from zero.
    pub fn value_at(&self, place: u32) -> Option<Entry> {
        let mut before = place;
        let mut page = self.page()?;
        loop {
            match page {
                Page::Entries(entries) => {
                    let mut values = entries.iter().filter(|entry| entry.value().is_some());
                    return values.nth(before as usize).cloned();
                }
                Page::Pages(_, pages) => {
                    page = &pages
                        .iter()
                        .find(|child| match before.checked_sub(child.totals.values) {
                            Some(rest) => {
                                before = rest;
                                false
                            }
                            None => true,
                        })?
                        .page;
                }
            }
        }
    }

    /// The entries of a range, in byte order of their keys. Holds on to this snapshot of the tree,
    /// whatever is edited meanwhile.
    pub fn range(&self, range: KeyRange<'_>) -> Range {
        Range::new(self.top.as_ref().map(|top| top.page.clone()), range)
    }

    /// How much a range holds.
    pub fn totals_of(&self, range: KeyRange<'_>) -> Totals {
        let end = range.to.map_or_else(|| self.totals(), |to| self.totals_below(to));
        end - self.totals_below(range.from)
    }

    /// How many inner nodes the longest path has. Looks at every key.
    pub fn depth(&self) -> u32 {
        let mut whole = Cartesian::new(|left: &u32, right: &u32| 1 + *left.max(right));
        for entry in self.range(KeyRange::ALL) {
            whole.push(self.priority(&entry), 0);
        }
        whole.finish().unwrap_or(0)
    }

    pub(super) fn top(&self) -> Option<&Child> {
        self.top.as_ref()
    }

    pub(super) fn priority(&self, entry: &Entry) -> Priority {
        self.seed.priority(entry.key())
    }

    fn page(&self) -> Option<&Page> {
        self.top.as_ref().map(|top| &*top.page)
    }

    /// How much stands before a key.
    fn totals_below(&self, key: &[u8]) -> Totals {
        let mut below = Totals::default();
        let mut page = self.page();
        while let Some(current) = page.take() {
            match current {
                Page::Entries(entries) => {
                    let before = entries.partition_point(|entry| entry.key() < key);
                    below = [below, Totals::of_entries(&entries[..before])].into_iter().sum();
                }
                Page::Pages(_, pages) => {
                    let behind = pages.partition_point(|child| child.first.key() < key);
                    if let Some((last, before)) = pages[..behind].split_last() {
                        let before = before.iter().map(|child| child.totals);
                        below = before.chain([below]).sum();
                        page = Some(&last.page);
                    }
                }
            }
        }
        below
    }
}

/// Sorts by key; of several changes to one key the last counts.
///
/// Keys are somewhere in memory, and to look at one takes as long as to compare many. So each is
/// looked at once, for the eight bytes behind what all keys begin with, and these are sorted. The
/// edits then move where they are: a fold has many, and a second list of them would be memory that
/// the allocator keeps for the next.
fn keep_last_of_each_key(edits: &mut Vec<Edit>, pace: &mut Pace<'_>) {
    let Some((first, others)) = edits.split_first() else { return };
    let first = first.key();
    let common = others.iter().fold(first.len(), |common, edit| {
        pace.done(Cost::LOOK);
        first[..common].iter().zip(edit.key()).take_while(|(a, b)| a == b).count()
    });
    // Of one key, the later edit stands first.
    let mut order: Vec<(u64, Reverse<usize>)> = edits
        .iter()
        .enumerate()
        .map(|(at, edit)| {
            pace.done(Cost::LOOK);
            (eight_bytes(&edit.key()[common..]), Reverse(at))
        })
        .collect();
    order.sort_unstable_by(|(a, Reverse(a_at)), (b, Reverse(b_at))| {
        pace.done(Cost::COMPARISON);
        let keys = || edits[*a_at].key().cmp(edits[*b_at].key());
        a.cmp(b).then_with(keys).then(b_at.cmp(a_at))
    });
    for to in 0..order.len() {
        pace.done(Cost::LOOK);
        let mut from = order[to].1.0;
        // What stood in a place that is done went where that place got its own from.
        while from < to {
            from = order[from].1.0;
        }
        order[to].1.0 = from;
        edits.swap(to, from);
    }
    let mut eights = order.iter().map(|(eight, _)| *eight);
    let mut last_eight = eights.next();
    edits.dedup_by(|edit, kept| {
        pace.done(Cost::COMPARISON);
        let eight = eights.next();
        let may_be_same = eight == last_eight;
        last_eight = eight;
        may_be_same && edit.key() == kept.key()
    });
}

/// The first eight bytes of a key, in their order; zeros stand for those that it does not have.
fn eight_bytes(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = key.len().min(8);
    bytes[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(bytes)
}
