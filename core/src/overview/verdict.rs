//! Whether a cluster is well: every node answers and is ready, and all have the same root. Roots
//! differ for a moment while writes travel, so it takes several looks to call them different.

use super::node::NodeView;
use std::fmt;

/// What the nodes said at one moment, or as close together as they could be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// The nodes; those that were named come first.
    pub nodes: Vec<NodeView>,
    /// Why the list of nodes may be shorter than the cluster.
    pub unlisted: Option<String>,
}

/// How a cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All nodes are up and ready, and hold the same.
    Well {
        /// How many.
        nodes: usize,
    },
    /// Nodes do not answer, or are not ready, or nobody says which nodes there are.
    Incomplete {
        /// What is wrong with whom.
        reasons: Vec<String>,
    },
    /// Roots differ, and both sides keep changing: writes are on their way.
    Busy {
        /// The nodes whose root is not the first one's.
        nodes: Vec<String>,
    },
    /// Roots differ, and stay so.
    Different {
        /// The nodes whose root is not the first one's.
        nodes: Vec<String>,
    },
}

impl Overview {
    /// The root of the first node that has one; the others are held against it.
    pub fn reference_root(&self) -> Option<&str> {
        self.nodes.iter().find_map(|node| node.root.as_deref())
    }

    /// Whether a node holds what the first one holds; nothing if it has told no root.
    pub fn is_equal(&self, node: &NodeView) -> Option<bool> {
        node.root.as_deref().zip(self.reference_root()).map(|(one, other)| one == other)
    }

    /// Whether another look could show something better: all there is to say against it is that roots
    /// differ.
    pub fn may_settle(&self) -> bool {
        self.incomplete().is_empty() && !self.apart().is_empty()
    }

    /// What it comes to, `before` being the look before this one.
    pub fn verdict(&self, before: Option<&Overview>) -> Verdict {
        let reasons = self.incomplete();
        let apart = self.apart();
        match (reasons.is_empty(), apart.is_empty()) {
            (true, true) => Verdict::Well { nodes: self.nodes.len() },
            (true, false) if before.is_some_and(|before| self.keeps_changing(before)) => {
                Verdict::Busy { nodes: apart }
            }
            (true, false) => Verdict::Different { nodes: apart },
            (false, true) => Verdict::Incomplete { reasons },
            (false, false) => {
                let differ = format!("other data than {}: {}", self.reference(), apart.join(", "));
                Verdict::Incomplete { reasons: [reasons, vec![differ]].concat() }
            }
        }
    }

    fn reference(&self) -> &str {
        self.nodes.iter().find(|node| node.root.is_some()).map_or("", NodeView::name)
    }

    fn apart(&self) -> Vec<String> {
        let apart = self.nodes.iter().filter(|node| self.is_equal(node) == Some(false));
        apart.map(|node| node.name().to_owned()).collect()
    }

    fn incomplete(&self) -> Vec<String> {
        let down = |node: &NodeView| {
            let name = node.name();
            match (&node.error, node.is_ready) {
                (Some(error), _) => Some(format!("{name} gives no answer: {error}")),
                (None, Some(false)) => Some(format!("{name} is not ready: it is catching up")),
                (None, Some(true) | None) => None,
            }
        };
        self.nodes.iter().filter_map(down).chain(self.unlisted.clone()).collect()
    }

    /// Whether every node has another root than at the look before. One that stays apart and the same
    /// gets no writes, and waits for a repair.
    fn keeps_changing(&self, before: &Overview) -> bool {
        let root_before = |address: &str| {
            before
                .nodes
                .iter()
                .find(|node| node.address == address)
                .and_then(|node| node.root.as_deref())
        };
        let is_same = |node: &NodeView| node.root.as_deref() == root_before(&node.address);
        !self.nodes.iter().any(is_same)
    }
}

impl Verdict {
    /// Whether everything is as it should be.
    pub fn is_well(&self) -> bool {
        matches!(self, Verdict::Well { .. })
    }

    /// One word for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Well { .. } => "well",
            Verdict::Incomplete { .. } => "incomplete",
            Verdict::Busy { .. } => "busy",
            Verdict::Different { .. } => "different",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Well { nodes: 1 } => write!(f, "well: the only node is up and ready"),
            Verdict::Well { nodes } => {
                write!(f, "well: all {nodes} nodes are up, ready, and hold the same")
            }
            Verdict::Incomplete { reasons } => write!(f, "not well: {}", reasons.join("; ")),
            Verdict::Busy { nodes } => write!(
                f,
                "busy: roots keep changing and were not equal at any look; apart: {}; ask again \
                 when there are fewer writes",
                nodes.join(", ")
            ),
            Verdict::Different { nodes } => write!(
                f,
                "different: other data than the first node: {}; SYNC on one of them compares and \
                 repairs",
                nodes.join(", ")
            ),
        }
    }
}
