//! Two nodes of one process, a broker, and a collector that takes what they export.

use crate::{Node, Signals};
use merkle_kv_core::config;
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A span as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Received {
    name: String,
    trace: Vec<u8>,
    id: Vec<u8>,
    parent: Vec<u8>,
    began: u64,
    ended: u64,
}

/// A collector; keeps every span with the node that sent it.
struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<(String, Received)>>>,
}

impl Collector {
    fn start() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let spans: Arc<Mutex<Vec<_>>> = Arc::default();
        let taken = spans.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let message = take_post(stream.unwrap());
                taken.lock().unwrap().extend(spans_of(&message));
            }
        });
        Collector { address, spans }
    }

    /// The spans of one trace, by the node and the stage.
    fn trace(&self, trace: &[u8]) -> HashMap<(String, String), Received> {
        let spans = self.spans.lock().unwrap();
        let of_trace = spans.iter().filter(|(_, span)| span.trace == trace);
        of_trace.map(|(node, span)| ((node.clone(), span.name.clone()), span.clone())).collect()
    }
}

/// Reads one POST and answers it.
fn take_post(stream: TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("POST /v1/traces HTTP/1.1"), "{line}");
    let mut bytes = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            bytes = value.trim().parse().unwrap();
        }
    }
    let mut message = vec![0; bytes];
    reader.read_exact(&mut message).unwrap();
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    message
}

/// The fields of a message of Protocol Buffers: number, and bytes or a number in eight of them.
fn fields(mut message: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let varint = |message: &mut &[u8]| {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = message[0];
            *message = &message[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    };
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let bytes = match tag & 7 {
            0 => varint(&mut message).to_le_bytes().to_vec(),
            1 => message.split_off(..8).unwrap().to_vec(),
            2 => {
                let bytes = varint(&mut message) as usize;
                message.split_off(..bytes).unwrap().to_vec()
            }
            5 => message.split_off(..4).unwrap().to_vec(),
            other => panic!("wire type {other}"),
        };
        fields.push((tag >> 3, bytes));
    }
    fields
}

/// The values of one field.
fn all(message: &[u8], number: u64) -> Vec<Vec<u8>> {
    fields(message).into_iter().filter(|(found, _)| *found == number).map(|(_, v)| v).collect()
}

fn one(message: &[u8], number: u64) -> Vec<u8> {
    all(message, number).into_iter().next().unwrap_or_default()
}

/// Every span of an ExportTraceServiceRequest, with the node that it is of.
fn spans_of(request: &[u8]) -> Vec<(String, Received)> {
    let mut found = Vec::new();
    for resource_spans in all(request, 1) {
        let attributes = all(&one(&resource_spans, 1), 1);
        let of_node = attributes.iter().find(|one_| one(one_, 1) == b"service.instance.id");
        let node = String::from_utf8(one(&one(of_node.unwrap(), 2), 1)).unwrap();
        for scope_spans in all(&resource_spans, 2) {
            for span in all(&scope_spans, 2) {
                let time = |number| u64::from_le_bytes(one(&span, number).try_into().unwrap());
                let received = Received {
                    name: String::from_utf8(one(&span, 5)).unwrap(),
                    trace: one(&span, 1),
                    id: one(&span, 2),
                    parent: one(&span, 4),
                    began: time(7),
                    ended: time(8),
                };
                found.push((node.clone(), received));
            }
        }
    }
    found
}

fn node(name: &str, rest: &str) -> Node {
    let text = format!("node_id = \"{name}\"\nnetwork.bind_port = 0\n{rest}");
    let config = config::load(&text, name, &BTreeMap::new()).unwrap();
    Node::start(&config, Signals::Ignore).unwrap()
}

fn ask(node: &Node, command: &str) -> String {
    let mut stream = TcpStream::connect(node.address()).unwrap();
    stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[track_caller]
fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_write_is_one_trace_from_its_client_to_the_store_of_another_node() {
    let collector = Collector::start();
    // Bound and let go: the broker needs a port that others are told.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let common = format!(
        "mqtt.broker_address = \"tcp://127.0.0.1:{port}\"\nmqtt.topic_prefix = \"traced-{port}\"\n\
         tracing.otlp_collector = \"{}\"\ntracing.one_in = 1\n",
        collector.address
    );
    let broker = format!("broker.enabled = true\nbroker.bind_port = {port}\n");
    let writer = node("writer", &format!("{common}{broker}"));
    let reader = node("reader", &common);
    for node in [&writer, &reader] {
        wait_until("it joins", || ask(node, "REPLICATE STATUS").contains(" connected "));
    }
    assert_eq!(ask(&writer, "SET key value"), "OK");
    wait_until("it arrives", || ask(&reader, "GET key") == "VALUE value");
    // Whatever is queued is sent when a node stops.
    drop((reader, writer));

    let spans = collector.spans.lock().unwrap().clone();
    let (_, first) = spans.iter().find(|(_, span)| span.name == "command").unwrap();
    let trace = collector.trace(&first.trace);
    let span = |node: &str, stage: &str| {
        let key = (node.to_owned(), stage.to_owned());
        trace.get(&key).unwrap_or_else(|| panic!("no {stage} on {node}: {spans:?}"))
    };
    let stages =
        [("writer", "command"), ("writer", "store"), ("writer", "publish"), ("reader", "apply")];
    assert_eq!(trace.len(), stages.len(), "{trace:?}");
    let mut parent = Vec::new();
    for (node, stage) in stages {
        let span = span(node, stage);
        assert_eq!(span.parent, parent, "of {stage}");
        assert!(span.began <= span.ended && span.ended - span.began < 20_000_000_000, "{span:?}");
        parent.clone_from(&span.id);
    }
    let (command, store) = (span("writer", "command"), span("writer", "store"));
    assert!(command.began <= store.began && store.ended <= command.ended);
}

#[test]
fn a_collector_that_is_away_holds_up_neither_clients_nor_the_end() {
    // Takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let text = format!(
        "mqtt.enabled = false\ntracing.otlp_collector = \"{address}\"\n\
                        tracing.one_in = 1\n"
    );
    let node = node("alone", &text);
    let begun = Instant::now();
    for number in 0..5_000 {
        assert_eq!(ask(&node, &format!("SET key {number}")), "OK");
    }
    let served = begun.elapsed();
    drop(node);
    let stopped = begun.elapsed() - served;
    assert!(stopped < PATIENCE, "{stopped:?}");
}
