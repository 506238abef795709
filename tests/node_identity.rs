//! Two nodes with one node_id: only one may speak in the cluster, and a node that comes back after
//! a crash is not taken for its own double. And a broker that asks who a node is.

use crate::harness::{
    Broker, BrokerKind, Client, Cluster, Node, NodeSettings, REPLICATION_LIMIT, unique_prefix,
    wait_until,
};
use std::thread;
use std::time::{Duration, Instant};

const REFUSED: &str = "refused-duplicate-node-id";

/// A refused node asks again after 30 s.
const NEXT_TRY: Duration = Duration::from_secs(45);

#[test]
fn a_second_node_with_the_same_id_stays_out_until_the_first_has_left() {
    let mut cluster = Cluster::start(2, BrokerKind::Mosquitto);
    let double = Node::start(cluster.nodes[1].settings.clone());
    let mut refused = double.client();
    check_refusal(&cluster, &double);

    cluster.nodes.remove(1).stop();
    wait_until(NEXT_TRY, "the second joins", || broker_state(&mut refused) == "connected");
    cluster.agree_on("GET local", "VALUE 1");
    assert_eq!(cluster.nodes[0].client().command("SET later 1"), "OK");
    refused.until("GET later", "VALUE 1");
}

#[test]
fn a_second_node_is_refused_by_the_node_that_hosts_the_broker_too() {
    let cluster = Cluster::start(2, BrokerKind::Embedded);
    let double = Node::start(cluster.nodes[1].settings.clone());
    check_refusal(&cluster, &double);
}

#[test]
fn another_client_id_does_not_hide_a_second_node() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(2, kind);
        let double = Node::start(under_another_client_id(&cluster.nodes[1].settings));
        check_refusal(&cluster, &double);
    }
}

#[test]
fn of_two_that_start_at_the_same_moment_exactly_one_joins() {
    for kind in BrokerKind::BOTH {
        let cluster = Cluster::start(1, kind);
        for (round, same_client_id) in [true, false, true, false].into_iter().enumerate() {
            let id = format!("twin{round}");
            let first = NodeSettings::at_broker(&id, cluster.broker_port, &cluster.prefix);
            let second =
                if same_client_id { first.clone() } else { under_another_client_id(&first) };
            let twins = [first, second].map(|twin| thread::spawn(move || Node::start(twin)));
            let twins = twins.map(|twin| twin.join().unwrap());
            let mut clients = twins.each_ref().map(Node::client);
            wait_until(REPLICATION_LIMIT, "one joins, one is refused", || {
                let states = clients.each_mut().map(broker_state);
                states.contains(&"connected".to_owned()) && states.contains(&REFUSED.to_owned())
            });
            let [first, second] = &mut clients;
            let joined = if broker_state(first) == "connected" { first } else { second };
            assert_eq!(joined.command(&format!("SET {id} joined")), "OK");
            cluster.agree_on(&format!("GET {id}"), "VALUE joined");
        }
    }
}

#[test]
fn a_node_that_was_killed_and_started_at_once_joins_again() {
    for kind in BrokerKind::BOTH {
        let mut cluster = Cluster::start(2, kind);
        for round in 0..3 {
            let mut node = cluster.nodes.remove(1);
            node.kill();
            let killed = Instant::now();
            let node = node.restart();
            node.joined();
            println!("{kind:?}: joined {:?} after the kill", killed.elapsed());
            assert!(killed.elapsed() < Duration::from_secs(10));
            assert!(!node.log().contains("another live node"), "{}", node.log());
            cluster.nodes.push(node);
            let mut client = cluster.nodes[1].client();
            assert_eq!(client.command(&format!("SET key {round}")), "OK");
            cluster.agree_on("GET key", &format!("VALUE {round}"));
        }
    }
}

/// The second node serves its clients and says why it stays out; the first, node 1 of the cluster,
/// does not notice.
fn check_refusal(cluster: &Cluster, double: &Node) {
    let mut refused = double.client();
    wait_until(REPLICATION_LIMIT, "the second is refused", || {
        broker_state(&mut refused) == REFUSED
    });
    let line = double.logged("another live node has this node_id");
    assert!(line.contains(&cluster.nodes[1].address().to_string()), "{line}");

    let status = format!("REPLICATION enabled {REFUSED} queued=1");
    assert_eq!(refused.command("SET local 1"), "OK");
    assert_eq!(refused.command("GET local"), "VALUE 1");
    assert_eq!(refused.command("REPLICATE STATUS"), status);

    let mut first = cluster.nodes[1].client();
    assert_eq!(first.command("SET first 1"), "OK");
    cluster.agree_on("GET first", "VALUE 1");
    assert_eq!(first.count("mqtt_connections"), 1);
    assert_eq!(refused.command("GET first"), "(null)");
    assert_eq!(refused.count("mqtt_connections"), 0);
}

fn under_another_client_id(settings: &NodeSettings) -> NodeSettings {
    let mut other = settings.clone();
    other.sections.push_str("client_id = \"another\"\n");
    other
}

fn broker_state(client: &mut Client) -> String {
    client.fact("INFO", "broker_state")
}

/// What the node shows its broker is the other half of who it is.
#[test]
fn a_broker_that_asks_for_a_password_lets_in_who_has_it_and_nobody_else() {
    let (broker, prefix) = (Broker::with_user("site", "open sesame"), unique_prefix());
    let settings = |n: usize, credentials: &str| {
        let mut settings = NodeSettings::at_broker(&format!("node{n}"), broker.port(), &prefix);
        settings.sections.push_str(credentials);
        settings
    };
    let known = "username = \"site\"\npassword = \"open sesame\"\n";
    let friends: Vec<Node> = (0..2).map(|n| Node::start(settings(n, known))).collect();
    friends.iter().for_each(Node::joined);
    assert_eq!(friends[0].client().command("SET k v"), "OK");
    friends[1].client().until("GET k", "VALUE v");

    for credentials in ["", "username = \"site\"\npassword = \"guessed\"\n"] {
        let stranger = Node::start(settings(2, credentials));
        let refusal = stranger.logged("no connection to the broker");
        let mut client = stranger.client();
        assert_eq!(client.command("SET own 1"), "OK");
        let status = client.command("REPLICATE STATUS");
        assert_eq!(status, "REPLICATION enabled connecting queued=1");
        let told = ["NotAuthorized", "BadUserNamePassword"];
        assert!(told.iter().any(|reason| refusal.contains(reason)), "{refusal}");
        assert!(!stranger.log().contains("guessed"), "{}", stranger.log());
    }
}
