//! Blocks of all sizes and alignments, written to the last byte.

use super::*;

#[test]
fn blocks_are_aligned_and_hold_what_is_written_when_they_grow_and_shrink() {
    try_blocks();
    // And what has just been freed is used again.
    keep_recent();
    try_blocks();
    try_blocks();
}

fn try_blocks() {
    for align in [1, 2, 4, 8, 16, 64, 4_096] {
        for size in (1..600).chain([4_095, 4_096, 70_000, 5_000_000]) {
            let layout = Layout::from_size_align(size, align).unwrap();
            let is_aligned =
                |block: *mut u8| !block.is_null() && block.addr().is_multiple_of(align);
            // SAFETY: blocks are used up to their size, and freed once with their layout.
            unsafe {
                let zeroed = Allocator.alloc_zeroed(layout);
                assert!(is_aligned(zeroed), "{size} {align}");
                assert!((0..size).all(|at| *zeroed.add(at) == 0), "{size} {align}");
                zeroed.write_bytes(7, size);
                let other = Allocator.alloc(layout);
                assert!(is_aligned(other), "{size} {align}");
                other.write_bytes(9, size);
                let grown = Allocator.realloc(zeroed, layout, size * 2);
                assert!(is_aligned(grown), "{size} {align}");
                assert!((0..size).all(|at| *grown.add(at) == 7), "{size} {align}");
                let twice = Layout::from_size_align(size * 2, align).unwrap();
                let shrunk = Allocator.realloc(grown, twice, size.div_ceil(2));
                assert!(is_aligned(shrunk), "{size} {align}");
                assert!((0..size.div_ceil(2)).all(|at| *shrunk.add(at) == 7), "{size} {align}");
                let half = Layout::from_size_align(size.div_ceil(2), align).unwrap();
                Allocator.dealloc(shrunk, half);
                assert!((0..size).all(|at| *other.add(at) == 9), "{size} {align}");
                Allocator.dealloc(other, layout);
            }
        }
    }
}

#[test]
fn a_block_that_cannot_be_is_null() {
    let layout = Layout::from_size_align(isize::MAX as usize - 64, 8).unwrap();
    // SAFETY: nothing is done with it.
    assert!(unsafe { Allocator.alloc(layout) }.is_null());
}
