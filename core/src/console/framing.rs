//! Where a reply ends. Its first line tells: most are one line, lists count their lines, and reports
//! go on until `END`. Replies of the legacy dialect do not tell; the client sends a mark behind each
//! command there, and its echo is the end.

use crate::protocol::Dialect;

/// A line that no node of this protocol sends at this place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line:?} is no reply of a MerkleKV node")]
pub struct Garbage {
    /// The beginning of what came.
    pub line: String,
}

/// As much of a wrong line as shows what it is, in characters.
const SHOWN_CHARS: usize = 80;

impl Garbage {
    /// A complaint about a line.
    pub fn of(line: &[u8]) -> Garbage {
        Garbage { line: String::from_utf8_lossy(line).chars().take(SHOWN_CHARS).collect() }
    }
}

/// The lines of one reply, without their line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawReply {
    /// How the node words its replies.
    pub dialect: Dialect,
    /// The first line.
    pub first: Vec<u8>,
    /// Those that follow, without the `END`.
    pub items: Vec<Vec<u8>>,
    /// Whether an `END` followed.
    pub has_end: bool,
}

impl RawReply {
    /// Whether the command was refused.
    pub fn is_error(&self) -> bool {
        self.first.starts_with(error_word(self.dialect))
    }
}

fn error_word(dialect: Dialect) -> &'static [u8] {
    match dialect {
        Dialect::Standard => b"ERROR: ",
        Dialect::Legacy => b"ERROR ",
    }
}

/// Collects the lines of one reply.
#[derive(Debug)]
pub struct ReplyReader {
    reply: Option<RawReply>,
    dialect: Dialect,
    end: Ending,
}

#[derive(Debug, PartialEq, Eq)]
enum Ending {
    /// After so many lines and an `END`.
    Counted(u64),
    /// At `END`.
    Named,
    /// At the first line.
    AtOnce,
    /// At this line, which is no part of the reply.
    Marked(Vec<u8>),
}

impl ReplyReader {
    /// For a reply of the standard dialect.
    pub fn standard() -> ReplyReader {
        ReplyReader { reply: None, dialect: Dialect::Standard, end: Ending::AtOnce }
    }

    /// For a reply of the legacy dialect, behind whose command `PING mark` was sent.
    pub fn legacy(mark: &str) -> ReplyReader {
        let end = Ending::Marked(format!("PONG {mark}").into_bytes());
        ReplyReader { reply: None, dialect: Dialect::Legacy, end }
    }

    /// Takes the next line, without its line end; gives the reply if it is complete.
    pub fn take(&mut self, line: Vec<u8>) -> Result<Option<RawReply>, Garbage> {
        if let Ending::Marked(mark) = &self.end {
            if line == *mark {
                return self.reply.take().map(Some).ok_or_else(|| Garbage::of(&line));
            }
            self.keep(line);
            return Ok(None);
        }
        if self.reply.is_none() {
            self.end = ending(&line)?;
            self.keep(line);
            return Ok(if self.end == Ending::AtOnce { self.reply.take() } else { None });
        }
        let is_end = line == b"END";
        match &mut self.end {
            Ending::Counted(0) if !is_end => return Err(Garbage::of(&line)),
            Ending::Counted(left @ 1..) => {
                *left -= 1;
                self.keep(line);
                return Ok(None);
            }
            Ending::Counted(0) | Ending::Named | Ending::AtOnce | Ending::Marked(_) => {}
        }
        if !is_end {
            self.keep(line);
            return Ok(None);
        }
        let mut reply = self.reply.take();
        reply.iter_mut().for_each(|reply| reply.has_end = true);
        Ok(reply)
    }

    /// What has come of the reply, where nothing will follow it: a node closes the connection after
    /// its last one.
    pub fn cut(&mut self) -> Option<RawReply> {
        matches!(self.end, Ending::Marked(_)).then(|| self.reply.take()).flatten()
    }

    fn keep(&mut self, line: Vec<u8>) {
        match &mut self.reply {
            Some(reply) => reply.items.push(line),
            None => {
                let dialect = self.dialect;
                let reply = RawReply { dialect, first: line, items: Vec::new(), has_end: false };
                self.reply = Some(reply);
            }
        }
    }
}

/// Reports, by their whole first line.
const REPORTS: &[&[u8]] = &[b"# Server Information", b"STATS", b"SYNC", b"CLIENT LIST", b"HELP"];

/// Lists, by the word before the number of their lines.
const LISTS: &[&str] = &["VALUES", "KEYS", "PEERS"];

fn ending(first: &[u8]) -> Result<Ending, Garbage> {
    if REPORTS.contains(&first) {
        return Ok(Ending::Named);
    }
    let text = std::str::from_utf8(first).map_err(|_| Garbage::of(first))?;
    let (word, data) = text.split_once(' ').unwrap_or((text, ""));
    if LISTS.contains(&word) {
        return data.parse().map(Ending::Counted).map_err(|_| Garbage::of(first));
    }
    let is_name = !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let is_reply = is_name || matches!(text, "(null)") || matches!(word, "ERROR:" | "MerkleKV");
    if is_reply { Ok(Ending::AtOnce) } else { Err(Garbage::of(first)) }
}
