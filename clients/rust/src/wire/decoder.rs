//! Collects what arrives and takes replies from it, as soon as they are complete.

use super::lists::Collected;
use super::single::single;
use super::verb::Form;
use super::{Dialect, Request};
use crate::Reply;
use std::io::BufRead;
use std::ops::Range;

/// Room for what arrives at first, and the least that is offered to a read.
const INITIAL_BYTES: usize = 32 * 1024;
const LEAST_SPACE: usize = 4 * 1024;

/// What a line of a list takes beside its bytes.
const LIST_LINE_BYTES: usize = size_of::<String>();

/// How much of a reply stands in a message about it.
const SHOWN_BYTES: usize = 80;

/// What a node answered: a reply, or the sentence by which it refused the command.
pub(crate) type Answer = Result<Reply, String>;

/// What was wrong with a reply, as a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

/// Takes bytes as they come, in pieces of any size, and gives replies.
///
/// The buffer keeps the size that the longest line needed, which the limit bounds. After an error
/// there is no way to find the next reply, so the decoder is to be thrown away.
#[derive(Debug)]
pub(crate) struct Decoder {
    buffer: Vec<u8>,
    /// What has arrived and is not taken yet.
    held: Range<usize>,
    /// Up to here the line that has begun is known to have no end.
    searched: usize,
    /// The longest line, in bytes, without its end.
    limit: usize,
    /// The lines of a list that has begun, and how much memory those that follow may take.
    list: Option<Collected>,
    list_bytes_left: usize,
}

impl Decoder {
    pub(crate) fn new(limit: usize) -> Decoder {
        Decoder {
            buffer: vec![0; INITIAL_BYTES],
            held: 0..0,
            searched: 0,
            limit,
            list: None,
            list_bytes_left: 0,
        }
    }

    /// Where to put what arrives next; never empty.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.held.is_empty() {
            (self.held, self.searched) = (0..0, 0);
        }
        if self.buffer.len() - self.held.end < LEAST_SPACE {
            self.make_space();
        }
        &mut self.buffer[self.held.end..]
    }

    /// So many bytes have been put where `space` said.
    pub(crate) fn received(&mut self, count: usize) {
        self.held.end += count;
    }

    /// Whether there is something that no reply was made of.
    pub(crate) fn holds_more(&self) -> bool {
        !self.held.is_empty() || self.list.is_some()
    }

    /// The next reply, to this request, or nothing if it is not complete.
    pub(crate) fn decode(
        &mut self,
        request: &Request<'_>,
        dialect: Dialect,
    ) -> Result<Option<Answer>, Malformed> {
        while let Some(line) = self.next_line()? {
            if self.list.is_some() {
                self.count_list_line(line.len(), request)?;
            }
            let line = &self.buffer[line];
            let answer = match &mut self.list {
                Some(list) => list.add(line, request),
                None => match request.verb.form() {
                    Form::Values | Form::Keys | Form::Report { .. } => {
                        self.list_bytes_left = list_limit(self.limit, request);
                        Collected::begin(line, request, dialect, &mut self.list)
                    }
                    form => single(form, line, request, dialect).map(Some),
                },
            };
            let unexpected = || unexpected(line, request);
            if let Some(answer) = answer.ok_or_else(unexpected)? {
                self.list = None;
                return Ok(Some(answer));
            }
        }
        Ok(None)
    }

    /// The answer to the first command of a connection, which tells the dialect.
    pub(crate) fn greeting(&mut self) -> Result<Option<Result<Dialect, String>>, Malformed> {
        let Some(line) = self.next_line()? else { return Ok(None) };
        let line = &self.buffer[line];
        if let Some(sentence) = line.strip_prefix(b"ERROR") {
            let sentence = String::from_utf8_lossy(sentence.strip_prefix(b":").unwrap_or(sentence));
            return Ok(Some(Err(sentence.trim_start().to_owned())));
        }
        match line.split(|byte| *byte == b' ').collect::<Vec<_>>()[..] {
            [b"MerkleKV", [_, ..]] => Ok(Some(Ok(Dialect::Standard))),
            [b"VERSION", [_, ..]] => Ok(Some(Ok(Dialect::Legacy))),
            _ => Err(Malformed(format!("{} is not how a MerkleKV node greets", shown(line)))),
        }
    }

    /// Where the next line is, without its end; it is taken from what is held.
    fn next_line(&mut self) -> Result<Option<Range<usize>>, Malformed> {
        let mut rest = &self.buffer[self.searched..self.held.end];
        // The one search for a byte in the standard library that uses vector instructions.
        let skipped = rest.skip_until(b'\n').unwrap_or_default();
        let end = self.searched + skipped;
        self.searched = end;
        let is_complete = skipped > 0 && self.buffer[end - 1] == b'\n';
        let length = end - self.held.start - usize::from(is_complete);
        if length > self.limit {
            let limit = self.limit;
            return Err(Malformed(format!(
                "a line of the reply is longer than the reply limit of {limit} bytes"
            )));
        }
        if !is_complete {
            return Ok(None);
        }
        let line = self.held.start..end - 1;
        self.held.start = end;
        let has_return = self.buffer[line.clone()].ends_with(b"\r");
        Ok(Some(line.start..line.end - usize::from(has_return)))
    }

    fn count_list_line(&mut self, length: usize, request: &Request<'_>) -> Result<(), Malformed> {
        let left = self.list_bytes_left.checked_sub(length + LIST_LINE_BYTES);
        self.list_bytes_left = left.ok_or_else(|| {
            let (word, limit) = (request.verb.word(), list_limit(self.limit, request));
            Malformed(format!(
                "the reply to {word} takes more than {limit} bytes: raise the reply limit"
            ))
        })?;
        Ok(())
    }

    /// Moves what is held to the front, or makes the buffer larger if it is there already.
    fn make_space(&mut self) {
        if self.held.start > 0 {
            self.buffer.copy_within(self.held.clone(), 0);
            self.searched -= self.held.start;
            self.held = 0..self.held.len();
        }
        if self.buffer.len() - self.held.end < LEAST_SPACE {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
    }
}

/// How much memory a list may take: each value that was asked for as much as the longest line, and
/// keys or facts, of which nobody knows how many there are, as much as that together.
fn list_limit(limit: usize, request: &Request<'_>) -> usize {
    let lines = if request.verb.form() == Form::Values { request.args.len() + 1 } else { 1 };
    limit.saturating_add(LIST_LINE_BYTES).saturating_mul(lines)
}

fn unexpected(line: &[u8], request: &Request<'_>) -> Malformed {
    let word = request.verb.word();
    Malformed(format!("the reply to {word} has {}, which is none of this protocol", shown(line)))
}

/// The beginning of a line, in quotes.
fn shown(line: &[u8]) -> String {
    let rest = if line.len() > SHOWN_BYTES { "…" } else { "" };
    let line = String::from_utf8_lossy(&line[..line.len().min(SHOWN_BYTES)]);
    format!("{line:?}{rest}")
}

#[cfg(test)]
mod tests;
