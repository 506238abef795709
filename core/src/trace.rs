//! Which writes are traced through the cluster, and what their traces and spans are called. Both
//! follow from the version of a write, which travels with it: so every node traces the same writes
//! under the same names, and nothing about traces has to be sent.
//!
//! ```text
//! trace    hlc (8 bytes) | node (8 bytes)           the version of the write
//! span     mix(hlc, node, stage, where)             where: the node that the stage runs on
//! parents  command ◄── store ◄── publish ◄── apply  (one on every other node)
//! ```
//!
//! Knows nothing of time, and exports nothing.

use crate::version::{NodeId, Version};
use std::num::NonZeroU32;

/// Versions that are remembered from one slice of a batch to its end. A slice with more traced
/// writes than that has the rest of them traced from where they are published.
const MAX_REMEMBERED: usize = 64;

/// Traces one write in so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling(pub NonZeroU32);

impl Sampling {
    /// Whether the write with this version is traced, on whatever node.
    pub fn takes(self, version: Version) -> bool {
        mix(version, 0).is_multiple_of(u64::from(self.0.get()))
    }
}

/// What happens to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// From the bytes of a client to its reply.
    Command,
    /// In the store of the node that the client is connected to.
    Store,
    /// From the outbox to the broker's confirmation.
    Publish,
    /// On another node, from the message to the store's answer.
    Apply,
}

impl Stage {
    /// Its name, as spans have it.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Command => "command",
            Stage::Store => "store",
            Stage::Publish => "publish",
            Stage::Apply => "apply",
        }
    }

    fn parent(self) -> Option<Stage> {
        match self {
            Stage::Command => None,
            Stage::Store => Some(Stage::Command),
            Stage::Publish => Some(Stage::Store),
            Stage::Apply => Some(Stage::Publish),
        }
    }
}

/// One stage of one traced write on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The version of the write.
    pub version: Version,
    /// What happens to it.
    pub stage: Stage,
    /// Where.
    pub node: NodeId,
}

impl Span {
    /// The trace that it belongs to; never zero.
    pub fn trace_id(&self) -> u128 {
        u128::from(self.version.hlc.raw()) << 64 | u128::from(self.version.node.0)
    }

    /// Its own name within the trace; never zero.
    pub fn id(&self) -> u64 {
        span_id(self.version, self.stage, self.node)
    }

    /// The span that it follows from; nothing if it is the first.
    pub fn parent_id(&self) -> Option<u64> {
        // All stages before the last run where the write was made.
        let parent = self.stage.parent()?;
        Some(span_id(self.version, parent, self.version.node))
    }
}

fn span_id(version: Version, stage: Stage, node: NodeId) -> u64 {
    let stage = match stage {
        Stage::Command => 1,
        Stage::Store => 2,
        Stage::Publish => 3,
        Stage::Apply => 4,
    };
    mix(version, node.0.wrapping_add(stage)).max(1)
}

/// SplitMix64's finisher (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014) over the parts: whoever reads traces is no adversary.
fn mix(version: Version, salt: u64) -> u64 {
    let finish = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    finish(finish(finish(version.hlc.raw()) ^ version.node.0) ^ salt)
}

/// The traced writes of the slice of a batch that runs.
#[derive(Clone, Debug)]
pub(crate) struct Traced {
    sampling: Sampling,
    versions: Vec<Version>,
}

impl Traced {
    pub(crate) fn new(sampling: Sampling) -> Traced {
        Traced { sampling, versions: Vec::new() }
    }

    /// A write has got this version.
    pub(crate) fn note(&mut self, version: Version) {
        if self.versions.len() < MAX_REMEMBERED && self.sampling.takes(version) {
            self.versions.push(version);
        }
    }

    /// The traced ones since the last time.
    pub(crate) fn take(&mut self) -> Vec<Version> {
        std::mem::take(&mut self.versions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Hlc;
    use std::collections::HashSet;

    fn version(hlc: u64, node: u64) -> Version {
        Version { hlc: Hlc::from_raw(hlc), node: NodeId(node) }
    }

    fn one_in(number: u32) -> Sampling {
        Sampling(NonZeroU32::new(number).unwrap())
    }

    #[test]
    fn about_one_write_in_so_many_is_traced_whoever_asks() {
        // As clocks make them: the counter in the low bits is zero for the first of a millisecond.
        let writes = (1..100_000).map(|millis| version(millis << 16, 7));
        let taken = writes.filter(|version| one_in(100).takes(*version)).count();
        assert!((850..1_150).contains(&taken), "{taken}");
        assert!((1..1_000).all(|hlc| one_in(1).takes(version(hlc, 7))));
    }

    #[test]
    fn a_trace_is_the_version_and_its_spans_hang_together_across_nodes() {
        let version = version(0x0102_0304_0506_0708, 0x1112_1314_1516_1718);
        let (origin, other) = (version.node, NodeId(9));
        let span = |stage, node| Span { version, stage, node };
        let command = span(Stage::Command, origin);
        assert_eq!(command.trace_id(), 0x0102_0304_0506_0708_1112_1314_1516_1718);
        assert_eq!(command.parent_id(), None);
        let store = span(Stage::Store, origin);
        let publish = span(Stage::Publish, origin);
        let applies = [other, NodeId(10)].map(|node| span(Stage::Apply, node));
        assert_eq!(store.parent_id(), Some(command.id()));
        assert_eq!(publish.parent_id(), Some(store.id()));
        assert!(applies.iter().all(|apply| apply.parent_id() == Some(publish.id())));
        let all = [command, store, publish, applies[0], applies[1]];
        assert_eq!(all.iter().map(Span::id).collect::<HashSet<_>>().len(), all.len());
    }

    #[test]
    fn no_more_are_remembered_than_a_slice_may_have() {
        let mut traced = Traced::new(one_in(1));
        (1..1_000).for_each(|hlc| traced.note(version(hlc, 1)));
        assert_eq!(traced.take().len(), MAX_REMEMBERED);
        assert_eq!(traced.take(), []);
    }
}
