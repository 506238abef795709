//! Starts nodes and brokers as processes, talks to them over raw sockets, and waits for conditions.
//! Whatever a test starts ends with it.

mod broker;
mod browser;
mod client;
mod http;
mod link;
mod mqtt;
mod node;
mod peers;
mod redis_server;
mod resp;
mod small_disk;
mod terminal;
mod tools;
mod users;
mod wait;

pub(crate) use broker::{Broker, BrokerKind};
pub(crate) use browser::Browser;
pub(crate) use client::{Client, REPLICATION_LIMIT};
pub(crate) use http::{get, page, send};
pub(crate) use link::Link;
pub(crate) use mqtt::{Stranger, mosquitto_sub};
pub(crate) use node::{Cluster, Node, NodeSettings, unique_prefix};
pub(crate) use peers::{Synced, peers, same_roots};
pub(crate) use redis_server::RedisServer;
pub(crate) use resp::{Resp, RespClient, command_bytes};
pub(crate) use small_disk::SmallDisk;
pub(crate) use terminal::Terminal;
pub(crate) use tools::test_tool;
pub(crate) use users::UsersFile;
pub(crate) use wait::{free_port, free_ports, wait_until};
