//! A node that is as full as it may be: what clients are refused, what makes room, and what other
//! nodes still bring.

use crate::harness::{BrokerKind, Client, Cluster, Node, NodeSettings, wait_until};
use std::time::Duration;

const LIMIT: &str = "[storage]\nmemory_limit_mb = 1\n";
const LIMIT_BYTES: u64 = 1 << 20;
const FULL: &str = "ERROR: Storage full: the limit is 1 MB and 1.0 MB are used; delete keys or raise \
                    storage.memory_limit_mb";
const VALUE_BYTES: usize = 1_000;

fn set(key: usize) -> String {
    format!("SET key{key:04} {}", "v".repeat(VALUE_BYTES))
}

fn memory(client: &mut Client) -> u64 {
    client.command("MEMORY").strip_prefix("MEMORY ").unwrap().parse().unwrap()
}

/// Sends commands until one is refused, and gives how many were not.
fn fill(client: &mut Client, command: impl Fn(usize) -> String) -> usize {
    let mut written = 0;
    loop {
        let reply = client.command(&command(written));
        if reply != "OK" {
            assert_eq!(reply, FULL);
            return written;
        }
        written += 1;
        assert!(memory(client) <= LIMIT_BYTES);
    }
}

#[test]
fn a_full_node_refuses_what_adds_to_it_and_does_everything_else() {
    let node = Node::start(NodeSettings::alone("one").section(LIMIT));
    let mut client = node.client();
    let keys = fill(&mut client, set);
    assert!((700..800).contains(&keys), "{keys} keys");
    let small = fill(&mut client, |n| format!("SET small{n} v"));

    let (long, before) = ("v".repeat(400), memory(&mut client));
    let refused = [
        set(keys),
        "INCR counter".to_owned(),
        "DECR counter".to_owned(),
        format!("APPEND key0000 {long}"),
        format!("PREPEND key0000 {long}"),
        format!("MSET key0000 short new1 {} new2 v", "v".repeat(VALUE_BYTES)),
    ];
    for command in &refused {
        assert_eq!(client.command(command), FULL, "{command:.40}");
    }
    assert_eq!(memory(&mut client), before);
    assert_eq!(client.command("DBSIZE"), format!("DBSIZE {}", keys + small));
    assert_eq!(client.command("GET key0000"), format!("VALUE {}", "v".repeat(VALUE_BYTES)));
    assert_eq!(client.command("SET key0000 short"), "OK");
    assert_eq!(client.command("DEL key0001"), "DELETED");
    assert_eq!(client.command(&set(keys)), "OK");
    assert_eq!(client.count("storage_refused_full"), 2 + refused.len() as u64);
    assert_eq!(client.count("storage_applied_over_limit"), 0);

    assert_eq!(client.command("FLUSH"), "OK");
    let again: Vec<String> = (0..keys).map(set).collect();
    client.pipeline_ok(&again);
    assert_eq!(client.command("DBSIZE"), format!("DBSIZE {keys}"));
    node.stop();
}

#[test]
fn what_other_nodes_write_is_taken_beyond_the_limit_and_told() {
    let mut cluster = Cluster::start(1, BrokerKind::Mosquitto);
    let settings = NodeSettings::at_broker("small", cluster.broker_port, &cluster.prefix);
    cluster.nodes.push(Node::start(settings.section(LIMIT)));
    cluster.nodes[1].joined();
    let [mut large, mut small] = <[Client; 2]>::try_from(cluster.clients()).ok().unwrap();

    let sets: Vec<String> = (0..3_000).map(set).collect();
    large.pipeline_ok(&sets);
    small.until("DBSIZE", "DBSIZE 3000");
    assert!(memory(&mut small) > 2 * LIMIT_BYTES);
    assert!(small.count("storage_applied_over_limit") > 1_000);
    let warning = "taken beyond storage.memory_limit_mb";
    cluster.nodes[1].logged(warning);
    assert_eq!(cluster.nodes[1].log().matches(warning).count(), 1);

    assert!(small.command("SET new v").starts_with("ERROR: Storage full: the limit is 1 MB and "));
    assert_eq!(small.command("SET key0000 short"), "OK");
    assert_eq!(small.command("DEL key0001"), "DELETED");
    assert_eq!(large.command("SET new v"), "OK");
    small.until("GET new", "VALUE v");
    large.until("GET key0000", "VALUE short");
    wait_until(Duration::from_secs(30), "the delete arrives", || {
        large.command("GET key0001") == "(null)"
    });
    cluster.converged();
}
