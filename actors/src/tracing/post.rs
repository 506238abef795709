//! Posts what the exporter has encoded, over plain HTTP. One connection for each message: there is
//! at most one a second.

use async_trait::async_trait;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use log::{debug, warn};
use merkle_kv_core::naming::PeerAddress;
use merkle_kv_core::rate_limit::{RateLimit, Verdict};
use opentelemetry_http::{HttpClient, HttpError};
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time;

/// How long the collector may take for one message.
const POST_LIMIT: Duration = Duration::from_secs(5);

/// The longest answer that is read, in bytes; it is most often empty.
const MAX_ANSWER_BYTES: usize = 64 << 10;

/// How often a collector that is away is told of.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);

/// The way to a collector. Used by the exporter's thread, which waits in it.
#[derive(Debug)]
pub(super) struct Post {
    collector: PeerAddress,
    runtime: Runtime,
    started: Instant,
    failing: Mutex<RateLimit>,
}

impl Post {
    pub(super) fn to(collector: &PeerAddress) -> io::Result<Post> {
        Ok(Post {
            collector: collector.clone(),
            runtime: Builder::new_current_thread().enable_io().enable_time().build()?,
            started: Instant::now(),
            failing: Mutex::new(RateLimit::new(WARNING_INTERVAL, 1)),
        })
    }

    async fn exchange(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let PeerAddress { host, port } = &self.collector;
        let stream = TcpStream::connect((host.to_string().as_str(), *port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Only a proxy is asked for a whole address.
        if let Some(path) = request.uri().path_and_query() {
            *request.uri_mut() = Uri::from(path.clone());
        }
        request.headers_mut().insert(HOST, HeaderValue::from_str(&self.collector.to_string())?);
        let exchange = async {
            let answer = sender.send_request(request.map(Full::new)).await?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await?.to_bytes();
            // Ends the connection, and with it what drives it.
            drop(sender);
            Ok(Response::from_parts(head, body))
        };
        let (answer, _) = tokio::join!(exchange, connection);
        answer
    }

    fn warn(&self, error: &dyn std::fmt::Display) {
        let collector = self.collector.to_string();
        // A panic while the lock was held cannot have left the limit half changed.
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match failing.check(self.started.elapsed()) {
            Verdict::Allow { suppressed } => {
                warn!(collector, error:%, suppressed; "spans could not be sent and are lost");
            }
            Verdict::Suppress => debug!(collector, error:%; "spans could not be sent"),
        }
    }
}

#[async_trait]
impl HttpClient for Post {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // The exporter has a thread, and no runtime, of its own.
        let limited = async { time::timeout(POST_LIMIT, self.exchange(request)).await };
        let sent = self.runtime.block_on(limited).unwrap_or_else(|_| {
            let after = POST_LIMIT.as_secs();
            Err(format!("no answer after {after} seconds").into())
        });
        match &sent {
            Ok(answer) if !answer.status().is_success() => self.warn(&answer.status()),
            Ok(_) => {}
            Err(error) => self.warn(error),
        }
        sent
    }
}
