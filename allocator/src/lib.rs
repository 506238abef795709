//! The memory allocator of a node: mimalloc, which is good at many small blocks that one thread
//! makes and others drop.
//!
//! The `mimalloc` crate asks for every block with its alignment. Version 3 of mimalloc takes a slow
//! way for that unless the size is a power of two, and often one size class more: entries of 112
//! bytes get 128, and those of 48 get 64. Nearly all blocks are aligned to at most eight bytes, which
//! every block of mimalloc is, so these are asked for without.
//!
//! A thread that writes much can have what it frees for its next blocks, see [`keep_recent`].
//!
//! The only crate here with unsafe code.

mod class;
mod recent;

pub use recent::keep_recent;

use class::{Class, rounded};
use libmimalloc_sys::{
    mi_collect, mi_free, mi_malloc, mi_malloc_aligned, mi_realloc, mi_realloc_aligned, mi_zalloc,
    mi_zalloc_aligned,
};
use std::alloc::{GlobalAlloc, Layout};

/// Every block of mimalloc is aligned to a word of the machine at least.
const ALWAYS_ALIGNED: usize = size_of::<usize>();

/// To be a program's `#[global_allocator]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allocator;

// SAFETY: mimalloc gives blocks of the size that was asked for, or null, and keeps them until they
// are freed; `ALWAYS_ALIGNED` says why those of small alignment are aligned. It does not unwind. What
// is kept for later blocks of its class is large enough for all of them: whatever belongs to a class
// is asked for with the size of the class.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALWAYS_ALIGNED {
            let Some(class) = Class::of(layout.size()) else {
                // SAFETY: any size is allowed.
                return unsafe { mi_malloc(layout.size()).cast() };
            };
            // SAFETY: any size is allowed.
            recent::take(class).unwrap_or_else(|| unsafe { mi_malloc(class.size()).cast() })
        } else {
            // SAFETY: any size is allowed, and an alignment is a power of two.
            unsafe { mi_malloc_aligned(layout.size(), layout.align()).cast() }
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= ALWAYS_ALIGNED {
            // SAFETY: as in `alloc`.
            unsafe { mi_zalloc(rounded(layout.size())).cast() }
        } else {
            // SAFETY: as in `alloc`.
            unsafe { mi_zalloc_aligned(layout.size(), layout.align()).cast() }
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let class = Class::of(layout.size()).filter(|_| layout.align() <= ALWAYS_ALIGNED);
        if !class.is_some_and(|class| recent::keep(class, block)) {
            // SAFETY: the caller vouches for that the block comes from here and is used no more.
            unsafe { mi_free(block.cast()) }
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() <= ALWAYS_ALIGNED {
            // SAFETY: the caller vouches for that the block comes from here.
            unsafe { mi_realloc(block.cast(), rounded(size)).cast() }
        } else {
            // SAFETY: likewise.
            unsafe { mi_realloc_aligned(block.cast(), size, layout.align()).cast() }
        }
    }
}

/// Gives memory back to the system that has been free for a second. mimalloc does so by itself, but
/// only while blocks come and go: a program that rests keeps it.
pub fn give_back() {
    // SAFETY: may be called at any time, by any thread.
    unsafe { mi_collect(false) }
}

#[cfg(test)]
mod tests;
