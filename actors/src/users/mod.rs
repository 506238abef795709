//! Users outside of the engine: the file that they stand in, the gate at which passwords are
//! verified, and what an operator does with the file. Who may do what is decided in `core`.

mod error;
mod file;
mod gate;
mod prompt;
mod secrecy;
pub mod tools;

pub use error::UsersError;
pub use file::of_config;
pub(crate) use gate::Gate;
pub use prompt::password_from_operator;
pub use secrecy::warn_of_readable_config;
pub(crate) use secrecy::warn_of_readable_files;

#[cfg(test)]
mod tests;
