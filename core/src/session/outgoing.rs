//! What one turn has to send: records first, then entries, made into frames only when the wire has
//! room for them.

use super::frame::Frame;
use super::records::{Place, Record};
use crate::entry::Entry;
use crate::merkle::{Range, Tree};
use crate::wire_entry::encoded_bytes_at_most;
use std::collections::VecDeque;
use std::vec;

/// Where a frame of records or of entries is closed, in bytes: one more record or entry of the
/// usual size still fits.
pub(super) const FULL_BYTES: usize = 24 << 10;

/// Entries to send.
#[derive(Debug)]
pub(super) enum Source {
    These(vec::IntoIter<Entry>),
    AllOf(Range),
}

/// A turn that is being prepared and sent.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    frames: VecDeque<Frame>,
    records: VecDeque<Vec<u8>>,
    place: Place,
    sources: VecDeque<Source>,
    /// One that was too large for a frame with others.
    large: Option<Entry>,
    /// Whether the turn asks something, so that an answer is to come.
    asks: bool,
}

impl Outgoing {
    pub(super) fn frame(&mut self, frame: Frame) {
        self.frames.push_back(frame);
    }

    pub(super) fn record(&mut self, record: &Record) {
        self.asks = true;
        if self.records.back().is_none_or(|last| last.len() >= FULL_BYTES) {
            self.records.push_back(Vec::new());
        }
        if let Some(last) = self.records.back_mut() {
            record.write(&mut self.place, last);
        }
    }

    pub(super) fn entries(&mut self, entries: Vec<Entry>) {
        if !entries.is_empty() {
            self.sources.push_back(Source::These(entries.into_iter()));
        }
    }

    pub(super) fn all_of(&mut self, range: Range) {
        self.sources.push_back(Source::AllOf(range));
    }

    pub(super) fn is_empty(&self) -> bool {
        let no_entries = self.sources.is_empty() && self.large.is_none();
        self.frames.is_empty() && self.records.is_empty() && no_entries
    }

    pub(super) fn asks(&self) -> bool {
        self.asks
    }

    /// The next frame. An entry is left out if `merged` has a later one of its key, which then
    /// came from the peer.
    pub(super) fn next(&mut self, merged: &Tree) -> Option<Frame> {
        if let Some(frame) = self.frames.pop_front() {
            return Some(frame);
        }
        if let Some(records) = self.records.pop_front() {
            return Some(Frame::Records(records));
        }
        if let Some(large) = self.large.take() {
            return Some(Frame::Entries(vec![large]));
        }
        let mut entries = Vec::new();
        let mut bytes = 0;
        while bytes < FULL_BYTES
            && let Some(source) = self.sources.front_mut()
        {
            let next = match source {
                Source::These(entries) => entries.next(),
                Source::AllOf(range) => range.next(),
            };
            match next {
                None => {
                    self.sources.pop_front();
                }
                Some(entry) => {
                    let now = merged.get(entry.key());
                    if now.is_some_and(|now| now.version() == entry.version()) {
                        let more = encoded_bytes_at_most(&entry);
                        if more > FULL_BYTES && !entries.is_empty() {
                            self.large = Some(entry);
                            break;
                        }
                        bytes += more;
                        entries.push(entry);
                    }
                }
            }
        }
        (!entries.is_empty()).then_some(Frame::Entries(entries))
    }
}
