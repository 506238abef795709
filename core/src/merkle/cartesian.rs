//! Folds a sequence of neighbouring parts into one along the Cartesian tree of the separators
//! between them: the two parts around the least separator are joined first.
//!
//! One pass with a stack, after Gabow, Bentley and Tarjan, "Scaling and Related Techniques for
//! Geometry Problems" (STOC 1984).

use super::seed::Priority;

/// Parts that are being folded.
pub(super) struct Cartesian<T> {
    join: fn(&T, &T) -> T,
    /// Each part with the separator before it; these priorities fall from bottom to top, but for
    /// the first, which separates nothing.
    stack: Vec<(Priority, T)>,
}

impl<T> Cartesian<T> {
    pub(super) fn new(join: fn(&T, &T) -> T) -> Cartesian<T> {
        Cartesian { join, stack: Vec::new() }
    }

    /// Adds the next part to the right, behind a separator. Of equal separators the left is on top.
    pub(super) fn push(&mut self, separator: Priority, part: T) {
        while let [.., _, (top, _)] = &self.stack[..]
            && *top < separator
        {
            self.join_top();
        }
        self.stack.push((separator, part));
    }

    /// The whole; nothing if there were no parts.
    pub(super) fn finish(&mut self) -> Option<T> {
        while self.stack.len() > 1 {
            self.join_top();
        }
        self.stack.pop().map(|(_, whole)| whole)
    }

    fn join_top(&mut self) {
        if let Some((_, right)) = self.stack.pop()
            && let Some((_, left)) = self.stack.last_mut()
        {
            *left = (self.join)(left, &right);
        }
    }
}
