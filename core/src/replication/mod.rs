//! What nodes say to each other over MQTT: updates and presence as bytes, and the outbox that holds
//! what has not been said yet. Knows no store and no broker.

mod outbox;
mod presence;
mod recent;
mod returned;
mod update;

pub use crate::wire_entry::encoded_bytes_at_most;
pub use outbox::{Outbox, OutboxLimits};
pub use presence::{Presence, PresenceState};
pub use update::{Update, UpdateError, decode_update, encode_update, update_prefix};
