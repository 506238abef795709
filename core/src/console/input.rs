//! From what a person means to the line that a node reads: arguments of a shell, addresses, words to
//! complete, and the row of a command.

use super::tool;
use crate::naming::PeerAddress;
use crate::protocol::text::quote::write_value;
use crate::protocol::{CommandSpec, Dialect, KeyPlaces, text_commands};
use bytes::BytesMut;

/// The client port of a node, unless its configuration has another.
pub const DEFAULT_PORT: u16 = 7379;

/// An argument of a shell that no line can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadArgument {
    /// It would have to be quoted, and the dialect has no quotes.
    #[error(
        "the node speaks the legacy dialect, in which no value is empty, has a line break or other \
         control characters, or has spaces at its ends"
    )]
    Legacy,
    /// It is a key or a number, and none of these looks so.
    #[error(
        "{word:?} cannot stand there: keys and numbers of the text protocol are not empty and have \
         no spaces or control characters"
    )]
    Word {
        /// What was given.
        word: String,
    },
}

/// The row of a command, by any of its names.
fn row(word: &str) -> Option<&'static CommandSpec> {
    text_commands().find(|spec| {
        let mut names = std::iter::once(&spec.name).chain(spec.aliases);
        names.any(|name| name.eq_ignore_ascii_case(word))
    })
}

/// The first argument if it is an address, good or bad, and the others: no command has a colon in its
/// name.
pub fn split_address(arguments: &[String]) -> (Option<&str>, &[String]) {
    match arguments {
        [first, rest @ ..] if first.contains(':') => (Some(first), rest),
        all => (None, all),
    }
}

/// An address with its port, if it is one; a port that is left out is the usual one.
pub fn with_port(address: &str) -> Option<String> {
    let whole = [address.to_owned(), format!("{address}:{DEFAULT_PORT}")];
    whole.into_iter().find(|address| PeerAddress::parse(address).is_some())
}

/// The line that carries the arguments of a shell, each for exactly what it is: what would be read
/// otherwise is quoted. Where a value or a message comes last, the rest of the arguments is it,
/// with a space between two.
///
/// # Errors
///
/// [`BadArgument`] if the protocol has no form for one of them there.
pub fn command_line(arguments: &[String], dialect: Dialect) -> Result<String, BadArgument> {
    let Some((word, rest)) = arguments.split_first() else {
        return Ok(String::new());
    };
    let spec = row(word);
    let leading = spec.and_then(words_before_value).unwrap_or(rest.len());
    let (words, value) = rest.split_at(leading.min(rest.len()));
    let mut line = in_a_line(word)?.to_owned();
    for word in words {
        line.push(' ');
        match spec.is_some_and(quotes_words) && dialect == Dialect::Standard {
            true => line.push_str(&quoted(word, dialect, word.contains([' ', '\t']))?),
            false => line.push_str(in_a_line(word)?),
        }
    }
    if !value.is_empty() {
        line.push(' ');
        line.push_str(&quoted(&value.join(" "), dialect, false)?);
    }
    Ok(line)
}

/// A word that stays as it is.
fn in_a_line(word: &str) -> Result<&str, BadArgument> {
    let is_word = !word.is_empty() && !word.contains(|c: char| c == ' ' || c.is_ascii_control());
    is_word.then_some(word).ok_or_else(|| BadArgument::Word { word: word.to_owned() })
}

/// Whether the words of a command may stand in quotes.
fn quotes_words(spec: &'static CommandSpec) -> bool {
    matches!(spec.name, "MSET" | "SCAN" | "HASH" | "AUTH")
}

/// How many words stand before a value or a message that takes the rest of the line.
fn words_before_value(spec: &'static CommandSpec) -> Option<usize> {
    match spec.arguments {
        "key value" => Some(1),
        "message" | "[message]" => Some(0),
        _ => None,
    }
}

fn quoted(text: &str, dialect: Dialect, is_split: bool) -> Result<String, BadArgument> {
    let mut written = BytesMut::new();
    write_value(text.as_bytes(), &mut written);
    let is_plain = written == text.as_bytes();
    match dialect {
        // Quotes are ordinary there: only what quotes would have been put around for is lost.
        Dialect::Legacy if is_plain || text.starts_with('"') && !has_control(text) => {
            Ok(text.to_owned())
        }
        Dialect::Legacy => Err(BadArgument::Legacy),
        Dialect::Standard if is_plain && !is_split => Ok(text.to_owned()),
        Dialect::Standard if is_plain => {
            Ok(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
        }
        Dialect::Standard => Ok(String::from_utf8_lossy(&written).into_owned()),
    }
}

fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_control() && c != '\t')
}

/// The words that a line may begin with: those of tools in lower case, and of commands in upper case.
pub fn known_words() -> impl Iterator<Item = &'static str> {
    let commands = text_commands().flat_map(|spec| std::iter::once(&spec.name).chain(spec.aliases));
    tool::names().chain(commands.copied())
}

/// Known words that begin as the word does, in its case if it has one.
pub fn complete_word(word: &str) -> Vec<String> {
    let first = word.chars().next();
    let cased = |name: &'static str| match first {
        Some('a'..='z') => name.to_ascii_lowercase(),
        Some('A'..='Z') => name.to_ascii_uppercase(),
        Some(_) | None => name.to_owned(),
    };
    let begins =
        |name: &String| name.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word));
    let mut found: Vec<String> = known_words().map(cased).filter(begins).collect();
    found.sort();
    found
}

/// Options of a tool that begin as the word does; none of a command.
pub fn complete_option(command: &str, word: &str) -> Vec<String> {
    if word.starts_with('-') { tool::options(command, word) } else { Vec::new() }
}

/// Where a command has keys; nowhere if there is no such command.
pub fn key_places(word: &str) -> KeyPlaces {
    if tool::takes_key(word) {
        return KeyPlaces::First;
    }
    row(word).map_or(KeyPlaces::None, |spec| match spec.arguments {
        // A prefix is completed as a key is.
        "[prefix] [AFTER key] [LIMIT n]" | "[prefix]" => KeyPlaces::First,
        _ => spec.keys,
    })
}

/// The row of a command or a tool, for a person; nothing if there is none of this name.
pub fn row_help(word: &str) -> Option<String> {
    let Some(spec) = row(word) else { return tool::help(word) };
    let usage = format!("{} {}", spec.name, spec.arguments);
    let mut text = format!("{}\n  {}\n", usage.trim_end(), spec.summary);
    if !spec.aliases.is_empty() {
        text.push_str(&format!("  also:    {}\n", spec.aliases.join(", ")));
    }
    text.push_str(&format!("  replies: {}\n", spec.reply));
    text.push_str(&format!("  access:  {}\n", spec.access.name()));
    Some(text)
}

/// Whether a line holds a password, and must not be kept.
pub fn is_secret(line: &str) -> bool {
    let word = line.trim_start().split([' ', '\t']).next().unwrap_or_default();
    word.eq_ignore_ascii_case("AUTH")
}
