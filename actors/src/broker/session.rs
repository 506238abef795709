//! One MQTT client, from its CONNECT to its end: decodes and checks what it says, passes that to
//! the router, writes what the router answers, and publishes its last will.
//!
//! What is checked here and not left to the router: rumqttd 0.20 panics, and with it the whole
//! broker dies, on a topic that begins with a multi-byte character, and on a client that it has
//! disconnected itself and that then reports ready. So no packet that makes the router disconnect
//! a client may pass, and the last word on a link is always the session's own DISCONNECT.

use std::cmp::min;
use std::collections::VecDeque;
use std::future::ready;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use log::{debug, info, warn};
use rumqttd::Notification;
use rumqttd::local::{LinkRx, LinkTx};
use rumqttd::protocol::v4::V4;
use rumqttd::protocol::{
    Disconnect, DisconnectReasonCode, Error as CodecError, LastWill, Packet, Protocol, Publish,
};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::clients::Clients;
use super::end::{SessionEnd, Violation};
use super::hello::{Hello, READ_BATCH, acceptable_topic, grantable, greet};
use super::router::Connector;

/// How long a connection may take to say CONNECT; a port scanner holds its slot no longer.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a client may take none of the bytes we have for it. It holds up to 100 messages of
/// the router meanwhile.
const STALL_LIMIT: Duration = Duration::from_secs(30);

/// How often keep-alive and stall are looked at. MQTT counts both in seconds.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Encoded bytes that are gathered before they are written. A single message may pass it.
const WRITE_BATCH: usize = 64 << 10;

/// Answers a client may leave unread: as many as MQTT has packet ids.
const MAX_OWED: usize = u16::MAX as usize;

/// What all sessions of a broker share; a clone costs two reference counts.
#[derive(Clone)]
pub(super) struct Shared {
    connector: Connector,
    clients: Arc<Clients>,
    max_packet_bytes: usize,
}

impl Shared {
    pub(super) fn new(connector: Connector, max_packet_bytes: usize) -> Self {
        Self { connector, clients: Arc::default(), max_packet_bytes }
    }
}

/// A connected client. It lives on the broker's runtime and dies with it, unheard.
struct Session {
    socket: TcpStream,
    link_tx: LinkTx,
    link_rx: LinkRx,
    max_packet_bytes: usize,
    silence: Option<Duration>,
    inbox: BytesMut,
    outbox: BytesMut,
    /// Admitted and not yet passed on: the link wakes the router with the last one only.
    held: Option<Packet>,
    /// Ids of QoS 1 messages sent, oldest first, as the router expects them back. It has a limit
    /// of 100.
    sent: VecDeque<u16>,
    /// Answers the router owes this client.
    owed: usize,
    /// QoS 2 messages whose PUBREL has not come.
    unreleased: usize,
    /// The router stopped sending until it is told that the outbox has been written.
    paused: bool,
    heard: Instant,
    progress: Instant,
}

/// Serves one accepted connection until it ends.
pub(super) async fn serve(mut socket: TcpStream, peer: SocketAddr, shared: Shared) {
    // Without it a message behind an acknowledgement waits 40 ms for the peer's delayed ACK.
    if let Err(error) = socket.set_nodelay(true) {
        debug!(peer:%, error:%; "mqtt client without nodelay");
    }
    let mut inbox = BytesMut::new();
    let greeting = greet(&mut socket, &mut inbox, shared.max_packet_bytes);
    let hello = match timeout(CONNECT_LIMIT, greeting).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(end)) => {
            info!(peer:%, reason:% = end; "mqtt client refused");
            return;
        }
        Err(_) => {
            info!(peer:%, reason:% = Violation::NoConnect; "mqtt client refused");
            return;
        }
    };
    let Some(mut claim) = shared.clients.claim(&hello.client_id).await else {
        return;
    };
    let Hello { client_id, clean_session, silence, will } = hello;
    let (link_tx, link_rx, greeting) = match (shared.connector)(&client_id, clean_session) {
        Ok(link) => link,
        Err(error) => {
            warn!(client = client_id, error:%; "mqtt client has no link to the router");
            return;
        }
    };
    debug!(client = client_id, peer:%; "mqtt client connected");

    let now = Instant::now();
    let mut session = Session {
        socket,
        link_tx,
        link_rx,
        max_packet_bytes: shared.max_packet_bytes,
        silence,
        inbox,
        outbox: BytesMut::new(),
        held: None,
        sent: VecDeque::new(),
        owed: 0,
        unreleased: 0,
        paused: false,
        heard: now,
        progress: now,
    };
    let end = tokio::select! {
        Err(end) = session.run(greeting) => end,
        () = claim.cut() => SessionEnd::TakenOver,
    };
    match &end {
        SessionEnd::Goodbye | SessionEnd::Closed => {
            debug!(client = client_id, peer:%, reason:% = end; "mqtt client left");
        }
        SessionEnd::Lost(_)
        | SessionEnd::TakenOver
        | SessionEnd::Silent
        | SessionEnd::Stalled
        | SessionEnd::Violation(_)
        | SessionEnd::Router => {
            info!(client = client_id, peer:%, reason:% = end; "mqtt client cut");
        }
    }
    session.close(&end, will).await;
    // Only now may a session that waits for this client id begin.
    drop(claim);
}

impl Session {
    /// Reads and writes at the same time, for a client that writes a large message before it reads
    /// ours would otherwise wait for us as we wait for it. Returns only with the reason of the end.
    async fn run(&mut self, greeting: Notification) -> Result<(), SessionEnd> {
        self.queue(greeting)?;
        self.admit_inbox().await?;
        let mut watch = interval(WATCH_INTERVAL);
        watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // None of these loses anything when another one wins.
            tokio::select! {
                read = self.socket.readable() => {
                    read?;
                    match self.socket.try_read_buf(&mut self.inbox) {
                        Ok(0) => return Err(SessionEnd::Closed),
                        Ok(_) => self.admit_inbox().await?,
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                writable = self.socket.writable(), if !self.outbox.is_empty() => {
                    writable?;
                    self.write().await?;
                }
                answer = self.link_rx.next(), if self.outbox.len() < WRITE_BATCH => {
                    if let Some(answer) = answer? {
                        self.queue(answer)?;
                    }
                    self.queue_more().await?;
                    self.write().await?;
                }
                now = watch.tick() => self.check_time(now)?,
            }
        }
    }

    /// Tells the router what is left to tell: the last will, unless the client took its leave, and
    /// that the client is gone.
    async fn close(mut self, end: &SessionEnd, will: Option<LastWill>) {
        let mut last_words = self.held.take().into_iter().collect::<Vec<_>>();
        if let Some(will) = will.filter(|_| !matches!(end, SessionEnd::Goodbye)) {
            let publish = Publish::new(will.topic, will.message, will.retain);
            last_words.push(Packet::Publish(publish, None));
        }
        self.link_tx.buffer().extend(last_words);
        let reason_code = DisconnectReasonCode::NormalDisconnection;
        // Fails only if the router is gone, and then there is nobody to tell.
        let _ = self.link_tx.send(Packet::Disconnect(Disconnect { reason_code }, None)).await;
    }

    /// Passes every whole packet of the inbox to the router.
    async fn admit_inbox(&mut self) -> Result<(), SessionEnd> {
        loop {
            let header = self.inbox.first().copied().unwrap_or_default();
            match V4.read_mut(&mut self.inbox, self.max_packet_bytes) {
                Ok(packet) => self.admit(header, packet)?,
                Err(CodecError::InsufficientBytes(missing)) => {
                    self.inbox.reserve(min(missing, READ_BATCH).max(READ_BATCH / 4));
                    break;
                }
                Err(error) => return Err(Violation::Malformed(error).into()),
            }
            self.heard = Instant::now();
        }
        if self.inbox.is_empty() && self.inbox.capacity() > 4 * READ_BATCH {
            self.inbox = BytesMut::new();
        }
        match self.held.take() {
            Some(last) => self.link_tx.send(last).await.map(drop).map_err(SessionEnd::from),
            None => Ok(()),
        }
    }

    /// Checks one packet, whose first byte was `header`, and queues it for the router.
    fn admit(&mut self, header: u8, packet: Packet) -> Result<(), SessionEnd> {
        let packet = match packet {
            Packet::Publish(publish, _) => {
                if !acceptable_topic(&publish.topic) {
                    return Err(Violation::Topic.into());
                }
                let qos = (header >> 1) & 0b11;
                self.owed += usize::from(qos > 0);
                self.unreleased += usize::from(qos > 1);
                Packet::Publish(publish, None)
            }
            Packet::PubAck(ack, _) => {
                if self.sent.pop_front() != Some(ack.pkid) {
                    return Err(Violation::Acknowledgement.into());
                }
                Packet::PubAck(ack, None)
            }
            Packet::PubRel(release, _) => {
                self.unreleased =
                    self.unreleased.checked_sub(1).ok_or(Violation::Acknowledgement)?;
                self.owed += 1;
                Packet::PubRel(release, None)
            }
            Packet::Subscribe(subscribe, _) => {
                self.owed += 1;
                Packet::Subscribe(grantable(subscribe)?, None)
            }
            Packet::PingReq(ping) => {
                self.owed += 1;
                Packet::PingReq(ping)
            }
            Packet::Unsubscribe(unsubscribe, _) => Packet::Unsubscribe(unsubscribe, None),
            Packet::Disconnect(..) => return Err(SessionEnd::Goodbye),
            // PUBREC and PUBCOMP among them: no subscription is granted QoS 2.
            _ => return Err(Violation::Unexpected.into()),
        };
        if self.owed > MAX_OWED || self.unreleased > MAX_OWED {
            return Err(Violation::Unread.into());
        }
        if let Some(earlier) = self.held.replace(packet) {
            self.link_tx.buffer().push_back(earlier);
        }
        Ok(())
    }

    /// Encodes what else the router has ready, so that it leaves in one write.
    async fn queue_more(&mut self) -> Result<(), SessionEnd> {
        while self.outbox.len() < WRITE_BATCH {
            let answer = tokio::select! {
                biased;
                answer = self.link_rx.next() => answer?,
                () = ready(()) => return Ok(()),
            };
            if let Some(answer) = answer {
                self.queue(answer)?;
            }
        }
        Ok(())
    }

    /// Encodes one word of the router.
    fn queue(&mut self, answer: Notification) -> Result<(), SessionEnd> {
        if self.outbox.is_empty() {
            self.progress = Instant::now();
        }
        let packet: Option<Packet> = answer.into();
        match packet {
            None => self.paused = true,
            Some(Packet::Publish(publish, _)) => {
                let payload_bytes = publish.payload.len();
                let start = self.outbox.len();
                self.encode(Packet::Publish(publish, None))?;
                // rumqttd hides QoS and packet id of a publish; on the wire the id is the two
                // bytes in front of the payload.
                let frame = self.outbox.get(start..).unwrap_or_default();
                if frame.first().is_some_and(|header| header & 0b110 != 0) {
                    let id_end = frame.len() - payload_bytes;
                    if let Some(&[high, low]) = frame.get(id_end.saturating_sub(2)..id_end) {
                        self.sent.push_back(u16::from_be_bytes([high, low]));
                    }
                }
            }
            // Never counted as owed: the router answers it once per filter, or not at all.
            Some(packet @ (Packet::UnsubAck(..) | Packet::ConnAck(..))) => self.encode(packet)?,
            Some(packet) => {
                self.owed = self.owed.saturating_sub(1);
                self.encode(packet)?;
            }
        }
        Ok(())
    }

    fn encode(&mut self, packet: Packet) -> Result<(), SessionEnd> {
        V4.write(packet, &mut self.outbox).map_err(Violation::Malformed)?;
        Ok(())
    }

    /// Writes what the socket takes now, and lets the router go on once all is written.
    async fn write(&mut self) -> Result<(), SessionEnd> {
        if !self.outbox.is_empty() {
            match self.socket.try_write(&self.outbox) {
                Ok(written) => {
                    let _ = self.outbox.split_to(written);
                    self.progress = Instant::now();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        if self.outbox.is_empty() {
            // A large message must not keep its room for ever.
            if self.outbox.capacity() > WRITE_BATCH {
                self.outbox = BytesMut::new();
            }
            if self.paused {
                self.paused = false;
                self.link_rx.wake().await?;
            }
        }
        Ok(())
    }

    fn check_time(&self, now: Instant) -> Result<(), SessionEnd> {
        let since = |then| now.saturating_duration_since(then);
        if self.silence.is_some_and(|silence| since(self.heard) > silence) {
            return Err(SessionEnd::Silent);
        }
        if !self.outbox.is_empty() && since(self.progress) > STALL_LIMIT {
            return Err(SessionEnd::Stalled);
        }
        Ok(())
    }
}
