//! Decides who may connect and what a client may ask of the router: the CONNECT, topics, filters.
//! Knows nothing of sessions.

use std::cmp::min;
use std::time::Duration;

use bytes::BytesMut;
use rumqttd::protocol::v4::V4;
use rumqttd::protocol::{
    ConnAck, ConnectReturnCode, Error as CodecError, LastWill, Packet, Protocol, QoS, Subscribe,
    valid_filter, valid_topic,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::end::{SessionEnd, Violation};

/// Room made for one read. Never the length that a client announces.
pub(super) const READ_BATCH: usize = 64 << 10;

/// What a CONNECT asks for, checked.
pub(super) struct Hello {
    pub(super) client_id: String,
    pub(super) clean_session: bool,
    /// The longest allowed silence; `None` for a keep-alive of 0.
    pub(super) silence: Option<Duration>,
    pub(super) will: Option<LastWill>,
}

/// Reads and checks the CONNECT. A refusal is told to the client where MQTT has a code for it.
pub(super) async fn greet(
    socket: &mut TcpStream,
    inbox: &mut BytesMut,
    max_packet_bytes: usize,
) -> Result<Hello, SessionEnd> {
    let packet = loop {
        match V4.read_mut(inbox, max_packet_bytes) {
            Ok(packet) => break packet,
            Err(CodecError::InsufficientBytes(missing)) => inbox.reserve(min(missing, READ_BATCH)),
            Err(error) => {
                if let CodecError::InvalidProtocolLevel(_) = error {
                    refuse(socket, ConnectReturnCode::RefusedProtocolVersion).await?;
                }
                return Err(Violation::Malformed(error).into());
            }
        }
        if socket.read_buf(inbox).await? == 0 {
            return Err(SessionEnd::Closed);
        }
    };
    let Packet::Connect(connect, _, will, _, _) = packet else {
        return Err(Violation::Unexpected.into());
    };
    if !acceptable_client_id(&connect.client_id, connect.clean_session) {
        refuse(socket, ConnectReturnCode::ClientIdentifierNotValid).await?;
        return Err(Violation::ClientId.into());
    }
    if will.as_ref().is_some_and(|will| !acceptable_topic(&will.topic)) {
        return Err(Violation::Topic.into());
    }
    let client_id = if connect.client_id.is_empty() {
        // Unique as long as the connection lives, which is as long as it matters.
        socket.peer_addr()?.to_string()
    } else {
        connect.client_id
    };
    let silence = match connect.keep_alive {
        0 => None,
        seconds => Some(Duration::from_millis(u64::from(seconds) * 1500)),
    };
    Ok(Hello { client_id, clean_session: connect.clean_session, silence, will })
}

async fn refuse(socket: &mut TcpStream, code: ConnectReturnCode) -> Result<(), SessionEnd> {
    let mut answer = BytesMut::new();
    let refusal = Packet::ConnAck(ConnAck { session_present: false, code }, None);
    V4.write(refusal, &mut answer).map_err(Violation::Malformed)?;
    Ok(socket.write_all(&answer).await?)
}

/// The router refuses wildcards, `$` and `/`, and does not answer then; control characters are
/// reserved for the broker's own link.
fn acceptable_client_id(client_id: &str, clean_session: bool) -> bool {
    let forbidden = |c: char| matches!(c, '+' | '$' | '#' | '/') || c.is_control();
    !client_id.contains(forbidden) && (clean_session || !client_id.is_empty())
}

/// rumqttd looks at the first byte of a topic as if it were the first character, and panics if
/// it is only a part of one. `$` topics are the broker's.
pub(super) fn acceptable_topic(topic: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(topic) else {
        return false;
    };
    let first = topic.first().copied();
    first.is_some_and(|byte| byte.is_ascii() && byte != b'$') && valid_topic(text)
}

/// Shared subscriptions (`$share/…`) panic the router when a persistent client leaves one.
fn acceptable_filter(filter: &str) -> bool {
    !filter.starts_with('$') && valid_filter(filter)
}

/// Lowers QoS 2 to 1, as a broker may: exactly-once costs two more messages each and MerkleKV
/// applies everything any number of times.
pub(super) fn grantable(mut subscribe: Subscribe) -> Result<Subscribe, Violation> {
    for filter in &mut subscribe.filters {
        if !acceptable_filter(&filter.path) {
            return Err(Violation::Filter);
        }
        if filter.qos == QoS::ExactlyOnce {
            filter.qos = QoS::AtLeastOnce;
        }
    }
    Ok(subscribe)
}
