//! The arguments of a tool: where a line has its words, and which of them are options.

use crate::console::printable;
use crate::console::transfer::Format;
use crate::protocol::text::quote::{Unquoted, leading_string};

/// The words of a line: what stands between spaces, or in the quotes of the protocol.
pub(super) fn split(line: &[u8]) -> Vec<Vec<u8>> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(begin) = rest.iter().position(|byte| !is_space(byte)) {
        rest = &rest[begin..];
        let (word, after) = match leading_string(rest) {
            Some((Unquoted::Plain(text), after)) => (text.to_vec(), after),
            Some((Unquoted::Escaped(text), after)) => (text, after),
            None => {
                let end = rest.iter().position(is_space).unwrap_or(rest.len());
                (rest[..end].to_vec(), &rest[end..])
            }
        };
        words.push(word);
        rest = after;
    }
    words
}

/// The arguments of a tool, one after the other.
pub(super) struct Words<'a> {
    rest: std::slice::Iter<'a, Vec<u8>>,
    /// Behind `--` there are no options.
    is_literal: bool,
}

/// One of them.
pub(super) enum Word<'a> {
    /// It begins with two dashes.
    Option(&'a str),
    /// Anything else.
    Operand(&'a [u8]),
}

impl<'a> Words<'a> {
    pub(super) fn of(words: &'a [Vec<u8>]) -> Words<'a> {
        Words { rest: words.iter(), is_literal: false }
    }

    pub(super) fn next(&mut self) -> Option<Word<'a>> {
        let word = self.rest.next()?;
        if self.is_literal {
            return Some(Word::Operand(word));
        }
        match std::str::from_utf8(word) {
            Ok("--") => {
                self.is_literal = true;
                self.next()
            }
            Ok(option) if option.starts_with("--") => Some(Word::Option(option)),
            Ok(_) | Err(_) => Some(Word::Operand(word)),
        }
    }

    /// What follows an option.
    pub(super) fn value(&mut self, option: &str) -> Result<&'a [u8], String> {
        self.rest.next().map(Vec::as_slice).ok_or_else(|| format!("{option} has no value"))
    }

    pub(super) fn number(&mut self, option: &str) -> Result<u64, String> {
        let value = self.value(option)?;
        match std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()) {
            Some(number @ 1..) => Ok(number),
            Some(0) | None => {
                Err(format!("{option} is \"{}\", and not a number from 1", printable(value)))
            }
        }
    }

    pub(super) fn format(&mut self) -> Result<Format, String> {
        let name = self.value("--format")?;
        let format = std::str::from_utf8(name).ok().and_then(Format::by_name);
        format.ok_or_else(|| format!("there is no format \"{}\"", printable(name)))
    }
}
