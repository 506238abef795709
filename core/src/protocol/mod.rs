//! From bytes to commands and from replies to bytes. Knows no store: what a command does is
//! decided in [`crate::execute`].

mod args;
mod command;
mod decoder;
mod error;
mod limits;
mod redis_args;
mod redis_rows;
mod reply;
mod report;
pub(crate) mod resp;
mod rows;
mod table;
pub mod text;
mod wording;
mod words;
mod writer;

pub use command::{
    ClientAction, Command, Credentials, ExpireWhen, Expiry, Hello, ReplicateAction, Request,
    ScanQuery, SetAnswer, SetExpiry, SetOptions, SetWhen, Step, TableQuery, TimeUnit,
};
pub use decoder::Decoder;
pub use error::ClientError;
pub use limits::{Dialect, Limits};
pub use reply::{Keys, Nested, Reply};
pub use report::{
    BrokerRole, ClientFacts, MqttFacts, MqttState, NodeFacts, PeerFacts, PeerRoot, PeerState,
    ReplicationFacts, Report, StorageCounts, StoreFacts, SyncCounts, SyncFacts, SyncResult,
};
pub use table::{
    Access, COMMANDS, CommandId, CommandSpec, KeyPlaces, command_reference,
    redis_command_reference, text_commands,
};
pub use wording::{RespVersion, Wording};
pub use writer::ReplyWriter;
