//! Tests of the whole program: real processes, raw sockets, real brokers. One binary, one topic
//! per file; what they share is in `harness`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod broker_faults;
mod foreign_messages;
mod harness;
mod node_identity;
mod replication;
mod smoke;
