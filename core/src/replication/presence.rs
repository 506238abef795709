//! Presence: what a node says of itself in `{prefix}/nodes/{node_id}`, as JSON that a person can
//! read with any MQTT client.

use crate::version::{BootId, NodeId};
use serde::{Deserialize, Serialize};

/// A node's own account of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The configured name.
    pub node_id: String,
    /// Up, or gone.
    pub state: PresenceState,
    /// `host:port` for clients and peers.
    pub address: String,
    /// The start of the node that speaks, 16 hex digits.
    pub boot_id: String,
    /// How often it has joined its broker since that start.
    #[serde(default)]
    pub joined: u64,
    /// The version of the program.
    pub version: String,
    /// The root of its data set, 64 hex digits. Nothing if it does not compare data sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Keys that have a value.
    pub keys: u64,
    /// When this was said, in seconds since 1970 on that node's clock.
    pub time: u64,
}

/// Whether a node is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PresenceState {
    /// It is up.
    Online,
    /// It said goodbye, or the broker lost it.
    Offline,
}

impl Presence {
    /// The message. Text and numbers always make JSON.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The presence that a message carries; the reason, if it carries none.
    pub fn decode(message: &[u8]) -> Result<Presence, serde_json::Error> {
        serde_json::from_slice(message)
    }

    /// Whether the node is up.
    pub fn is_online(&self) -> bool {
        self.state == PresenceState::Online
    }

    /// The node in versions.
    pub fn node(&self) -> NodeId {
        NodeId::of(&self.node_id)
    }

    /// Whether the node has joined again since it said `before`, or is heard of for the first
    /// time: it may have missed what was published meanwhile.
    pub fn has_joined_since(&self, before: Option<&Presence>) -> bool {
        let joined = |presence: &Presence| (presence.boot_id.clone(), presence.joined);
        self.state == PresenceState::Online && before.map(joined) != Some(joined(self))
    }

    /// Whether another start of the node with this name is up: a restart has left its last words
    /// with the broker, or a second node uses the name.
    pub fn is_other_start_of(&self, node_id: &str, boot: BootId) -> bool {
        self.node_id == node_id
            && self.state == PresenceState::Online
            && self.boot_id != boot.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presence() -> Presence {
        Presence {
            node_id: "node1".into(),
            state: PresenceState::Online,
            address: "127.0.0.1:7379".into(),
            boot_id: BootId(255).to_string(),
            joined: 2,
            version: "0.2.0".into(),
            root: None,
            keys: 3,
            time: 1_700_000_000,
        }
    }

    #[test]
    fn presence_is_json_and_later_releases_may_add_to_it() {
        let text = String::from_utf8(presence().encode()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"node_id":"node1","state":"online","address":"127.0.0.1:7379","#,
                r#""boot_id":"00000000000000ff","joined":2,"version":"0.2.0","keys":3,"time":1700000000}"#
            )
        );
        let extended = text.replace("\"keys\"", "\"later\":\"ab\",\"keys\"");
        assert_eq!(Presence::decode(extended.as_bytes()).unwrap(), presence());
        let with_root = Presence { root: Some("ab".into()), ..presence() };
        let text = text.replace("\"keys\"", "\"root\":\"ab\",\"keys\"");
        assert_eq!(String::from_utf8(with_root.encode()).unwrap(), text);
        assert_eq!(Presence::decode(text.as_bytes()).unwrap(), with_root);
        assert!(Presence::decode(b"{}").is_err());
        assert!(Presence::decode(&[b'['; 100_000]).is_err());
    }

    #[test]
    fn a_node_that_has_joined_again_says_so() {
        let here = presence();
        assert!(here.has_joined_since(None));
        assert!(!here.has_joined_since(Some(&Presence { keys: 9, time: 9, ..presence() })));
        assert!(here.has_joined_since(Some(&Presence { joined: 1, ..presence() })));
        assert!(here.has_joined_since(Some(&Presence { boot_id: "x".into(), ..presence() })));
        let gone = Presence { state: PresenceState::Offline, ..presence() };
        assert!(!gone.has_joined_since(None));
    }

    #[test]
    fn another_start_is_one_that_is_up_under_the_same_name() {
        let here = presence();
        assert!(!here.is_other_start_of("node1", BootId(255)));
        assert!(here.is_other_start_of("node1", BootId(1)));
        assert!(!here.is_other_start_of("node2", BootId(1)));
        let gone = Presence { state: PresenceState::Offline, ..presence() };
        assert!(!gone.is_other_start_of("node1", BootId(1)));
    }
}
