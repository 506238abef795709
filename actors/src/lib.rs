//! A MerkleKV node: every socket, timer, clock, thread and file around the pure engine of
//! `merkle-kv-core`. A handler unwraps a message, calls the engine, and routes the result.
//!
//! | actor | thread | owns | receives |
//! |---|---|---|---|
//! | `SystemActor` | main | the children, their restarts, the order of the end | `ChildDown`, `Stop`, `SetReplication`, `FindSync` |
//! | `StoreActor` | its own | the engine: data, tree, clock, outbox | `Errand`, `Apply`, `Attach`, `TakeUpdate`, `ReadFacts`, `Pin`, `CarryOut`, `Conclude`, `Secure`, `Close`, what the journal has `Said` |
//! | `ListenerActor` | main | the listening socket | `StopListening` |
//! | `ConnectionActor` | the store's, or one of `io_threads` | one client | – |
//! | `MqttActor` | main | the connection to the broker | `Changed`, `Switched`, `Drain` |
//! | `SyncActor` | main; its sessions have a thread of their own | the table of peers, rounds of sessions | `Incoming`, `SessionEnded`, `PeerSeen`, `SyncNow`, `ReadPeers` |
//! | `BrokerActor` | main | the in-process broker, which has threads of its own | – |
//!
//! A message type lives in the file of the actor that receives it. [`Node`] starts them all.

pub mod bench;
#[cfg(feature = "broker")]
mod broker;
mod clients;
mod connection;
mod exit;
mod facts;
mod lane;
mod listener;
pub mod logging;
mod mqtt;
mod node;
mod random;
mod resident_memory;
mod signals;
mod stop_signal;
pub mod storage;
mod store;
mod sync;
mod system;
mod threads;
mod wall_clock;

#[cfg(feature = "broker")]
pub use broker::BrokerError;
pub use exit::ExitReason;
pub use node::{Node, Signals, StartError};
