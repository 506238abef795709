//! The broker as its clients see it, with rumqttc and with bare sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rumqttc::{
    Client, ConnectReturnCode, Event, MqttOptions, NetworkOptions, Packet, Publish, QoS,
};

use super::embedded::{BrokerEnd, EmbeddedBroker};

const LIMIT: Duration = Duration::from_secs(20);
const MIB: usize = 1 << 20;
const MAX_PACKET: usize = 2 * MIB;

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

fn broker() -> EmbeddedBroker {
    EmbeddedBroker::start(any_port(), MAX_PACKET).unwrap()
}

/// A rumqttc client whose event loop runs on a thread until its connection fails.
struct Peer {
    client: Client,
    events: Receiver<Event>,
}

impl Peer {
    fn connect(broker: SocketAddr, id: &str) -> Self {
        Self::with(broker, id, |_| {})
    }

    fn with(broker: SocketAddr, id: &str, adjust: impl FnOnce(&mut MqttOptions)) -> Self {
        let mut options = MqttOptions::new(id, broker.ip().to_string(), broker.port());
        options.set_max_packet_size(MAX_PACKET, MAX_PACKET).set_inflight(100);
        adjust(&mut options);
        let (client, mut connection) = Client::new(options, 10);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        connection.eventloop.set_network_options(network);
        let (sender, events) = channel();
        thread::spawn(move || {
            for event in connection.iter() {
                let Ok(event) = event else { return };
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        let peer = Self { client, events };
        let connected = peer.expect(|event| match event {
            Event::Incoming(Packet::ConnAck(ack)) => Some(ack.code),
            _ => None,
        });
        assert_eq!(connected, ConnectReturnCode::Success);
        peer
    }

    fn subscribed(self, filter: &str, qos: QoS) -> Self {
        self.client.subscribe(filter, qos).unwrap();
        self.expect(|event| matches!(event, Event::Incoming(Packet::SubAck(_))).then_some(()));
        self
    }

    /// The first event that `pick` wants, within the limit.
    fn expect<T>(&self, pick: impl Fn(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).expect("an event before the limit");
            if let Some(found) = pick(&event) {
                return found;
            }
        }
    }

    fn message(&self) -> Publish {
        self.expect(|event| match event {
            Event::Incoming(Packet::Publish(publish)) => Some(publish.clone()),
            _ => None,
        })
    }

    fn acknowledged(&self) {
        self.expect(|event| matches!(event, Event::Incoming(Packet::PubAck(_))).then_some(()));
    }

    fn publish(&self, topic: &str, retain: bool, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, retain, payload).unwrap();
    }

    fn is_cut(&self) -> bool {
        let deadline = Instant::now() + LIMIT;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.events.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}

/// A bare connection that has said CONNECT with a will on `will_topic`.
fn raw_client(broker: SocketAddr, id: &str, will_topic: &str) -> TcpStream {
    let mut body = b"\0\x04MQTT\x04".to_vec();
    body.extend([if will_topic.is_empty() { 0x02 } else { 0x26 }, 0, 60]);
    let texts: &[&str] = if will_topic.is_empty() { &[id] } else { &[id, will_topic, "gone"] };
    for text in texts {
        body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        body.extend(text.as_bytes());
    }
    let mut frame = vec![0x10, u8::try_from(body.len()).unwrap()];
    frame.extend(body);
    let mut socket = TcpStream::connect(broker).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket.write_all(&frame).unwrap();
    socket
}

fn welcomed(mut socket: TcpStream) -> TcpStream {
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0x20, 2, 0, 0]);
    socket
}

/// Whether the broker closes the connection, whatever it says first.
fn is_closed(mut socket: TcpStream) -> bool {
    let mut rest = [0; 1024];
    loop {
        match socket.read(&mut rest) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::ConnectionReset,
        }
    }
}

fn eventually(condition: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        if condition() {
            return true;
        }
        thread::sleep(Duration::from_millis(2));
    }
    false
}

#[test]
fn a_published_message_reaches_a_subscriber() {
    let broker = broker();
    let reader = Peer::connect(broker.local_addr(), "reader").subscribed("t/#", QoS::AtLeastOnce);
    let writer = Peer::connect(broker.local_addr(), "writer");
    writer.publish("t/1", false, "hello");
    writer.acknowledged();
    assert_eq!(reader.message().payload, "hello");
}

#[test]
fn a_message_of_one_mebibyte_and_framing_passes_at_qos_1() {
    let broker = broker();
    let node = Peer::connect(broker.local_addr(), "node").subscribed("t", QoS::AtLeastOnce);
    node.publish("t", false, vec![7; MIB + 1200]);
    assert_eq!(node.message().payload, vec![7; MIB + 1200]);
}

#[test]
fn a_burst_of_large_messages_reaches_a_subscriber_that_keeps_up() {
    let broker = broker();
    let reader = Peer::connect(broker.local_addr(), "reader").subscribed("t", QoS::AtLeastOnce);
    let writer = Peer::connect(broker.local_addr(), "writer");
    for number in 0..=80_u8 {
        writer.publish("t", false, vec![number; MIB]);
    }
    for number in 0..=80 {
        assert_eq!(reader.message().payload.first(), Some(&number));
    }
}

/// rumqttd pauses a QoS 0 subscriber at 200 messages until its session says that it goes on.
#[test]
fn a_subscriber_that_pauses_gets_all_that_its_log_held() {
    const MESSAGES: usize = 5000;
    let broker = broker();
    let mut slow = welcomed(raw_client(broker.local_addr(), "slow", ""));
    slow.write_all(b"\x82\x06\x00\x01\x00\x01t\x00").unwrap();
    let mut granted = [0; 5];
    slow.read_exact(&mut granted).unwrap();
    let writer = Peer::connect(broker.local_addr(), "writer");
    for _ in 0..MESSAGES {
        writer.publish("t", false, vec![1; 4096]);
        writer.acknowledged();
    }
    // Three bytes of header and three of topic in front of each payload.
    let mut all = vec![0; MESSAGES * (4096 + 6)];
    slow.read_exact(&mut all).unwrap();
}

#[test]
fn two_clients_that_write_large_messages_to_each_other_do_not_wait_for_ever() {
    let broker = broker();
    let one = Peer::connect(broker.local_addr(), "one").subscribed("t", QoS::AtLeastOnce);
    let two = Peer::connect(broker.local_addr(), "two").subscribed("t", QoS::AtLeastOnce);
    thread::scope(|scope| {
        for peer in [&one, &two] {
            let client = peer.client.clone();
            scope.spawn(move || {
                for _ in 0..40 {
                    client.publish("t", QoS::AtLeastOnce, false, vec![1; MIB]).unwrap();
                }
            });
        }
        for _ in 0..80 {
            one.message();
            two.message();
        }
    });
}

#[test]
fn a_retained_message_reaches_a_late_subscriber() {
    let broker = broker();
    let writer = Peer::connect(broker.local_addr(), "writer");
    writer.publish("nodes/a", true, "here");
    writer.acknowledged();
    let late = Peer::connect(broker.local_addr(), "late").subscribed("nodes/+", QoS::AtLeastOnce);
    let message = late.message();
    assert!(message.retain);
    assert_eq!(message.payload, "here");
}

#[test]
fn a_cut_client_leaves_its_last_will_also_to_late_subscribers() {
    let broker = broker();
    let reader = Peer::connect(broker.local_addr(), "reader").subscribed("w", QoS::AtLeastOnce);
    drop(welcomed(raw_client(broker.local_addr(), "mortal", "w")));
    assert_eq!(reader.message().payload, "gone");
    let late = Peer::connect(broker.local_addr(), "late").subscribed("w", QoS::AtLeastOnce);
    assert!(late.message().retain);
}

#[test]
fn a_client_that_says_goodbye_leaves_no_will() {
    let broker = broker();
    let reader = Peer::connect(broker.local_addr(), "reader").subscribed("w", QoS::AtLeastOnce);
    let mut polite = welcomed(raw_client(broker.local_addr(), "polite", "w"));
    polite.write_all(&[0xe0, 0]).unwrap();
    assert!(is_closed(polite));
    reader.publish("w", false, "nothing before this");
    assert_eq!(reader.message().payload, "nothing before this");
}

/// Symptom with rumqttd's own server: after a reconnect over a half-open connection the *new*
/// connection's will is published, and its real death is never announced. Cause: wills are kept
/// by client id and the newcomer's replaces the old before the old is fired. Fix: the session
/// keeps its will, and the newcomer waits until the old session is gone.
#[test]
fn a_second_client_with_the_same_id_takes_over_and_keeps_its_own_will() {
    let broker = broker();
    let reader = Peer::connect(broker.local_addr(), "reader").subscribed("w/+", QoS::AtLeastOnce);
    let first = welcomed(raw_client(broker.local_addr(), "twin", "w/first"));
    let second = welcomed(raw_client(broker.local_addr(), "twin", "w/second"));
    assert!(is_closed(first));
    assert_eq!(reader.message().topic, "w/first");
    drop(second);
    assert_eq!(reader.message().topic, "w/second");
}

#[test]
fn many_clients_that_fight_for_one_id_leave_one_winner_and_a_living_broker() {
    let broker = broker();
    let crowd: Vec<_> = (0..50).map(|_| raw_client(broker.local_addr(), "one", "")).collect();
    let last = Peer::connect(broker.local_addr(), "one").subscribed("t", QoS::AtLeastOnce);
    assert!(crowd.into_iter().all(is_closed));
    last.publish("t", false, "still here");
    assert_eq!(last.message().payload, "still here");
}

/// Whether this process runs only the test of this name. If not, runs it in one that does.
fn is_alone(test: &str) -> bool {
    const ALONE: &str = "BROKER_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut again = Command::new(std::env::current_exe().unwrap());
    let name = format!("broker::tests::{test}");
    let status = again.args([&name, "--exact", "--nocapture"]).env(ALONE, "1").status();
    assert!(status.unwrap().success());
    false
}

/// Runs in a process of its own: other tests start brokers too.
#[test]
fn a_stopped_broker_frees_its_port_and_its_threads() {
    if !is_alone("a_stopped_broker_frees_its_port_and_its_threads") {
        return;
    }
    let threads = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.starts_with("router-") || name.starts_with("mqtt-bro")).count()
    };
    assert!(eventually(|| threads() == 0));
    let mut address = any_port();
    for _ in 0..5 {
        let broker = EmbeddedBroker::start(address, MAX_PACKET).unwrap();
        address = broker.local_addr();
        let peer = Peer::connect(address, "peer").subscribed("t", QoS::AtLeastOnce);
        peer.publish("t", true, "x");
        assert_eq!(peer.message().payload, "x");
        assert_eq!(threads(), 2);
        let started = Instant::now();
        broker.stop();
        eprintln!("stopped in {:?}", started.elapsed());
        assert!(peer.is_cut());
        assert!(TcpStream::connect(address).is_err());
        assert!(eventually(|| threads() == 0));
    }
}

#[test]
fn a_running_broker_says_so_and_a_stopped_one_says_why() {
    let broker = broker();
    assert!(broker.is_running());
    let ended = broker.ended();
    broker.stop();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(ended), BrokerEnd::Asked);
}

#[test]
fn a_taken_port_is_reported_at_once() {
    let taken = TcpListener::bind(any_port()).unwrap();
    let started = Instant::now();
    let error = EmbeddedBroker::start(taken.local_addr().unwrap(), MAX_PACKET).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn clients_that_break_the_protocol_hurt_nobody_else() {
    let broker = broker();
    let peer = Peer::connect(broker.local_addr(), "peer").subscribed("t", QoS::AtLeastOnce);
    let sins: [&[u8]; 8] = [
        // Read as MQTT this is a PUBACK of 69 bytes.
        b"GET / HTTP/1.1\r\nHost: a-browser-that-took-the-port.example\r\nAccept: */*\r\n\r\n",
        b"\xff\xff\xff\xff\xff\xff",
        // Acknowledges what was never sent.
        b"\x40\x02\x00\x01",
        // Publishes to a topic that begins with a two-byte character.
        b"\x30\x05\x00\x02\xc3\xa9x",
        // Publishes to a topic that is not UTF-8.
        b"\x30\x03\x00\x01\xff",
        // Shares a subscription.
        b"\x82\x10\x00\x01\x00\x0b$share/g/ab\x01",
        // Releases what was never published.
        b"\x62\x02\x00\x01",
        // Connects twice.
        b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01a",
    ];
    for sin in sins {
        let mut sinner = welcomed(raw_client(broker.local_addr(), "sinner", ""));
        sinner.write_all(sin).unwrap();
        assert!(is_closed(sinner), "{sin:?}");
    }
    for _ in 0..2 {
        assert!(is_closed(raw_client(broker.local_addr(), "no/such#id", "")));
    }
    peer.publish("t", false, "unharmed");
    assert_eq!(peer.message().payload, "unharmed");
    assert!(broker.is_running());
}

#[test]
fn an_oversized_packet_cuts_only_its_sender() {
    let broker = broker();
    let peer = Peer::connect(broker.local_addr(), "peer").subscribed("t", QoS::AtLeastOnce);
    let mut greedy = welcomed(raw_client(broker.local_addr(), "greedy", ""));
    // Announces 256 MiB.
    greedy.write_all(&[0x30, 0xff, 0xff, 0xff, 0x7f]).unwrap();
    assert!(is_closed(greedy));
    peer.publish("t", false, "unharmed");
    assert_eq!(peer.message().payload, "unharmed");
}

/// Runs in a process of its own: resident memory belongs to the process.
#[test]
fn a_subscriber_that_never_reads_stops_nobody_and_costs_bounded_memory() {
    if !is_alone("a_subscriber_that_never_reads_stops_nobody_and_costs_bounded_memory") {
        return;
    }
    let resident_mib = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() / 1024
    };
    let broker = broker();
    let mut deaf = welcomed(raw_client(broker.local_addr(), "deaf", ""));
    deaf.write_all(b"\x82\x06\x00\x01\x00\x01t\x01").unwrap();
    let peer = Peer::with(broker.local_addr(), "peer", |options| {
        options.set_inflight(4);
    });
    let peer = peer.subscribed("t", QoS::AtLeastOnce);
    let before = resident_mib();
    let started = Instant::now();
    for _ in 0..1024 {
        peer.publish("t", false, vec![1; MIB]);
        peer.message();
    }
    let growth = resident_mib() - before;
    eprintln!("1 GiB in {:?}, peak resident growth {growth} MiB", started.elapsed());
    assert!(growth < 200, "{growth} MiB");
    drop(deaf);
}
