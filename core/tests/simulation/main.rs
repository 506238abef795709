//! Whole nodes of core code on a simulated clock, network and disk, under a seed. Whatever goes
//! wrong on the way, in the end they agree, and on the right thing.
//!
//! A run is longer with `SIMULATION_SCHEDULES=n`, and elsewhere with `SIMULATION_FIRST_SEED=n`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod broker;
mod cost;
mod coverage;
mod disk;
mod expiry;
mod faults;
mod heal;
mod history;
mod large;
mod life;
mod link;
mod mutants;
mod node;
mod plan;
mod random;
mod runner;
mod sessions;
mod world;
