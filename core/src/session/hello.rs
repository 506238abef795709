//! How a node introduces itself in a session.

use super::key::{Claim, DigestKey, Role};
use crate::clock::Hlc;
use crate::merkle::{Digest, TreeSeed};
use crate::registers::{Lineage, Registers};
use crate::version::NodeId;
use std::sync::Arc;

/// The version of the protocol: what follows `PEER` in the first line.
pub const PROTOCOL: u64 = 1;

/// A random number, drawn for one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce(pub [u8; 16]);

impl Nonce {
    /// A number that names what began in the session which this nonce opened.
    pub(super) fn lineage(&self) -> Lineage {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        Lineage(u64::from_be_bytes([a, b, c, d, e, f, g, h]).max(1))
    }
}

/// What a node is in every session.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The configured name of the node.
    pub name: String,
    /// The node in its versions, which follows from its name.
    pub node: NodeId,
    /// What the nodes of its cluster share, if they do.
    pub secret: Option<Arc<[u8]>>,
    /// The members that it knows beside itself and the milliseconds since each was last heard of.
    pub members: Vec<(NodeId, u64)>,
}

impl Identity {
    /// The identity of the node with this name.
    pub fn new(name: &str, secret: Option<Arc<[u8]>>, members: Vec<(NodeId, u64)>) -> Identity {
        Identity { name: name.to_owned(), node: NodeId::of(name), secret, members }
    }

    pub(super) fn secret(&self) -> &[u8] {
        self.secret.as_deref().unwrap_or_default()
    }

    pub(super) fn digest_key(&self, opener: &Nonce) -> DigestKey {
        DigestKey::new(self.secret(), opener)
    }

    pub(super) fn prove(&self, role: Role, opener: &Hello, answerer: (&Nonce, NodeId)) -> Vec<u8> {
        match &self.secret {
            Some(secret) => claim(secret, opener, answerer).proof(role).to_vec(),
            None => Vec::new(),
        }
    }

    pub(super) fn accepts(
        &self,
        role: Role,
        opener: &Hello,
        answerer: (&Nonce, NodeId),
        proof: &[u8],
    ) -> bool {
        let Some(secret) = &self.secret else {
            return true;
        };
        claim(secret, opener, answerer).is_proved_by(role, proof)
    }
}

fn claim<'a>(secret: &'a [u8], opener: &'a Hello, answerer: (&'a Nonce, NodeId)) -> Claim<'a> {
    let (nonce, node) = answerer;
    Claim { secret, nonces: (&opener.nonce, nonce), nodes: (opener.node, node) }
}

/// A node's account of itself and of its snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The version of the protocol that it speaks.
    pub protocol: u64,
    /// Who it is: its configured name, and the node that follows from that.
    pub name: String,
    /// See there.
    pub node: NodeId,
    /// The fingerprint of its tree's seed, see [`TreeSeed::fingerprint`].
    pub seed: u64,
    /// Drawn for this session.
    pub nonce: Nonce,
    /// The root of its snapshot.
    pub root: Digest,
    /// How many entries the snapshot has.
    pub leaves: u64,
    /// Nothing that it writes from now on has this timestamp or a lesser one.
    pub clock: Hlc,
    /// What it holds for dead.
    pub registers: Registers,
    /// Of the one that answers: that it knows the secret. Empty otherwise.
    pub proof: Vec<u8>,
    /// Other members, and the milliseconds since each was last heard of.
    pub members: Vec<(NodeId, u64)>,
}

impl Hello {
    /// Whether a node is the one that speaks, or a member that it knows.
    pub(super) fn tells_of(&self, node: NodeId) -> bool {
        self.node == node || self.members.iter().any(|(member, _)| *member == node)
    }

    pub(super) fn has_seed(&self, seed: TreeSeed) -> bool {
        self.seed == seed.fingerprint()
    }
}
