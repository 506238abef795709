//! When the first of some entries is over, and which of a tree's entries are. Every page knows the
//! former of its subtree, so that the latter costs nothing where nothing is over.

use super::page::{Child, Page};
use super::range::KeyRange;
use super::tree::Tree;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use std::slice;

/// The least expiry of some entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FirstExpiry(UnixMillis);

impl FirstExpiry {
    /// Of entries that all stay.
    pub(crate) const NEVER: FirstExpiry = FirstExpiry(UnixMillis(u64::MAX));

    pub(crate) fn of(entry: &Entry) -> FirstExpiry {
        entry.expires_at().map_or(FirstExpiry::NEVER, FirstExpiry)
    }

    pub(super) fn of_entries(entries: &[Entry]) -> FirstExpiry {
        entries.iter().map(FirstExpiry::of).min().unwrap_or(FirstExpiry::NEVER)
    }

    /// The time; nothing if there is none.
    pub(crate) fn time(self) -> Option<UnixMillis> {
        (self != FirstExpiry::NEVER).then_some(self.0)
    }

    fn is_over(self, now: UnixMillis) -> bool {
        self.time().is_some_and(|at| at <= now)
    }
}

impl Tree {
    /// When the first of its values is over; costs nothing.
    pub(crate) fn first_expiry(&self) -> FirstExpiry {
        self.top().map_or(FirstExpiry::NEVER, |top| top.first_expiry)
    }

    /// The entries of a range that are over at this time, in byte order of their keys. Parts of the
    /// tree in which there are none are not looked at.
    pub fn expired<'a>(&'a self, range: KeyRange<'a>, now: UnixMillis) -> Expired<'a> {
        let mut path = Vec::new();
        let mut next = self.top().filter(|top| top.first_expiry.is_over(now));
        while let Some(child) = next.take() {
            let level = match &*child.page {
                Page::Entries(entries) => {
                    let before = entries.partition_point(|entry| entry.key() < range.from);
                    Level::Entries(entries[before..].iter())
                }
                Page::Pages(_, pages) => {
                    let behind = pages.partition_point(|page| page.first.key() <= range.from);
                    let (within, behind) = pages.split_at(behind);
                    next = within.last().filter(|page| page.first_expiry.is_over(now));
                    Level::Pages(behind.iter())
                }
            };
            path.push(level);
        }
        Expired { path, to: range.to, now }
    }
}

/// The entries that are over, of those still to come.
#[derive(Clone, Debug)]
pub struct Expired<'a> {
    /// From the top of the tree down to where the next entry is.
    path: Vec<Level<'a>>,
    to: Option<&'a [u8]>,
    now: UnixMillis,
}

/// What is still to come of a page.
#[derive(Clone, Debug)]
enum Level<'a> {
    Entries(slice::Iter<'a, Entry>),
    Pages(slice::Iter<'a, Child>),
}

impl<'a> Iterator for Expired<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<&'a Entry> {
        let Expired { path, to, now } = self;
        loop {
            match path.last_mut()? {
                Level::Entries(entries) => match entries.find(|entry| entry.is_expired(*now)) {
                    Some(entry) if to.is_none_or(|to| entry.key() < to) => return Some(entry),
                    Some(_) => path.clear(),
                    None => drop(path.pop()),
                },
                Level::Pages(pages) => match pages.find(|page| page.first_expiry.is_over(*now)) {
                    Some(page) => path.push(match &*page.page {
                        Page::Entries(entries) => Level::Entries(entries.iter()),
                        Page::Pages(_, pages) => Level::Pages(pages.iter()),
                    }),
                    None => drop(path.pop()),
                },
            }
        }
    }
}
