//! What the two sides of a session share: the key that their short digests are made with, and the
//! proofs that they know the cluster's secret.
//!
//! ```text
//! digest key = HMAC-SHA-256( secret, "merkle-kv digests" | opener's nonce ), its first 16 bytes
//! proof      = HMAC-SHA-256( secret, role | opener's nonce | answerer's nonce | opener | answerer )
//! ```
//!
//! Without a secret the key of the HMAC (RFC 2104) is empty. The nonce makes digests differ from
//! session to session, so nobody can prepare two entries that look alike; the secret makes them
//! worthless to whoever does not know it, so they may be sent before the proof.

use super::hello::Nonce;
use crate::merkle::Digest;
use crate::version::NodeId;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use siphasher::sip::SipHasher24;

/// Makes the short digests of one session.
#[derive(Clone, Copy, Debug)]
pub(super) struct DigestKey(u64, u64);

impl DigestKey {
    pub(super) fn new(secret: &[u8], opener: &Nonce) -> DigestKey {
        let mac = keyed(secret).chain_update(b"merkle-kv digests").chain_update(opener.0);
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..]: [u8; 32] =
            mac.finalize().into_bytes().into();
        let first = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        DigestKey(first, u64::from_be_bytes([i, j, k, l, m, n, o, p]))
    }

    /// The digest as it is sent: as many of the low bits as the list has room for.
    pub(super) fn short(self, digest: &Digest) -> u64 {
        SipHasher24::new_with_keys(self.0, self.1).hash(&digest.0)
    }
}

/// Who proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Opener,
    Answerer,
}

/// What a proof is about: both nonces and both nodes, so that it is good for one session only.
pub(super) struct Claim<'a> {
    pub(super) secret: &'a [u8],
    pub(super) nonces: (&'a Nonce, &'a Nonce),
    pub(super) nodes: (NodeId, NodeId),
}

impl Claim<'_> {
    pub(super) fn proof(&self, role: Role) -> [u8; 32] {
        self.mac(role).finalize().into_bytes().into()
    }

    /// Takes the same time wherever the two differ.
    pub(super) fn is_proved_by(&self, role: Role, proof: &[u8]) -> bool {
        self.mac(role).verify_slice(proof).is_ok()
    }

    fn mac(&self, role: Role) -> Hmac<Sha256> {
        let role: &[u8] = match role {
            Role::Opener => b"opener",
            Role::Answerer => b"answerer",
        };
        keyed(self.secret)
            .chain_update(role)
            .chain_update(self.nonces.0.0)
            .chain_update(self.nonces.1.0)
            .chain_update(self.nodes.0.0.to_be_bytes())
            .chain_update(self.nodes.1.0.to_be_bytes())
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    // A key of any length is taken; the error is that of other MACs.
    Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default()))
}
