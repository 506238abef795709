//! Why an actor, or the node, ended.

use std::fmt;

/// The reason is a value: whoever supervises matches all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// It was told to stop, and did so in order.
    Asked,
    /// It could not go on; the cause in words.
    Failed(String),
    /// A bug: it panicked. The panic itself is in the log.
    Panicked,
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitReason::Asked => f.write_str("asked to stop"),
            ExitReason::Failed(cause) => f.write_str(cause),
            ExitReason::Panicked => f.write_str("panicked"),
        }
    }
}
