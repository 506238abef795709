//! Who may do what: users with password hashes, permissions and patterns of keys, and who a
//! connection is. Reads no file and knows no socket; hashing a password takes tens of milliseconds
//! and is for a thread that nobody waits for.

mod identity;
mod password;
mod slowdown;
mod user;

pub use identity::{CurrentUsers, Identity, Sight};
pub use password::{MAX_PASSWORD_BYTES, PasswordHash, Salt};
pub use slowdown::{Admission, Guess, Slowdown};
pub use user::{KeyPatterns, Permissions, User, UserName, Users};

#[cfg(test)]
mod tests;
