//! Nodes that know each other by their configuration, without a broker; and what nodes say of their
//! sessions.

use super::client::{Client, REPLICATION_LIMIT};
use super::node::{Node, NodeSettings};
use super::wait::{free_port, wait_until};
use std::net::SocketAddr;

/// A line of SYNC.
#[derive(Clone, Debug)]
pub(crate) struct Synced {
    /// `name@host:port`, or the address alone.
    pub(crate) peer: String,
    pub(crate) result: String,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
    pub(crate) ms: u64,
    /// Empty if there was none.
    pub(crate) error: String,
}

impl Synced {
    fn parse(line: &str) -> Synced {
        let (facts, error) = line.split_once(" error=").unwrap_or((line, ""));
        let words: Vec<&str> = facts.split(' ').collect();
        let [peer, result, numbers @ ..] = &words[..] else {
            panic!("{line}");
        };
        let names = ["sent=", "received=", "bytes=", "messages=", "ms="];
        assert_eq!(numbers.len(), names.len(), "{line}");
        let number = |at: usize| numbers[at].strip_prefix(names[at]).unwrap().parse().unwrap();
        Synced {
            peer: (*peer).to_owned(),
            result: (*result).to_owned(),
            sent: number(0),
            received: number(1),
            bytes: number(2),
            messages: number(3),
            ms: number(4),
            error: error.trim_matches('"').to_owned(),
        }
    }

    pub(crate) fn is_equal(&self) -> bool {
        self.result == "equal"
    }
}

impl NodeSettings {
    /// Peers to hold sessions with, and further lines under `[anti_entropy]`.
    pub(crate) fn peers(self, peers: &[SocketAddr], lines: &str) -> NodeSettings {
        let peers: Vec<String> = peers.iter().map(|peer| format!("\"{peer}\"")).collect();
        let list = peers.join(", ");
        self.section(&format!("[anti_entropy]\npeer_list = [{list}]\n{lines}"))
    }
}

impl Client {
    /// Runs sessions, with every peer or with one, and gives what came of each.
    #[track_caller]
    pub(crate) fn sync(&mut self, peer: Option<SocketAddr>) -> Vec<Synced> {
        let command = peer.map_or("SYNC".to_owned(), |peer| format!("SYNC {peer}"));
        self.list(&command)[1..].iter().map(|line| Synced::parse(line)).collect()
    }

    /// Runs a session with one peer.
    #[track_caller]
    pub(crate) fn sync_with(&mut self, peer: SocketAddr) -> Synced {
        let mut lines = self.sync(Some(peer));
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }
}

/// Nodes without MQTT, each of which has all the others in its list. `lines` are for
/// `[anti_entropy]`, `more` adds what else a node has.
pub(crate) fn peers(
    count: usize,
    lines: &str,
    more: impl Fn(usize, NodeSettings) -> NodeSettings,
) -> Vec<Node> {
    let ports: Vec<u16> = (0..count).map(|_| free_port()).collect();
    let at = |n: usize| SocketAddr::from(([127, 0, 0, 1], ports[n]));
    let start = |n: usize| {
        let others: Vec<SocketAddr> = (0..count).filter(|other| *other != n).map(at).collect();
        let settings = NodeSettings::alone(&format!("node{n}")).peers(&others, lines);
        Node::start_at(ports[n], more(n, settings))
    };
    (0..count).map(start).collect()
}

/// Waits until all nodes show the same HASH.
#[track_caller]
pub(crate) fn same_roots(nodes: &[&Node]) {
    let mut clients: Vec<Client> = nodes.iter().map(|node| node.client()).collect();
    wait_until(REPLICATION_LIMIT, "all nodes show the same HASH", || {
        let roots: Vec<String> = clients.iter_mut().map(|client| client.command("HASH")).collect();
        assert!(roots.iter().all(|root| root.starts_with("HASH ")), "{roots:?}");
        roots.windows(2).all(|pair| pair[0] == pair[1])
    });
}
