//! The text protocol: one command per line, replies in one grammar, two dialects.

mod decode;
mod encode;
mod legacy;
pub(crate) mod quote;

pub use decode::Decoder;
pub(super) use encode::write;

#[cfg(test)]
mod tests;
