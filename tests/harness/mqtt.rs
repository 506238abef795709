//! A stranger at the broker: publishes any bytes to any topic, and hears what nodes publish.

use rumqttc::{Client, Connection, Event, MqttOptions, Packet, QoS};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long the broker may take for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// More than any test sends in one message.
const LARGEST_PACKET_BYTES: usize = 16 << 20;

pub(crate) struct Stranger {
    client: Client,
    connection: Connection,
    heard: Vec<(String, Vec<u8>)>,
}

impl Stranger {
    /// A client of the broker on this port, under a name that no other one has.
    pub(crate) fn connect(port: u16, name: &str) -> Stranger {
        let mut options = MqttOptions::new(name, "127.0.0.1", port);
        options.set_max_packet_size(LARGEST_PACKET_BYTES, LARGEST_PACKET_BYTES);
        let (client, connection) = Client::new(options, 128);
        let mut stranger = Stranger { client, connection, heard: Vec::new() };
        stranger.until(|packet| matches!(packet, Packet::ConnAck(_)));
        stranger
    }

    /// Publishes and waits until the broker has it.
    pub(crate) fn publish(&mut self, topic: &str, message: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, false, message).unwrap();
        self.until(|packet| matches!(packet, Packet::PubAck(_)));
    }

    /// The same, and the broker keeps the message for those that subscribe later.
    pub(crate) fn publish_retained(&mut self, topic: &str, message: impl Into<Vec<u8>>) {
        self.client.publish(topic, QoS::AtLeastOnce, true, message).unwrap();
        self.until(|packet| matches!(packet, Packet::PubAck(_)));
    }

    /// Publishes many messages as fast as the broker takes them.
    pub(crate) fn flood(&mut self, topic: &str, message: &[u8], times: usize) {
        const TOGETHER: usize = 64;
        for some in (0..times).step_by(TOGETHER).map(|done| TOGETHER.min(times - done)) {
            for _ in 0..some {
                self.client.publish(topic, QoS::AtLeastOnce, false, message).unwrap();
            }
            for _ in 0..some {
                self.until(|packet| matches!(packet, Packet::PubAck(_)));
            }
        }
    }

    /// Hears a topic from now on.
    pub(crate) fn subscribe(&mut self, filter: &str) {
        self.client.subscribe(filter, QoS::AtLeastOnce).unwrap();
        self.until(|packet| matches!(packet, Packet::SubAck(_)));
    }

    /// The next message that was not asked for yet.
    pub(crate) fn message(&mut self) -> Vec<u8> {
        if self.heard.is_empty() {
            self.until(|packet| matches!(packet, Packet::Publish(_)));
        }
        self.heard.remove(0).1
    }

    fn until(&mut self, wanted: impl Fn(&Packet) -> bool) {
        loop {
            let event = self.connection.recv_timeout(ANSWER_LIMIT).unwrap().unwrap();
            let Event::Incoming(packet) = event else {
                continue;
            };
            if let Packet::Publish(message) = &packet {
                self.heard.push((message.topic.clone(), message.payload.to_vec()));
            }
            if wanted(&packet) {
                return;
            }
        }
    }
}

/// Runs `mosquitto_sub` with these arguments and gives what it printed. It ends by itself.
pub(crate) fn mosquitto_sub(port: u16, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new("mosquitto_sub")
        .args(["-q", "1", "-W", "20", "-p", &port.to_string()])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("mosquitto_sub is installed by scripts/install-test-tools.sh");
    output.stdout
}
