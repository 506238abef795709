//! One bit for each place of a table: which of the keys there something is still to be done for.
//! Costs an eighth of a byte for each place, whatever is marked.

/// Marked places of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    words: Vec<u64>,
    marked: usize,
}

impl Marks {
    /// No marks, for a table of so many places.
    pub(super) fn of_places(places: usize) -> Marks {
        Marks { words: vec![0; places.div_ceil(u64::BITS as usize)], marked: 0 }
    }

    /// How many places are marked.
    pub(super) fn len(&self) -> usize {
        self.marked
    }

    /// Marks a place. Whether it was not marked before.
    pub(super) fn mark(&mut self, place: usize) -> bool {
        let (word, bit) = bit_of(place);
        let Some(word) = self.words.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.marked += usize::from(is_new);
        is_new
    }

    /// Takes the mark off a place. Whether there was one.
    pub(super) fn unmark(&mut self, place: usize) -> bool {
        let (word, bit) = bit_of(place);
        let Some(word) = self.words.get_mut(word) else { return false };
        let was_marked = *word & bit != 0;
        *word &= !bit;
        self.marked -= usize::from(was_marked);
        was_marked
    }

    /// Takes off all marks, and gives each of their places to `visit`, in rising order.
    pub(super) fn drain(&mut self, mut visit: impl FnMut(usize)) {
        if self.marked == 0 {
            return;
        }
        self.marked = 0;
        for (at, word) in self.words.iter_mut().enumerate() {
            let mut left = std::mem::take(word);
            while left != 0 {
                visit(at * u64::BITS as usize + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
}

fn bit_of(place: usize) -> (usize, u64) {
    (place / u64::BITS as usize, 1 << (place % u64::BITS as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_once_and_in_order() {
        let mut marks = Marks::of_places(200);
        for place in [199, 0, 64, 63, 64] {
            marks.mark(place);
        }
        assert_eq!((marks.len(), marks.mark(0), marks.unmark(63)), (4, false, true));
        assert!(!marks.unmark(63));
        let mut drained = Vec::new();
        marks.drain(|place| drained.push(place));
        assert_eq!(drained, [0, 64, 199]);
        marks.drain(|place| panic!("{place} is marked"));
        assert_eq!(marks.len(), 0);
    }
}
