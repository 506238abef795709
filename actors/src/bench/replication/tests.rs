//! A small run against two nodes of this process.

use super::{BenchPlan, broker, run};
use crate::bench::BenchError;
use crate::node::{Node, Signals};
use merkle_kv_core::config;
use std::collections::BTreeMap;
use std::net::TcpListener;

fn node(name: &str, sections: &str) -> Node {
    let text = format!("node_id = \"{name}\"\n[network]\nbind_port = 0\n{sections}");
    let config = config::load(&text, "test", &BTreeMap::new()).unwrap();
    Node::start(&config, Signals::Ignore).unwrap()
}

fn plan(nodes: &[&Node], broker: Option<u16>) -> BenchPlan {
    BenchPlan {
        nodes: nodes.iter().map(|node| node.address().to_string()).collect(),
        broker: broker.map(|port| format!("127.0.0.1:{port}")),
        samples: 20,
        writes: 3_000,
        value_bytes: 32,
    }
}

#[test]
fn a_run_reports_latency_broker_and_load_and_says_what_it_is_doing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let joins = format!("[mqtt]\nbroker_address = \"tcp://127.0.0.1:{port}\"\n");
    let first = node("first", &format!("{joins}[broker]\nenabled = true\nbind_port = {port}\n"));
    let second = node("second", &joins);
    let mut steps = Vec::new();
    let report =
        run(plan(&[&first, &second], Some(port)), &mut |step| steps.push(step.to_owned())).unwrap();
    let text = report.to_string();
    for part in ["machine", "2 nodes", "p99.9", "times the broker alone", "on all nodes in"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(steps.len(), 3);
    assert!(report.median_latency().as_nanos() > 0);
}

#[test]
fn what_cannot_be_measured_is_an_error_that_says_why() {
    let mut silent = |_: &str| {};
    let alone = node("alone", "[mqtt]\nenabled = false\n");
    let one = run(plan(&[&alone], None), &mut silent);
    assert!(matches!(one, Err(BenchError::TooFewNodes)));
    let mut nobody = plan(&[&alone, &alone], None);
    nobody.nodes[1] = "127.0.0.1:1".to_owned();
    assert!(matches!(run(nobody, &mut silent), Err(BenchError::Node { .. })));
    let off = run(plan(&[&alone, &alone], None), &mut silent);
    assert!(matches!(off, Err(BenchError::NotJoined { .. })));
    assert!(matches!(broker::measure("127.0.0.1:1", 1, 1), Err(BenchError::Broker { .. })));
    assert!(matches!(broker::measure("nowhere", 1, 1), Err(BenchError::Broker { .. })));
}
