//! What holds of any bytes that come from outside. Each target is one function over bytes that
//! panics where something does not hold, and tells how much of them it understood: `fuzz/` calls it
//! under a fuzzer, `tests/smoke.rs` with the corpus and changed copies of it. Knows no fuzzer.
//!
//! The first byte of most inputs is no part of what is read, but says how: how it is cut into
//! pieces, for which dialect, from which side. So a fuzzer finds these choices by itself.
#![allow(clippy::expect_used)] // a target fails by panicking, as a test does

mod client;
mod config;
mod cuts;
mod journal;
mod node;
mod replication;
pub mod seeds;
mod session;

/// One way in, and what is expected of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name in `fuzz/`, and of its folder in `fuzz/corpus/`.
    pub name: &'static str,
    /// Feeds it these bytes. Returns how many things of meaning were read: requests, changes,
    /// frames, mutations. Panics where something does not hold.
    pub run: fn(&[u8]) -> usize,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target { name: "text", run: client::text },
    Target { name: "resp", run: client::resp },
    Target { name: "update", run: replication::update },
    Target { name: "presence", run: replication::presence },
    Target { name: "session", run: session::session },
    Target { name: "journal", run: journal::journal },
    Target { name: "config", run: config::config },
];

/// Runs the target of this name; a name that is not there is a mistake in `fuzz/`.
pub fn run(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("the target is in TARGETS").run)(bytes);
}
