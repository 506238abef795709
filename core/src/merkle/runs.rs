//! Cuts a range of keys into runs at every separator of high priority. Two trees of one seed that
//! both hold such a key cut before it, whatever else they hold, so their runs can be compared.

use super::cartesian::Cartesian;
use super::digest::Digest;
use super::page::{Child, Page};
use super::range::KeyRange;
use super::seed::Priority;
use super::tree::Tree;
use crate::entry::Entry;

/// Neighbouring entries, with the digest of the tree that they would make by themselves.
#[derive(Clone, Debug)]
pub struct Run {
    /// The first of them.
    pub first: Entry,
    /// The separator before it.
    pub separator: Priority,
    /// The root of a tree of just these entries.
    pub digest: Digest,
    /// How many there are, at least one.
    pub leaves: u32,
}

impl Tree {
    /// The root of a tree of just the entries in a range.
    pub fn digest_of(&self, range: KeyRange<'_>) -> Digest {
        let runs = self.cut(range, None);
        runs.first().map_or_else(Digest::empty, |whole| whole.digest)
    }

    /// The root of a tree of just the entries whose keys begin with this.
    pub fn digest_of_prefix(&self, prefix: &[u8]) -> Digest {
        let end = KeyRange::end_of_prefix(prefix);
        self.digest_of(KeyRange { from: prefix, to: end.as_deref() })
    }

    /// The runs of a range: each ends before the next key whose priority reaches `threshold`.
    pub fn runs(&self, range: KeyRange<'_>, threshold: Priority) -> Vec<Run> {
        self.cut(range, Some(threshold))
    }

    fn cut(&self, range: KeyRange<'_>, threshold: Option<Priority>) -> Vec<Run> {
        let mut cutter = Cutter { tree: self, range, threshold, runs: Vec::new(), open: None };
        if let Some(top) = self.top() {
            cutter.visit(top, None);
        }
        cutter.close();
        cutter.runs
    }
}

struct Cutter<'a> {
    tree: &'a Tree,
    range: KeyRange<'a>,
    threshold: Option<Priority>,
    runs: Vec<Run>,
    open: Option<Open>,
}

/// A run that is being gathered.
struct Open {
    first: Entry,
    separator: Priority,
    digest: Cartesian<Digest>,
    leaves: u32,
}

impl Cutter<'_> {
    /// `end` is the first key behind the page, if there is one and it is known.
    fn visit(&mut self, child: &Child, end: Option<&[u8]>) {
        let Child { page, first, separator, totals, .. } = child;
        let KeyRange { from, to } = self.range;
        let starts_before = first.key() < from;
        let reaches_beyond = to.is_some_and(|to| end.is_none_or(|end| end > to));
        let may_be_cut = self.threshold.is_some_and(|at| at < Priority::begins_page(page.height()));
        if !(starts_before || reaches_beyond || may_be_cut) {
            let digest = child.digest(self.tree.seed());
            return self.add(first, *separator, digest, totals.leaves);
        }
        match &**page {
            Page::Entries(entries) => {
                let inside =
                    |entry: &&Entry| entry.key() >= from && to.is_none_or(|to| entry.key() < to);
                for entry in entries.iter().filter(inside) {
                    self.add(entry, self.tree.priority(entry), Digest::leaf(entry), 1);
                }
            }
            Page::Pages(_, pages) => {
                let ends = pages[1..].iter().map(|next| Some(next.first.key())).chain([end]);
                for (child, end) in pages.iter().zip(ends) {
                    let before = end.is_some_and(|end| end <= from);
                    let behind = to.is_some_and(|to| child.first.key() >= to);
                    if !before && !behind {
                        self.visit(child, end);
                    }
                }
            }
        }
    }

    fn add(&mut self, first: &Entry, separator: Priority, digest: Digest, leaves: u32) {
        if self.threshold.is_some_and(|at| separator >= at) {
            self.close();
        }
        let open = self.open.get_or_insert_with(|| Open {
            first: first.clone(),
            separator,
            digest: Cartesian::new(Digest::inner),
            leaves: 0,
        });
        open.digest.push(separator, digest);
        open.leaves += leaves;
    }

    fn close(&mut self) {
        if let Some(Open { first, separator, mut digest, leaves }) = self.open.take()
            && let Some(digest) = digest.finish()
        {
            self.runs.push(Run { first, separator, digest, leaves });
        }
    }
}
