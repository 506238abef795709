//! Pages: what the tree is made of in memory.
//!
//! A page of height 0 holds entries, a page of height h holds pages of height h - 1. A page of
//! height h begins at a key whose separator reaches [`Priority::begins_page`] of h, and none
//! inside it does, so every page is a whole subtree of the binary tree.
//!
//! What is known of a page stands beside the reference to it, so that folding the digests of its
//! neighbours reads one piece of memory and not one for each.

use super::cartesian::Cartesian;
use super::digest::Digest;
use super::edit::Replaced;
use super::expiry::FirstExpiry;
use super::seed::{Priority, TreeSeed};
use super::tree::Totals;
use crate::entry::Entry;
use std::sync::{Arc, OnceLock};

/// In byte order of their keys, and never empty. Not changed while another tree may hold it.
#[derive(Clone, Debug)]
pub(super) enum Page {
    Entries(Box<[Entry]>),
    /// The height is that of the page that holds them.
    Pages(u8, Box<[Child]>),
}

/// A page and what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) page: Arc<Page>,
    /// Its first entry, and the separator before it.
    pub(super) first: Entry,
    pub(super) separator: Priority,
    pub(super) totals: Totals,
    /// When the first of its values is over.
    pub(super) first_expiry: FirstExpiry,
    /// Filled in when it is asked for.
    digest: OnceLock<Digest>,
}

impl Page {
    pub(super) fn height(&self) -> u8 {
        match self {
            Page::Entries(_) => 0,
            Page::Pages(height, _) => *height,
        }
    }

    /// The entries of a page of height 0.
    pub(super) fn entries(&self) -> &[Entry] {
        match self {
            Page::Entries(entries) => entries,
            Page::Pages(..) => &[],
        }
    }

    /// The pages of a page of any other height.
    pub(super) fn pages(&self) -> &[Child] {
        match self {
            Page::Entries(_) => &[],
            Page::Pages(_, pages) => pages,
        }
    }

    fn first(&self) -> Option<&Entry> {
        match self {
            Page::Entries(entries) => entries.first(),
            Page::Pages(_, pages) => pages.first().map(|child| &child.first),
        }
    }

    fn totals(&self) -> Totals {
        match self {
            Page::Entries(entries) => Totals::of_entries(entries),
            Page::Pages(_, pages) => pages.iter().map(|child| child.totals).sum(),
        }
    }

    fn first_expiry(&self) -> FirstExpiry {
        match self {
            Page::Entries(entries) => FirstExpiry::of_entries(entries),
            Page::Pages(_, pages) => {
                let firsts = pages.iter().map(|child| child.first_expiry);
                firsts.min().unwrap_or(FirstExpiry::NEVER)
            }
        }
    }

    fn digest(&self, seed: TreeSeed) -> Digest {
        let mut whole = Cartesian::new(Digest::inner);
        match self {
            Page::Entries(entries) => {
                for entry in entries {
                    whole.push(seed.priority(entry.key()), Digest::leaf(entry));
                }
            }
            Page::Pages(_, pages) => {
                for child in pages {
                    whole.push(child.separator, child.digest(seed));
                }
            }
        }
        whole.finish().unwrap_or_else(Digest::empty)
    }
}

impl Child {
    /// Nothing if there are no entries.
    pub(super) fn of_entries(seed: TreeSeed, entries: Vec<Entry>) -> Option<Child> {
        let separator = seed.priority(entries.first()?.key());
        Child::new(separator, Page::Entries(entries.into()))
    }

    /// Nothing if there are no pages.
    pub(super) fn of_pages(height: u8, pages: Vec<Child>) -> Option<Child> {
        let separator = pages.first()?.separator;
        Child::new(separator, Page::Pages(height, pages.into()))
    }

    fn new(separator: Priority, page: Page) -> Option<Child> {
        let first = page.first()?.clone();
        let (totals, first_expiry) = (page.totals(), page.first_expiry());
        let digest = OnceLock::new();
        Some(Child { page: Arc::new(page), first, separator, totals, first_expiry, digest })
    }

    /// After entries of the page were replaced in place. The others are not looked at, unless one
    /// that was replaced was the first to be over.
    pub(super) fn has_other_values(&mut self, replaced: Replaced) {
        if let Some(first) = self.page.first() {
            self.first = first.clone();
        }
        self.totals.values = self.totals.values.saturating_add_signed(replaced.more_values);
        let was_first = replaced.before == self.first_expiry;
        self.first_expiry = if was_first && replaced.after > self.first_expiry {
            self.page.first_expiry()
        } else {
            self.first_expiry.min(replaced.after)
        };
        self.digest = OnceLock::new();
    }

    /// After the page was changed in place, with the same key first.
    pub(super) fn has_changed(&mut self) {
        if let Some(first) = self.page.first() {
            self.first = first.clone();
        }
        self.totals = self.page.totals();
        self.first_expiry = self.page.first_expiry();
        self.digest = OnceLock::new();
    }

    /// Whether a page of this height may begin here.
    pub(super) fn begins_page(&self, height: u8) -> bool {
        self.separator >= Priority::begins_page(height)
    }

    /// The digest of the subtree, computed now if nobody has asked before.
    pub(super) fn digest(&self, seed: TreeSeed) -> Digest {
        *self.digest.get_or_init(|| self.page.digest(seed))
    }

    pub(super) fn has_digest(&self) -> bool {
        self.digest.get().is_some()
    }
}
