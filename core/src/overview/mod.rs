//! A cluster as its nodes tell of it: what each says of itself, whether all hold the same, and how
//! that is shown. Whom to ask and when is the caller's business.

mod json;
mod node;
mod table;
mod verdict;

pub use node::{KnownPeer, NodeView, known_peers};
pub use table::table;
pub use verdict::{Overview, Verdict};

#[cfg(test)]
mod tests;
