//! What the frames of a session say, and their bytes: one for the kind, then MessagePack.
//!
//! ```text
//! 0x01 HELLO    [protocol, name str, seed, nonce bin, root bin, leaves, clock, flush hlc, flush node,
//!                watermark, lineage, proof bin, [member, silent ms, member, silent ms…]]
//! 0x02 PROOF    bin                 of the one that opened, in its second turn
//! 0x03 RECORDS  bin                 cuts, lists and wishes, see `records`
//! 0x04 ENTRIES  [[kind, hlc, node, key bin, value bin]…]
//! 0x05 REFUSED  [key bin…]          entries that were sent and are not taken
//! 0x06 END      nil | root bin      the turn ends; with the root, for all that the sender knows
//!                                   the session ends too
//! 0x07 BUSY     nil                 instead of HELLO
//! 0x08 FAULT    str                 the session cannot go on, for this reason
//! ```

use super::error::SessionError;
use super::hello::{Hello, Nonce};
use crate::change::Change;
use crate::clock::Hlc;
use crate::entry::Entry;
use crate::merkle::Digest;
use crate::registers::{Lineage, Registers};
use crate::version::{NodeId, Version};
use crate::wire_entry::WireEntry;
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteBuf, Bytes};

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the table above says it
pub enum Frame {
    Hello(Box<Hello>),
    Proof(Vec<u8>),
    Records(Vec<u8>),
    Entries(Vec<Entry>),
    Refused(Vec<Vec<u8>>),
    End(Option<Digest>),
    Busy,
    Fault(String),
}

/// The longest reason that a peer is told or heard out on, in characters.
const MAX_FAULT_CHARS: usize = 300;

/// No node has a longer name in its configuration, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// Members that one hello tells of at most.
const MAX_MEMBERS: usize = 512;

#[derive(Serialize, Deserialize)]
struct WireHello<'a> {
    protocol: u64,
    name: &'a str,
    seed: u64,
    #[serde(borrow)]
    nonce: &'a Bytes,
    #[serde(borrow)]
    root: &'a Bytes,
    leaves: u64,
    clock: u64,
    flush_hlc: u64,
    flush_node: u64,
    watermark: u64,
    lineage: u64,
    #[serde(borrow)]
    proof: &'a Bytes,
    members: Vec<u64>,
}

impl Frame {
    /// Whether a frame that begins so is ENTRIES or REFUSED with a single entry or key: the kind, and
    /// MessagePack's list of one.
    pub(super) fn is_of_one(begun: &[u8]) -> bool {
        begun.starts_with(&[4, 0x91]) || begun.starts_with(&[5, 0x91])
    }

    /// What it is called in errors and statistics.
    pub fn name(&self) -> &'static str {
        match self {
            Frame::Hello(_) => "HELLO",
            Frame::Proof(_) => "PROOF",
            Frame::Records(_) => "RECORDS",
            Frame::Entries(_) => "ENTRIES",
            Frame::Refused(_) => "REFUSED",
            Frame::End(_) => "END",
            Frame::Busy => "BUSY",
            Frame::Fault(_) => "FAULT",
        }
    }

    /// The frame that tells the peer why the session ends.
    pub fn fault(reason: &SessionError) -> Frame {
        Frame::Fault(shortened(&reason.to_string()))
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Frame::Hello(hello) => body(1, &WireHello::of(hello)),
            Frame::Proof(proof) => body(2, Bytes::new(proof)),
            Frame::Records(records) => body(3, Bytes::new(records)),
            Frame::Entries(entries) => {
                body(4, &entries.iter().map(WireEntry::of_entry).collect::<Vec<_>>())
            }
            Frame::Refused(keys) => {
                body(5, &keys.iter().map(|key| Bytes::new(key)).collect::<Vec<_>>())
            }
            Frame::End(root) => body(6, &root.as_ref().map(|root| Bytes::new(&root.0))),
            Frame::Busy => body(7, &()),
            Frame::Fault(reason) => body(8, reason),
        }
    }

    /// Memory is bounded by a small multiple of the bytes.
    pub(super) fn decode(bytes: &[u8]) -> Result<Frame, SessionError> {
        let (kind, body) = bytes.split_first().ok_or(SessionError::Malformed("it is empty"))?;
        Ok(match kind {
            1 => Frame::Hello(Box::new(read::<WireHello>(body)?.hello()?)),
            2 => Frame::Proof(read::<ByteBuf>(body)?.into_vec()),
            3 => Frame::Records(read::<ByteBuf>(body)?.into_vec()),
            4 => Frame::Entries(
                read::<Vec<WireEntry>>(body)?.iter().map(entry).collect::<Result<_, _>>()?,
            ),
            5 => Frame::Refused(
                read::<Vec<ByteBuf>>(body)?.into_iter().map(ByteBuf::into_vec).collect(),
            ),
            6 => Frame::End(read::<Option<&Bytes>>(body)?.map(|root| digest(root)).transpose()?),
            7 => Frame::Busy,
            8 => Frame::Fault(shortened(read(body)?)),
            _ => return Err(SessionError::Malformed("its kind is unknown")),
        })
    }
}

impl WireHello<'_> {
    fn of(hello: &Hello) -> WireHello<'_> {
        let Registers { flush, watermark, lineage } = hello.registers;
        WireHello {
            protocol: hello.protocol,
            name: &hello.name,
            seed: hello.seed,
            nonce: Bytes::new(&hello.nonce.0),
            root: Bytes::new(&hello.root.0),
            leaves: hello.leaves,
            clock: hello.clock.raw(),
            flush_hlc: flush.hlc.raw(),
            flush_node: flush.node.0,
            watermark: watermark.raw(),
            lineage: lineage.0,
            proof: Bytes::new(&hello.proof),
            members: hello.members.iter().flat_map(|(node, silent)| [node.0, *silent]).collect(),
        }
    }

    fn hello(&self) -> Result<Hello, SessionError> {
        if self.name.is_empty() || self.name.len() > MAX_NAME_BYTES {
            return Err(SessionError::Malformed("its name has not 1 to 64 bytes"));
        }
        let nonce = <[u8; 16]>::try_from(&self.nonce[..]);
        if self.members.len() > 2 * MAX_MEMBERS || !self.members.len().is_multiple_of(2) {
            return Err(SessionError::Malformed("its list of members is too long or uneven"));
        }
        let members = self.members.chunks_exact(2).map(|pair| (NodeId(pair[0]), pair[1]));
        Ok(Hello {
            protocol: self.protocol,
            name: self.name.to_owned(),
            node: NodeId::of(self.name),
            seed: self.seed,
            nonce: Nonce(nonce.map_err(|_| SessionError::Malformed("its nonce has not 16 bytes"))?),
            root: digest(self.root)?,
            leaves: self.leaves,
            clock: Hlc::from_raw(self.clock),
            registers: Registers {
                flush: Version {
                    hlc: Hlc::from_raw(self.flush_hlc),
                    node: NodeId(self.flush_node),
                },
                watermark: Hlc::from_raw(self.watermark),
                lineage: Lineage(self.lineage),
            },
            proof: self.proof.to_vec(),
            members: members.collect(),
        })
    }
}

/// What a stranger says goes into the log: on one line, and not much of it.
fn shortened(reason: &str) -> String {
    let printable = reason.chars().filter(|character| !character.is_control());
    printable.take(MAX_FAULT_CHARS).collect()
}

/// Numbers, text and bytes always make MessagePack.
fn body(kind: u8, content: &(impl Serialize + ?Sized)) -> Vec<u8> {
    let mut bytes = vec![kind];
    let _ = rmp_serde::encode::write(&mut bytes, content);
    bytes
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, SessionError> {
    Ok(T::deserialize(&mut rmp_serde::Deserializer::from_read_ref(body))?)
}

fn digest(bytes: &[u8]) -> Result<Digest, SessionError> {
    let digest = bytes.try_into().map_err(|_| SessionError::Malformed("a root has not 32 bytes"));
    digest.map(Digest)
}

fn entry(wire: &WireEntry<'_>) -> Result<Entry, SessionError> {
    match wire.change().map_err(SessionError::Malformed)? {
        Change::Entry(entry) => Ok(entry),
        Change::Flush(_) => Err(SessionError::Malformed("a flush stands among its entries")),
    }
}
