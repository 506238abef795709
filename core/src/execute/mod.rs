//! Runs commands against the store: what each one does, what it answers, and what it changed.
//! Knows no sockets and no actors; what only the node as a whole can answer is handed back as a
//! [`Question`].

mod batch;
mod durable;
mod engine;
mod expiry;
mod lookup;
mod memory_limit;
mod publishing;
mod redis;
mod search;
mod sessions;

pub use batch::{Answer, Batch, Login, Progress, Question};
pub use engine::{Engine, EngineSettings};
pub use search::KeySearch;
pub use sessions::Carried;

#[cfg(test)]
mod tests;
