//! The cluster as one JSON object, for programs. docs/cli.md lists its members.

use super::node::NodeView;
use super::verdict::{Overview, Verdict};
use serde_json::{Value, json};

impl Overview {
    /// The object, on one line without its line end.
    pub fn to_json(&self, verdict: &Verdict) -> String {
        let nodes: Vec<Value> = self.nodes.iter().map(|node| self.node(node)).collect();
        json!({
            "well": verdict.is_well(),
            "verdict": verdict.name(),
            "reason": verdict.to_string(),
            "nodes": nodes,
        })
        .to_string()
    }

    fn node(&self, node: &NodeView) -> Value {
        json!({
            "node_id": node.node_id,
            "address": node.address,
            "up": node.is_up(),
            "error": node.error,
            "ready": node.is_ready,
            "keys": node.keys,
            "root": node.root,
            "equal": self.is_equal(node),
            "queued": node.queued,
            "equal_seconds_ago": node.equal_seconds_ago,
            "version": node.version,
            "uptime_seconds": node.uptime_seconds,
        })
    }
}
