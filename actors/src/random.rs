//! Random numbers of the operating system, for seeds, boot ids, salts and jitter.

use std::hash::{BuildHasher, RandomState};

/// A number nobody can guess. If the operating system gives none, the standard library's map seed
/// serves: unguessable from outside, which is all that is asked of it here.
pub(crate) fn number() -> u64 {
    getrandom::u64().unwrap_or_else(|_| RandomState::new().hash_one(0))
}
