//! What a connection runs over: a TCP socket, or whatever wraps one.

use super::error::CallError;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A stream of bytes to a node. One that encrypts is another implementation.
pub trait Wire: Read + Write {
    /// How long a read or a write may wait; never zero.
    fn set_wait(&self, limit: Duration) -> io::Result<()>;

    /// Whether the node has closed it, without waiting. Only asked while no reply is due.
    fn is_closed(&self) -> bool;
}

impl Wire for TcpStream {
    fn set_wait(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit))?;
        self.set_write_timeout(Some(limit))
    }

    fn is_closed(&self) -> bool {
        let looked = self.set_nonblocking(true).and_then(|()| self.peek(&mut [0]));
        let is_blocking_again = self.set_nonblocking(false).is_ok();
        match looked {
            Ok(bytes) => bytes == 0 || !is_blocking_again,
            Err(error) => error.kind() != ErrorKind::WouldBlock || !is_blocking_again,
        }
    }
}

/// Connects to `host:port`, to the first of its addresses that answers.
pub(super) fn connect(address: &str, limit: Duration) -> Result<TcpStream, CallError> {
    let unknown = |cause: String| CallError::Unknown { address: address.to_owned(), cause };
    let found = address.to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
    let mut last = unknown("it has no address".to_owned());
    for socket_address in found {
        let connected = TcpStream::connect_timeout(&socket_address, limit).and_then(|stream| {
            stream.set_nodelay(true)?;
            stream.set_wait(limit)?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => return Ok(stream),
            Err(source) => last = CallError::of(address, limit, source),
        }
    }
    Err(last)
}
