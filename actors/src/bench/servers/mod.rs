//! Servers as processes of a benchmark: a site to run them in, how each is started, asked and
//! stopped, and what it has cost. All of them are gone when the site is.

mod durability;
mod error;
mod server;
mod site;

pub use durability::Durability;
pub use error::ServerError;
pub(super) use server::{Bench, Control, Server, cpu_seconds, settle};
pub(super) use site::{Site, file_system};
