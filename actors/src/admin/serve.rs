//! HTTP on one accepted stream, whatever it is made of: one request, bounded in size and time.
//! Knows no page.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use log::debug;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time;

/// How long a connection may last, from its first byte to its last. A page takes milliseconds; who
/// sends byte by byte, or does not read, is gone after this. As there is one request to a connection,
/// nothing else has to be measured.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);

/// How long of that the request may take.
const HEADER_LIMIT: Duration = Duration::from_secs(5);

/// The longest request line with its headers: far more than a browser sends.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// The most headers.
const MAX_HEADERS: usize = 64;

/// Serves one stream until its request is answered, or its time is over.
pub(super) async fn serve<S>(stream: S, pages: Router)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .keep_alive(false);
    let service = TowerToHyperService::new(pages);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    match time::timeout(CONNECTION_LIMIT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(error:%; "a request over HTTP failed"),
        Err(_) => debug!("a request over HTTP took too long"),
    }
}
