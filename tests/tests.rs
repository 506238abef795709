//! Tests of the whole program: real processes, raw sockets, real brokers. One binary, one topic
//! per file; what they share is in `harness`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod admin_http;
mod anti_entropy;
mod bad_input;
mod bench_compare;
mod bench_load;
mod bench_storage;
mod broker_faults;
mod cli;
mod cli_transfer;
mod cli_watch;
mod documents;
mod durability;
mod expiry;
mod foreign_messages;
mod harness;
mod held_connections;
mod layers;
mod link;
mod memory_limit;
mod memory_report;
mod metrics;
mod node_identity;
mod packaging;
mod program;
mod readme;
mod redis_clients;
mod redis_differential;
mod reload;
mod replication;
mod resp_faults;
mod scripts;
mod smoke;
mod status;
mod status_page;
mod sync_commands;
mod sync_links;
mod sync_outages;
mod sync_strangers;
mod tls;
mod transcripts;
mod users;
