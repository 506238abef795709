//! What sessions have cost, to derive budgets from.

/// Sums and extremes over sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Costs {
    pub(crate) most_turns: u32,
    /// The greatest overhead in bytes of sessions with 0, 1, 2–3, 4–7… differences.
    pub(crate) most_overhead: [usize; 20],
}

impl Costs {
    pub(crate) fn add(&mut self, turns: u32, overhead: usize, differences: usize) {
        self.most_turns = self.most_turns.max(turns);
        let class = (usize::BITS - differences.leading_zeros()).min(19) as usize;
        self.most_overhead[class] = self.most_overhead[class].max(overhead);
    }

    pub(crate) fn join(&mut self, other: &Costs) {
        self.most_turns = self.most_turns.max(other.most_turns);
        for (most, found) in self.most_overhead.iter_mut().zip(other.most_overhead) {
            *most = (*most).max(found);
        }
    }
}
