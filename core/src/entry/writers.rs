//! Short names for the nodes that write: an entry names its writer in one byte, and the id of the
//! node stands here once. Decides nothing: whatever is in the table, an entry has the same version.

use crate::version::NodeId;
use std::sync::atomic::{AtomicU64, Ordering};

/// The names of this process. One table for all, since entries are read without their store, and on
/// every thread.
pub(super) static WRITERS: Writers = Writers::new();

/// More nodes than a cluster has. Ids come from strangers, so there is an end; what comes after it
/// is spelt out in each entry.
const NAMES: usize = 255;

/// Ids in the order in which they were first met; zero where there is none yet. What once stands
/// here stays, and an id stands here at most once, so equal writers have equal names.
pub(super) struct Writers([AtomicU64; NAMES]);

impl Writers {
    const fn new() -> Writers {
        Writers([const { AtomicU64::new(0) }; NAMES])
    }

    /// The short name of a node, given now if it has none. Nothing if all are given away, and for
    /// the id zero.
    pub(super) fn name_of(&self, node: NodeId) -> Option<u8> {
        if node.0 == 0 {
            return None;
        }
        for (name, place) in self.0.iter().enumerate() {
            let mut id = place.load(Ordering::Relaxed);
            if id == 0 {
                // Another thread may be faster, and with the same id.
                id = match place.compare_exchange(0, node.0, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => node.0,
                    Err(other) => other,
                };
            }
            if id == node.0 {
                return u8::try_from(name).ok();
            }
        }
        None
    }

    /// The node of a short name. Whoever has an entry sees what its maker saw, so relaxed loads do.
    pub(super) fn node(&self, name: u8) -> NodeId {
        NodeId(self.0.get(usize::from(name)).map_or(0, |id| id.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests;
