//! From bytes to commands and from replies to bytes. Knows no store: what a command does is
//! decided in [`crate::execute`].

mod args;
mod command;
mod error;
mod limits;
mod reply;
mod report;
mod table;
pub mod text;

pub use command::{Command, ExpireWhen, Expiry, ReplicateAction, Request, Step, TimeUnit};
pub use error::ClientError;
pub use limits::{Dialect, Limits};
pub use reply::{Keys, Reply};
pub use report::{
    BrokerRole, ClientFacts, MqttFacts, MqttState, NodeFacts, PeerFacts, PeerRoot, PeerState,
    ReplicationFacts, Report, StorageCounts, StoreFacts, SyncCounts, SyncFacts, SyncResult,
};
pub use table::{Access, COMMANDS, CommandId, CommandSpec, command_reference};
