//! What a client may send: sizes and the dialect it speaks.

/// The largest keys and values that clients may write, in bytes. Entries from other nodes are
/// taken in whatever their size, or nodes with different limits would never agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest key.
    pub max_key_bytes: usize,
    /// The longest value.
    pub max_value_bytes: usize,
}

impl Limits {
    /// The longest line of the text protocol, without its line end: the longest command word, a
    /// key and a value in quotes in which every byte is written as `\xHH`.
    pub fn max_line_bytes(&self) -> usize {
        const LONGEST_WORD: usize = 16;
        const SPACES_AND_QUOTES: usize = 4;
        const ESCAPED_BYTE: usize = 4;
        LONGEST_WORD + SPACES_AND_QUOTES + self.max_key_bytes + ESCAPED_BYTE * self.max_value_bytes
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { max_key_bytes: 1024, max_value_bytes: 1 << 20 }
    }
}

/// How replies of the text protocol are worded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// One grammar for every reply, lists end with `END`.
    #[default]
    Standard,
    /// As MerkleKV 0.1 servers answered.
    Legacy,
}
