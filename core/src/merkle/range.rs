//! Goes through a range of keys in order.

use super::page::Page;
use crate::entry::Entry;
use std::sync::Arc;

/// The keys from one, which is included, to another, which is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRange<'a> {
    /// The least key; empty for the first there is.
    pub from: &'a [u8],
    /// The key behind the last; nothing for the end.
    pub to: Option<&'a [u8]>,
}

impl KeyRange<'_> {
    /// Every key.
    pub const ALL: KeyRange<'static> = KeyRange { from: &[], to: None };

    /// The least key behind another.
    pub fn behind(key: &[u8]) -> Vec<u8> {
        [key, b"\0"].concat()
    }

    /// The least key that is greater than all keys with this prefix; nothing if there is none.
    pub fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
        let last = prefix.iter().rposition(|byte| *byte < u8::MAX)?;
        let mut end = prefix[..=last].to_vec();
        end[last] += 1;
        Some(end)
    }
}

/// The entries of a range that are still to come. Keeps the tree that it was made of.
#[derive(Clone, Debug)]
pub struct Range {
    /// From the top of the tree down to where the next entry is: pages, and places in them.
    path: Vec<(Arc<Page>, usize)>,
    to: Option<Box<[u8]>>,
}

impl Range {
    pub(super) fn new(top: Option<Arc<Page>>, range: KeyRange<'_>) -> Range {
        let mut path = Vec::new();
        let mut next = top;
        while let Some(page) = next.take() {
            let at = match &*page {
                Page::Entries(entries) => entries.partition_point(|entry| entry.key() < range.from),
                Page::Pages(_, pages) => {
                    let behind = pages.partition_point(|child| child.first.key() <= range.from);
                    let within = behind.saturating_sub(1);
                    next = pages.get(within).map(|child| child.page.clone());
                    within + 1
                }
            };
            path.push((page, at));
        }
        Range { path, to: range.to.map(Box::from) }
    }
}

impl Iterator for Range {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let (page, at) = self.path.last_mut()?;
            let here = *at;
            *at += 1;
            let below = match &**page {
                Page::Entries(entries) => match entries.get(here) {
                    Some(entry) if self.to.as_ref().is_none_or(|to| entry.key() < &**to) => {
                        return Some(entry.clone());
                    }
                    Some(_) => {
                        self.path.clear();
                        return None;
                    }
                    None => None,
                },
                Page::Pages(_, pages) => pages.get(here).map(|child| child.page.clone()),
            };
            match below {
                Some(page) => self.path.push((page, 0)),
                None => {
                    self.path.pop();
                }
            }
        }
    }
}
