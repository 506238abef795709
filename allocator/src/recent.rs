//! Blocks that a thread has just freed, for its next ones. Every write of a node makes an entry and
//! mostly frees the one it replaces. mimalloc gives freed blocks out again by the page they are in,
//! long after they have left the processor's cache; these here are still in it.

use crate::class::{CLASSES, Class};
use libmimalloc_sys::mi_zalloc;
use std::cell::Cell;
use std::ptr;

/// Blocks of one class that are kept.
const KEPT: usize = 32;

thread_local! {
    /// Null in a thread that keeps none.
    static RECENT: Cell<*mut Recent> = const { Cell::new(ptr::null_mut()) };
}

/// The kept blocks of one thread. All zeros is one that has none.
struct Recent {
    stacks: [Stack; CLASSES],
}

struct Stack {
    kept: usize,
    blocks: [*mut u8; KEPT],
}

/// Has the calling thread keep blocks, to the end of the program: whatever it has kept when it ends,
/// half a megabyte at most, is lost.
pub fn keep_recent() {
    if RECENT.get().is_null() {
        // SAFETY: any size is allowed.
        let zeroed = unsafe { mi_zalloc(size_of::<Recent>()) };
        RECENT.set(zeroed.cast());
    }
}

/// A block of this class, if one is kept.
#[inline]
pub(crate) fn take(class: Class) -> Option<*mut u8> {
    let recent = RECENT.get();
    if recent.is_null() {
        return None;
    }
    // SAFETY: it is valid from `keep_recent` on, of this thread alone, and nothing below calls back.
    let stack = unsafe { &mut (*recent).stacks[class.index()] };
    stack.kept = stack.kept.checked_sub(1)?;
    Some(stack.blocks[stack.kept])
}

/// Keeps a block that is used no more and was made for this class. False if there is no room.
#[inline]
pub(crate) fn keep(class: Class, block: *mut u8) -> bool {
    let recent = RECENT.get();
    if recent.is_null() {
        return false;
    }
    // SAFETY: as in `take`.
    let stack = unsafe { &mut (*recent).stacks[class.index()] };
    let Some(place) = stack.blocks.get_mut(stack.kept) else { return false };
    *place = block;
    stack.kept += 1;
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn blocks(count: usize) -> Vec<*mut u8> {
        (1..=count).map(|n| ptr::without_provenance_mut(n * 64)).collect()
    }

    #[test]
    fn the_last_blocks_of_a_class_are_the_next_ones_and_only_so_many() {
        keep_recent();
        let [class, other] = [100, 200].map(|size| Class::of(size).unwrap());
        let blocks = blocks(KEPT + 1);
        let kept: Vec<bool> = blocks.iter().map(|block| keep(class, *block)).collect();
        assert_eq!(kept, [&[true; KEPT][..], &[false]].concat());
        assert_eq!(take(other), None);
        let taken: Vec<*mut u8> = std::iter::from_fn(|| take(class)).collect();
        assert!(taken.iter().eq(blocks[..KEPT].iter().rev()));
    }

    #[test]
    fn a_thread_that_did_not_ask_for_it_keeps_nothing() {
        keep_recent();
        let class = Class::of(100).unwrap();
        assert!(keep(class, ptr::without_provenance_mut(64)));
        let elsewhere =
            thread::spawn(move || keep(class, ptr::dangling_mut()) || take(class).is_some());
        assert!(!elsewhere.join().unwrap());
        assert_eq!(take(class), Some(ptr::without_provenance_mut(64)));
    }
}
