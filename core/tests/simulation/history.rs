//! What an onlooker knows who saw everything: which writes were acknowledged, what each node has
//! promised, what may have been given up. Tells a right outcome from a wrong one.

use merkle_kv_core::clock::{Hlc, UnixMillis};
use merkle_kv_core::entry::{Entry, Kind};
use merkle_kv_core::registers::Registers;
use merkle_kv_core::version::{NodeId, Version};
use std::collections::{BTreeMap, BTreeSet};

/// Why a schedule fails.
#[derive(Debug)]
pub(crate) struct Violation(pub(crate) String);

pub(crate) type Checked<T = ()> = Result<T, Violation>;

/// Fails with a sentence unless the condition holds.
pub(crate) fn ensure(holds: bool, sentence: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Violation(sentence())) }
}

/// One version of a key that was issued.
#[derive(Clone, Debug)]
struct Write {
    entry: Entry,
    is_acknowledged: bool,
    /// The version whose value this one repeats.
    again: Option<Version>,
}

/// Everything that was written.
#[derive(Debug, Default)]
pub(crate) struct History {
    writes: BTreeMap<Box<[u8]>, Vec<Write>>,
    flushes: Vec<(Version, bool)>,
    /// What members set aside as deleted long ago.
    given_up: BTreeSet<(Box<[u8]>, Version)>,
    /// The greatest watermark that was raised while some node was not counted: what such a node
    /// wrote up to here, or kept, may be given up.
    excused: Hlc,
    /// Versions that were written again, as their writers were unknown to those who refused them.
    unheard: BTreeSet<Version>,
    /// Up to when each node was left out by some watermark: what it deleted may not be known.
    away: BTreeMap<NodeId, Hlc>,
    /// How late it has been by the clock that was furthest ahead.
    latest: UnixMillis,
}

impl History {
    pub(crate) fn issued(&mut self, entry: &Entry, again: Option<Version>) {
        let write = Write { entry: entry.clone(), is_acknowledged: false, again };
        self.writes.entry(entry.key().into()).or_default().push(write);
    }

    pub(crate) fn acknowledge(&mut self, key: &[u8], version: Version) {
        let writes = self.writes.get_mut(key).into_iter().flatten();
        for write in writes.filter(|write| write.entry.version() == version) {
            write.is_acknowledged = true;
        }
    }

    pub(crate) fn flushed(&mut self, flush: Version) {
        self.flushes.push((flush, false));
    }

    pub(crate) fn acknowledge_flush(&mut self, flush: Version) {
        self.flushes.iter_mut().filter(|(version, _)| *version == flush).for_each(|(_, done)| {
            *done = true;
        });
    }

    pub(crate) fn tell_time(&mut self, now: UnixMillis) {
        self.latest = self.latest.max(now);
    }

    /// Whether some node may have made a tombstone of it, by its clock.
    fn may_have_expired(&self, entry: &Entry) -> bool {
        entry.is_expired(self.latest)
    }

    fn may_be_tombstone(&self, entry: &Entry) -> bool {
        entry.kind() == Kind::Tombstone || self.may_have_expired(entry)
    }

    pub(crate) fn unheard(&mut self, version: Version) {
        self.unheard.insert(version);
    }

    /// A watermark is raised without this node.
    pub(crate) fn excuse(&mut self, node: NodeId, watermark: Hlc) {
        self.excused = self.excused.max(watermark);
        let away = self.away.entry(node).or_default();
        *away = (*away).max(watermark);
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.writes.keys().map(|key| &**key)
    }

    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.writes.contains_key(key)
    }

    /// A member gives an entry up: it must have been away, or the entry deleted.
    pub(crate) fn gives_up(&mut self, entry: &Entry, registers: Registers) -> Checked {
        let version = entry.version();
        let is_deleted = self.is_overwritten(entry.key(), version, registers.flush);
        let may_be_gone = is_deleted || self.may_have_expired(entry);
        ensure(may_be_gone || version.hlc <= self.excused, || {
            format!("{entry:?} is given up, and nobody was away; excused {}", self.excused)
        })?;
        self.given_up.insert((entry.key().into(), version));
        Ok(())
    }

    /// Whether something acknowledged is above this version of the key.
    fn is_overwritten(&self, key: &[u8], version: Version, flush: Version) -> bool {
        let writes = self.writes.get(key).into_iter().flatten();
        version <= flush
            || writes
                .filter(|write| write.is_acknowledged)
                .any(|write| write.entry.version() > version)
    }

    /// What a node holds of a key when all members are said to hold everything up to here.
    pub(crate) fn check_up_to(
        &self,
        watermark: Hlc,
        key: &[u8],
        held: Option<&Entry>,
        flush: Version,
    ) -> Checked {
        // What somebody wrote who was away at the time is not known here.
        let counts = |version: Version| version.hlc <= watermark && version.hlc > self.excused;
        let due = self.due(key, flush, counts);
        let Some(due) = due else { return Ok(()) };
        let has_it = match held {
            Some(held) => held.version() >= due.entry.version(),
            None => self.may_be_gone(key, due, Hlc::from_raw(u64::MAX)),
        };
        ensure(has_it, || format!("a member lacks {:?}, at or below {watermark}", due.entry))
    }

    /// What is left of a key at the end, everywhere.
    pub(crate) fn check_survivor(
        &self,
        key: &[u8],
        held: Option<&Entry>,
        registers: Registers,
    ) -> Checked {
        let Registers { flush, watermark, .. } = registers;
        let due = self.due(key, flush, |_| true);
        match (held, due) {
            (None, None) => Ok(()),
            (None, Some(due)) => ensure(self.may_be_gone(key, due, watermark), || {
                format!("{:?} was acknowledged and is lost", due.entry)
            }),
            (Some(held), due) => {
                self.check_origin(held)?;
                let least = due.map_or(flush, |due| due.entry.version());
                ensure(held.version() >= least, || {
                    format!("{held:?} is left of what {due:?} has overwritten")
                })
            }
        }
    }

    /// What is held must have been written, and nothing may come back that was deleted.
    fn check_origin(&self, held: &Entry) -> Checked {
        let writes = self.writes.get(held.key()).map(Vec::as_slice).unwrap_or_default();
        let find = |version| writes.iter().find(|write| write.entry.version() == version);
        // A version that a power cut took, and that nobody else knows, may be issued once more.
        let is_it = |entry: &Entry| {
            entry == held || self.may_have_expired(entry) && entry.expired() == *held
        };
        let write = writes.iter().find(|write| is_it(&write.entry));
        let Some(mut write) = write else {
            return Err(Violation(format!("{held:?} was never written")));
        };
        let last = write.entry.version();
        while let Some(earlier) = write.again.and_then(find) {
            write = earlier;
        }
        let first = write.entry.version();
        let between = |version: Version| version > first && version < last;
        let deleted = writes.iter().find(|write| {
            write.is_acknowledged && write.again.is_none() && between(write.entry.version())
        });
        let flushed = self.flushes.iter().any(|(flush, done)| *done && between(*flush));
        // What one who was away wrote need not have been heard by those who took it for deleted.
        let is_away = self.is_left_out(first) || self.unheard.contains(&first);
        let is_unheard = deleted.is_none_or(|write| self.is_excused_delete(&write.entry));
        ensure(last == first || is_away || is_unheard && !flushed, || {
            format!("{held:?}, first written at {first}, came back in spite of {deleted:?}")
        })
    }

    /// The greatest version that has to be there.
    fn due(&self, key: &[u8], flush: Version, counts: impl Fn(Version) -> bool) -> Option<&Write> {
        let writes = self.writes.get(key).into_iter().flatten();
        // What is given up takes along what it had overwritten.
        let given_up = self.given_up.range((key.into(), Version::ZERO)..);
        let given_up = given_up.take_while(|(of, _)| **of == *key).map(|(_, version)| *version);
        let deletes = writes.clone().map(|write| &write.entry);
        let deletes = deletes.filter(|entry| self.is_excused_delete(entry));
        let lost = given_up.chain(deletes.map(Entry::version)).max().unwrap_or_default();
        writes
            .filter(|write| {
                let version = write.entry.version();
                write.is_acknowledged
                    && version > flush
                    && counts(version)
                    && (version > lost || version.hlc > self.excused)
            })
            .max_by_key(|write| write.entry.version())
    }

    /// Whether this is a tombstone of one who was away, at or below the watermark of the others.
    fn is_excused_delete(&self, entry: &Entry) -> bool {
        self.may_be_tombstone(entry) && self.is_left_out(entry.version())
    }

    /// Whether a watermark was raised above this version without its writer.
    pub(crate) fn is_left_out(&self, version: Version) -> bool {
        self.away.get(&version.node).is_some_and(|away| version.hlc <= *away)
    }

    /// Whether a tombstone that is forgotten by now has taken it along.
    fn may_be_gone(&self, key: &[u8], due: &Write, watermark: Hlc) -> bool {
        let writes = self.writes.get(key).into_iter().flatten();
        writes.map(|write| &write.entry).any(|entry| {
            let version = entry.version();
            self.may_be_tombstone(entry)
                && version >= due.entry.version()
                && version.hlc <= watermark
        })
    }

    /// Every flush that was acknowledged holds in the end.
    pub(crate) fn check_flush(&self, registers: Registers) -> Checked {
        let latest = self.flushes.iter().filter(|(_, done)| *done).map(|(flush, _)| *flush).max();
        ensure(latest <= Some(registers.flush), || format!("the flush {latest:?} is lost"))?;
        let is_known = self.flushes.iter().any(|(flush, _)| *flush == registers.flush);
        ensure(is_known || registers.flush == Version::ZERO, || {
            format!("nobody flushed at {}", registers.flush)
        })
    }
}
