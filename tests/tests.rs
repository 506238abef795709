//! Tests of the whole program: real processes, raw sockets, real brokers. One binary, one topic
//! per file; what they share is in `harness`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod anti_entropy;
mod bad_input;
mod bench_compare;
mod bench_load;
mod bench_storage;
mod broker_faults;
mod documents;
mod durability;
mod expiry;
mod foreign_messages;
mod harness;
mod layers;
mod link;
mod memory_limit;
mod memory_report;
mod node_identity;
mod program;
mod readme;
mod redis_clients;
mod redis_differential;
mod replication;
mod resp_faults;
mod scripts;
mod smoke;
mod sync_commands;
mod sync_links;
mod sync_outages;
mod sync_strangers;
mod transcripts;
