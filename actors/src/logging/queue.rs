//! The bounded queue between the threads that log and the one thread that writes.
//! Moves whole lines and counts what it could not take. Knows nothing of files or formats.

use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// Bytes of lines waiting to be written: about thirty thousand ordinary lines, which is seconds of
/// a burst at debug level, and little beside the memory a store is given. Counted in bytes and not
/// in lines so that long lines cannot multiply it.
pub(super) const QUEUE_BYTES: usize = 4 * 1024 * 1024;

/// Capacity an emptied buffer may keep, so that one burst is not paid for ever after.
const KEPT_CAPACITY: usize = 64 * 1024;

/// Lines on their way to the writing thread.
///
/// A caller holds the lock for the copy of one line and the writer for the swap of two buffers, so
/// nobody ever waits for the disk here. That swap is why this is not a channel: one allocation per
/// batch instead of one per line, and the limit in bytes.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Told when there is something to take, and when the queue is closed.
    filled: Condvar,
    /// Told when a batch has been written, or given up.
    settled: Condvar,
}

/// What the writer took out in one go.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Whole lines, in the order in which they came.
    pub(super) lines: Vec<u8>,
    /// Lines that found no room after those.
    pub(super) dropped: u64,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    /// Lines refused since the last take. While there are any, later lines are refused as well, so
    /// that the gap has one place: the end of the batch.
    gap: u64,
    /// Lines that were lost since the queue was made, here or in writing.
    dropped: u64,
    takes: u64,
    settles: u64,
    closed: bool,
}

impl Queue {
    pub(super) fn new() -> Self {
        Queue { state: Mutex::default(), filled: Condvar::new(), settled: Condvar::new() }
    }

    /// Takes `line`, which ends in its only `\n`, or counts it as dropped.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.closed || state.gap > 0 || state.lines.len() + line.len() > QUEUE_BYTES {
            state.gap += 1;
            state.dropped += 1;
            return;
        }
        state.lines.extend_from_slice(line);
        self.filled.notify_one();
    }

    /// Waits for lines and moves them all into `batch`, whose own buffer the queue goes on with.
    /// `false` when the queue is closed and empty.
    ///
    /// For one thread; it must answer each batch with [`Queue::settle`].
    pub(super) fn take(&self, batch: &mut Batch) -> bool {
        batch.lines.clear();
        batch.lines.shrink_to(KEPT_CAPACITY);
        let waiting = |state: &mut State| state.lines.is_empty() && !state.closed;
        let mut state =
            self.filled.wait_while(self.lock(), waiting).unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut state.lines, &mut batch.lines);
        batch.dropped = mem::take(&mut state.gap);
        if batch.lines.is_empty() {
            return false;
        }
        state.takes += 1;
        true
    }

    /// Says that the batch taken last is done with, and how many of its lines could not be written.
    pub(super) fn settle(&self, lost: u64) {
        let mut state = self.lock();
        state.settles += 1;
        state.dropped += lost;
        self.settled.notify_all();
    }

    /// Waits until all that was pushed before has been settled, at most `limit`.
    /// `false` when that was not enough.
    pub(super) fn wait_until_settled(&self, limit: Duration) -> bool {
        let state = self.lock();
        // What is pushed by now is in the batch being written or in the next one.
        let goal = state.takes + u64::from(!state.lines.is_empty());
        let (state, _) = self
            .settled
            .wait_timeout_while(state, limit, |state| state.settles < goal)
            .unwrap_or_else(PoisonError::into_inner);
        state.settles >= goal
    }

    /// Refuses all later lines and lets the writer end once it has taken those that are in.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_one();
    }

    /// Lines lost since the queue was made: refused here, or reported through [`Queue::settle`].
    pub(super) fn dropped(&self) -> u64 {
        self.lock().dropped
    }

    /// No holder of the lock can panic half-way through a change, so a poisoned lock is still sound.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
