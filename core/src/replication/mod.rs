//! What nodes say to each other over MQTT: updates and presence as bytes, and the outbox that makes
//! messages of what the store has not said yet. Knows no broker.

mod outbox;
mod presence;
mod recent;
mod returned;
mod update;

pub use crate::wire_entry::encoded_bytes_at_most;
pub use outbox::{MAX_UNPUBLISHED, Outbox};
pub use presence::{Presence, PresenceState};
pub use update::{Update, UpdateError, decode_update, encode_update, update_prefix};
