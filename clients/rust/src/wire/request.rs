//! A command with its arguments: whether it may be sent, and how it is written in each dialect.

use super::quote::{needs_quotes, needs_quotes_among_words, push_quoted};
use super::verb::{Form, Role};
use super::{Dialect, Verb};
use crate::{Error, Reply, Result};

/// How many keys a page of SCAN has at most.
pub(crate) const PAGE: usize = 1000;

/// Asked for behind reports of the legacy dialect, which have no end of their own.
pub(super) const END_OF_REPORT: &str = "end-of-report";

/// A command whose keys have been checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) verb: Verb,
    pub(crate) args: &'a [&'a [u8]],
}

/// The bytes of a key, if it may be one.
pub(crate) fn checked_key(key: &str) -> Result<&[u8]> {
    if key.is_empty() {
        return Err(Error::argument("the key is empty: it has to have at least one byte"));
    }
    if key.bytes().any(|byte| byte <= b' ' || byte == 0x7F) {
        let problem = "has a space, a tab or another control character, which keys may not have";
        return Err(Error::argument(format!("the key {key:?} {problem}")));
    }
    Ok(key.as_bytes())
}

impl Request<'_> {
    /// The reply to a request for nothing, which is not sent.
    pub(crate) fn reply_to_nothing(&self) -> Option<Reply> {
        match (self.verb, self.args) {
            (Verb::Mget, []) => Some(Reply::Values(Vec::new())),
            (Verb::Exists, []) => Some(Reply::Number(0)),
            (Verb::Mset, []) => Some(Reply::Done),
            _ => None,
        }
    }

    /// Whether this asks for keys behind the last one: the legacy dialect gives all at once.
    pub(crate) fn is_behind_all_keys(&self, dialect: Dialect) -> bool {
        dialect == Dialect::Legacy && self.verb == Verb::Scan && self.args.len() > 1
    }

    /// Fails if the dialect cannot carry an argument.
    pub(crate) fn check(&self, dialect: Dialect) -> Result<()> {
        match dialect {
            Dialect::Standard => Ok(()),
            Dialect::Legacy => self.check_legacy(),
        }
    }

    /// Writes the line of the command, and its end.
    pub(crate) fn encode(&self, dialect: Dialect, out: &mut Vec<u8>) {
        out.extend_from_slice(self.verb.word().as_bytes());
        match dialect {
            Dialect::Standard => self.push_args(out),
            Dialect::Legacy => self.push_legacy_args(out),
        }
        out.extend_from_slice(b"\r\n");
    }

    fn push_args(&self, out: &mut Vec<u8>) {
        for (at, arg) in self.args.iter().enumerate() {
            match (self.verb, at) {
                // No prefix is not the prefix of nothing: HASH shows the one that it is given.
                (Verb::Hash, 0) if arg.is_empty() => return,
                (Verb::Scan, 1) => out.extend_from_slice(b" AFTER "),
                _ => out.push(b' '),
            }
            let is_quoted = match self.verb.role(at) {
                Role::Word => false,
                Role::Value => needs_quotes(arg),
                Role::ValueAmongWords => needs_quotes_among_words(arg),
                Role::Quoted => true,
            };
            if is_quoted { push_quoted(arg, out) } else { out.extend_from_slice(arg) }
        }
        if self.verb == Verb::Scan {
            out.extend_from_slice(format!(" LIMIT {PAGE}").as_bytes());
        }
    }

    fn push_legacy_args(&self, out: &mut Vec<u8>) {
        for arg in self.args.iter().filter(|arg| !arg.is_empty()) {
            out.push(b' ');
            out.extend_from_slice(arg);
        }
        if matches!(self.verb.form(), Form::Report { .. }) {
            out.extend_from_slice(format!("\r\nPING {END_OF_REPORT}").as_bytes());
        }
    }

    fn check_legacy(&self) -> Result<()> {
        for (at, arg) in self.args.iter().enumerate() {
            let is_last = at + 1 == self.args.len();
            if let Some(problem) = self.legacy_problem(self.verb.role(at), arg, is_last) {
                let word = self.verb.word();
                return Err(Error::argument(format!(
                    "{word} with {problem}: the legacy dialect, which this node speaks, cannot \
                     carry it"
                )));
            }
        }
        Ok(())
    }

    fn legacy_problem(&self, role: Role, arg: &[u8], is_last: bool) -> Option<&'static str> {
        let Ok(text) = std::str::from_utf8(arg) else { return Some("bytes that are not UTF-8") };
        let is_value = matches!(role, Role::Value | Role::ValueAmongWords);
        if text.is_empty() && (is_value || self.verb == Verb::Auth) {
            return Some("an empty argument");
        }
        // The node takes white space off the ends of a line, and means that of Unicode.
        if (is_value && text.trim_start() != text) || (is_last && text.trim_end() != text) {
            return Some("white space at an end of an argument");
        }
        if text.contains(['\r', '\n']) {
            return Some("a line break");
        }
        let is_word = matches!(role, Role::ValueAmongWords | Role::Quoted);
        (is_word && text.contains([' ', '\t'])).then_some("spaces or tabs inside of an argument")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(dialect: Dialect, verb: Verb, args: &[&str]) -> String {
        let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
        let mut out = Vec::new();
        Request { verb, args: &args }.encode(dialect, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_argument_is_written_by_its_role() {
        let standard = |verb, args: &[&str]| line(Dialect::Standard, verb, args);
        assert_eq!(standard(Verb::Set, &["\"k\"", "two words"]), "SET \"k\" two words\r\n");
        assert_eq!(standard(Verb::Set, &["k", ""]), "SET k \"\"\r\n");
        assert_eq!(standard(Verb::Mset, &["a", "two words"]), "MSET a \"two words\"\r\n");
        assert_eq!(standard(Verb::Auth, &["al", "p w"]), "AUTH \"al\" \"p w\"\r\n");
        assert_eq!(standard(Verb::Hash, &[""]), "HASH\r\n");
        assert_eq!(standard(Verb::Hash, &["AFTER"]), "HASH \"AFTER\"\r\n");
        assert_eq!(standard(Verb::Scan, &[""]), "SCAN \"\" LIMIT 1000\r\n");
        let next_page = "SCAN \"a\" AFTER \"a b\" LIMIT 1000\r\n";
        assert_eq!(standard(Verb::Scan, &["a", "a b"]), next_page);
        assert_eq!(standard(Verb::Info, &[]), "INFO\r\n");
    }

    #[test]
    fn the_legacy_dialect_quotes_nothing() {
        let legacy = |verb, args: &[&str]| line(Dialect::Legacy, verb, args);
        assert_eq!(legacy(Verb::Set, &["k", "\"a\" b"]), "SET k \"a\" b\r\n");
        assert_eq!(legacy(Verb::Scan, &[""]), "SCAN\r\n");
        assert_eq!(legacy(Verb::Scan, &["user:"]), "SCAN user:\r\n");
        assert_eq!(legacy(Verb::Info, &[]), "INFO\r\nPING end-of-report\r\n");
    }

    #[test]
    fn the_legacy_dialect_has_no_second_page() {
        let (first, second): (&[&[u8]], &[&[u8]]) = (&[b"a"], &[b"a", b"a1"]);
        for (args, dialect, is_behind) in [
            (first, Dialect::Legacy, false),
            (second, Dialect::Legacy, true),
            (second, Dialect::Standard, false),
        ] {
            let request = Request { verb: Verb::Scan, args };
            assert_eq!(request.is_behind_all_keys(dialect), is_behind, "{request:?}");
        }
    }

    #[test]
    fn what_the_legacy_dialect_cannot_carry_is_refused() {
        let refused: &[(Verb, &[&str])] = &[
            (Verb::Set, &["k", ""]),
            (Verb::Set, &["k", " a"]),
            (Verb::Set, &["k", "a\u{3000}"]),
            (Verb::Append, &["k", "a\nb"]),
            (Verb::Mset, &["k", "two words"]),
            (Verb::Mset, &["k", "\u{a0}a", "l", "b"]),
            (Verb::Get, &["k\u{a0}"]),
            (Verb::Auth, &["al", "p w"]),
            (Verb::Auth, &["al", ""]),
            (Verb::Scan, &["two words"]),
        ];
        for (verb, args) in refused {
            let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
            let request = Request { verb: *verb, args: &args };
            assert!(request.check(Dialect::Legacy).is_err(), "{request:?}");
            assert!(request.check(Dialect::Standard).is_ok(), "{request:?}");
        }
        let carried: &[&[u8]] = &[b"k", b"two words"];
        assert!(Request { verb: Verb::Set, args: carried }.check(Dialect::Legacy).is_ok());
        let all: &[&[u8]] = &[b""];
        assert!(Request { verb: Verb::Scan, args: all }.check(Dialect::Legacy).is_ok());
    }
}
