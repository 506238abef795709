//! How often the root is computed only to see whether it is another than the one told. With ten
//! million keys that are written at random it takes seconds of a processor.

use std::time::Duration;

/// The time between two is so many times what the last one took.
const BETWEEN: u32 = 10;

/// When the last one was, in uptime of the node.
#[derive(Debug, Default)]
pub(super) struct RootPace {
    /// Since when one is under way.
    began: Option<Duration>,
    ended: Duration,
    took: Duration,
}

impl RootPace {
    /// Begins another, if it is time for it and none is under way.
    pub(super) fn begins(&mut self, now: Duration) -> bool {
        let is_time = self.began.is_none() && now >= self.ended + self.took * BETWEEN;
        if is_time {
            self.began = Some(now);
        }
        is_time
    }

    /// The one under way is there.
    pub(super) fn ends(&mut self, now: Duration) {
        if let Some(began) = self.began.take() {
            (self.ended, self.took) = (now, now.saturating_sub(began));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_done_seldom_and_never_twice_at_once() {
        let seconds = Duration::from_secs;
        let mut pace = RootPace::default();
        assert!(pace.begins(seconds(100)));
        assert!(!pace.begins(seconds(103)));
        pace.ends(seconds(104));
        assert!(!pace.begins(seconds(143)) && pace.begins(seconds(144)));
        pace.ends(seconds(144));
        assert!(pace.begins(seconds(144)));
    }
}
