//! A MerkleKV node: every socket, timer, clock, thread and file around the pure engine of
//! `merkle-kv-core`. A handler unwraps a message, calls the engine, and routes the result.
//!
//! | actor | thread | owns | receives |
//! |---|---|---|---|
//! | `SystemActor` | main | the children, their restarts, the order of the end | `ChildDown`, `Stop`, `SetReplication`, `FindSync`, `TakeOn`, `TakeUsers` |
//! | `StoreActor` | its own | the engine: data, tree, clock, outbox | `Errand`, `Apply`, `Attach`, `TakeUpdate`, `ReadFacts`, `Pin`, `CarryOut`, `Conclude`, `Secure`, `Close`, `LimitMemory`, `SetUsers`, what the journal has `Said` |
//! | `ListenerActor` | main | the listening socket | `StopListening` |
//! | `ConnectionActor` | the store's, or one of `io_threads` | one client | – |
//! | `MqttActor` | main | the connection to the broker | `Changed`, `Switched`, `Drain` |
//! | `SyncActor` | main; its sessions have a thread of their own | the table of peers, rounds of sessions | `Incoming`, `SessionEnded`, `PeerSeen`, `SyncNow`, `ReadPeers`, `ReadSessions`, `Reconfigure` |
//! | `AdminActor` | main | the socket for HTTP: metrics and health | – |
//! | `BrokerActor` | main | the in-process broker, which has threads of its own | – |
//!
//! A message type lives in the file of the actor that receives it. [`Node`] starts them all.

mod admin;
pub mod bench;
#[cfg(feature = "broker")]
mod broker;
pub mod client;
mod clients;
mod connection;
pub mod console;
mod exit;
mod facts;
mod file_limit;
mod hidden_terminal;
mod histogram;
mod lane;
mod latencies;
mod listener;
mod live;
pub mod logging;
mod mqtt;
mod node;
mod origins;
pub mod overview;
mod ports;
mod random;
mod reload;
mod resident_memory;
mod signals;
mod socket;
mod stop_signal;
pub mod storage;
mod store;
mod sync;
mod system;
mod threads;
mod tls;
mod tracing;
pub mod users;
mod wall_clock;

#[cfg(feature = "broker")]
pub use broker::BrokerError;
pub use exit::ExitReason;
pub use node::{Node, Signals, StartError};
pub use reload::ConfigSource;
pub use tls::{TlsError, check_tls};
pub use tracing::TracingError;
