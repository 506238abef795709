//! The small types a resolved configuration is made of, each impossible to hold a bad value.
//! Knows nothing of keys, files or messages.

use crate::protocol::Dialect;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;

/// The longest node name, in characters: it is part of every topic and update a node sends.
const MAX_NODE_NAME_CHARS: usize = 64;

/// The longest topic prefix, in characters: MQTT topics end at 65535 bytes, and ours add to it.
const MAX_TOPIC_PREFIX_CHARS: usize = 128;

/// The longest host name, in characters (RFC 1035, section 2.3.4).
const MAX_HOST_CHARS: usize = 253;

/// The longest part between the dots of a host name, in characters (RFC 1035, section 2.3.4).
const MAX_LABEL_CHARS: usize = 63;

/// The ports of an MQTT broker that was written without one (RFC 6335, registered by OASIS).
const DEFAULT_BROKER_PORT: u16 = 1883;
const DEFAULT_TLS_BROKER_PORT: u16 = 8883;

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

/// The start of every topic of a cluster, which thereby names the cluster: 1 to 128 characters
/// that can stand in a topic and match nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopicPrefix(String);

impl TopicPrefix {
    /// The prefix, or `None` if `text` is not one. `+` and `#` would subscribe to other
    /// clusters, a leading `$` belongs to the broker, the in-process broker takes no topic that
    /// begins beyond ASCII, and control characters make brokers
    /// close the connection (MQTT 3.1.1, section 1.5.3).
    pub fn parse(text: &str) -> Option<Self> {
        let forbidden = |character: char| character.is_control() || "+#".contains(character);
        let valid = (1..=MAX_TOPIC_PREFIX_CHARS).contains(&text.chars().count())
            && !text.contains(forbidden)
            && text.starts_with(|first: char| first.is_ascii() && !"/$".contains(first))
            && !text.ends_with('/');
        valid.then(|| Self(text.to_owned()))
    }

    /// The prefix as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value that no log, message or printed configuration may show. `Debug` hides it and there is
/// no `Display`; comparing takes a time that depends on the value, so compare only own settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// What stands for a secret wherever it would be shown.
    pub const MASK: &'static str = "********";

    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The value itself, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::MASK)
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
fn split_host_and_port(text: &str) -> Option<(Host, Option<u16>)> {
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

/// Where peers are told to connect: `host:port`, or `host` with the port the node listens on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdvertiseAddress {
    /// The name or address as peers see it.
    pub host: Host,
    /// The port as peers see it, never 0; `None` is the port the node listens on.
    pub port: Option<u16>,
}

impl AdvertiseAddress {
    /// The address, or `None` if `text` is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = split_host_and_port(text)?;
        Some(Self { host, port })
    }
}

impl fmt::Display for AdvertiseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.host),
            None => write!(f, "{}", self.host),
        }
    }
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

/// Where the MQTT broker is. Shown as `tcp://host:port`, or with TLS as `ssl://host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerAddress {
    /// The name or address of the broker.
    pub host: Host,
    /// Its port, never 0.
    pub port: u16,
    /// Whether it is spoken to over TLS.
    pub tls: bool,
}

impl BrokerAddress {
    /// The address in what follows `tcp://`, or `None` if that is not one. A port that is left
    /// out is 1883.
    pub(super) fn parse_after_scheme(text: &str) -> Option<Self> {
        let (host, port) = split_host_and_port(text)?;
        Some(Self { host, port: port.unwrap_or(DEFAULT_BROKER_PORT), tls: false })
    }

    /// The address in what follows `ssl://`. A port that is left out is 8883. The client library
    /// takes no IPv6 address for the name in a certificate, so one is refused where it is written.
    pub(super) fn parse_after_tls_scheme(text: &str) -> Option<Self> {
        let (host, port) = split_host_and_port(text)?;
        let is_verifiable = !host.as_str().starts_with('[');
        let port = port.unwrap_or(DEFAULT_TLS_BROKER_PORT);
        is_verifiable.then_some(Self { host, port, tls: true })
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "ssl" } else { "tcp" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// A value that is one of a few words.
pub(super) trait Choice: Copy + Eq + 'static {
    /// Every value, in the order they are offered to a reader.
    const ALL: &'static [Self];

    /// The word it is written as.
    fn word(self) -> &'static str;
}

impl Choice for Dialect {
    const ALL: &'static [Self] = &[Self::Standard, Self::Legacy];

    fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Legacy => "legacy",
        }
    }
}

/// The oldest version of TLS that is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246), and later ones.
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

impl Choice for TlsVersion {
    const ALL: &'static [Self] = &[Self::V1_2, Self::V1_3];

    fn word(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

/// When a write is on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Durability {
    /// Before the reply: it waits for an fsync, one for all writes that wait at the time. Nothing
    /// that was answered is lost.
    Always,
    /// The operating system has it before the reply, the disk within the interval between two
    /// fsyncs. A power failure or a crash of the machine loses at most what came in that time; a
    /// crash of the node loses nothing.
    Interval,
    /// The operating system has it before the reply and writes it when it likes. A power failure or
    /// a crash of the machine loses what it had not written; a crash of the node loses nothing.
    None,
}

impl Choice for Durability {
    const ALL: &'static [Self] = &[Self::Always, Self::Interval, Self::None];

    fn word(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Interval => "interval",
            Self::None => "none",
        }
    }
}

/// The least important messages that are still logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogLevel {
    /// Nothing at all.
    Off,
    /// What needs a person.
    Error,
    /// What may need one.
    Warn,
    /// The life of the node.
    Info,
    /// What it decides.
    Debug,
    /// Everything.
    Trace,
}

impl Choice for LogLevel {
    const ALL: &'static [Self] =
        &[Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace, Self::Off];

    fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogFormat {
    /// For a person.
    Text,
    /// One JSON object per line.
    Json,
}

impl Choice for LogFormat {
    const ALL: &'static [Self] = &[Self::Text, Self::Json];

    fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}
