//! Edits many keys at once: from the top down to the pages that change, and up again, where pages
//! that lost their first key join the one before, and pages that got a key of high priority are
//! cut. A page that no snapshot holds is changed in place, any other is copied; untouched pages are
//! shared with the tree as it was.

use super::expiry::FirstExpiry;
use super::page::{Child, Page};
use super::seed::{Priority, TreeSeed};
use super::tree::Edit;
use crate::entry::Entry;
use crate::pace::{Cost, Pace};
use std::hint::black_box;
use std::sync::Arc;

/// The top of the tree after edits, which are in byte order and name each key once.
pub(super) fn edit_top(
    seed: TreeSeed,
    top: Option<Child>,
    edits: &[Edit],
    pace: &mut Pace<'_>,
) -> Option<Child> {
    let mut editor = Editor { seed, pace };
    let (mut pages, mut height) = match top {
        None => (editor.edited_entries(&[], edits), 0),
        Some(mut top) => {
            let height = top.page.height();
            let replaced = editor.edit(&mut top, edits);
            (replaced.unwrap_or_else(|| vec![top]), height)
        }
    };
    while pages.len() > 1 {
        height += 1;
        pages = cut(pages, height);
    }
    let mut top = pages.pop()?;
    while let [only] = top.page.pages() {
        top = only.clone();
    }
    Some(top)
}

struct Editor<'a, 'p> {
    seed: TreeSeed,
    pace: &'a mut Pace<'p>,
}

impl Editor<'_, '_> {
    /// Edits a page. If it still begins at the same key and is still one page, that is all.
    /// Otherwise gives the pages of the same height that take its place: all but the first begin
    /// where such a page may; the first may have lost the key that let it.
    fn edit(&mut self, child: &mut Child, edits: &[Edit]) -> Option<Vec<Child>> {
        self.pace.done(Cost::PAGE);
        let replaced = match Arc::make_mut(&mut child.page) {
            Page::Entries(entries) => match replace_values(entries, edits) {
                Some(replaced) => {
                    child.has_other_values(replaced);
                    return None;
                }
                None => Some(self.edited_entries(entries, edits)),
            },
            Page::Pages(height, pages) => {
                let height = *height;
                let edited = self.edit_pages(pages, height - 1, edits);
                edited.map(|pages| cut(pages, height))
            }
        };
        match replaced {
            None => child.has_changed(),
            Some(mut pages) => match pages.pop_if(|last| last.first.key() == child.first.key()) {
                Some(only) if pages.is_empty() => *child = only,
                last => {
                    pages.extend(last);
                    return Some(pages);
                }
            },
        }
        None
    }

    /// Edits neighbouring pages of one height. Nothing if each is still what and where it was,
    /// otherwise all pages in their place.
    fn edit_pages(
        &mut self,
        pages: &mut [Child],
        height: u8,
        edits: &[Edit],
    ) -> Option<Vec<Child>> {
        let mut replaced: Option<Vec<Child>> = None;
        let mut rest = edits;
        let mut at = 0;
        while at < pages.len() {
            // Keys are looked at one by one in memory that is seldom cached, so pages without an
            // edit are passed over by a binary search.
            let next = match rest.first() {
                Some(edit) => {
                    let after =
                        pages[at + 1..].partition_point(|page| page.first.key() <= edit.key());
                    at + after
                }
                None => pages.len(),
            };
            if let Some(replaced) = &mut replaced {
                for page in &pages[at..next] {
                    self.append(replaced, page.clone(), height);
                }
            }
            at = next;
            if at == pages.len() {
                break;
            }
            let here = match pages.get(at + 1) {
                Some(next) => leading(rest, next.first.key()),
                None => rest.len(),
            };
            let (edits, behind) = rest.split_at(here);
            rest = behind;
            match (self.edit(&mut pages[at], edits), &mut replaced) {
                (None, None) => {}
                (None, Some(replaced)) => self.append(replaced, pages[at].clone(), height),
                (Some(edited), replaced) => {
                    let replaced = replaced.get_or_insert_with(|| pages[..at].to_vec());
                    for page in edited {
                        self.append(replaced, page, height);
                    }
                }
            }
            at += 1;
        }
        replaced
    }

    fn edited_entries(&self, entries: &[Entry], edits: &[Edit]) -> Vec<Child> {
        let mut out = Vec::new();
        let mut page = Vec::with_capacity(entries.len() + 1);
        let mut add = |entry: Entry| {
            let begins = || self.seed.priority(entry.key()) >= Priority::begins_page(0);
            if !page.is_empty() && begins() {
                out.extend(Child::of_entries(self.seed, std::mem::take(&mut page)));
            }
            page.push(entry);
        };
        let mut edits = edits.iter().peekable();
        for entry in entries {
            while let Some(edit) = edits.next_if(|edit| edit.key() < entry.key()) {
                edit.put().into_iter().for_each(&mut add);
            }
            match edits.next_if(|edit| edit.key() == entry.key()) {
                Some(edit) => edit.put().into_iter().for_each(&mut add),
                None => add(entry.clone()),
            }
        }
        edits.filter_map(Edit::put).for_each(&mut add);
        out.extend(Child::of_entries(self.seed, page));
        out
    }

    /// Puts a page behind others of its height, or joins it with the last if no page may begin
    /// where it does.
    fn append(&self, pages: &mut Vec<Child>, page: Child, height: u8) {
        match pages.pop_if(|_| !page.begins_page(height)) {
            Some(last) => pages.extend(self.join(&last, &page, height)),
            None => pages.push(page),
        }
    }

    fn join(&self, left: &Child, right: &Child, height: u8) -> Option<Child> {
        if height == 0 {
            let entries = [left.page.entries(), right.page.entries()].concat();
            return Child::of_entries(self.seed, entries);
        }
        let mut pages = left.page.pages().to_vec();
        for page in right.page.pages() {
            self.append(&mut pages, page.clone(), height - 1);
        }
        Child::of_pages(height, pages)
    }
}

/// What replacing entries in place changes beside them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replaced {
    /// How many values there are more or, below zero, fewer.
    pub(super) more_values: i32,
    /// When the first of the entries that were replaced was over, and of those in their place.
    pub(super) before: FirstExpiry,
    pub(super) after: FirstExpiry,
}

/// If all edits give another entry to a key that is there, does that, which is the most frequent
/// case by far.
fn replace_values(entries: &mut [Entry], edits: &[Edit]) -> Option<Replaced> {
    if edits.len() > entries.len() {
        return None;
    }
    // Where entries are not cached, to look at all of them takes as long as to look at one.
    black_box(entries.iter().map(Entry::touched).sum::<usize>());
    let mut places = Vec::with_capacity(edits.len());
    for edit in edits {
        let Edit::Put(entry) = edit else { return None };
        let place = entries.binary_search_by(|held| held.key().cmp(entry.key())).ok()?;
        places.push((place, entry));
    }
    let mut replaced =
        Replaced { more_values: 0, before: FirstExpiry::NEVER, after: FirstExpiry::NEVER };
    for (place, entry) in places {
        let before = std::mem::replace(&mut entries[place], entry.clone());
        replaced.more_values +=
            i32::from(entry.value().is_some()) - i32::from(before.value().is_some());
        replaced.before = replaced.before.min(FirstExpiry::of(&before));
        replaced.after = replaced.after.min(FirstExpiry::of(entry));
    }
    Some(replaced)
}

/// How many of the edits, which are in order, are of keys before this one. Looks first where the
/// end most often is: close by.
fn leading(edits: &[Edit], before: &[u8]) -> usize {
    let mut step = 1;
    let mut from = 0;
    while let Some(edit) = edits.get(from + step - 1)
        && edit.key() < before
    {
        from += step;
        step *= 2;
    }
    let to = (from + step - 1).min(edits.len());
    from + edits[from..to].partition_point(|edit| edit.key() < before)
}

/// Gathers neighbouring pages into pages of this height.
fn cut(pages: Vec<Child>, height: u8) -> Vec<Child> {
    let mut out = Vec::new();
    let mut group: Vec<Child> = Vec::new();
    for page in pages {
        if !group.is_empty() && page.begins_page(height) {
            out.extend(Child::of_pages(height, std::mem::take(&mut group)));
        }
        group.push(page);
    }
    out.extend(Child::of_pages(height, group));
    out
}
