//! The update message: some changes of one node, as MessagePack behind a version byte.
//!
//! ```text
//! +------+----------------------------------------------+
//! | 0x01 | [origin str, boot_id u64, seq u64, [entry…]] |
//! +------+----------------------------------------------+
//!   entry:  [kind u8, hlc u64, node u64, expiry u64, key bin, value bin]
//!   kind:   0 value · 1 tombstone (empty value) · 2 flush register (empty key and value)
//!   expiry: milliseconds since 1970; 0 is none, and all but values have none
//! ```
//!
//! All fields are positional. A reader refuses what it does not know rather than skip it: an entry
//! half understood would make two nodes disagree for good.

use crate::change::Change;
use crate::version::BootId;
use crate::wire_entry::{FRAMING, WireEntry, encoded_bytes_at_most};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};

const FORMAT: u8 = 1;

/// How MessagePack begins a list of four, as an update is one.
const LIST_OF_FOUR: u8 = 0x94;

/// No node has a longer id in its configuration, in bytes.
const MAX_ORIGIN_BYTES: usize = 64;

/// An update message, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The configured name of the node that sent it.
    pub origin: String,
    /// The start of that node in which it did.
    pub boot: BootId,
    /// Counts that node's messages since that start.
    pub seq: u64,
    /// What changed.
    pub changes: Vec<Change>,
}

/// Why bytes are not an update message. Nothing of the message was taken in.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// Another version of the format, or no update at all.
    #[error("it begins with {0:?}, an update begins with {FORMAT}")]
    Format(Option<u8>),
    /// Not the MessagePack that the format asks for.
    #[error("it is not the MessagePack of an update: {0}")]
    Encoding(#[from] rmp_serde::decode::Error),
    /// Bytes behind the end of the update.
    #[error("more bytes follow its end")]
    TrailingBytes,
    /// A node name that no configuration allows.
    #[error("its origin has {0} bytes, the limit is {MAX_ORIGIN_BYTES}")]
    Origin(usize),
    /// An entry that cannot be.
    #[error("entry {at}: {problem}")]
    Entry {
        /// Its place, from 0.
        at: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

#[derive(Deserialize)]
struct WireUpdate<'a> {
    origin: &'a str,
    boot: u64,
    seq: u64,
    #[serde(borrow)]
    entries: Vec<WireEntry<'a>>,
}

/// The message that carries these changes.
pub fn encode_update(
    origin: &str,
    boot: BootId,
    seq: u64,
    changes: &[Change],
) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    const HEAD: usize = 1 + 1 + 5 + MAX_ORIGIN_BYTES + 9 + 9 + 5;
    let mut message = Vec::with_capacity(HEAD + changes.iter().map(bytes_at_most).sum::<usize>());
    message.push(FORMAT);
    rmp_serde::encode::write(&mut message, &(origin, boot.0, seq, WireEntries(changes)))?;
    Ok(message)
}

/// The list of entries that changes make.
struct WireEntries<'a>(&'a [Change]);

impl Serialize for WireEntries<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(WireEntry::of))
    }
}

fn bytes_at_most(change: &Change) -> usize {
    match change {
        Change::Entry(entry) => encoded_bytes_at_most(entry),
        Change::Flush(_) => FRAMING,
    }
}

/// What every update begins with that a node has sent since its start.
pub fn update_prefix(origin: &str, boot: BootId) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    let mut prefix = vec![FORMAT, LIST_OF_FOUR];
    rmp_serde::encode::write(&mut prefix, origin)?;
    rmp_serde::encode::write(&mut prefix, &boot.0)?;
    Ok(prefix)
}

/// The update that a message carries. Memory is bounded by a small multiple of the message.
pub fn decode_update(message: &[u8]) -> Result<Update, UpdateError> {
    let body = match message.split_first() {
        Some((&FORMAT, body)) => body,
        first => return Err(UpdateError::Format(first.map(|(format, _)| *format))),
    };
    let mut reader = rmp_serde::Deserializer::from_read_ref(body);
    let update = WireUpdate::deserialize(&mut reader)?;
    // The reader does not tell where it stands, but at the end it finds no further marker.
    let beyond = IgnoredAny::deserialize(&mut reader);
    if !matches!(beyond, Err(rmp_serde::decode::Error::InvalidMarkerRead(_))) {
        return Err(UpdateError::TrailingBytes);
    }
    if update.origin.is_empty() || update.origin.len() > MAX_ORIGIN_BYTES {
        return Err(UpdateError::Origin(update.origin.len()));
    }
    let entries = update.entries.iter().enumerate();
    let changes = entries
        .map(|(at, entry)| entry.change().map_err(|problem| UpdateError::Entry { at, problem }))
        .collect::<Result<_, _>>()?;
    Ok(Update {
        origin: update.origin.to_string(),
        boot: BootId(update.boot),
        seq: update.seq,
        changes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Hlc, UnixMillis};
    use crate::entry::Entry;
    use crate::version::{NodeId, Version};
    use crate::wire_entry::{FLUSH, TOMBSTONE, VALUE};
    use serde_bytes::Bytes;

    fn version(hlc: u64) -> Version {
        Version { hlc: Hlc::from_raw(hlc), node: NodeId(0xabcd) }
    }

    fn sample() -> Vec<Change> {
        vec![
            Change::Flush(version(1)),
            Change::Entry(Entry::value_of(b"k", b"v\xff", version(0x0102_0304))),
            Change::Entry(Entry::tombstone(b"gone", version(3))),
            Change::Entry(Entry::joined(b"k", b"v", b"", Some(UnixMillis(0x0102)), version(4))),
        ]
    }

    fn message() -> Vec<u8> {
        encode_update("node1", BootId(7), 5, &sample()).unwrap()
    }

    #[test]
    fn the_bytes_of_an_update_do_not_change() {
        let hex: String = message().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            concat!(
                "01",                                   // format
                "94a56e6f6465310705",                   // [ "node1", 7, 5,
                "94",                                   // [
                "960201cdabcd00c400c400",               // [2, 1, 0xabcd, 0, "", ""]
                "9600ce01020304cdabcd00c4016bc40276ff", // [0, 0x01020304, 0xabcd, 0, "k", "v\xff"]
                "960103cdabcd00c404676f6e65c400",       // [1, 3, 0xabcd, 0, "gone", ""]
                "960004cdabcdcd0102c4016bc40176",       // [0, 4, 0xabcd, 0x0102, "k", "v"]
            )
        );
    }

    #[test]
    fn own_updates_are_known_by_how_they_begin() {
        for boot in [7, 0xff, 0x1_0000, u64::MAX] {
            let prefix = update_prefix("node1", BootId(boot)).unwrap();
            let own = encode_update("node1", BootId(boot), 5, &sample()).unwrap();
            assert!(own.starts_with(&prefix));
            for (origin, boot) in [("node1", boot - 1), ("node2", boot), ("node", boot)] {
                let other = encode_update(origin, BootId(boot), 5, &sample()).unwrap();
                assert!(!other.starts_with(&prefix), "{origin} {boot}");
            }
        }
    }

    #[test]
    fn an_update_is_read_as_it_was_written() {
        let update = decode_update(&message()).unwrap();
        let expected =
            Update { origin: "node1".into(), boot: BootId(7), seq: 5, changes: sample() };
        assert_eq!(update, expected);
        let entries = sample().into_iter().filter_map(|change| match change {
            Change::Entry(entry) => Some(encoded_bytes_at_most(&entry)),
            Change::Flush(_) => None,
        });
        assert!(message().len() <= entries.sum::<usize>() + 64);
    }

    #[test]
    fn every_truncation_is_refused() {
        let message = message();
        for end in 0..message.len() {
            assert!(decode_update(&message[..end]).is_err(), "{end} bytes");
        }
        let longer = [&message[..], b"x"].concat();
        assert!(matches!(decode_update(&longer), Err(UpdateError::TrailingBytes)));
    }

    #[test]
    fn changed_bytes_are_refused_or_give_another_update_but_never_panic() {
        let message = message();
        for at in 0..message.len() {
            for bit in 0..8 {
                let mut changed = message.clone();
                changed[at] ^= 1 << bit;
                if let Ok(update) = decode_update(&changed) {
                    assert_ne!(update, decode_update(&message).unwrap(), "byte {at} bit {bit}");
                }
            }
        }
    }

    #[test]
    fn lengths_that_the_message_does_not_have_cost_no_memory() {
        // A list of 2^32-1 entries, and a key of 2^32-1 bytes.
        let list = b"\x01\x94\xa1n\x01\x01\xdd\xff\xff\xff\xff";
        let key = b"\x01\x94\xa1n\x01\x01\x91\x96\x00\x01\x01\x00\xc6\xff\xff\xff\xff";
        assert!(decode_update(list).is_err());
        assert!(decode_update(key).is_err());
        let nested = [&b"\x01"[..], &[0x91; 100_000]].concat();
        assert!(decode_update(&nested).is_err());
    }

    #[test]
    fn entries_that_cannot_be_are_refused() {
        let encode = |kind: u8, expiry: u64, key: &[u8], value: &[u8]| {
            let (key, value) = (Bytes::new(key), Bytes::new(value));
            let entry = WireEntry { kind, hlc: 1, node: 1, expiry, key, value };
            [vec![FORMAT], rmp_serde::to_vec(&("n", 1, 1, [entry])).unwrap()].concat()
        };
        for (kind, expiry, key, value) in [
            (VALUE, 0, &b""[..], &b"v"[..]),
            (TOMBSTONE, 0, b"k", b"v"),
            (TOMBSTONE, 0, b"", b""),
            (TOMBSTONE, 1, b"k", b""),
            (FLUSH, 0, b"k", b""),
            (FLUSH, 1, b"", b""),
            (3, 0, b"k", b"v"),
        ] {
            let refused = decode_update(&encode(kind, expiry, key, value));
            assert!(matches!(refused, Err(UpdateError::Entry { at: 0, .. })), "{refused:?}");
        }
        assert!(decode_update(&encode(VALUE, 1, b"k", b"")).is_ok());
        let name = "n".repeat(65);
        let long = encode_update(&name, BootId(1), 1, &[]).unwrap();
        assert!(matches!(decode_update(&long), Err(UpdateError::Origin(65))));
        assert!(matches!(decode_update(b"\x02"), Err(UpdateError::Format(Some(2)))));
        assert!(matches!(decode_update(b""), Err(UpdateError::Format(None))));
    }
}
