//! A blocking client for the program's own commands: it connects, logs in, and asks. It speaks the
//! text protocol, whose dialect it finds out, and RESP where keys and values are any bytes. What
//! lines and replies mean is up to `core::console`.

mod connection;
mod error;
mod password;
mod resp;
mod secure;
mod stream;
mod wire;

pub use connection::{Connection, Patience, Target};
pub use error::CallError;
pub use password::{PASSWORD_VARIABLE, password};
pub(crate) use resp::{RespConnection, is_stranger};
pub use secure::Secured;
pub use wire::Wire;
