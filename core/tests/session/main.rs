//! Sessions between two stores, without a network: that they repair every difference, within the
//! budgets, whatever the other side does.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod budgets;
mod pair;
mod regressions;
