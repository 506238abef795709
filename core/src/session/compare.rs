//! Compares the pinned tree with what the peer tells of its own, and decides how each part that
//! differs is looked at next.

use super::align::align;
use super::error::SessionError;
use super::key::DigestKey;
use super::outgoing::Outgoing;
use super::records::{MAX_PLACES, MAX_RUNS, Place, Reader, Record, Width, place};
use crate::entry::Entry;
use crate::merkle::{Digest, KeyRange, Priority, Run, Tree};
use std::ops::Range;

/// Into how many runs everything is cut first. Fewer make the first message shorter and the second
/// longer; chosen with the next two by trying, for a million keys and 1 to 10,000 differences.
const FIRST_RUNS: u64 = 150;

/// How many times shorter the runs of the second cut are.
const SECOND_CUT: u64 = 32;

/// Entries in the shortest runs, on average: a shorter list costs more cuts.
const SHORTEST_MEAN: u64 = 14;

/// Runs of so few entries are listed at once.
const SHORT: u32 = 32;

/// Once runs are as short as they get, one is listed unless it is longer than this. The chance of
/// such a one is below 2^-50.
const LONG: u32 = 512;

/// The longest list of a part of which the peer has many times more.
const LONG_LIST: u32 = 4096;

/// Many times.
const MANY: usize = 4;

/// A range of keys, told by entries of the pinned tree.
#[derive(Clone, Debug)]
struct Segment {
    from: Option<Entry>,
    to: Option<Entry>,
}

impl Segment {
    const WHOLE: Segment = Segment { from: None, to: None };

    fn range(&self) -> KeyRange<'_> {
        KeyRange {
            from: self.from.as_ref().map_or(&[], |entry| entry.key()),
            to: self.to.as_ref().map(|entry| entry.key()),
        }
    }
}

/// A part that differs: what it is here, and which runs of the peer's cut it is there.
struct Difference {
    segment: Segment,
    leaves: u32,
    own_runs: usize,
    theirs: Range<usize>,
}

/// How a difference is looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Send a digest of every entry.
    List,
    /// Send digests of shorter runs.
    Cut,
    /// Hardly anything is common: send everything, and ask for everything.
    Exchange,
}

/// The state of a comparison.
#[derive(Debug)]
pub(super) struct Comparison {
    pinned: Tree,
    key: DigestKey,
    /// What this side cut and listed in its last turn, which the peer's records speak of, and what
    /// it cuts and lists in the turn that it prepares.
    said: Said,
    saying: Said,
    /// How far the peer's turn has come, and how many runs and lists of it were read.
    place: Place,
    their_runs: usize,
    their_lists: usize,
}

#[derive(Debug, Default)]
struct Said {
    runs: Vec<Segment>,
    lists: Vec<Segment>,
}

impl Comparison {
    pub(super) fn new(pinned: Tree, key: DigestKey) -> Comparison {
        // Before anybody has cut anything, there is one run: everything.
        let said = Said { runs: vec![Segment::WHOLE], lists: Vec::new() };
        Comparison {
            pinned,
            key,
            said,
            saying: Said::default(),
            place: Place::default(),
            their_runs: 0,
            their_lists: 0,
        }
    }

    /// Begins with everything, of which the peer has so many entries.
    pub(super) fn open(&mut self, their_leaves: u64, out: &mut Outgoing) {
        let leaves = self.pinned.totals().leaves;
        let everything = Difference { segment: Segment::WHOLE, leaves, own_runs: 1, theirs: 0..1 };
        let few = leaves <= LONG_LIST && u64::from(leaves) * MANY as u64 <= their_leaves;
        if their_leaves == 0 {
            out.all_of(self.pinned.range(KeyRange::ALL));
        } else if leaves <= SHORT || few {
            self.list(&everything, out);
        } else {
            let mean = (u64::from(leaves) / FIRST_RUNS).max(SHORTEST_MEAN);
            self.cut(&everything, Width::Wide, mean, out);
        }
    }

    /// Takes in records of the peer's turn.
    pub(super) fn read(&mut self, records: &[u8], out: &mut Outgoing) -> Result<(), SessionError> {
        let (runs, lists) = (self.said.runs.len(), self.said.lists.len());
        let mut reader = Reader::new(records);
        while let Some(record) = reader.next(&mut self.place, runs, lists)? {
            match record {
                Record::Cut { of, width, mean, tags, digests } => {
                    self.read_cut(of, width, mean, &tags, &digests, out);
                }
                Record::List { of, digests } => self.read_list(of, &digests, out),
                Record::Wish { list, wanted } => self.read_wish(list, &wanted, out),
            }
        }
        Ok(())
    }

    /// This side's turn is over: the peer's next records speak of it.
    pub(super) fn turn_is_over(&mut self) {
        // A turn of greetings leaves it at the one run that there is before the first cut.
        if !(self.saying.runs.is_empty() && self.saying.lists.is_empty()) {
            self.said = std::mem::take(&mut self.saying);
        }
        self.place = Place::default();
        (self.their_runs, self.their_lists) = (0, 0);
    }

    fn read_cut(
        &mut self,
        of: Range<usize>,
        width: Width,
        mean: u64,
        tags: &[u64],
        digests: &[u64],
        out: &mut Outgoing,
    ) {
        let base = self.their_runs;
        self.their_runs += digests.len();
        let segment = self.said_run(of);
        if digests.is_empty() {
            return out.all_of(self.pinned.range(segment.range()));
        }
        let mut differences = Vec::new();
        let runs = self.runs(&segment, mean);
        let own_tags: Vec<u64> =
            runs.iter().skip(1).map(|run| width.tag(run.separator.0)).collect();
        for pair in align(&own_tags, tags, (runs.len(), digests.len())) {
            let is_equal = matches!(
                (&runs[pair.own.clone()], &digests[pair.theirs.clone()]),
                ([run], [digest]) if width.digest(self.key.short(&run.digest)) == *digest
            );
            if !is_equal {
                let Range { start, end: behind } = pair.own;
                differences.push(Difference {
                    segment: Segment {
                        from: begin(&runs, start, &segment),
                        to: end(&runs, behind, &segment),
                    },
                    leaves: runs[pair.own.clone()].iter().map(|run| run.leaves).sum(),
                    own_runs: pair.own.len(),
                    theirs: base + pair.theirs.start..base + pair.theirs.end,
                });
            }
        }
        self.answer(differences, width, mean, out);
    }

    fn answer(
        &mut self,
        differences: Vec<Difference>,
        width: Width,
        mean: u64,
        out: &mut Outgoing,
    ) {
        let mut lists: Option<Difference> = None;
        for difference in differences {
            let next = difference.next(mean);
            if next == Next::List
                && let Some(last) = &mut lists
                && last.theirs.end == difference.theirs.start
                && last.leaves + difference.leaves <= LONG_LIST
            {
                // Neighbours make one list, with one head.
                last.segment.to = difference.segment.to;
                last.leaves += difference.leaves;
                last.theirs.end = difference.theirs.end;
                continue;
            }
            if let Some(list) = lists.take() {
                self.list(&list, out);
            }
            match next {
                Next::List => lists = Some(difference),
                Next::Cut => {
                    let shorter = match width {
                        Width::Wide => (mean / SECOND_CUT).max(SHORTEST_MEAN),
                        Width::Narrow => SHORTEST_MEAN,
                    };
                    self.cut(&difference, Width::Narrow, shorter, out);
                }
                Next::Exchange => {
                    out.all_of(self.pinned.range(difference.segment.range()));
                    let Difference { segment, theirs: of, .. } = difference;
                    self.saying.lists.push(segment);
                    out.record(&Record::List { of, digests: Vec::new() });
                }
            }
        }
        if let Some(list) = lists {
            self.list(&list, out);
        }
    }

    fn cut(&mut self, part: &Difference, width: Width, mean: u64, out: &mut Outgoing) {
        // A cut has to fit a record; half of the room is left for chance.
        let mean = mean.max(u64::from(part.leaves) / (MAX_RUNS as u64 / 2));
        let mut runs = self.pinned.runs(part.segment.range(), Priority::reached_by_one_in(mean));
        runs.truncate(MAX_RUNS);
        for at in 0..runs.len() {
            let from = begin(&runs, at, &part.segment);
            let to = end(&runs, at + 1, &part.segment);
            self.saying.runs.push(Segment { from, to });
        }
        let tags = runs.iter().skip(1).map(|run| width.tag(run.separator.0)).collect();
        let digest = |run: &Run| width.digest(self.key.short(&run.digest));
        let digests = runs.iter().map(digest).collect();
        out.record(&Record::Cut { of: part.theirs.clone(), width, mean, tags, digests });
    }

    fn list(&mut self, part: &Difference, out: &mut Outgoing) {
        let entries = self.pinned.range(part.segment.range()).take(MAX_PLACES);
        let digests = entries.map(|entry| self.place_of(&entry)).collect();
        self.saying.lists.push(part.segment.clone());
        out.record(&Record::List { of: part.theirs.clone(), digests });
    }

    fn read_list(&mut self, of: Range<usize>, digests: &[u64], out: &mut Outgoing) {
        let list = self.their_lists;
        self.their_lists += 1;
        let segment = self.said_run(of);
        let own = self.pinned.range(segment.range());
        if digests.is_empty() {
            return out.all_of(own);
        }
        let mut theirs: Vec<(u64, usize)> =
            digests.iter().enumerate().map(|(at, digest)| (*digest, at)).collect();
        theirs.sort_unstable();
        let mut is_here = vec![false; digests.len()];
        let mut lacking = Vec::new();
        for entry in own {
            let digest = self.place_of(&entry);
            match theirs.binary_search_by_key(&digest, |(digest, _)| *digest) {
                Ok(found) => is_here[theirs[found].1] = true,
                Err(_) => lacking.push(entry),
            }
        }
        let wanted: Vec<usize> = (0..digests.len()).filter(|at| !is_here[*at]).collect();
        if !wanted.is_empty() {
            out.record(&Record::Wish { list, wanted });
        }
        out.entries(lacking);
    }

    fn read_wish(&mut self, list: usize, wanted: &[usize], out: &mut Outgoing) {
        let segment = &self.said.lists[list];
        let mut wanted = wanted.iter().peekable();
        let places = self.pinned.range(segment.range()).enumerate();
        let is_wanted = |(at, _): &(usize, Entry)| wanted.next_if_eq(&at).is_some();
        out.entries(places.take(MAX_PLACES).filter(is_wanted).map(|(_, entry)| entry).collect());
    }

    /// The runs of a part of this side, as the peer has cut it; the part as one run if that would be
    /// far more runs than the peer can have.
    fn runs(&self, segment: &Segment, mean: u64) -> Vec<Run> {
        let leaves = u64::from(self.pinned.totals_of(segment.range()).leaves);
        let too_many = leaves / mean.max(1) > 16 * MAX_RUNS as u64;
        let mean = if too_many { u64::MAX } else { mean };
        self.pinned.runs(segment.range(), Priority::reached_by_one_in(mean))
    }

    fn said_run(&self, of: Range<usize>) -> Segment {
        let runs = &self.said.runs[of];
        let (first, last) = (runs.first(), runs.last());
        Segment {
            from: first.and_then(|run| run.from.clone()),
            to: last.and_then(|run| run.to.clone()),
        }
    }

    fn place_of(&self, entry: &Entry) -> u64 {
        place(self.key.short(&Digest::leaf(entry)))
    }
}

/// Where a run begins. The first begins with its segment: the peer may have lesser keys in it.
fn begin(runs: &[Run], at: usize, segment: &Segment) -> Option<Entry> {
    if at == 0 { segment.from.clone() } else { end(runs, at, segment) }
}

/// Where the run before this one ends.
fn end(runs: &[Run], at: usize, segment: &Segment) -> Option<Entry> {
    runs.get(at).map_or_else(|| segment.to.clone(), |run| Some(run.first.clone()))
}

impl Difference {
    /// `mean` is that of the cut which showed it.
    fn next(&self, mean: u64) -> Next {
        let Difference { leaves, own_runs, theirs, .. } = self;
        let shortest = mean <= 2 * SHORTEST_MEAN;
        let has_few = theirs.len() >= MANY * own_runs;
        let has_many = *own_runs >= MANY * theirs.len();
        let is_listed =
            *leaves <= SHORT || (shortest && *leaves <= LONG) || (has_few && *leaves <= LONG_LIST);
        let nothing_common = *own_runs >= MANY && theirs.len() >= MANY;
        if is_listed {
            Next::List
        } else if nothing_common || (shortest && !has_many) {
            Next::Exchange
        } else {
            Next::Cut
        }
    }
}
