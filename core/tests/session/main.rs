//! Sessions between two stores, without a network: that they repair every difference, within the
//! budgets, whatever the other side does.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod budgets;
mod cuts;
mod garbage;
mod history;
mod key_sets;
mod laws;
mod liars;
mod pair;
mod regressions;
mod shapes;
mod strangers;
mod talk;
mod together;
