//! What the tests of several crates share. Knows no crate of the product, so that every one of
//! them can use it.

pub mod transcript;
