//! Requests over HTTP on a raw socket, so that bad ones can be sent too.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a page may take. Far more than any does on a loaded machine.
const PAGE_LIMIT: Duration = Duration::from_secs(20);

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// Gets one page.
#[track_caller]
pub(crate) fn get(address: SocketAddr, path: &str) -> Page {
    let request = format!("GET {path} HTTP/1.1\r\nHost: node\r\n\r\n");
    send(address, request.as_bytes()).unwrap_or_else(|| panic!("{path}: no answer"))
}

/// Sends bytes as they are; nothing if the node closes the connection without a whole head.
pub(crate) fn send(address: SocketAddr, request: &[u8]) -> Option<Page> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PAGE_LIMIT)).unwrap();
    // The node may have closed it before it has seen all.
    let _ = stream.write_all(request);
    page(&mut stream)
}

/// Reads what comes until the node closes the connection.
pub(crate) fn page(stream: &mut TcpStream) -> Option<Page> {
    let mut bytes = Vec::new();
    if let Err(error) = stream.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "no answer");
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Page { status, headers: head.to_lowercase(), body: body.to_owned() })
}
