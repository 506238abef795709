//! Takes the arguments of one command apart: keys, values, numbers and options, each checked for
//! form and size. Every row of the command table says what it needs in these terms.

use super::command::Command;
use super::error::ClientError;
use super::limits::{Dialect, Limits};
use super::table::CommandSpec;
use super::words::{Word, Words, plain};
use crate::naming::PeerAddress;
use bytes::Bytes;

/// Keys that one command may name. A line has room for two million one-letter keys, and each costs
/// fifty bytes while its command runs; this many hold one client to a few megabytes, and the store's
/// thread to a few milliseconds.
const MAX_KEYS: usize = 65_536;

/// The arguments of one command, whatever protocol it came in.
pub(super) struct Args<'a> {
    pub(super) spec: &'static CommandSpec,
    limits: &'a Limits,
    /// All of them: a copy starts at the first.
    pub(super) words: Words<'a>,
}

impl<'a> Args<'a> {
    pub(super) fn new(
        spec: &'static CommandSpec,
        words: Words<'a>,
        limits: &'a Limits,
    ) -> Args<'a> {
        Args { spec, limits, words }
    }

    pub(super) fn nothing(&self) -> Result<(), ClientError> {
        self.end(self.words)
    }

    /// Nothing, or in the legacy dialect whatever there is: 0.1 servers looked at none of it.
    pub(super) fn nothing_that_counts(&self) -> Result<(), ClientError> {
        match self.words.dialect() {
            Some(Dialect::Standard) => self.nothing(),
            // What Redis has behind these commands chooses between ways to the same end.
            Some(Dialect::Legacy) | None => Ok(()),
        }
    }

    /// Nothing in a line. Redis takes arguments here that say how to do what is done anyway.
    pub(super) fn nothing_in_a_line(&self) -> Result<(), ClientError> {
        if self.words.line().is_some() { self.nothing() } else { Ok(()) }
    }

    pub(super) fn only_key(&self) -> Result<Bytes, ClientError> {
        let Some(rest) = self.words.line() else {
            let mut words = self.words;
            let key = self.next_key(&mut words)?;
            return self.end(words).map(|()| key);
        };
        let mut words = rest.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        let key = words.next().ok_or(self.missing(0))?;
        if words.next().is_some() {
            return Err(self.too_many());
        }
        self.key(self.words.reference(key))
    }

    pub(super) fn keys(&self) -> Result<Vec<Bytes>, ClientError> {
        let mut keys = Vec::new();
        for word in plain(self.words) {
            self.room_for_another(keys.len())?;
            keys.push(self.key(self.words.reference(word))?);
        }
        if keys.is_empty() { Err(self.missing(0)) } else { Ok(keys) }
    }

    /// A key, and all the rest as the value: in a line, what follows the one space behind the key.
    pub(super) fn key_and_value(&self) -> Result<(Bytes, Bytes), ClientError> {
        let Some(rest) = self.words.line() else {
            let mut words = self.words;
            let key = self.next_key(&mut words)?;
            let value = self.next_value(&mut words)?;
            return self.end(words).map(|()| (key, value));
        };
        let Some(space) = memchr::memchr(b' ', rest) else {
            return Err(self.missing(usize::from(!rest.is_empty())));
        };
        let key = self.key(self.words.reference(&rest[..space]))?;
        let value = self.words.behind(space + 1).value().ok_or(self.missing(1))?;
        Ok((key, self.sized(value)?))
    }

    /// A key, and how much: one if nothing is said, and nothing may be said in an array, for which
    /// there are commands of other names.
    pub(super) fn key_and_amount(&self) -> Result<(Bytes, i64), ClientError> {
        if self.words.line().is_none() {
            return self.only_key().map(|key| (key, 1));
        }
        let mut words = self.words;
        let key = self.next_key(&mut words)?;
        let amount = match words.plain() {
            None => 1,
            Some(word) => self.integer(word)?,
        };
        self.end(words).map(|()| (key, amount))
    }

    pub(super) fn pairs(&self) -> Result<Vec<(Bytes, Bytes)>, ClientError> {
        let mut pairs = Vec::new();
        let mut words = self.words;
        // A quote in a key is an ordinary character, as it is in SET.
        while let Some(key) = words.plain() {
            self.room_for_another(pairs.len())?;
            let key = self.key(words.reference(key))?;
            let Some(value) = words.word() else {
                return Err(ClientError::KeyWithoutValue { command: self.spec, key });
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

    pub(super) fn listing(&self) -> Result<Command, ClientError> {
        let mut rest = self.words;
        let mut words = std::iter::from_fn(|| rest.word()).peekable();
        // A 0.1 client knows no options and has no quotes: its one word is always a prefix.
        let is_legacy = self.words.dialect() == Some(Dialect::Legacy);
        let only_prefix = is_legacy && plain(self.words).count() == 1;
        let prefix = match words.peek() {
            Some(first) if only_prefix || !(first.is("AFTER") || first.is("LIMIT")) => words.next(),
            Some(_) | None => None,
        };
        let prefix = prefix.map(|word| self.bound(word)).transpose()?.unwrap_or_default();
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
        let mut words = self.words;
        let prefix = words.word().map(|word| self.bound(word)).transpose()?;
        self.end(words).map(|()| prefix)
    }

    /// Where a peer is, or nothing. For 0.1 servers these were two words that both had to be there;
    /// options behind them are not looked at, as no session here is partial or unverified.
    pub(super) fn peer(&self) -> Result<Option<PeerAddress>, ClientError> {
        let mut words = self.words;
        let is_legacy = words.dialect() == Some(Dialect::Legacy);
        let found = match (words.plain(), is_legacy) {
            (None, false) => return Ok(None),
            (None, true) => return Err(self.missing(0)),
            (Some(address), false) => {
                self.end(words)?;
                self.words.reference(address)
            }
            (Some(host), true) => {
                let port = words.plain().ok_or(self.missing(1))?;
                [host, port].join(&b':').into()
            }
        };
        let peer = std::str::from_utf8(&found).ok().and_then(PeerAddress::parse);
        peer.map(Some).ok_or(ClientError::NotAnAddress { found })
    }

    /// All the rest as one message; nothing if there is none.
    pub(super) fn message(&self) -> Result<Option<Bytes>, ClientError> {
        let mut words = self.words;
        let message = words.value().map(|value| self.sized(value)).transpose()?;
        self.end(words).map(|()| message)
    }

    pub(super) fn choice<T: Clone>(
        &self,
        choices: &[(&str, T)],
        expected: &'static str,
    ) -> Result<T, ClientError> {
        let mut words = self.words;
        let word = words.plain().ok_or(self.missing(0))?;
        self.end(words)?;
        let chosen = choices.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes()));
        let chosen = chosen.map(|(_, choice)| choice.clone());
        chosen.ok_or_else(|| self.unknown_option(word, expected))
    }

    /// The next key; without one, an argument is missing.
    pub(super) fn next_key(&self, words: &mut Words<'a>) -> Result<Bytes, ClientError> {
        let key = words.plain().ok_or(self.missing(0))?;
        self.key(self.words.reference(key))
    }

    /// The next value of an array; without one, an argument is missing.
    pub(super) fn next_value(&self, words: &mut Words<'a>) -> Result<Bytes, ClientError> {
        let value = words.plain().ok_or(self.missing(1))?;
        self.sized(self.words.reference(value))
    }

    /// The next word as a whole number; without one, an argument is missing.
    pub(super) fn next_integer(&self, words: &mut Words<'a>) -> Result<i64, ClientError> {
        self.integer(words.plain().ok_or(self.missing(1))?)
    }

    pub(super) fn integer(&self, word: &[u8]) -> Result<i64, ClientError> {
        // In an array only as the number itself would be written, as in Redis.
        let is_plain = |word: &[u8]| match word {
            [b'0'] | [b'-', b'1'..=b'9', ..] | [b'1'..=b'9', ..] => true,
            [..] => self.words.line().is_some(),
        };
        parse(word).filter(|_| is_plain(word)).ok_or(ClientError::NotANumber {
            command: self.spec,
            found: self.words.reference(word),
            expected: "a 64-bit signed integer",
        })
    }

    /// That nothing is left.
    pub(super) fn end(&self, mut words: Words<'a>) -> Result<(), ClientError> {
        match words.plain() {
            None => Ok(()),
            Some(_) => Err(self.too_many()),
        }
    }

    pub(super) fn missing(&self, given: usize) -> ClientError {
        ClientError::MissingArguments { command: self.spec, given }
    }

    pub(super) fn too_many(&self) -> ClientError {
        ClientError::TooManyArguments { command: self.spec }
    }

    pub(super) fn unknown_option(&self, found: &[u8], expected: &'static str) -> ClientError {
        let found = self.words.reference(found);
        ClientError::UnknownOption { command: self.spec, found, expected }
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

    /// In a line, some bytes would be read as its end or as a separator; an array has none.
    fn allowed(&self, key: Bytes) -> Result<Bytes, ClientError> {
        if self.words.line().is_none() {
            return Ok(key);
        }
        match key.iter().find(|byte| **byte == b' ' || byte.is_ascii_control()) {
            Some(byte) => Err(ClientError::ByteInKey { command: self.spec, byte: *byte }),
            None => Ok(key),
        }
    }

    fn sized(&self, value: Bytes) -> Result<Bytes, ClientError> {
        let (limit, found) = (self.limits.max_value_bytes, value.len());
        if found > limit { Err(ClientError::ValueTooLong { limit, found }) } else { Ok(value) }
    }
}

pub(super) fn parse<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    std::str::from_utf8(word).ok()?.parse().ok()
}
