//! TLS for the program's own commands: what a node is verified with, and the secure stream.

use super::wire::Wire;
use crate::tls::{self, TlsError};
use merkle_kv_core::config::IdentityFiles;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, StreamOwned};

/// How nodes are met over TLS. A clone is the same.
#[derive(Clone)]
pub struct Secured(Arc<ClientConfig>);

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secured")
    }
}

impl Secured {
    /// Reads the files: certificates (PEM) that nodes are verified with, those of the system if none
    /// are named, and the own certificate for nodes that ask for one.
    ///
    /// # Errors
    ///
    /// A file cannot be used; the error names it.
    pub fn load(ca: Option<&Path>, identity: Option<&IdentityFiles>) -> Result<Secured, TlsError> {
        tls::for_tools(ca, identity).map(Secured)
    }

    /// Secures a stream to the node at `host:port`. The node is verified with the first bytes.
    pub(super) fn over(&self, stream: TcpStream, address: &str) -> io::Result<SecureStream> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(self.0.clone(), name).map_err(io::Error::other)?;
        Ok(SecureStream(StreamOwned::new(connection, stream)))
    }
}

/// A stream to a node that has proved who it is, or fails.
pub(super) struct SecureStream(StreamOwned<ClientConnection, TcpStream>);

impl Read for SecureStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(in_words)
    }
}

impl Write for SecureStream {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer).map_err(in_words)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(in_words)
    }
}

impl Wire for SecureStream {
    fn set_wait(&self, limit: Duration) -> io::Result<()> {
        self.0.sock.set_wait(limit)
    }

    /// A farewell of TLS counts as something to be read; the next read finds that it is over.
    fn is_closed(&self) -> bool {
        self.0.sock.is_closed()
    }
}

/// A failure of TLS as a person is told of it.
fn in_words(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::InvalidData => io::Error::new(ErrorKind::InvalidData, tls::reason(&error)),
        _ => error,
    }
}
