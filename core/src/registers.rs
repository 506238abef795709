//! What a node holds for dead without holding it one by one. The registers only rise, and nodes
//! that meet take the greater of both.

use crate::clock::Hlc;
use crate::entry::{Entry, Kind};
use crate::version::Version;

/// The registers of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// Everything with this version or a lesser one is dead.
    pub flush: Version,
    /// Every member of the cluster has held everything up to here. So tombstones up to here are
    /// needed by nobody and gone, and what is not here of that age has been deleted.
    pub watermark: Hlc,
    /// Which history the watermark belongs to.
    pub lineage: Lineage,
}

/// The history that nodes share: drawn when two nodes without one first agree, and handed on to
/// everybody who agrees with them. A node of another lineage never heard of what was deleted here,
/// and its old data is not what was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lineage(pub u64);

impl Lineage {
    /// Of a node that has not agreed with any other.
    pub const NONE: Lineage = Lineage(0);
}

impl Registers {
    /// What both nodes hold for dead when they have met.
    pub fn joined(self, other: Registers) -> Registers {
        Registers {
            flush: self.flush.max(other.flush),
            watermark: self.watermark.max(other.watermark),
            lineage: self.lineage.max(other.lineage),
        }
    }

    /// Whether an entry is dead.
    pub fn kill(&self, entry: &Entry) -> bool {
        let version = entry.version();
        version <= self.flush || (version.hlc <= self.watermark && entry.kind() == Kind::Tombstone)
    }
}
