//! What one node says of itself, out of INFO and STATS, and of its peers, out of PEERS.

use crate::console::ClientReply;
use crate::console::words;
use std::collections::BTreeMap;

/// A node that was asked, or could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeView {
    /// Where it was looked for.
    pub address: String,
    /// Why it gave no answer; nothing if it did.
    pub error: Option<String>,
    /// Its name. That of a node that is down comes from a peer.
    pub node_id: Option<String>,
    /// Whether it has caught up with the others; a node of the legacy dialect does not say.
    pub is_ready: Option<bool>,
    /// Keys that have a value.
    pub keys: Option<u64>,
    /// The root of its tree, in hex.
    pub root: Option<String>,
    /// Changes that wait to be published.
    pub queued: Option<u64>,
    /// Seconds since it was last equal with the node that was asked first.
    pub equal_seconds_ago: Option<u64>,
    /// The version of its program.
    pub version: Option<String>,
    /// Seconds since its start.
    pub uptime_seconds: Option<u64>,
    /// Its wall time, in seconds since 1970.
    pub unix_seconds: Option<u64>,
}

impl NodeView {
    /// A node that could not be asked.
    pub fn down(address: &str, error: String) -> NodeView {
        NodeView { address: address.to_owned(), error: Some(error), ..NodeView::default() }
    }

    /// A node by its answers to INFO, STATS and HASH. An answer that is an error becomes the node's.
    pub fn of(
        address: &str,
        info: &ClientReply,
        stats: &ClientReply,
        hash: &ClientReply,
    ) -> NodeView {
        let refused = [info, stats, hash].into_iter().find_map(|reply| match reply {
            ClientReply::Error(error) => Some(error.clone()),
            ClientReply::Word(_)
            | ClientReply::Null
            | ClientReply::Value(_)
            | ClientReply::Fact(..)
            | ClientReply::Values(_)
            | ClientReply::Keys(_)
            | ClientReply::Report(..) => None,
        });
        if let Some(error) = refused {
            return NodeView::down(address, error);
        }
        let (info, stats) = (facts(info), facts(stats));
        let text = |name: &str| info.get(name).cloned();
        let number = |name: &str| info.get(name).and_then(|fact| fact.parse().ok());
        NodeView {
            address: address.to_owned(),
            error: None,
            node_id: text("node_id"),
            is_ready: info.get("ready").map(|word| word == "yes"),
            // The legacy dialect has another name for it.
            keys: number("total_keys").or_else(|| number("db_keys")),
            root: root(hash),
            queued: stats.get("mqtt_queued").and_then(|fact| fact.parse().ok()),
            equal_seconds_ago: None,
            version: text("version"),
            uptime_seconds: number("uptime_seconds"),
            unix_seconds: number("server_time_unix"),
        }
    }

    /// Whether it has answered.
    pub fn is_up(&self) -> bool {
        self.error.is_none()
    }

    /// What a person calls it.
    pub fn name(&self) -> &str {
        self.node_id.as_deref().unwrap_or(&self.address)
    }
}

fn root(hash: &ClientReply) -> Option<String> {
    match hash {
        ClientReply::Fact(_, root) => Some(String::from_utf8_lossy(root).into_owned()),
        ClientReply::Word(_)
        | ClientReply::Null
        | ClientReply::Value(_)
        | ClientReply::Values(_)
        | ClientReply::Keys(_)
        | ClientReply::Report(..)
        | ClientReply::Error(_) => None,
    }
}

fn lines(report: &ClientReply) -> &[String] {
    match report {
        ClientReply::Report(_, lines) => lines,
        ClientReply::Word(_)
        | ClientReply::Null
        | ClientReply::Value(_)
        | ClientReply::Fact(..)
        | ClientReply::Values(_)
        | ClientReply::Keys(_)
        | ClientReply::Error(_) => &[],
    }
}

fn facts(report: &ClientReply) -> BTreeMap<String, String> {
    let pairs = lines(report).iter().filter_map(|line| line.split_once(':'));
    pairs.map(|(name, fact)| (name.to_owned(), fact.to_owned())).collect()
}

/// A line of PEERS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPeer {
    /// Its name, if the node knows it.
    pub node_id: Option<String>,
    /// Where the node meets it.
    pub address: String,
    /// When both were last equal, in seconds since 1970.
    pub last_equal: Option<u64>,
}

/// The peers that a node names. Lines that are none are left out.
pub fn known_peers(reply: &ClientReply) -> Vec<KnownPeer> {
    let peer = |line: &String| {
        let words = words(line);
        let [name, address, _state, rest @ ..] = &words[..] else {
            return None;
        };
        let last_equal = rest.iter().find_map(|word| word.strip_prefix("last_equal="));
        Some(KnownPeer {
            node_id: (name != "?").then(|| name.clone()),
            address: address.clone(),
            last_equal: last_equal.and_then(|seconds| seconds.parse().ok()),
        })
    };
    lines(reply).iter().filter_map(peer).collect()
}
