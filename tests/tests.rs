//! Tests of the whole program: real processes, raw sockets, real brokers. One binary, one topic
//! per file; what they share is in `harness`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod bad_input;
mod documents;
mod harness;
mod layers;
mod program;
mod readme;
mod scripts;
mod smoke;
mod transcripts;
