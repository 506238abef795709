//! Transcripts: what a client sends and what the node answers, as text files that every test and
//! every client library can run. Knows no node: the caller moves the bytes.
//!
//! ```text
//! #! dialect standard   first line of the file: standard or legacy
//! # a comment
//! > GET k               sent as it stands, with CR LF behind it
//! ! GET k\n             sent as it stands; \n \r \t \0 \xHH \\ stand for bytes
//! < VALUE v             the next line of the answer
//! <~ MEMORY {int}       the next line, where {int} {float} {any} stand for numbers or anything
//! ```
//!
//! Empty lines mean nothing. Several lines may be sent before the first answer is expected. Every
//! transcript starts on an empty store, and at its end no answer is left over.

use std::fmt;
use std::path::{Path, PathBuf};

/// How a node must be set up for a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `network.dialect = "standard"`
    Standard,
    /// `network.dialect = "legacy"`
    Legacy,
}

/// One transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcript {
    /// The name of its file, without directory and extension.
    pub name: String,
    /// What the node speaks.
    pub dialect: Dialect,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number in the file, from 1.
    pub line: usize,
    /// What it says.
    pub action: Action,
}

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes.
    Send(Vec<u8>),
    /// The next line of the answer is this one.
    Expect(String),
    /// The next line of the answer matches this pattern.
    ExpectLike(String),
}

/// Why a file is not a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Display for TranscriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.problem)
    }
}

impl std::error::Error for TranscriptError {}

impl Transcript {
    /// The transcript that a file's text holds.
    pub fn parse(name: &str, text: &str) -> Result<Transcript, TranscriptError> {
        let mut lines = text.split('\n').zip(1..);
        let dialect = match lines.next() {
            Some(("#! dialect standard", _)) => Dialect::Standard,
            Some(("#! dialect legacy", _)) => Dialect::Legacy,
            Some(_) | None => {
                let problem = "it is not `#! dialect standard` or `#! dialect legacy`";
                return Err(TranscriptError { line: 1, problem });
            }
        };
        let mut steps = Vec::new();
        for (text, line) in lines {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let action = action(text).map_err(|problem| TranscriptError { line, problem })?;
            steps.push(Step { line, action });
        }
        Ok(Transcript { name: name.to_string(), dialect, steps })
    }

    /// The command words that are sent, in upper case.
    pub fn command_words(&self) -> impl Iterator<Item = String> {
        let sent = self.steps.iter().filter_map(|step| match &step.action {
            Action::Send(bytes) => Some(bytes),
            Action::Expect(_) | Action::ExpectLike(_) => None,
        });
        let lines = sent.flat_map(|bytes| bytes.split(|byte| *byte == b'\n'));
        lines.filter_map(|line| {
            let line = String::from_utf8_lossy(line);
            line.split_whitespace().next().map(str::to_uppercase)
        })
    }
}

impl Action {
    /// Whether an answered line, without its line end, is what this action expects. Nothing is
    /// expected of an answer by a line that is sent.
    pub fn accepts(&self, answer: &str) -> bool {
        match self {
            Action::Send(_) => false,
            Action::Expect(line) => line == answer,
            Action::ExpectLike(pattern) => matches(pattern, answer),
        }
    }
}

/// The directory of the transcripts in this repository.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts")
}

/// Every transcript in a directory, by name.
pub fn read_all(directory: &Path) -> std::io::Result<Vec<Transcript>> {
    let mut transcripts = Vec::new();
    for file in std::fs::read_dir(directory)? {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)?;
        let transcript = Transcript::parse(&name, &text)
            .map_err(|error| std::io::Error::other(format!("{}: {error}", path.display())))?;
        transcripts.push(transcript);
    }
    transcripts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(transcripts)
}

fn action(text: &str) -> Result<Action, &'static str> {
    let (mark, rest) = text.split_once(' ').unwrap_or((text, ""));
    match mark {
        ">" => Ok(Action::Send([rest.as_bytes(), b"\r\n"].concat())),
        "!" => unescaped(rest).map(Action::Send).ok_or("it has an escape that is not known"),
        "<" => Ok(Action::Expect(rest.to_string())),
        "<~" => Ok(Action::ExpectLike(rest.to_string())),
        _ => Err("it begins with none of `> `, `! `, `< `, `<~ ` and `#`"),
    }
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let (byte, length) = match escape.as_bytes().first()? {
            b'n' => (b'\n', 1),
            b'r' => (b'\r', 1),
            b't' => (b'\t', 1),
            b'0' => (0, 1),
            b'\\' => (b'\\', 1),
            b'x' => (u8::from_str_radix(escape.get(1..3)?, 16).ok()?, 3),
            _ => return None,
        };
        bytes.push(byte);
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

/// What may stand in a pattern, and whether a text fits there.
type Place = (&'static str, fn(&str) -> bool);

/// Whether `text` is `pattern` with something in the place of each `{int}`, `{float}` and `{any}`.
pub fn matches(pattern: &str, text: &str) -> bool {
    const PLACES: [Place; 3] = [("{int}", is_int), ("{float}", is_float), ("{any}", |_| true)];
    let first = PLACES.iter().filter_map(|(name, fits)| Some((pattern.find(name)?, name, fits)));
    let Some((at, name, fits)) = first.min_by_key(|(at, _, _)| *at) else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(&pattern[..at]) else {
        return false;
    };
    let rest = &pattern[at + name.len()..];
    let mut ends = text.char_indices().map(|(end, _)| end).chain([text.len()]);
    ends.any(|end| fits(&text[..end]) && matches(rest, &text[end..]))
}

fn is_int(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_float(text: &str) -> bool {
    match text.split_once('.') {
        Some((whole, fraction)) => is_int(whole) && is_int(fraction),
        None => is_int(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_line_by_line() {
        let text =
            "#! dialect legacy\n# note\n\n> SET k  v \n>\n! \\x41\\\\\\n\n< OK\n<~ A {int}\n";
        let transcript = Transcript::parse("some", text).unwrap();
        let actions: Vec<&Action> = transcript.steps.iter().map(|step| &step.action).collect();
        assert_eq!(
            actions,
            [
                &Action::Send(b"SET k  v \r\n".to_vec()),
                &Action::Send(b"\r\n".to_vec()),
                &Action::Send(b"A\\\n".to_vec()),
                &Action::Expect("OK".to_string()),
                &Action::ExpectLike("A {int}".to_string()),
            ]
        );
        assert_eq!((transcript.dialect, transcript.steps[0].line), (Dialect::Legacy, 4));
        assert_eq!(transcript.command_words().collect::<Vec<_>>(), ["SET", "A\\"]);
    }

    #[test]
    fn what_is_no_transcript_is_refused_with_its_line() {
        let refused = |text: &str| Transcript::parse("some", text).unwrap_err().line;
        assert_eq!(refused(""), 1);
        assert_eq!(refused("> PING\n"), 1);
        assert_eq!(refused("#! dialect standard\n\nPING\n"), 3);
        assert_eq!(refused("#! dialect standard\n! \\q\n"), 2);
        assert_eq!(refused("#! dialect standard\n! \\x4\n"), 2);
    }

    #[test]
    fn a_pattern_stands_for_numbers_or_anything() {
        for (pattern, text) in [
            ("plain", "plain"),
            ("id={int} addr={any} age={int}", "id=7 addr=[::1]:80 age=0"),
            ("{float} MB", "0.25 MB"),
            ("{float}", "3"),
            ("a{any}", "a"),
            ("{any}b{int}", "abab12"),
        ] {
            assert!(matches(pattern, text), "{pattern} / {text}");
        }
        for (pattern, text) in
            [("{int}", ""), ("{int}", "-1"), ("{int}", "1x"), ("{float}", "1."), ("a{any}c", "ab")]
        {
            assert!(!matches(pattern, text), "{pattern} / {text}");
        }
    }
}
