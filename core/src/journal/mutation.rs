//! One thing that has changed in what a node keeps, as it stands in records:
//!
//! ```text
//! 0      1         5
//! +------+---------+------+
//! | kind | bytes   | body |
//! | u8   | u32     |      |
//! +------+---------+------+
//!  1 entry       hlc u64 · node u64 · state u8 · key bytes u32 · key · expiry u64 · value
//!                state is 0 value, 1 tombstone, 2 value with expiry: only there it stands
//!  2 forgotten   hlc u64 · node u64 · key
//!  3 registers   flush hlc u64 · flush node u64 · watermark u64 · lineage u64
//!  4 clock       hlc u64
//!  5 published   hlc u64
//!  6 members     any number of: node u64 · last heard, unix milliseconds u64
//!  7 end         entries u64                        only in snapshots, where it is the last
//! ```
//!
//! Numbers are big-endian. Mutations are results, not operations, and are made again in the order
//! in which they were made.

use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::registers::{Lineage, Registers};
use crate::version::{NodeId, Version};

const ENTRY: u8 = 1;
const FORGOTTEN: u8 = 2;
const REGISTERS: u8 = 3;
const CLOCK: u8 = 4;
const PUBLISHED: u8 = 5;
const MEMBERS: u8 = 6;
const END: u8 = 7;

const HEAD_BYTES: usize = 5;

/// A mutation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// A key has this value or tombstone.
    Entry(Entry),
    /// Nothing up to this version stands under the key any more, not even a tombstone.
    Forgotten {
        /// The key.
        key: Box<[u8]>,
        /// What was forgotten.
        version: Version,
    },
    /// What is held for dead.
    Registers(Registers),
    /// The clock issues nothing above this before the next such mutation.
    Clock(Hlc),
    /// The broker has every write of this node up to here.
    Published(Hlc),
    /// The members of the cluster, and when each was last heard of.
    Members(Vec<(NodeId, UnixMillis)>),
    /// The end of a snapshot that holds so many entries.
    End {
        /// How many.
        entries: u64,
    },
}

/// Why bytes are no mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MutationError {
    /// A kind that this release does not know.
    #[error("a mutation has the unknown kind {0}")]
    Kind(u8),
    /// It says to be longer than the record.
    #[error("a mutation is cut off")]
    CutOff,
    /// Its body cannot be.
    #[error("a mutation of kind {0} has an impossible body")]
    Body(u8),
}

impl Mutation {
    /// Adds its bytes.
    pub fn encode(&self, to: &mut Vec<u8>) {
        match self {
            Mutation::Entry(entry) => encode_entry(entry, to),
            Mutation::Forgotten { key, version } => {
                head(FORGOTTEN, 16 + key.len(), to);
                put_version(*version, to);
                to.extend_from_slice(key);
            }
            Mutation::Registers(Registers { flush, watermark, lineage }) => {
                head(REGISTERS, 32, to);
                put_version(*flush, to);
                put(watermark.raw(), to);
                put(lineage.0, to);
            }
            Mutation::Clock(hlc) => {
                head(CLOCK, 8, to);
                put(hlc.raw(), to);
            }
            Mutation::Published(hlc) => {
                head(PUBLISHED, 8, to);
                put(hlc.raw(), to);
            }
            Mutation::Members(members) => {
                head(MEMBERS, 16 * members.len(), to);
                for (node, heard) in members {
                    put(node.0, to);
                    put(heard.0, to);
                }
            }
            Mutation::End { entries } => {
                head(END, 8, to);
                put(*entries, to);
            }
        }
    }

    /// Takes the first mutation off `bytes`.
    pub fn decode(bytes: &mut &[u8]) -> Result<Mutation, MutationError> {
        let mut from = *bytes;
        let [kind] = take(&mut from).ok_or(MutationError::CutOff)?;
        let length = u32::from_be_bytes(take(&mut from).ok_or(MutationError::CutOff)?) as usize;
        let body = from.get(..length).ok_or(MutationError::CutOff)?;
        let mutation = match kind {
            ENTRY => Entry::decode(body).map(Mutation::Entry),
            FORGOTTEN => forgotten(body),
            REGISTERS => registers(body),
            CLOCK => only_number(body).map(|raw| Mutation::Clock(Hlc::from_raw(raw))),
            PUBLISHED => only_number(body).map(|raw| Mutation::Published(Hlc::from_raw(raw))),
            MEMBERS => members(body),
            END => only_number(body).map(|entries| Mutation::End { entries }),
            unknown => return Err(MutationError::Kind(unknown)),
        };
        *bytes = &from[length..];
        mutation.ok_or(MutationError::Body(kind))
    }
}

/// Adds the bytes of [`Mutation::Entry`], without making one.
pub(super) fn encode_entry(entry: &Entry, to: &mut Vec<u8>) {
    head(ENTRY, entry.encoded_bytes(), to);
    entry.encode(to);
}

fn head(kind: u8, body_bytes: usize, to: &mut Vec<u8>) {
    to.reserve(HEAD_BYTES + body_bytes);
    to.push(kind);
    // Keys and values are limited far below.
    to.extend_from_slice(&(body_bytes as u32).to_be_bytes());
}

fn put(number: u64, to: &mut Vec<u8>) {
    to.extend_from_slice(&number.to_be_bytes());
}

fn put_version(version: Version, to: &mut Vec<u8>) {
    put(version.hlc.raw(), to);
    put(version.node.0, to);
}

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*taken)
}

fn number(from: &mut &[u8]) -> Option<u64> {
    take(from).map(u64::from_be_bytes)
}

fn version(from: &mut &[u8]) -> Option<Version> {
    Some(Version { hlc: Hlc::from_raw(number(from)?), node: NodeId(number(from)?) })
}

fn only_number(mut body: &[u8]) -> Option<u64> {
    number(&mut body).filter(|_| body.is_empty())
}

fn forgotten(mut body: &[u8]) -> Option<Mutation> {
    let version = version(&mut body)?;
    (!body.is_empty()).then(|| Mutation::Forgotten { key: body.into(), version })
}

fn registers(mut body: &[u8]) -> Option<Mutation> {
    let flush = version(&mut body)?;
    let watermark = Hlc::from_raw(number(&mut body)?);
    let lineage = Lineage(number(&mut body)?);
    body.is_empty().then_some(Mutation::Registers(Registers { flush, watermark, lineage }))
}

fn members(mut body: &[u8]) -> Option<Mutation> {
    let mut members = Vec::new();
    while !body.is_empty() {
        members.push((NodeId(number(&mut body)?), UnixMillis(number(&mut body)?)));
    }
    Some(Mutation::Members(members))
}
