//! Takes the arguments of one command apart: keys, values, numbers and options, each checked for
//! form and size. Every row of the command table says what it needs in these terms.

use super::command::Command;
use super::error::ClientError;
use super::limits::{Dialect, Limits};
use super::table::CommandSpec;
use super::text::quote::{self, Unquoted};
use bytes::Bytes;

/// The arguments of one line: all that follows the space behind the command word.
pub(super) struct Args<'a> {
    spec: &'static CommandSpec,
    /// What the line was cut from; arguments are references into it.
    chunk: &'a Bytes,
    rest: &'a [u8],
    limits: &'a Limits,
    dialect: Dialect,
}

/// One word, and whether it stood in quotes.
struct Word {
    text: Bytes,
    quoted: bool,
}

impl Word {
    fn is(&self, keyword: &str) -> bool {
        !self.quoted && self.text.eq_ignore_ascii_case(keyword.as_bytes())
    }
}

impl<'a> Args<'a> {
    pub(super) fn new(
        spec: &'static CommandSpec,
        chunk: &'a Bytes,
        rest: &'a [u8],
        limits: &'a Limits,
        dialect: Dialect,
    ) -> Args<'a> {
        Args { spec, chunk, rest, limits, dialect }
    }

    pub(super) fn nothing(&self) -> Result<(), ClientError> {
        match self.plain_words().next() {
            None => Ok(()),
            Some(_) => Err(ClientError::TooManyArguments { command: self.spec }),
        }
    }

    pub(super) fn only_key(&self) -> Result<Bytes, ClientError> {
        let mut words = self.rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let key = words.next().ok_or(self.missing(0))?;
        if words.next().is_some() {
            return Err(ClientError::TooManyArguments { command: self.spec });
        }
        self.key(self.reference(key))
    }

    pub(super) fn keys(&self) -> Result<Vec<Bytes>, ClientError> {
        let keys = self.plain_words().map(|word| self.key(self.reference(word)));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(self.missing(0)) } else { Ok(keys) }
    }

    /// A key, one space, and all the rest as the value.
    pub(super) fn key_and_value(&self) -> Result<(Bytes, Bytes), ClientError> {
        let Some(space) = memchr::memchr(b' ', self.rest) else {
            return Err(self.missing(usize::from(!self.rest.is_empty())));
        };
        let key = self.key(self.reference(&self.rest[..space]))?;
        let raw = &self.rest[space + 1..];
        if raw.is_empty() {
            return Err(self.missing(1));
        }
        Ok((key, self.value(raw)?))
    }

    pub(super) fn key_and_amount(&self) -> Result<(Bytes, i64), ClientError> {
        let mut words = self.plain_words();
        let key = self.key(self.reference(words.next().ok_or(self.missing(0))?))?;
        let amount = match words.next() {
            None => 1,
            Some(word) => parse(word).ok_or(ClientError::NotANumber {
                command: self.spec,
                found: self.reference(word),
                expected: "a 64-bit signed integer",
            })?,
        };
        match words.next() {
            None => Ok((key, amount)),
            Some(_) => Err(ClientError::TooManyArguments { command: self.spec }),
        }
    }

    pub(super) fn pairs(&self) -> Result<Vec<(Bytes, Bytes)>, ClientError> {
        let mut pairs = Vec::new();
        let mut words = self.words();
        while let Some(key) = words.next() {
            let key = self.key(key.text)?;
            let Some(value) = words.next() else {
                return Err(ClientError::KeyWithoutValue { key });
            };
            pairs.push((key, self.sized(value.text)?));
        }
        if pairs.is_empty() { Err(self.missing(0)) } else { Ok(pairs) }
    }

    pub(super) fn scan(&self) -> Result<Command, ClientError> {
        let mut words = self.words().peekable();
        let prefix = match words.peek() {
            Some(first) if !first.is("AFTER") && !first.is("LIMIT") => words.next(),
            Some(_) | None => None,
        };
        let mut prefix = prefix.map_or_else(Bytes::new, |word| word.text);
        if !prefix.is_empty() {
            prefix = self.key(prefix)?;
        }
        let (mut after, mut limit) = (None, None);
        while let Some(option) = words.next() {
            if option.is("AFTER") && after.is_none() {
                after = Some(self.key(words.next().ok_or(self.missing(1))?.text)?);
            } else if option.is("LIMIT") && limit.is_none() {
                let word = words.next().ok_or(self.missing(1))?.text;
                let count = parse::<usize>(&word).filter(|count| *count > 0);
                limit = Some(count.ok_or(ClientError::NotANumber {
                    command: self.spec,
                    found: word,
                    expected: "a number of keys from 1",
                })?);
            } else {
                return Err(ClientError::UnknownOption {
                    command: self.spec,
                    found: option.text,
                    expected: "AFTER key, LIMIT n, each once and behind the prefix",
                });
            }
        }
        Ok(Command::Scan { prefix, after, limit })
    }

    /// All the rest as one message; nothing if there is none.
    pub(super) fn message(&self) -> Result<Option<Bytes>, ClientError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.value(self.rest).map(Some)
    }

    pub(super) fn choice<T: Clone>(
        &self,
        choices: &[(&str, T)],
        expected: &'static str,
    ) -> Result<T, ClientError> {
        let mut words = self.plain_words();
        let word = words.next().ok_or(self.missing(0))?;
        if words.next().is_some() {
            return Err(ClientError::TooManyArguments { command: self.spec });
        }
        let chosen = choices.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        chosen.map(|(_, choice)| choice.clone()).ok_or_else(|| ClientError::UnknownOption {
            command: self.spec,
            found: self.reference(word),
            expected,
        })
    }

    pub(super) fn credentials(&self) -> Result<(), ClientError> {
        match self.words().count() {
            given @ (0 | 1) => Err(self.missing(given)),
            2 => Ok(()),
            _ => Err(ClientError::TooManyArguments { command: self.spec }),
        }
    }

    pub(super) fn missing(&self, given: usize) -> ClientError {
        ClientError::MissingArguments { command: self.spec, given }
    }

    /// Words between spaces, quotes being ordinary characters.
    fn plain_words(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let legacy = self.dialect == Dialect::Legacy;
        self.rest
            .split(move |byte| *byte == b' ' || (legacy && *byte == b'\t'))
            .filter(|word| !word.is_empty())
    }

    /// Words between spaces; one that begins with a quote runs to its closing quote, if that is
    /// followed by a space or the end.
    fn words(&self) -> impl Iterator<Item = Word> {
        let mut rest = self.rest;
        std::iter::from_fn(move || {
            rest = &rest[rest.iter().position(|byte| !self.separates(*byte))?..];
            if self.dialect == Dialect::Standard
                && let Some((inside, after)) = quote::leading_string(rest)
            {
                rest = after;
                return Some(Word { text: self.owned(inside), quoted: true });
            }
            let end = rest.iter().position(|byte| self.separates(*byte)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            Some(Word { text: self.reference(word), quoted: false })
        })
    }

    fn separates(&self, byte: u8) -> bool {
        byte == b' ' || (self.dialect == Dialect::Legacy && byte == b'\t')
    }

    fn key(&self, key: Bytes) -> Result<Bytes, ClientError> {
        let limit = self.limits.max_key_bytes;
        if key.is_empty() {
            return Err(ClientError::EmptyKey { command: self.spec });
        }
        if key.len() > limit {
            return Err(ClientError::KeyTooLong { limit, found: key.len() });
        }
        match key.iter().find(|byte| **byte == b' ' || byte.is_ascii_control()) {
            Some(byte) => Err(ClientError::ByteInKey { command: self.spec, byte: *byte }),
            None => Ok(key),
        }
    }

    fn value(&self, raw: &[u8]) -> Result<Bytes, ClientError> {
        let value = match self.dialect {
            Dialect::Standard => quote::whole_string(raw),
            Dialect::Legacy => None,
        };
        self.sized(value.map_or_else(|| self.reference(raw), |inside| self.owned(inside)))
    }

    fn sized(&self, value: Bytes) -> Result<Bytes, ClientError> {
        let (limit, found) = (self.limits.max_value_bytes, value.len());
        if found > limit { Err(ClientError::ValueTooLong { limit, found }) } else { Ok(value) }
    }

    fn owned(&self, inside: Unquoted<'_>) -> Bytes {
        match inside {
            Unquoted::Plain(text) => self.reference(text),
            Unquoted::Escaped(text) => text.into(),
        }
    }

    fn reference(&self, part: &[u8]) -> Bytes {
        self.chunk.slice_ref(part)
    }
}

fn parse<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    std::str::from_utf8(word).ok()?.parse().ok()
}
