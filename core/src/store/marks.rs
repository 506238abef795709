//! A few bits for each place of a table: what is still to be done for the keys there. They stand side
//! by side, so that one line of the processor's cache has all that a write looks at. Cost half a byte
//! for each place, whatever is marked.

/// What a place is marked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The Merkle tree does not have the entry.
    Unfolded,
    /// It was unfolded when the marks were frozen, and is yet to be gathered.
    Frozen,
    /// The entry waits to be published.
    Unpublished,
}

const KINDS: usize = 3;
const UNPUBLISHED: usize = 2;
/// The frozen ones of a new table; unfolded ones are the other of 0 and 1.
const FROZEN_AT_FIRST: usize = 0;

/// The marks of 64 places, a bit for each in one word for each kind. Whole in one line of the cache.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(32))]
struct Words([u64; KINDS]);

/// Marked places of one table.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    words: Vec<Words>,
    marked: [usize; KINDS],
    /// Which of the kinds 0 and 1 is the frozen one: to freeze is to exchange them.
    frozen: usize,
}

impl Default for Marks {
    fn default() -> Marks {
        Marks::of_places(0)
    }
}

impl Marks {
    /// No marks, for a table of so many places.
    pub(super) fn of_places(places: usize) -> Marks {
        let words = vec![Words::default(); places.div_ceil(u64::BITS as usize)];
        Marks { words, marked: [0; KINDS], frozen: FROZEN_AT_FIRST }
    }

    /// How many places are marked so.
    pub(super) fn len(&self, mark: Mark) -> usize {
        self.marked[self.kind(mark)]
    }

    /// Marks a place. Whether it was not marked so before.
    pub(super) fn mark(&mut self, mark: Mark, place: usize) -> bool {
        let (kind, (at, bit)) = (self.kind(mark), bit_of(place));
        let Some(Words(words)) = self.words.get_mut(at) else { return false };
        let is_new = words[kind] & bit == 0;
        words[kind] |= bit;
        self.marked[kind] += usize::from(is_new);
        is_new
    }

    /// Takes a mark off a place. Whether there was one.
    pub(super) fn unmark(&mut self, mark: Mark, place: usize) -> bool {
        let (kind, (at, bit)) = (self.kind(mark), bit_of(place));
        let Some(Words(words)) = self.words.get_mut(at) else { return false };
        let was_marked = words[kind] & bit != 0;
        words[kind] &= !bit;
        self.marked[kind] -= usize::from(was_marked);
        was_marked
    }

    /// Gives the marks of a place to a place of another table.
    pub(super) fn hand_over(&mut self, place: usize, other: &mut Marks, there: usize) {
        for mark in [Mark::Unfolded, Mark::Frozen, Mark::Unpublished] {
            if self.unmark(mark, place) {
                other.mark(mark, there);
            }
        }
    }

    /// What is unfolded is frozen from now on. All that was frozen has to be drained before.
    pub(super) fn freeze(&mut self) {
        self.frozen = 1 - self.frozen;
    }

    /// Takes off all marks of what is frozen, and gives each of their places to `visit`, in rising
    /// order.
    pub(super) fn drain_frozen(&mut self, mut visit: impl FnMut(usize)) {
        let kind = self.kind(Mark::Frozen);
        if std::mem::take(&mut self.marked[kind]) == 0 {
            return;
        }
        for (at, Words(words)) in self.words.iter_mut().enumerate() {
            let mut left = std::mem::take(&mut words[kind]);
            while left != 0 {
                visit(at * u64::BITS as usize + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }

    /// Something of the marks of a place, to have them in the cache.
    pub(super) fn touched(&self, place: usize) -> u64 {
        self.words.get(bit_of(place).0).map_or(0, |Words(words)| words[0])
    }

    fn kind(&self, mark: Mark) -> usize {
        match mark {
            Mark::Frozen => self.frozen,
            Mark::Unfolded => 1 - self.frozen,
            Mark::Unpublished => UNPUBLISHED,
        }
    }
}

fn bit_of(place: usize) -> (usize, u64) {
    (place / u64::BITS as usize, 1 << (place % u64::BITS as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(marks: &mut Marks) -> Vec<usize> {
        let mut drained = Vec::new();
        marks.drain_frozen(|place| drained.push(place));
        drained
    }

    #[test]
    fn frozen_marks_come_back_once_and_in_order() {
        let mut marks = Marks::of_places(200);
        for place in [199, 0, 64, 63, 64] {
            marks.mark(Mark::Unfolded, place);
        }
        assert!(drained(&mut marks).is_empty());
        assert!(!marks.mark(Mark::Unfolded, 0) && marks.unmark(Mark::Unfolded, 63));
        assert!(!marks.unmark(Mark::Unfolded, 63));
        marks.freeze();
        assert_eq!((marks.len(Mark::Frozen), marks.len(Mark::Unfolded)), (3, 0));
        assert!(marks.mark(Mark::Unfolded, 64));
        assert_eq!(drained(&mut marks), [0, 64, 199]);
        assert_eq!((marks.len(Mark::Frozen), marks.len(Mark::Unfolded)), (0, 1));
        marks.freeze();
        assert_eq!(drained(&mut marks), [64]);
    }

    #[test]
    fn kinds_of_marks_are_apart_and_move_together() {
        let (mut old, mut new) = (Marks::of_places(70), Marks::of_places(700));
        old.mark(Mark::Unfolded, 69);
        old.freeze();
        old.mark(Mark::Unpublished, 69);
        old.hand_over(69, &mut new, 640);
        for mark in [Mark::Frozen, Mark::Unpublished] {
            assert_eq!((old.len(mark), new.len(mark)), (0, 1), "{mark:?}");
        }
        assert!(!new.unmark(Mark::Unfolded, 640) && new.unmark(Mark::Unpublished, 640));
        assert_eq!(drained(&mut new), [640]);
    }
}
