//! Why a session cannot go on. The peer is told, the session ends, and nothing that was merged
//! before is lost or wrong.

/// What was wrong with the peer, or with what it sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// It speaks another version of the protocol.
    #[error("it speaks version {0} of the peer protocol, this node speaks {ours}", ours = super::PROTOCOL)]
    Protocol(u64),
    /// Its tree has another shape.
    #[error(
        "its tree has another seed: it has another security.cluster_secret, or without one \
         another mqtt.topic_prefix"
    )]
    Seed,
    /// It has this node's own id.
    #[error("it has this node's own node_id; give each node one of its own")]
    SameNode,
    /// It has not proved that it knows the cluster secret.
    #[error("it does not prove that it knows security.cluster_secret")]
    Proof,
    /// It has as many sessions as it may have.
    #[error("it is busy with other sessions")]
    Busy,
    /// It ended the session, for this reason.
    #[error("it ended the session: {0}")]
    Ended(String),
    /// A frame that cannot be.
    #[error("it sent a frame that cannot be: {0}")]
    Malformed(&'static str),
    /// A frame longer than the limit.
    #[error("it announced a frame of {found} bytes, the limit is {limit}")]
    TooLong {
        /// What was announced, in bytes.
        found: u64,
        /// What is allowed, in bytes.
        limit: usize,
    },
    /// A frame that has no place at this point.
    #[error("it sent {0} out of turn")]
    OutOfTurn(&'static str),
    /// The two go round in circles.
    #[error("the session has not ended after {0} turns")]
    TooManyTurns(u32),
}

impl From<rmp_serde::decode::Error> for SessionError {
    fn from(_: rmp_serde::decode::Error) -> SessionError {
        SessionError::Malformed("it is not the MessagePack of any frame")
    }
}
