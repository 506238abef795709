//! What can be wrong with a file of users, and with what an operator wants of it.

use merkle_kv_core::access::{MAX_PASSWORD_BYTES, UserName};
use merkle_kv_core::config::Problems;
use std::io;
use std::path::PathBuf;

/// Why a file of users cannot be read or changed. It is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The file cannot be read.
    #[error("cannot read the users in {}: {source}; check security.users_file", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What stands in it is wrong.
    #[error(transparent)]
    Wrong(#[from] Problems),
    /// The file cannot be written.
    #[error("cannot write the users to {}: {source}; it is as it was", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A name that no user can have.
    #[error("'{}' is no name for a user, expected {}", .0.escape_debug(), UserName::expected())]
    BadName(String),
    /// A permission that there is not.
    #[error("'{}' is no permission, expected read, write or admin", .0.escape_debug())]
    BadPermission(String),
    /// There is a user of this name already.
    #[error("there is a user {0} already; remove it first, or change its password with passwd")]
    Exists(UserName),
    /// There is no user of this name.
    #[error("there is no user {0} in that file; merkle-kv user list shows them")]
    NoSuchUser(UserName),
    /// Only one user may be without a password.
    #[error("only the user {} may be without a password", UserName::DEFAULT)]
    NeedsPassword,
    /// The password is empty, too long, or has a character that nobody can type again.
    #[error(
        "a password has 1 to {MAX_PASSWORD_BYTES} bytes on one line, without control characters"
    )]
    BadPassword,
    /// The two passwords that were typed are not the same.
    #[error("the two passwords are not the same; nothing was changed")]
    NotTheSame,
    /// The password cannot be read.
    #[error("cannot read a password: {0}")]
    Input(#[source] io::Error),
    /// There is not enough memory for a hash.
    #[error("there is not enough memory to hash a password")]
    NoMemory,
}

impl UsersError {
    /// Whether it is a mistake in what somebody wrote, and not of the machine.
    pub fn is_mistake(&self) -> bool {
        match self {
            UsersError::Read { .. }
            | UsersError::Wrong(_)
            | UsersError::BadName(_)
            | UsersError::BadPermission(_)
            | UsersError::Exists(_)
            | UsersError::NoSuchUser(_)
            | UsersError::NeedsPassword
            | UsersError::BadPassword
            | UsersError::NotTheSame => true,
            UsersError::Write { .. } | UsersError::Input(_) | UsersError::NoMemory => false,
        }
    }
}
