//! Classes of sizes: blocks of one class are as good as each other. They are those of mimalloc, so
//! that rounding up to them costs no memory: multiples of two words up to 64 bytes, and then four
//! in each doubling.

use std::ops::RangeInclusive;

/// The sizes of blocks that belong to a class.
const SIZES: RangeInclusive<usize> = 9..=2_048;

/// What sizes are multiples of up to [`FINE`].
const TWO_WORDS: usize = 16;
const FINE: usize = 64;
const FINE_CLASSES: usize = FINE / TWO_WORDS;
const CLASSES_OF_A_DOUBLING: usize = 4;

/// How many classes there are.
pub(crate) const CLASSES: usize = Class::number(*SIZES.end()) + 1;

/// Sizes that are rounded up to the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(usize);

impl Class {
    /// The class of blocks that are asked for with this size; nothing for tiny and for
    /// large ones.
    #[inline]
    pub(crate) fn of(size: usize) -> Option<Class> {
        SIZES.contains(&size).then(|| Class(Class::number(size)))
    }

    /// Which one it is, below [`CLASSES`].
    #[inline]
    pub(crate) fn index(self) -> usize {
        self.0
    }

    /// The size of all its blocks.
    #[inline]
    pub(crate) fn size(self) -> usize {
        match self.0.checked_sub(FINE_CLASSES) {
            None => (self.0 + 1) * TWO_WORDS,
            Some(coarse) => {
                let quarters = CLASSES_OF_A_DOUBLING + coarse % CLASSES_OF_A_DOUBLING + 1;
                (FINE / CLASSES_OF_A_DOUBLING * quarters) << (coarse / CLASSES_OF_A_DOUBLING)
            }
        }
    }

    const fn number(size: usize) -> usize {
        let last = size - 1;
        if last < FINE {
            return last / TWO_WORDS;
        }
        let doubling = (last / FINE).ilog2() as usize;
        let quarter = (last >> doubling) / (FINE / CLASSES_OF_A_DOUBLING) - CLASSES_OF_A_DOUBLING;
        FINE_CLASSES + doubling * CLASSES_OF_A_DOUBLING + quarter
    }
}

/// What is asked for in place of a size.
#[inline]
pub(crate) fn rounded(size: usize) -> usize {
    Class::of(size).map_or(size, Class::size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of the class would do for each of its sizes, and mimalloc would give no smaller one.
    #[test]
    fn a_class_has_the_sizes_up_to_its_own() {
        let mut before = SIZES.start() - 1;
        for index in 0..CLASSES {
            let size = Class(index).size();
            // SAFETY: any size is allowed.
            assert_eq!(unsafe { libmimalloc_sys::mi_good_size(size) }, size);
            for size in before + 1..=size {
                assert_eq!(Class::of(size), Some(Class(index)), "{size}");
            }
            before = size;
        }
        assert_eq!(before, *SIZES.end());
        assert_eq!((Class::of(SIZES.start() - 1), Class::of(before + 1)), (None, None));
    }
}
