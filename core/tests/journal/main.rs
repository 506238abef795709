//! What an engine notes in its journal makes the same engine again, with or without a snapshot on
//! the way, and wherever segments end.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod disk;
mod round_trips;
