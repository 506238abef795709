//! Takes the value of a row out of what was written, with the default where nobody wrote one, and
//! reports what is no good. Knows no key by name.

use super::kinds::{Kind, Refusal};
use super::problem::{Cause, Place, Report};
use super::raw::{Raw, Written};
use super::row::{Absent, Key};

/// Takes typed values out of what was written, and reports those that are no good.
pub(super) struct Reader<'a> {
    /// What was written.
    pub(super) raw: &'a Raw,
    /// Where it is told what is no good.
    pub(super) report: &'a mut Report,
}

impl Reader<'_> {
    /// The value of a key that has one in any case; `None` is a mistake.
    pub(super) fn value<K: Kind>(&mut self, key: &Key<K>) -> Option<K::Value> {
        if let Some(value) = self.optional(key)? {
            return Some(value);
        }
        match &key.about.absent {
            Absent::Default(value) => self.accept(key, value, self.report.file()),
            Absent::Unset(example) | Absent::Required(example) => {
                let example = super::print::literal(example, str::to_owned);
                self.missing(key, &format!("write {} = {example}", key.about.name));
                None
            }
        }
    }

    /// The value that somebody wrote; the outer `None` is a mistake, the inner one that nobody did.
    pub(super) fn optional<K: Kind>(&mut self, key: &Key<K>) -> Option<Option<K::Value>> {
        let raw = self.raw;
        let mut last = Some(None);
        for entry in raw.entries(&key.about) {
            last = match &entry.value {
                Some(written) => self.accept(key, written, entry.place.clone()).map(Some),
                None => Some(None),
            };
        }
        last
    }

    fn accept<K: Kind>(&mut self, key: &Key<K>, written: &Written, at: Place) -> Option<K::Value> {
        let refusal = match key.kind.read(written) {
            Ok(value) => return Some(value),
            Err(refusal) => refusal,
        };
        let expected = key.kind.expected();
        let cause = match refusal {
            Refusal::Unexpected => Cause::Refused { found: written.found(&key.about), expected },
            Refusal::Element(index) => {
                let element = written.list().ok().and_then(|list| list.get(index));
                let found = element.unwrap_or(written).found(&key.about);
                Cause::Refused { found: format!("{found} as element {}", index + 1), expected }
            }
            Refusal::Credentials => Cause::Credentials,
        };
        self.report.add(at, Some(key.about.path()), cause);
        None
    }

    /// Whether anybody wrote a key, in the file or the environment.
    pub(super) fn wrote<K: Kind>(&self, key: &Key<K>) -> bool {
        self.raw.entries(&key.about).next().is_some()
    }

    /// Reports a key that nobody wrote, unless the file is so broken that somebody may have.
    pub(super) fn missing<K: Kind>(&mut self, key: &Key<K>, advice: &str) {
        if !self.raw.damaged {
            let cause = Cause::Missing { advice: advice.to_owned() };
            self.report.add(self.report.file(), Some(key.about.path()), cause);
        }
    }

    /// Reports a key whose value is good in itself, where it was written last.
    pub(super) fn report_at<K: Kind>(&mut self, key: &Key<K>, cause: Cause) {
        let last = self.raw.entries(&key.about).last();
        let place = last.map_or_else(|| self.report.file(), |entry| entry.place.clone());
        self.report.add(place, Some(key.about.path()), cause);
    }
}
