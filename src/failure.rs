//! Why the program ends otherwise than well, and with which exit code.

use merkle_kv_actors::StartError;
use merkle_kv_actors::storage::StorageError;
use std::fmt;
use std::process::ExitCode;

/// Why the program ends otherwise than well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Exit code 2.
    Configuration(anyhow::Error),
    /// Exit code 3.
    Taken(anyhow::Error),
    /// Exit code 4.
    Damaged(anyhow::Error),
    /// Exit code 1.
    Other(anyhow::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Configuration(_) => 2,
            Failure::Taken(_) => 3,
            Failure::Damaged(_) => 4,
            Failure::Other(_) => 1,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Configuration(error)
            | Failure::Taken(error)
            | Failure::Damaged(error)
            | Failure::Other(error) => write!(f, "{error:#}"),
        }
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        match (error.is_taken(), error.is_damage()) {
            (true, _) => Failure::Taken(error.into()),
            (false, true) => Failure::Damaged(error.into()),
            (false, false) => Failure::Other(error.into()),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Failure {
        Failure::from(StartError::from(error))
    }
}
