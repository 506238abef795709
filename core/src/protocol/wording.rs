//! How replies are worded: the protocol of a connection, and which form of it.

use super::limits::Dialect;

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wording {
    /// Lines of text.
    Text(Dialect),
    /// The protocol of Redis.
    Resp(RespVersion),
}

/// Versions of RESP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RespVersion {
    /// What every connection begins with.
    #[default]
    Two,
    /// With maps, and one null for all kinds.
    Three,
}

impl RespVersion {
    /// The number that HELLO takes and tells.
    pub fn number(self) -> i64 {
        match self {
            RespVersion::Two => 2,
            RespVersion::Three => 3,
        }
    }

    pub(super) fn of(number: i64) -> Option<RespVersion> {
        [RespVersion::Two, RespVersion::Three].into_iter().find(|known| known.number() == number)
    }
}
