//! The topics of one cluster, as one node uses them. Keys never stand in a topic.

/// All under the configured prefix, which names the cluster.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    /// Updates of all nodes.
    pub(crate) updates: String,
    /// Presence of all nodes, as a filter.
    pub(crate) all_presence: String,
    /// This node's own presence.
    pub(crate) own_presence: String,
    /// Where a starting node asks whether its name is taken.
    pub(crate) claim: String,
    /// Where the holder of the name answers.
    pub(crate) holder: String,
}

impl Topics {
    pub(crate) fn new(prefix: &str, node_id: &str) -> Topics {
        let own_presence = format!("{prefix}/nodes/{node_id}");
        Topics {
            updates: format!("{prefix}/updates"),
            all_presence: format!("{prefix}/nodes/+"),
            claim: format!("{own_presence}/claim"),
            holder: format!("{own_presence}/holder"),
            own_presence,
        }
    }
}
