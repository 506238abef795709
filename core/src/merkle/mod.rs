//! The Merkle tree over a data set: one digest that two replicas share exactly if they hold the
//! same entries, and an ordered index at the same time. Knows entries, but not which of two
//! survives: whoever edits the tree has decided that.
//!
//! **The shape** is a deterministic treap with the entries at its leaves, in byte order of their
//! keys. Before each key stands a separator, whose priority is a keyed hash of that key. The tree
//! is the Cartesian tree of the separators, the greatest on top. So it is a function of the set of
//! keys alone: no order of insertion, no history and no batch size changes the root. An edit
//! touches one path, about 2 ln n long. Whoever does not know the seed cannot choose keys that make
//! the tree deep. (Treaps: Seidel and Aragon, "Randomized Search Trees", Algorithmica 1996.)
//!
//! ```text
//!   separators     p(b) = 3      p(c) = 9      p(d) = 5            inner
//!   leaves       a      │      b      │      c      │      d       ╱   ╲
//!                                                             inner     inner
//!                                                             ╱   ╲     ╱   ╲
//!                                                            a     b   c     d
//! ```
//!
//! **In memory** the binary tree is cut into pages at fixed priorities, so that an entry costs a
//! pointer and a share of a page instead of two nodes. Pages are shared between trees and copied
//! when they change (copy on write): a clone of a tree is a snapshot that costs nothing. Where
//! pages are cut does not show in any digest. Digests are computed when somebody asks, and kept per
//! page.

mod cartesian;
mod digest;
mod edit;
mod expiry;
mod page;
mod range;
mod runs;
mod seed;
mod tree;

pub use digest::Digest;
pub use expiry::Expired;
pub(crate) use expiry::FirstExpiry;
pub use range::{KeyRange, Range};
pub use runs::Run;
pub use seed::{Priority, TreeSeed};
pub use tree::{Edit, Totals, Tree};

#[cfg(test)]
mod tests;
