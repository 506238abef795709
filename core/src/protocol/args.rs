//! Takes the arguments of one command apart: keys, values, numbers and options, each checked for
//! form and size. Every row of the command table says what it needs in these terms.

use super::command::Command;
use super::error::ClientError;
use super::limits::{Dialect, Limits};
use super::table::CommandSpec;
use super::text::quote::{self, Unquoted};
use crate::config::PeerAddress;
use bytes::Bytes;

/// Keys that one command may name. A line has room for two million one-letter keys, and each costs
/// fifty bytes while its command runs; this many hold one client to a few megabytes, and the store's
/// thread to a few milliseconds.
const MAX_KEYS: usize = 65_536;

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

    /// Nothing, or in the legacy dialect whatever there is: 0.1 servers looked at none of it.
    pub(super) fn nothing_that_counts(&self) -> Result<(), ClientError> {
        match self.dialect {
            Dialect::Standard => self.nothing(),
            Dialect::Legacy => Ok(()),
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
        let mut keys = Vec::new();
        for word in self.plain_words() {
            self.room_for_another(keys.len())?;
            keys.push(self.key(self.reference(word))?);
        }
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
        let (key, amount) = self.key_and_number()?;
        Ok((key, amount.unwrap_or(1)))
    }

    pub(super) fn key_and_seconds(&self) -> Result<(Bytes, i64), ClientError> {
        let (key, seconds) = self.key_and_number()?;
        Ok((key, seconds.ok_or(self.missing(1))?))
    }

    fn key_and_number(&self) -> Result<(Bytes, Option<i64>), ClientError> {
        let mut words = self.plain_words();
        let key = self.key(self.reference(words.next().ok_or(self.missing(0))?))?;
        let number = match words.next() {
            None => None,
            Some(word) => Some(parse(word).ok_or(ClientError::NotANumber {
                command: self.spec,
                found: self.reference(word),
                expected: "a 64-bit signed integer",
            })?),
        };
        match words.next() {
            None => Ok((key, number)),
            Some(_) => Err(ClientError::TooManyArguments { command: self.spec }),
        }
    }

    pub(super) fn pairs(&self) -> Result<Vec<(Bytes, Bytes)>, ClientError> {
        let mut pairs = Vec::new();
        let mut rest = self.rest;
        // A quote in a key is an ordinary character, as it is in SET.
        while let Some(key) = self.next_plain_word(&mut rest) {
            self.room_for_another(pairs.len())?;
            let key = self.key(self.reference(key))?;
            let Some(value) = self.next_word(&mut rest) else {
                return Err(ClientError::KeyWithoutValue { key });
            };
            pairs.push((key, self.sized(value.text)?));
        }
        if pairs.is_empty() { Err(self.missing(0)) } else { Ok(pairs) }
    }

    fn room_for_another(&self, keys: usize) -> Result<(), ClientError> {
        if keys < MAX_KEYS {
            return Ok(());
        }
        Err(ClientError::TooManyKeys { command: self.spec, limit: MAX_KEYS })
    }

    pub(super) fn scan(&self) -> Result<Command, ClientError> {
        let mut words = self.words().peekable();
        // A 0.1 client knows no options and has no quotes: its one word is always a prefix.
        let only_prefix = self.dialect == Dialect::Legacy && self.words().count() == 1;
        let prefix = match words.peek() {
            Some(first) if only_prefix || !(first.is("AFTER") || first.is("LIMIT")) => words.next(),
            Some(_) | None => None,
        };
        let prefix = prefix.map_or(Ok(Bytes::new()), |word| self.bound(word))?;
        let (mut after, mut limit) = (None, None);
        while let Some(option) = words.next() {
            if option.is("AFTER") && after.is_none() {
                after = Some(self.bound(words.next().ok_or(self.missing(1))?)?);
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

    pub(super) fn prefix(&self) -> Result<Option<Bytes>, ClientError> {
        let mut words = self.words();
        let prefix = words.next();
        match words.next() {
            None => prefix.map(|word| self.bound(word)).transpose(),
            Some(_) => Err(ClientError::TooManyArguments { command: self.spec }),
        }
    }

    /// Where a peer is, or nothing. For 0.1 servers these were two words that both had to be there;
    /// options behind them are not looked at, as no session here is partial or unverified.
    pub(super) fn peer(&self) -> Result<Option<PeerAddress>, ClientError> {
        let mut words = self.plain_words();
        let found = match (self.dialect, words.next(), words.next()) {
            (Dialect::Standard, None, _) => return Ok(None),
            (Dialect::Standard, Some(address), None) => self.reference(address),
            (Dialect::Standard, Some(_), Some(_)) => {
                return Err(ClientError::TooManyArguments { command: self.spec });
            }
            (Dialect::Legacy, None, _) => return Err(self.missing(0)),
            (Dialect::Legacy, Some(_), None) => return Err(self.missing(1)),
            (Dialect::Legacy, Some(host), Some(port)) => [host, port].join(&b':').into(),
        };
        let peer = std::str::from_utf8(&found).ok().and_then(PeerAddress::parse);
        peer.map(Some).ok_or(ClientError::NotAnAddress { found })
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

    /// What a command without arguments meant to 0.1 servers; in the standard dialect it stays
    /// what it is.
    pub(super) fn or_if_bare(
        &self,
        parsed: Result<Command, ClientError>,
        bare: Command,
    ) -> Result<Command, ClientError> {
        match self.dialect {
            Dialect::Legacy if self.rest.is_empty() => Ok(bare),
            Dialect::Legacy | Dialect::Standard => parsed,
        }
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
    fn plain_words(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.rest;
        std::iter::from_fn(move || self.next_plain_word(&mut rest))
    }

    /// Words between spaces; one that begins with a quote runs to its closing quote, if that is
    /// followed by a space or the end.
    fn words(&self) -> impl Iterator<Item = Word> {
        let mut rest = self.rest;
        std::iter::from_fn(move || self.next_word(&mut rest))
    }

    fn next_word(&self, rest: &mut &'a [u8]) -> Option<Word> {
        let start = rest.iter().position(|byte| !self.separates(*byte))?;
        if self.dialect == Dialect::Standard
            && let Some((inside, after)) = quote::leading_string(&rest[start..])
        {
            *rest = after;
            return Some(Word { text: self.owned(inside), quoted: true });
        }
        let word = self.next_plain_word(rest)?;
        Some(Word { text: self.reference(word), quoted: false })
    }

    fn next_plain_word(&self, rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let all = *rest;
        let from_start = &all[all.iter().position(|byte| !self.separates(*byte))?..];
        let end = from_start.iter().position(|byte| self.separates(*byte));
        let (word, after) = from_start.split_at(end.unwrap_or(from_start.len()));
        *rest = after;
        Some(word)
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
        self.allowed(key)
    }

    /// A prefix, or the key that a listing goes on behind. In quotes it may be any key that a
    /// listing shows, and other nodes may have sent longer ones and such with spaces.
    fn bound(&self, word: Word) -> Result<Bytes, ClientError> {
        if word.quoted { Ok(word.text) } else { self.allowed(word.text) }
    }

    fn allowed(&self, key: Bytes) -> Result<Bytes, ClientError> {
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
