//! The broker alone: from publishing a message with QoS 1 until a subscriber has it, one at a time.
//! What a node's write takes beside this is the node's own.

use crate::bench::latencies::Latencies;
use crate::bench::{ARRIVAL_LIMIT, BenchError};
use crate::random;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, NetworkOptions, Packet, QoS};
use std::time::{Duration, Instant};
use tokio::runtime;
use tokio::time;

/// Requests that the client library holds; one is on its way at a time.
const REQUESTS: usize = 4;

pub(super) fn measure(
    address: &str,
    samples: usize,
    value_bytes: usize,
) -> Result<Latencies, BenchError> {
    let failed = |cause: String| BenchError::Broker { broker: address.to_owned(), cause };
    let (host, port) = address
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse().ok()?)))
        .ok_or_else(|| failed("it is to be named as host:port".to_owned()))?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(error.to_string()))?;
    let measured = async {
        let topic = format!("bench/{:016x}", random::number());
        let (writer, writer_loop) = open(host, port, "writer");
        let (reader, mut reader_loop) = open(host, port, "reader");
        reader.subscribe(&topic, QoS::AtLeastOnce).await.map_err(|error| error.to_string())?;
        until(&mut reader_loop, |packet| matches!(packet, Packet::SubAck(_))).await?;
        tokio::task::spawn_local(drive(writer_loop));
        let mut times = Vec::with_capacity(samples);
        for _ in 0..samples.max(1) {
            let message = vec![b'x'; value_bytes];
            let begun = Instant::now();
            let sent = writer.publish(&topic, QoS::AtLeastOnce, false, message).await;
            sent.map_err(|error| error.to_string())?;
            until(&mut reader_loop, |packet| matches!(packet, Packet::Publish(_))).await?;
            times.push(begun.elapsed());
        }
        Latencies::of(times).ok_or_else(|| "nothing was measured".to_owned())
    };
    let limited = async {
        let limit = ARRIVAL_LIMIT + Duration::from_millis(samples as u64);
        time::timeout(limit, measured).await.unwrap_or_else(|_| Err("it is too slow".to_owned()))
    };
    tokio::task::LocalSet::new().block_on(&runtime, limited).map_err(failed)
}

fn open(host: &str, port: u16, role: &str) -> (AsyncClient, EventLoop) {
    let options = MqttOptions::new(format!("bench-{role}-{:x}", random::number()), host, port);
    let (client, mut event_loop) = AsyncClient::new(options, REQUESTS);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    event_loop.set_network_options(network);
    (client, event_loop)
}

/// Keeps a connection going until it breaks, which the other one notices too.
async fn drive(mut event_loop: EventLoop) {
    while event_loop.poll().await.is_ok() {}
}

async fn until(event_loop: &mut EventLoop, holds: fn(&Packet) -> bool) -> Result<(), String> {
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(packet)) if holds(&packet) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}
