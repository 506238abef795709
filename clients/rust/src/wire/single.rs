//! Replies of one line.

use super::quote::unquoted;
use super::verb::Form;
use super::{Answer, Dialect, Request};
use crate::Reply;

/// The length of a digest in hex.
const DIGEST_DIGITS: usize = 64;

/// What a line says, or nothing if it is no such reply.
pub(super) fn single(
    form: Form,
    line: &[u8],
    request: &Request<'_>,
    dialect: Dialect,
) -> Option<Answer> {
    if let Some(sentence) = refusal(line, dialect) {
        return Some(Err(sentence));
    }
    let reply = match form {
        Form::Done => (line == b"OK").then_some(Reply::Done)?,
        Form::Value => value_or_missing(line, dialect)?.map_or(Reply::Missing, Reply::Value),
        Form::Whole => Reply::Value(value(line, dialect)?),
        Form::Number => Reply::Number(number(line.strip_prefix(b"VALUE ")?)?),
        Form::Flag(_) if line == b"NOT_FOUND" => Reply::Flag(false),
        Form::Flag(yes) => (line == yes.as_bytes()).then_some(Reply::Flag(true))?,
        Form::Count(name, least) => {
            let count = number(data(line, name)?)?;
            (count >= least).then_some(Reply::Number(count))?
        }
        Form::Message(name) => Reply::Value(message(line, name, request, dialect)?),
        Form::Version => Reply::Value(version(line, dialect)?),
        Form::Digest => Reply::Value(digest(line)?),
        Form::Values | Form::Keys | Form::Report { .. } => return None,
    };
    Some(Ok(reply))
}

/// The sentence by which the node refused a command.
pub(super) fn refusal(line: &[u8], dialect: Dialect) -> Option<String> {
    let sentence = match dialect {
        Dialect::Standard => line.strip_prefix(b"ERROR: ")?,
        Dialect::Legacy => line.strip_prefix(b"ERROR ")?,
    };
    Some(String::from_utf8_lossy(sentence).into_owned())
}

/// A value, or that there is none.
pub(super) fn value_or_missing(line: &[u8], dialect: Dialect) -> Option<Option<Vec<u8>>> {
    let missing: &[u8] = match dialect {
        Dialect::Standard => b"(null)",
        Dialect::Legacy => b"NOT_FOUND",
    };
    if line == missing { Some(None) } else { value(line, dialect).map(Some) }
}

/// What stands for itself in the legacy dialect, and may be quoted in the other.
pub(super) fn plain(text: &[u8], dialect: Dialect) -> Option<Vec<u8>> {
    match dialect {
        Dialect::Standard => unquoted(text),
        Dialect::Legacy => Some(text.to_vec()),
    }
}

/// A number as nodes write it: without a plus, which the standard library would take.
pub(super) fn number(digits: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(digits).ok()?;
    if digits.starts_with('+') { None } else { digits.parse().ok() }
}

/// What follows a word and a space.
pub(super) fn data<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    line.strip_prefix(name.as_bytes())?.strip_prefix(b" ")
}

fn value(line: &[u8], dialect: Dialect) -> Option<Vec<u8>> {
    plain(line.strip_prefix(b"VALUE ")?, dialect)
}

fn message(line: &[u8], name: &str, request: &Request<'_>, dialect: Dialect) -> Option<Vec<u8>> {
    if request.args.is_empty() {
        // The legacy dialect has a space behind it.
        return (line.trim_ascii_end() == name.as_bytes()).then(|| name.as_bytes().to_vec());
    }
    plain(data(line, name)?, dialect).filter(|message| message == request.args[0])
}

fn version(line: &[u8], dialect: Dialect) -> Option<Vec<u8>> {
    let name = match dialect {
        Dialect::Standard => "MerkleKV",
        Dialect::Legacy => "VERSION",
    };
    data(line, name).filter(|version| !version.is_empty()).map(<[u8]>::to_vec)
}

fn digest(line: &[u8]) -> Option<Vec<u8>> {
    let words = data(line, "HASH")?;
    // The prefix before it may have spaces in its quotes.
    let digest = words.rsplit(|byte| *byte == b' ').next()?;
    let is_digest = digest.len() == DIGEST_DIGITS && digest.iter().all(u8::is_ascii_hexdigit);
    is_digest.then(|| digest.to_vec())
}
