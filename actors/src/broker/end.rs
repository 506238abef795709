//! Why a client's session ends. Knows nothing of what follows from it.

use std::io;

use rumqttd::local::LinkError;
use rumqttd::protocol::Error as CodecError;

/// Why a session ended. All but the first leave a last will to publish.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionEnd {
    #[error("it said goodbye")]
    Goodbye,
    #[error("it closed the connection")]
    Closed,
    #[error("connection lost: {0}")]
    Lost(#[from] io::Error),
    #[error("another connection uses its client id")]
    TakenOver,
    #[error("nothing heard for one and a half keep-alives")]
    Silent,
    #[error("it does not read")]
    Stalled,
    #[error("protocol error: {0}")]
    Violation(#[from] Violation),
    #[error("the message router has ended")]
    Router,
}

impl From<LinkError> for SessionEnd {
    fn from(_: LinkError) -> Self {
        Self::Router
    }
}

/// What a client must not send. The connection is closed, as MQTT 3.1.1 wants it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Violation {
    #[error("{0}")]
    Malformed(#[from] CodecError),
    #[error("no CONNECT in time")]
    NoConnect,
    #[error("the client id is not accepted")]
    ClientId,
    #[error("the topic is not accepted")]
    Topic,
    #[error("the filter is not accepted")]
    Filter,
    #[error("an acknowledgement out of turn")]
    Acknowledgement,
    #[error("too many answers left unread")]
    Unread,
    #[error("a packet that is not for brokers, or not now")]
    Unexpected,
}
