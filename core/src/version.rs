//! Who wrote an entry, and when: the pair that decides between two entries of one key.

use crate::clock::Hlc;
use sha2::{Digest, Sha256};
use std::fmt;

/// A node in versions: the first 8 bytes, big-endian, of SHA-256 of its configured `node_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeId(pub u64);

impl NodeId {
    /// The id of the node that is configured under this name.
    pub fn of(name: &str) -> NodeId {
        let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        NodeId(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// One start of one node. A random number that the program draws when it starts, so that a
/// restarted node can be told from a second one with the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BootId(pub u64);

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The version of an entry: its timestamp, then the node that wrote it. The order of the fields
/// is the order of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Version {
    /// When, on the writer's hybrid logical clock.
    pub hlc: Hlc,
    /// Who; decides between two writes with the same timestamp.
    pub node: NodeId,
}

impl Version {
    /// Before every version that a node writes.
    pub const ZERO: Version = Version { hlc: Hlc::ZERO, node: NodeId(0) };
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:016x}", self.hlc, self.node.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_id_is_the_head_of_the_sha_256_of_the_name() {
        // printf node1 | sha256sum
        assert_eq!(NodeId::of("node1"), NodeId(0xca12_f31b_8cbf_5f29));
    }

    #[test]
    fn time_decides_before_the_node_does() {
        let early = Version { hlc: Hlc::from_raw(1), node: NodeId(9) };
        let late = Version { hlc: Hlc::from_raw(2), node: NodeId(1) };
        assert!(late > early);
        assert!(Version { node: NodeId(10), ..early } > early);
    }
}
