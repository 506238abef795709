//! Starts nodes and brokers as processes, talks to them over raw sockets, and waits for conditions.
//! Whatever a test starts ends with it; a process that survives its test fails it.

mod broker;
mod client;
mod node;
mod wait;

pub(crate) use broker::{Broker, BrokerKind};
pub(crate) use client::Client;
pub(crate) use node::{Cluster, Node, NodeSettings};
pub(crate) use wait::{free_port, wait_until};
