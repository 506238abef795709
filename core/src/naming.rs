//! How a node is called and where it is met.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

#[cfg(test)]
mod tests;

/// The longest node name, in characters: it is part of every topic and update a node sends.
const MAX_NODE_NAME_CHARS: usize = 64;

/// The longest host name, in characters (RFC 1035, section 2.3.4).
const MAX_HOST_CHARS: usize = 253;

/// The longest part between the dots of a host name, in characters (RFC 1035, section 2.3.4).
const MAX_LABEL_CHARS: usize = 63;

/// The name of a node, unique in its cluster: 1 to 64 of `A-Z a-z 0-9 . _ -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(String);

impl NodeName {
    /// The name, or `None` if `text` is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let valid = (1..=MAX_NODE_NAME_CHARS).contains(&text.len()) && text.bytes().all(allowed);
        valid.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host name or an address, as it stands before the colon of `host:port`: an IPv6 address is
/// in brackets, which is also how a client that joins host and port needs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(String);

impl Host {
    /// The host, or `None` if `text` is neither a host name, an IPv4 address nor an IPv6 address
    /// in brackets.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(inside) = text.strip_prefix('[') {
            let address: Ipv6Addr = inside.strip_suffix(']')?.parse().ok()?;
            return Some(Self::from(IpAddr::V6(address)));
        }
        let last_label = text.rsplit('.').next()?;
        let valid = if last_label.bytes().all(|byte| byte.is_ascii_digit()) {
            text.parse::<Ipv4Addr>().is_ok()
        } else {
            text.len() <= MAX_HOST_CHARS && text.split('.').all(is_label)
        };
        valid.then(|| Self(text.to_owned()))
    }

    /// The host as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self(address.to_string()),
            IpAddr::V6(address) => Self(format!("[{address}]")),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Underscores are not in the RFC, but container networks hand out such names.
fn is_label(label: &str) -> bool {
    (1..=MAX_LABEL_CHARS).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Splits `host` or `host:port`; the colons inside brackets belong to the host.
pub(crate) fn split_host_and_port(text: &str) -> Option<(Host, Option<u16>)> {
    let end_of_host = match text.rfind(']') {
        Some(bracket) => bracket + 1,
        None => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(end_of_host);
    let port = match rest.strip_prefix(':') {
        Some(digits) => Some(parse_port(digits)?),
        None if rest.is_empty() => None,
        None => return None,
    };
    Some((Host::parse(host)?, port))
}

fn parse_port(digits: &str) -> Option<u16> {
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| only_digits && *port != 0)
}

/// The client port of a peer. Shown as `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PeerAddress {
    /// The name or address of the peer.
    pub host: Host,
    /// Its port, never 0.
    pub port: u16,
}

impl PeerAddress {
    /// The address, or `None` if `text` is not one; there is no port that could be left out.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = split_host_and_port(text)?;
        Some(Self { host, port: port? })
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
