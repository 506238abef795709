//! Records of a file that were refused: told one by one as far as somebody may read them, then counted.

use super::progress::Progress;
use merkle_kv_core::console::printable;

/// Refused records that are told one by one.
const MAX_TOLD: u64 = 20;

pub(super) struct Refusals {
    file: String,
    count: u64,
    /// Whether one is enough.
    stop_on_error: bool,
}

impl Refusals {
    pub(super) fn new(file: &str, stop_on_error: bool) -> Refusals {
        Refusals { file: file.to_owned(), count: 0, stop_on_error }
    }

    /// Whether the next one is told.
    pub(super) fn tells(&self) -> bool {
        self.count < MAX_TOLD
    }

    /// Tells that the record at this line was refused.
    pub(super) fn tell(&mut self, line: u64, reason: &str, progress: &Progress) {
        if self.tells() {
            let told = format!("{}:{line}: {reason}", self.file);
            progress.tell(&printable(told.as_bytes()));
        }
        self.count += 1;
    }

    /// Tells how many were not told.
    pub(super) fn tell_rest(&self, progress: &Progress) {
        let untold = self.count.saturating_sub(MAX_TOLD);
        if untold > 0 {
            progress.tell(&format!("{}: and {untold} more", self.file));
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Whether the import ends because of them.
    pub(super) fn are_enough(&self) -> bool {
        self.stop_on_error && self.count > 0
    }
}
