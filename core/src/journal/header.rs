//! What every file of the journal begins with:
//!
//! ```text
//! 0       8        10     11         75         83     87  92    96
//! +-------+--------+------+----------+----------+------+---+-----+
//! | magic | format | name | name     | sequence | salt | 0 | CRC |
//! |       | u16    | len  | 64 bytes | u64      | u32  |   | u32 |
//! +-------+--------+------+----------+----------+------+---+-----+
//! ```
//!
//! Later formats keep this header, so that they are told from damage. The name is that of the node, padded with zeros. The sequence is that of the first record of a
//! segment, and of the last record that a snapshot takes in.

use super::record::{Salt, Sequence};

/// The format that this release writes and reads. Format 1 was never released; it had no salt.
pub const FORMAT: u16 = 2;

/// Bytes of a header.
pub const HEADER_BYTES: usize = 96;

const FORMAT_AT: usize = 8;
const NAME_BYTES_AT: usize = 10;
const NAME_AT: usize = 11;
const SEQUENCE_AT: usize = 75;
const SALT_AT: usize = 83;
const SALT_END: usize = 87;
const CRC_AT: usize = 92;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A piece of the journal.
    Segment,
    /// A data set.
    Snapshot,
}

impl FileKind {
    fn magic(self) -> &'static [u8; 8] {
        match self {
            FileKind::Segment => b"MKVJRNL\n",
            FileKind::Snapshot => b"MKVSNAP\n",
        }
    }
}

/// The header of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the file holds.
    pub kind: FileKind,
    /// The configured name of the node, 64 bytes at most.
    pub node: String,
    /// See the module.
    pub sequence: Sequence,
    /// What the checksums of the records go on from.
    pub salt: Salt,
}

/// Why bytes are no header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// The file ends inside it.
    #[error("the file ends inside its header")]
    CutOff,
    /// It begins with something else.
    #[error("it is no {}", match .0 { FileKind::Segment => "segment of a journal", FileKind::Snapshot => "snapshot" })]
    Foreign(FileKind),
    /// A release with another format wrote it.
    #[error(
        "it has format {0}, and this release reads {FORMAT}: start the release that wrote it, or a later one"
    )]
    Format(u16),
    /// The checksum is wrong.
    #[error("the checksum of its header is wrong")]
    Checksum,
}

impl Header {
    /// Its bytes.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let name = self.node.as_bytes();
        let name = &name[..name.len().min(SEQUENCE_AT - NAME_AT)];
        bytes[..FORMAT_AT].copy_from_slice(self.kind.magic());
        bytes[FORMAT_AT..NAME_BYTES_AT].copy_from_slice(&FORMAT.to_be_bytes());
        bytes[NAME_BYTES_AT] = name.len() as u8;
        bytes[NAME_AT..NAME_AT + name.len()].copy_from_slice(name);
        bytes[SEQUENCE_AT..SALT_AT].copy_from_slice(&self.sequence.0.to_be_bytes());
        bytes[SALT_AT..SALT_END].copy_from_slice(&self.salt.0.to_be_bytes());
        let crc = crc32fast::hash(&bytes[..CRC_AT]);
        bytes[CRC_AT..].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// The header at the start of a file that should be of this kind.
    pub fn parse(kind: FileKind, bytes: &[u8]) -> Result<Header, HeaderError> {
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else {
            // Of a file that is no journal at all, that is worth more to know.
            let magic = &bytes[..bytes.len().min(FORMAT_AT)];
            let is_ours = kind.magic().starts_with(magic);
            return Err(if is_ours { HeaderError::CutOff } else { HeaderError::Foreign(kind) });
        };
        if !bytes.starts_with(kind.magic()) {
            return Err(HeaderError::Foreign(kind));
        }
        let crc: [u8; 4] = at(bytes, CRC_AT);
        let format = u16::from_be_bytes(at(bytes, FORMAT_AT));
        if u32::from_be_bytes(crc) != crc32fast::hash(&bytes[..CRC_AT]) {
            return Err(HeaderError::Checksum);
        }
        if format != FORMAT {
            return Err(HeaderError::Format(format));
        }
        let name =
            &bytes[NAME_AT..NAME_AT + usize::from(bytes[NAME_BYTES_AT]).min(SEQUENCE_AT - NAME_AT)];
        Ok(Header {
            kind,
            node: String::from_utf8_lossy(name).into_owned(),
            sequence: Sequence(u64::from_be_bytes(at(bytes, SEQUENCE_AT))),
            salt: salt_in(bytes),
        })
    }

    /// The salt in a header, right or wrong; nothing if the file ends inside it.
    pub(super) fn claimed_salt(bytes: &[u8]) -> Option<Salt> {
        bytes.first_chunk().map(salt_in)
    }
}

fn salt_in(bytes: &[u8; HEADER_BYTES]) -> Salt {
    Salt(u32::from_be_bytes(at(bytes, SALT_AT)))
}

fn at<const N: usize>(bytes: &[u8; HEADER_BYTES], place: usize) -> [u8; N] {
    bytes[place..].first_chunk().copied().unwrap_or([0; N])
}
