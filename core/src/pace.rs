//! Pauses in work that takes long, on a thread that others may need.

/// What the work costs between two pauses: a tenth of a millisecond.
const BETWEEN: Cost = Cost(10_000);

/// What a piece of work takes, in units of about ten nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cost(u32);

impl Cost {
    /// To compare two numbers that are in the cache.
    pub(crate) const COMPARISON: Cost = Cost(1);
    /// To look at something in memory that is not.
    pub(crate) const LOOK: Cost = Cost(10);
    /// To look at all entries of a page, and to change some.
    pub(crate) const PAGE: Cost = Cost(150);
}

/// Counts what is done, and pauses now and then.
pub(crate) struct Pace<'a> {
    pause: &'a mut dyn FnMut(),
    done: Cost,
}

impl<'a> Pace<'a> {
    /// Calls `pause` every tenth of a millisecond or so, as far as the work tells of itself.
    pub(crate) fn new(pause: &'a mut dyn FnMut()) -> Pace<'a> {
        Pace { pause, done: Cost(0) }
    }

    /// Something has been done.
    pub(crate) fn done(&mut self, cost: Cost) {
        self.done.0 += cost.0;
        if self.done >= BETWEEN {
            self.done = Cost(0);
            (self.pause)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_pause_whenever_enough_has_been_done() {
        let mut pauses = 0;
        let mut pause = || pauses += 1;
        let mut pace = Pace::new(&mut pause);
        let done = BETWEEN.0 / Cost::LOOK.0;
        (0..3 * done - 1).for_each(|_| pace.done(Cost::LOOK));
        assert_eq!(pauses, 2);
    }
}
