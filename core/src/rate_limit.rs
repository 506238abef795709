//! Decides how often an event that strangers can cause may be reported.
//! Knows nothing of logging or of clocks: the caller passes the time and acts on the answer.

use std::time::Duration;

#[cfg(test)]
mod tests;

/// Lets at most `burst` events through in each window of `every`, and counts the rest.
///
/// One value guards one kind of event, for all who can cause it: a limit per stranger would let
/// strangers choose how much memory it takes. Not synchronised; where several threads report the
/// same event it lives in a `Mutex` (`new` is const, so a static works).
///
/// Time is a monotonic reading given as the distance from any fixed moment. A reading that goes
/// back never opens a window early.
#[derive(Debug)]
pub struct RateLimit {
    every: Duration,
    burst: u32,
    window: Option<Window>,
    suppressed: u64,
}

/// What [`RateLimit::check`] decided about one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Report it.
    Allow {
        /// Events held back since the last one that was allowed; belongs in the report.
        suppressed: u64,
    },
    /// Hold it back; it has been counted.
    Suppress,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    opened: Duration,
    used: u32,
}

impl RateLimit {
    /// Allows `burst` events, at least one, per `every`. The first window opens with the first event.
    #[must_use]
    pub const fn new(every: Duration, burst: u32) -> Self {
        RateLimit { every, burst, window: None, suppressed: 0 }
    }

    /// Decides about an event that happened at `now`.
    pub fn check(&mut self, now: Duration) -> Verdict {
        let window = match self.window {
            Some(window) if now.saturating_sub(window.opened) < self.every => window,
            Some(_) | None => Window { opened: now, used: 0 },
        };
        if window.used >= self.burst.max(1) {
            self.suppressed = self.suppressed.saturating_add(1);
            return Verdict::Suppress;
        }
        self.window = Some(Window { used: window.used + 1, ..window });
        Verdict::Allow { suppressed: std::mem::take(&mut self.suppressed) }
    }
}
