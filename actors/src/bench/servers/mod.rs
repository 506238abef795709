//! Servers as processes of a benchmark: a site to run them in, how each is started, asked and
//! stopped, and what it has cost. All of them are gone when the site is.

mod cores;
mod durability;
mod error;
mod launch;
mod server;
mod site;

pub(super) use cores::Cores;
pub use durability::Durability;
pub use error::ServerError;
pub(super) use launch::{Bench, Role, installed};
pub(super) use server::{Control, Server, cpu_seconds, settle};
pub(super) use site::{Process, Site, file_system};
