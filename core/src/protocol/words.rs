//! The arguments of one command as words, from a line of text or from an array of RESP. Decides
//! where a word ends; what it may be is up to whoever asked for it.

use super::limits::Dialect;
use super::text::quote::{self, Unquoted};
use bytes::Bytes;

/// What follows the command word. A copy starts again at the same place.
#[derive(Clone, Copy)]
pub(super) struct Words<'a> {
    /// What the command was cut from; words are references into it.
    chunk: &'a Bytes,
    source: Source<'a>,
}

#[derive(Clone, Copy)]
enum Source<'a> {
    /// A line of text, whose words stand between spaces.
    Line { rest: &'a [u8], dialect: Dialect },
    /// Words of known places behind some byte of the chunk, of which any byte may be part.
    Array { base: usize, rest: &'a [Place] },
}

/// Where a word of an array stands, in bytes from the beginning of its command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) from: usize,
    pub(super) to: usize,
}

/// One word, and whether it stood in quotes.
pub(super) struct Word {
    pub(super) text: Bytes,
    pub(super) quoted: bool,
}

impl Word {
    pub(super) fn is(&self, keyword: &str) -> bool {
        !self.quoted && self.text.eq_ignore_ascii_case(keyword.as_bytes())
    }
}

impl<'a> Words<'a> {
    pub(super) fn of_line(chunk: &'a Bytes, rest: &'a [u8], dialect: Dialect) -> Words<'a> {
        Words { chunk, source: Source::Line { rest, dialect } }
    }

    pub(super) fn of_array(chunk: &'a Bytes, base: usize, rest: &'a [Place]) -> Words<'a> {
        Words { chunk, source: Source::Array { base, rest } }
    }

    /// The dialect of a line of text.
    pub(super) fn dialect(&self) -> Option<Dialect> {
        match self.source {
            Source::Line { dialect, .. } => Some(dialect),
            Source::Array { .. } => None,
        }
    }

    /// All that is left of a line of text; of an array nothing.
    pub(super) fn line(&self) -> Option<&'a [u8]> {
        match self.source {
            Source::Line { rest, .. } => Some(rest),
            Source::Array { .. } => None,
        }
    }

    /// The next word, in which quotes are ordinary characters.
    pub(super) fn plain(&mut self) -> Option<&'a [u8]> {
        match &mut self.source {
            Source::Line { rest, dialect } => {
                let all = *rest;
                let separates = |byte: &u8| separates(*dialect, *byte);
                let from_start = &all[all.iter().position(|byte| !separates(byte))?..];
                let end = from_start.iter().position(separates);
                let (word, after) = from_start.split_at(end.unwrap_or(from_start.len()));
                *rest = after;
                Some(word)
            }
            Source::Array { base, rest } => {
                let (Place { from, to }, after) = rest.split_first()?;
                *rest = after;
                self.chunk.get(*base + from..*base + to)
            }
        }
    }

    /// The next word. In a line, one that begins with a quote runs to its closing quote, if that is
    /// followed by a space or the end.
    pub(super) fn word(&mut self) -> Option<Word> {
        if let Source::Line { rest, dialect: dialect @ Dialect::Standard } = &mut self.source {
            let start = rest.iter().position(|byte| !separates(*dialect, *byte))?;
            if let Some((inside, after)) = quote::leading_string(&rest[start..]) {
                *rest = after;
                return Some(Word { text: self.owned(inside), quoted: true });
            }
        }
        let word = self.plain()?;
        Some(Word { text: self.reference(word), quoted: false })
    }

    /// All that is left, as one value: the rest of a line, unquoted if it is one string in quotes,
    /// or the next word of an array.
    pub(super) fn value(&mut self) -> Option<Bytes> {
        let Source::Line { rest, dialect } = &mut self.source else {
            return self.plain().map(|word| self.reference(word));
        };
        let raw = std::mem::take(rest);
        let inside = match dialect {
            Dialect::Standard => quote::whole_string(raw),
            Dialect::Legacy => None,
        };
        match inside {
            Some(inside) => Some(self.owned(inside)),
            None if raw.is_empty() => None,
            None => Some(self.reference(raw)),
        }
    }

    /// Skips so many bytes of a line.
    pub(super) fn behind(mut self, bytes: usize) -> Words<'a> {
        if let Source::Line { rest, .. } = &mut self.source {
            *rest = &rest[bytes.min(rest.len())..];
        }
        self
    }

    pub(super) fn reference(&self, part: &[u8]) -> Bytes {
        self.chunk.slice_ref(part)
    }

    fn owned(&self, inside: Unquoted<'_>) -> Bytes {
        match inside {
            Unquoted::Plain(text) => self.reference(text),
            Unquoted::Escaped(text) => text.into(),
        }
    }
}

/// Quotes mean nothing to this iterator, as in [`Words::plain`].
pub(super) fn plain<'a>(mut words: Words<'a>) -> impl Iterator<Item = &'a [u8]> {
    std::iter::from_fn(move || words.plain())
}

fn separates(dialect: Dialect, byte: u8) -> bool {
    byte == b' ' || (dialect == Dialect::Legacy && byte == b'\t')
}
