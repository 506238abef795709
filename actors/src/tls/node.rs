//! TLS on a port of this node and towards its peers: who is let in, and how peers are verified.

use super::error::TlsError;
use super::files::{self, Both};
use super::kept::{Kept, Renewable};
use super::reason::reason;
use crate::socket::{Movable, Socket};
use log::{debug, info};
use merkle_kv_core::config;
use merkle_kv_core::naming::Host;
use merkle_kv_core::rate_limit::{RateLimit, Verdict};
use merkle_kv_core::session::TLS_HANDSHAKE;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// How often a line is logged that any stranger can cause.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// TLS as this node is configured for it. A clone is the same, also after a renewal.
#[derive(Clone)]
pub(crate) struct Tls(Arc<Shared>);

struct Shared {
    kept: Arc<Kept<Both>>,
    began: Instant,
    refused: Mutex<RateLimit>,
}

/// What became of a connection to a port that speaks TLS.
pub(crate) enum Welcome {
    Secure(Socket),
    /// It speaks plain text, which begins with this byte and was not read.
    PlainText(TcpStream, u8),
    /// There is nobody, or nobody who is let in, and the connection is over. This is why.
    Refused(String),
    /// It took too long.
    Stalled,
}

impl Tls {
    /// Reads the files. `meets_peers` if this node is to connect to others.
    pub(crate) fn load(config: &config::Tls, meets_peers: bool) -> Result<Tls, TlsError> {
        let config = config.clone();
        let identity = &config.identity;
        let authorities = config.client_ca_file.iter().chain(&config.ca_file);
        let files = [&identity.cert_file, &identity.key_file].into_iter().chain(authorities);
        let files = files.cloned().collect();
        let kept = Kept::load("tls", files, Box::new(move || files::node(&config, meets_peers)))?;
        Ok(Tls(Arc::new(Shared {
            kept: Arc::new(kept),
            began: Instant::now(),
            refused: Mutex::new(RateLimit::new(LOG_INTERVAL, 1)),
        })))
    }

    pub(super) fn renewable(&self) -> Arc<dyn Renewable> {
        self.0.kept.clone()
    }

    /// Secures a connection that was accepted, within `limit`.
    pub(crate) async fn welcome(
        &self,
        stream: TcpStream,
        from: SocketAddr,
        limit: Duration,
    ) -> Welcome {
        let welcome = time::timeout(limit, self.accept(stream)).await.unwrap_or(Welcome::Stalled);
        match &welcome {
            Welcome::Secure(_) => {}
            Welcome::PlainText(..) => self.tell(from, "it does not speak TLS"),
            Welcome::Refused(reason) => self.tell(from, reason),
            Welcome::Stalled => self.tell(from, "the handshake took too long"),
        }
        welcome
    }

    async fn accept(&self, stream: TcpStream) -> Welcome {
        let mut first = [0];
        match stream.peek(&mut first).await {
            Ok(0) => return Welcome::Refused("it closed the connection".to_owned()),
            Ok(_) if first[0] != TLS_HANDSHAKE => return Welcome::PlainText(stream, first[0]),
            Ok(_) => {}
            Err(error) => return Welcome::Refused(error.to_string()),
        }
        let acceptor = TlsAcceptor::from(self.0.kept.current().server.clone());
        match acceptor.accept(Movable::new(stream)).await {
            Ok(stream) => Welcome::Secure(Socket::Secure(Box::new(TlsStream::from(stream)))),
            Err(error) => Welcome::Refused(reason(&error)),
        }
    }

    /// Secures a connection to a peer, which has to prove that it is this host.
    pub(crate) async fn connect(&self, stream: TcpStream, host: &Host) -> io::Result<Socket> {
        let name = host.as_str();
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
        let config = self.0.kept.current().client.clone();
        let config = config.ok_or_else(|| io::Error::other("this node connects to no peers"))?;
        let stream = TlsConnector::from(config).connect(name, Movable::new(stream)).await?;
        Ok(Socket::Secure(Box::new(TlsStream::from(stream))))
    }

    fn tell(&self, client: SocketAddr, reason: &str) {
        let mut refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match refused.check(self.0.began.elapsed()) {
            Verdict::Allow { suppressed } => {
                info!(client:%, reason, suppressed; "a connection without TLS was refused");
            }
            Verdict::Suppress => debug!(client:%, reason; "a connection without TLS was refused"),
        }
    }
}
