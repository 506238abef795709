//! Client of MerkleKV, a replicated key-value node.
//!
//! ```no_run
//! let mut client = merklekv_client::Client::connect("localhost:7379")?;
//! client.set("greeting", "hello")?;
//! println!("{}", client.get("greeting")?.unwrap_or_default());
//! println!("{}", client.incr("visits", 1)?);
//! # Ok::<(), merklekv_client::Error>(())
//! ```
//!
//! [`Client`] blocks and needs the standard library alone. `AsyncClient`, behind the feature
//! `async`, does the same on tokio; `Tls`, behind the feature `tls`, encrypts the connections of
//! both. A [`Pipeline`] sends many operations together.
//!
//! Within, from the inside out: `wire` makes bytes of commands and replies of bytes, and knows no
//! socket; `link` encrypts them; `connection` is a handshake and exchanges; `core` opens
//! connections anew and repeats reads. The clients put their own sockets below that.

#![forbid(unsafe_code)]

#[cfg(feature = "async")]
mod asynchronous;
mod blocking;
mod connection;
mod core;
mod error;
mod link;
mod operations;
mod options;
mod pipeline;
mod reply;
mod scan;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod wire;

#[cfg(feature = "async")]
pub use asynchronous::AsyncClient;
pub use blocking::Client;
pub use error::{Error, Result, ServerError};
pub use options::Builder;
pub use pipeline::Pipeline;
pub use reply::Reply;
#[cfg(feature = "async")]
pub use scan::AsyncScan;
pub use scan::Scan;
#[cfg(feature = "tls")]
pub use tls::Tls;

/// Compiles what the README shows.
#[cfg(all(doctest, feature = "async", feature = "tls"))]
#[doc = include_str!("../README.md")]
struct Readme;
