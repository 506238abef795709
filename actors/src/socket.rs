//! A connection with or without TLS. The plain one costs a match beside what it was; the secure one
//! can be taken from one thread to another like the plain one.

use std::io::{self, IoSlice};
use std::net;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

/// An open connection. Dropping it closes it.
pub(crate) enum Socket {
    Plain(TcpStream),
    Secure(Box<TlsStream<Movable>>),
}

/// A socket that belongs to no thread's reactor at the moment.
pub(crate) enum Detached {
    Plain(net::TcpStream),
    Secure(Box<TlsStream<Movable>>, net::TcpStream),
}

/// What TLS is spoken over: a socket that can be taken out and put back. Without one every
/// operation fails.
pub(crate) struct Movable(Option<TcpStream>);

impl Socket {
    /// Writes what there is room for right now. A secure one has to be waited for: what it takes is
    /// first of all in its own memory.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Plain(stream) => stream.try_write(bytes),
            Socket::Secure(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Whether what was written may still be in this process, until it is flushed.
    pub(crate) fn holds_back(&self) -> bool {
        match self {
            Socket::Plain(_) => false,
            Socket::Secure(_) => true,
        }
    }

    /// Takes the socket off this thread. What was read or encrypted and not yet used stays with it.
    pub(crate) fn detach(self) -> io::Result<Detached> {
        match self {
            Socket::Plain(stream) => Ok(Detached::Plain(stream.into_std()?)),
            Socket::Secure(mut tls) => {
                let stream = tls.get_mut().0.0.take().ok_or(io::ErrorKind::NotConnected)?;
                Ok(Detached::Secure(tls, stream.into_std()?))
            }
        }
    }
}

impl Detached {
    /// Puts the socket on the thread that calls this, which has to run a reactor.
    pub(crate) fn attach(self) -> io::Result<Socket> {
        match self {
            Detached::Plain(stream) => Ok(Socket::Plain(TcpStream::from_std(stream)?)),
            Detached::Secure(mut tls, stream) => {
                tls.get_mut().0.0 = Some(TcpStream::from_std(stream)?);
                Ok(Socket::Secure(tls))
            }
        }
    }
}

impl Movable {
    pub(crate) fn new(stream: TcpStream) -> Movable {
        Movable(Some(stream))
    }

    fn stream(self: Pin<&mut Movable>) -> io::Result<Pin<&mut TcpStream>> {
        let stream = self.get_mut().0.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        Ok(Pin::new(stream))
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Socket::Secure(tls) => Pin::new(tls).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Socket::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Socket::Secure(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Plain(stream) => Pin::new(stream).poll_flush(context),
            Socket::Secure(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Socket::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Socket::Secure(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}

impl AsyncRead for Movable {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream()?.poll_read(context, into)
    }
}

impl AsyncWrite for Movable {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream()?.poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream()?.poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.as_ref().is_some_and(TcpStream::is_write_vectored)
    }
}
