//! The small types a resolved configuration is made of, each impossible to hold a bad value.
//! Knows nothing of keys, files or messages.

use crate::naming::{Host, split_host_and_port};
use crate::protocol::Dialect;
use std::fmt;

/// The longest topic prefix, in characters: MQTT topics end at 65535 bytes, and ours add to it.
const MAX_TOPIC_PREFIX_CHARS: usize = 128;

/// The ports of an MQTT broker that was written without one (RFC 6335, registered by OASIS).
const DEFAULT_BROKER_PORT: u16 = 1883;
const DEFAULT_TLS_BROKER_PORT: u16 = 8883;

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
