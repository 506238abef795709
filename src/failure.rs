//! Why the program ends otherwise than well, and with which exit code.

use merkle_kv_actors::StartError;
use merkle_kv_actors::storage::StorageError;
use merkle_kv_actors::users::UsersError;
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
    /// Exit code 1, and what went wrong has been printed already.
    Told,
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Configuration(_) => 2,
            Failure::Taken(_) => 3,
            Failure::Damaged(_) => 4,
            Failure::Other(_) | Failure::Told => 1,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Configuration(error)
            | Failure::Taken(error)
            | Failure::Damaged(error)
            | Failure::Other(error) => f.write_str(&said(error)),
            Failure::Told => Ok(()),
        }
    }
}

/// The error and its causes, but for those whose words are among the others' already.
fn said(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| {
        if said.is_empty() {
            return cause;
        }
        if said.contains(&cause) { said } else { format!("{said}: {cause}") }
    })
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        if error.is_configuration() {
            return Failure::Configuration(error.into());
        }
        match (error.is_taken(), error.is_damage()) {
            (true, _) => Failure::Taken(error.into()),
            (false, true) => Failure::Damaged(error.into()),
            (false, false) => Failure::Other(error.into()),
        }
    }
}

impl From<UsersError> for Failure {
    fn from(error: UsersError) -> Failure {
        match error.is_mistake() {
            true => Failure::Configuration(error.into()),
            false => Failure::Other(error.into()),
        }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Failure {
        Failure::from(StartError::from(error))
    }
}
