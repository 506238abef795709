//! Arguments as Redis has them: options behind SET, cursors, and what a client says of itself.

use super::args::{Args, parse};
use super::command::{
    ClientAction, Command, Credentials, ExpireWhen, Expiry, Hello, ScanQuery, SetAnswer, SetExpiry,
    SetOptions, SetWhen, TableQuery,
};
use super::error::ClientError;
use super::limits::Dialect;
use super::wording::RespVersion;
use super::words::{Words, plain};
use crate::pattern::Pattern;
use bytes::Bytes;

/// Keys that SCAN looks at if it is not told, and at most: more would hold up other clients.
const SCAN_COUNT: usize = 10;
const MAX_SCAN_COUNT: usize = 10_000;

const SET_OPTIONS: &str =
    "NX, XX, GET, KEEPTTL, EX seconds, PX milliseconds, EXAT seconds, PXAT milliseconds";

impl<'a> Args<'a> {
    /// SET: in a line only a key and a value, in an array options as well.
    pub(super) fn set(&self) -> Result<Command, ClientError> {
        if self.words.line().is_some() {
            return self.key_and_value().map(|(key, value)| Command::Set { key, value });
        }
        let mut words = self.words;
        let key = self.next_key(&mut words)?;
        let value = self.next_value(&mut words)?;
        let options = self.set_options(words)?;
        Ok(if options == SetOptions::default() {
            Command::Set { key, value }
        } else {
            Command::SetIf { key, value, options }
        })
    }

    fn set_options(&self, mut words: Words<'a>) -> Result<SetOptions, ClientError> {
        let mut options = SetOptions::default();
        // Looked at last, as in Redis: what no option is is told before what no number is.
        let mut time = None;
        while let Some(word) = words.plain() {
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            let unit =
                [("EX", 1_000, false), ("PX", 1, false), ("EXAT", 1_000, true), ("PXAT", 1, true)]
                    .into_iter()
                    .find(|(name, ..)| is(name));
            match (unit, time) {
                // The same one may stand again, and counts as it stands last.
                (Some(unit), None) if options.expiry == SetExpiry::None => {
                    time = Some((unit, self.amount(word, &mut words)?));
                }
                (Some(unit), Some((before, _))) if unit == before => {
                    time = Some((unit, self.amount(word, &mut words)?));
                }
                (Some(_), _) => return Err(self.unknown_option(word, SET_OPTIONS)),
                (None, None) if is("KEEPTTL") => options.expiry = SetExpiry::Keep,
                (None, _) if is("NX") && options.when != SetWhen::Present => {
                    options.when = SetWhen::Missing;
                }
                (None, _) if is("XX") && options.when != SetWhen::Missing => {
                    options.when = SetWhen::Present;
                }
                (None, _) if is("GET") => options.answer = SetAnswer::Old,
                (None, _) => return Err(self.unknown_option(word, SET_OPTIONS)),
            }
        }
        if let Some(((_, millis, absolute), amount)) = time {
            let amount = self.integer(amount)?;
            options.expiry = SetExpiry::At(self.expiry(amount, millis, absolute)?);
        }
        Ok(options)
    }

    /// What stands behind an option of SET.
    fn amount(&self, option: &[u8], words: &mut Words<'a>) -> Result<&'a [u8], ClientError> {
        words.plain().ok_or(self.unknown_option(option, SET_OPTIONS))
    }

    /// The moment at which something that is set shall go: it has to be one that may lie ahead.
    fn expiry(&self, amount: i64, millis: i64, absolute: bool) -> Result<Expiry, ClientError> {
        let invalid = ClientError::InvalidExpiry { command: self.spec, found: amount };
        let Some(millis) = amount.checked_mul(millis).filter(|_| amount > 0) else {
            return Err(invalid);
        };
        Ok(if absolute { Expiry::At { millis } } else { Expiry::In { millis } })
    }

    /// A key, a time in this unit and a value.
    pub(super) fn set_for(&self, unit_millis: i64) -> Result<Command, ClientError> {
        let mut words = self.words;
        let key = self.next_key(&mut words)?;
        let amount = words.plain().ok_or(self.missing(1))?;
        let value = self.next_value(&mut words)?;
        self.end(words)?;
        let at = self.expiry(self.integer(amount)?, unit_millis, false)?;
        let options = SetOptions { expiry: SetExpiry::At(at), ..SetOptions::default() };
        Ok(Command::SetIf { key, value, options })
    }

    /// EXPIRE and its kin: a key, a time in this unit, and in an array a condition.
    pub(super) fn expire(
        &self,
        unit_millis: i64,
        expiry: fn(i64) -> Expiry,
    ) -> Result<Command, ClientError> {
        let mut words = self.words;
        let key = self.next_key(&mut words)?;
        let found = words.plain().ok_or(self.missing(1))?;
        let is_line = words.line().is_some();
        let when = if is_line {
            self.end(words)?;
            ExpireWhen::Always
        } else {
            self.expire_when(words)?
        };
        let amount = self.integer(found)?;
        let millis = match amount.checked_mul(unit_millis) {
            Some(millis) => millis,
            // A line may name a time before all times, or one that is refused as too far.
            None if is_line => amount.saturating_mul(unit_millis),
            None => return Err(ClientError::InvalidExpiry { command: self.spec, found: amount }),
        };
        let at = expiry(millis);
        Ok(Command::Expire { key, at, when })
    }

    /// The condition of EXPIRE: options that may stand together, each any number of times.
    fn expire_when(&self, mut words: Words<'a>) -> Result<ExpireWhen, ClientError> {
        let [mut nx, mut xx, mut gt, mut lt] = [false; 4];
        while let Some(word) = words.plain() {
            let mut options = [("NX", &mut nx), ("XX", &mut xx), ("GT", &mut gt), ("LT", &mut lt)];
            let named = |(name, _): &&mut (&str, _)| word.eq_ignore_ascii_case(name.as_bytes());
            let Some((_, is_given)) = options.iter_mut().find(named) else {
                let found = words.reference(word);
                return Err(ClientError::UnsupportedOption { command: self.spec, found });
            };
            **is_given = true;
        }
        let conflict = |one, others| Err(ClientError::OptionConflict { one, others });
        match (nx, xx, gt, lt) {
            (true, true, ..) | (true, _, true, _) | (true, _, _, true) => {
                conflict("NX", "XX, GT or LT")
            }
            (_, _, true, true) => conflict("GT", "LT"),
            (true, ..) => Ok(ExpireWhen::NoExpiry),
            // What comes later than something has something before it.
            (_, _, true, _) => Ok(ExpireWhen::Later),
            (_, true, _, true) => Ok(ExpireWhen::SoonerThanAny),
            (_, _, _, true) => Ok(ExpireWhen::Sooner),
            (_, true, ..) => Ok(ExpireWhen::HasExpiry),
            (false, false, false, false) => Ok(ExpireWhen::Always),
        }
    }

    /// DEL: in a line of one key, in an array of several.
    pub(super) fn delete(&self) -> Result<Command, ClientError> {
        if self.words.line().is_some() {
            return self.only_key().map(|key| Command::Delete { key });
        }
        let mut keys = self.keys()?;
        let first = keys.pop().ok_or(self.missing(0))?;
        if keys.is_empty() {
            return Ok(Command::Delete { key: first });
        }
        keys.push(first);
        Ok(Command::DeleteMany { keys })
    }

    /// FLUSHALL: in an array how to do it may be said, which makes no difference here.
    pub(super) fn flush(&self) -> Result<(), ClientError> {
        if self.words.dialect().is_some() {
            return self.nothing_that_counts();
        }
        let mut words = self.words;
        let Some(word) = words.plain() else { return Ok(()) };
        let is_known =
            [&b"ASYNC"[..], b"SYNC"].iter().any(|known| word.eq_ignore_ascii_case(known));
        if is_known && words.plain().is_none() {
            return Ok(());
        }
        Err(self.unknown_option(word, "ASYNC, SYNC"))
    }

    fn unknown_subcommand(&self, found: &[u8], expected: &'static str) -> ClientError {
        let found = self.words.reference(found);
        ClientError::UnknownSubcommand { command: self.spec, found, expected }
    }

    pub(super) fn key_and_number(&self) -> Result<(Bytes, i64), ClientError> {
        let mut words = self.words;
        let key = self.next_key(&mut words)?;
        let number = self.next_integer(&mut words)?;
        self.end(words).map(|()| (key, number))
    }

    /// SCAN: by prefix in a line, by cursor in an array.
    pub(super) fn scan(&self) -> Result<Command, ClientError> {
        if self.words.line().is_some() {
            return self.listing();
        }
        let mut words = self.words;
        let found = words.plain().ok_or(self.missing(0))?;
        let Some(cursor) = parse(found) else {
            return Err(ClientError::NotACursor { found: words.reference(found) });
        };
        let mut query = ScanQuery { cursor, pattern: None, count: SCAN_COUNT, nothing: false };
        while let Some(word) = words.plain() {
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            let expected = "MATCH pattern, COUNT n, TYPE string";
            let value = words.plain().ok_or(self.unknown_option(word, expected))?;
            if is("MATCH") {
                query.pattern = Some(Pattern::new(words.reference(value)));
            } else if is("COUNT") {
                let count = self.integer(value)?;
                if count < 1 {
                    return Err(self.unknown_option(value, "a number of keys from 1"));
                }
                query.count = usize::try_from(count).map_or(MAX_SCAN_COUNT, |count| count);
                query.count = query.count.min(MAX_SCAN_COUNT);
            } else if is("TYPE") {
                query.nothing = !value.eq_ignore_ascii_case(b"string");
            } else {
                return Err(self.unknown_option(word, expected));
            }
        }
        Ok(Command::ScanFrom(query))
    }

    pub(super) fn pattern(&self) -> Result<Pattern, ClientError> {
        let mut words = self.words;
        let pattern = words.plain().ok_or(self.missing(0))?;
        self.end(words).map(|()| Pattern::new(words.reference(pattern)))
    }

    pub(super) fn select(&self) -> Result<Command, ClientError> {
        let mut words = self.words;
        let database = self.integer(words.plain().ok_or(self.missing(0))?)?;
        self.end(words)?;
        if database == 0 { Ok(Command::Select) } else { Err(ClientError::NoSuchDatabase) }
    }

    /// Who logs in: a user and a password, or for Redis before users a password alone.
    pub(super) fn credentials(&self) -> Result<Credentials, ClientError> {
        let is_line = self.words.line().is_some();
        let mut words = self.words;
        let mut next = || words.word().map(|word| word.text);
        match (next(), next(), next()) {
            (None, _, _) => Err(self.missing(0)),
            (Some(_), None, _) if is_line => Err(self.missing(1)),
            (Some(password), None, _) => Ok(Credentials::new(None, password)),
            (user, Some(password), None) => Ok(Credentials::new(user, password)),
            (Some(_), Some(_), Some(_)) => Err(self.too_many()),
        }
    }

    pub(super) fn hello(&self) -> Result<(Hello, Option<Credentials>), ClientError> {
        let mut words = self.words;
        let Some(version) = words.plain() else { return Ok((Hello::default(), None)) };
        let number = parse(version).ok_or(ClientError::ProtocolNotANumber)?;
        let version = RespVersion::of(number).ok_or(ClientError::NoSuchProtocol)?;
        let mut hello = Hello { version: Some(version), name: None };
        let mut credentials = None;
        while let Some(word) = words.plain() {
            let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
            let wrong = ClientError::UnknownHelloOption { found: words.reference(word) };
            if is("SETNAME") {
                hello.name = Some(self.client_name(words.plain().ok_or(wrong)?)?);
            } else if is("AUTH") {
                let (user, password) = words.plain().zip(words.plain()).ok_or(wrong)?;
                let (user, password) = (words.reference(user), words.reference(password));
                credentials = Some(Credentials::new(Some(user), password));
            } else {
                return Err(wrong);
            }
        }
        Ok((hello, credentials))
    }

    pub(super) fn client(&self) -> Result<Command, ClientError> {
        let mut words = self.words;
        let Some(word) = words.plain() else {
            // What the bare word meant to 0.1 servers.
            let is_legacy = words.dialect() == Some(Dialect::Legacy);
            let list = Command::Client(ClientAction::List);
            return if is_legacy { Ok(list) } else { Err(self.missing(0)) };
        };
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        let is_line = words.line().is_some();
        if is_line {
            self.end(words)?;
        }
        let action = if is("LIST") {
            // Redis can filter; the whole list is an answer as well.
            while words.plain().is_some() {}
            ClientAction::List
        } else if is_line {
            return Err(self.unknown_option(word, "LIST"));
        } else if is("ID") {
            ClientAction::Id
        } else if is("INFO") {
            ClientAction::Info
        } else if is("GETNAME") {
            ClientAction::GetName
        } else if is("SETNAME") {
            ClientAction::SetName(self.client_name(words.plain().ok_or(self.missing(1))?)?)
        } else if is("SETINFO") {
            words.plain().and(words.plain()).ok_or(self.missing(1))?;
            ClientAction::Ignored
        } else if is("NO-EVICT") {
            let switch = words.plain().ok_or(self.missing(1))?;
            if ![&b"ON"[..], b"OFF"].iter().any(|known| switch.eq_ignore_ascii_case(known)) {
                return Err(self.unknown_option(switch, "ON, OFF"));
            }
            ClientAction::Ignored
        } else {
            let expected = "ID, INFO, LIST, SETNAME, GETNAME, SETINFO, NO-EVICT";
            return Err(self.unknown_subcommand(word, expected));
        };
        self.end(words).map(|()| Command::Client(action))
    }

    /// A name that a line of CLIENT LIST can hold.
    fn client_name(&self, name: &[u8]) -> Result<Bytes, ClientError> {
        if name.iter().all(u8::is_ascii_graphic) {
            return Ok(Bytes::copy_from_slice(name));
        }
        Err(ClientError::InvalidName)
    }

    pub(super) fn table_query(&self) -> Result<TableQuery, ClientError> {
        let mut words = self.words;
        let Some(word) = words.plain() else { return Ok(TableQuery::Info(None)) };
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        let names = || {
            let names: Vec<Bytes> = plain(words).map(|name| words.reference(name)).collect();
            (!names.is_empty()).then_some(names)
        };
        if is("INFO") {
            return Ok(TableQuery::Info(names()));
        }
        if is("DOCS") {
            return Ok(TableQuery::Docs(names()));
        }
        let query = if is("COUNT") {
            TableQuery::Count
        } else if is("LIST") {
            TableQuery::List
        } else {
            return Err(self.unknown_subcommand(word, "COUNT, LIST, INFO, DOCS"));
        };
        self.end(words).map(|()| query)
    }

    pub(super) fn settings(&self) -> Result<Command, ClientError> {
        let mut words = self.words;
        let word = words.plain().ok_or(self.missing(0))?;
        if !word.eq_ignore_ascii_case(b"GET") {
            return Err(self.unknown_subcommand(word, "GET; settings are made in the file"));
        }
        let patterns: Vec<Pattern> =
            plain(words).map(|pattern| Pattern::of_name(words.reference(pattern))).collect();
        if patterns.is_empty() { Err(self.missing(1)) } else { Ok(Command::Settings { patterns }) }
    }
}
