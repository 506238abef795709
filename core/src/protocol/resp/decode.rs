//! Arrays to requests. Holds at most one unfinished command, of which no word and no sum of words
//! is longer than a legal one; what is too long is dropped as it comes.

use super::table::arity;
use crate::protocol::args::Args;
use crate::protocol::table::{CommandSpec, Vocabulary};
use crate::protocol::words::{Place, Words, plain};
use crate::protocol::{ClientError, CommandId, Limits, Request};
use bytes::{Buf, BytesMut};

/// Words of one command: as many as Redis takes. They cost 16 bytes each while it is read.
const MAX_WORDS: i64 = 1 << 20;

/// Bytes of one word that are waited for and dropped, if it is longer than any legal one: as many as
/// Redis takes. A greater number is no length.
const MAX_DROPPED_WORD_BYTES: i64 = 512 << 20;

/// Bytes of all words of a command, whatever the limits of keys and values: room for some large
/// values at once. It bounds what one connection can hold.
const MAX_COMMAND_BYTES: usize = 16 << 20;

/// Digits of the longest number that is read: they cannot overflow, and longer ones are above every
/// limit.
const MAX_DIGITS: usize = 18;

/// Places that the decoder keeps room for between two chunks: those of a chunk of small commands.
const KEPT_PLACES: usize = 16 << 10;

/// The state of one connection's input between two chunks.
#[derive(Debug)]
pub(crate) struct Decoder {
    limits: Limits,
    /// The words of all commands in the buffer, each command's by their places in it.
    pub(super) places: Vec<Place>,
    /// The commands that are complete: where each begins, and how many places it and those before
    /// it have.
    complete: Vec<Complete>,
    /// Up to where the buffer has been read, in bytes.
    read: usize,
    /// Words of the unfinished command that are still to come; nothing between commands.
    missing: Option<i64>,
    /// What was wrong with the unfinished command, whose words are dropped.
    dropping: Option<Dropping>,
    /// Nothing can be understood any more.
    is_broken: bool,
}

#[derive(Clone, Copy, Debug)]
struct Complete {
    end: usize,
    places: usize,
}

/// Words of a command that is refused already.
#[derive(Clone, Copy, Debug)]
struct Dropping {
    words: i64,
    /// Bytes of the word that is being dropped, its line end included.
    bytes: usize,
}

/// A number that a line announces.
enum Header {
    Unfinished,
    /// The number, and the bytes of the line.
    Number(i64, usize),
    Malformed,
}

impl Decoder {
    pub(crate) fn new(limits: Limits) -> Decoder {
        Decoder {
            limits,
            places: Vec::new(),
            complete: Vec::new(),
            read: 0,
            missing: None,
            dropping: None,
            is_broken: false,
        }
    }

    /// Takes every complete command out of the buffer, and leaves an unfinished one in it.
    pub(crate) fn decode(&mut self, buffer: &mut BytesMut) -> Vec<Request> {
        let mut requests = Vec::new();
        loop {
            if self.is_broken {
                // Whatever comes now has no meaning, and must not gather.
                *buffer = BytesMut::new();
                return requests;
            }
            if !self.drop_words(buffer, &mut requests) {
                return requests;
            }
            let ended = self.read_commands(buffer);
            self.take_complete(buffer, &mut requests);
            match ended {
                Ok(()) => return requests,
                Err(Stop::Broken(error)) => {
                    self.is_broken = true;
                    requests.push(Request::Broken(error));
                }
                Err(Stop::Refused(error, dropping)) => {
                    requests.push(Request::Refused(error));
                    // What of the command has come is behind the complete ones, and read.
                    buffer.advance(self.read.min(buffer.len()));
                    self.forget_unfinished();
                    self.dropping = Some(dropping);
                }
            }
        }
    }

    /// Whether a command has begun and not ended.
    pub(crate) fn is_inside_command(&self, buffer: &BytesMut) -> bool {
        self.dropping.is_some() || !buffer.is_empty()
    }

    /// Reads as far as commands are complete, and notes where their words stand.
    fn read_commands(&mut self, buffer: &[u8]) -> Result<(), Stop> {
        loop {
            if self.missing.is_none() && self.read_empty_line(buffer) {
                continue;
            }
            let mut left = match self.missing {
                Some(left) => left,
                None if buffer[self.read..] == *b"\r" => return Ok(()),
                None => match header(b'*', &buffer[self.read..]) {
                    Header::Unfinished => return Ok(()),
                    Header::Malformed => {
                        return Err(Stop::Broken(ClientError::NotAnArray {
                            found: buffer[self.read],
                        }));
                    }
                    Header::Number(words, _) if words > MAX_WORDS => {
                        return Err(Stop::Broken(ClientError::InvalidLength { what: "multibulk" }));
                    }
                    Header::Number(words, bytes) => {
                        self.read += bytes;
                        words
                    }
                },
            };
            let begin = self.complete.last().map_or(0, |last| last.end);
            while left > 0 {
                self.missing = Some(left);
                let (length, bytes) = match header(b'$', &buffer[self.read..]) {
                    Header::Unfinished => return Ok(()),
                    Header::Malformed => {
                        let found = buffer[self.read];
                        return Err(Stop::Broken(ClientError::NotAString { found }));
                    }
                    Header::Number(length, bytes) => (length, bytes),
                };
                if !(0..=MAX_DROPPED_WORD_BYTES).contains(&length) {
                    return Err(Stop::Broken(ClientError::InvalidLength { what: "bulk" }));
                }
                let length = length as usize;
                let from = self.read + bytes;
                if let Some(error) = self.too_long(length, from - begin + length) {
                    self.read = from;
                    return Err(Stop::Refused(
                        error,
                        Dropping { words: left - 1, bytes: length + 2 },
                    ));
                }
                if buffer.len() < from + length + 2 {
                    return Ok(());
                }
                if buffer[from + length..from + length + 2] != *b"\r\n" {
                    return Err(Stop::Broken(ClientError::NoLineEnd));
                }
                self.places.push(Place { from: from - begin, to: from + length - begin });
                self.read = from + length + 2;
                left -= 1;
            }
            self.missing = None;
            let end = self.read;
            // An array of nothing asks nothing, and is not answered.
            self.complete.push(Complete { end, places: self.places.len() });
        }
    }

    /// Passes over an empty line between two commands, which `redis-cli --pipe` sends so that what it
    /// was given ends in any case. Whether there was one.
    fn read_empty_line(&mut self, buffer: &[u8]) -> bool {
        let bytes = match &buffer[self.read..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            [..] => return false,
        };
        self.read += bytes;
        match self.complete.last_mut() {
            Some(last) => last.end = self.read,
            None => self.complete.push(Complete { end: self.read, places: 0 }),
        }
        true
    }

    /// What is wrong with a word of this length in a command of so many bytes, if anything.
    fn too_long(&self, word_bytes: usize, command_bytes: usize) -> Option<ClientError> {
        let longest = self.limits.max_value_bytes.max(self.limits.max_key_bytes);
        if word_bytes > longest {
            return Some(ClientError::ValueTooLong { limit: longest, found: word_bytes });
        }
        let limit = MAX_COMMAND_BYTES.max(2 * longest);
        (command_bytes > limit).then_some(ClientError::CommandTooLong { limit })
    }

    /// Makes requests of the complete commands, and takes their bytes out of the buffer.
    fn take_complete(&mut self, buffer: &mut BytesMut, requests: &mut Vec<Request>) {
        let Some(last) = self.complete.last().copied() else { return };
        let chunk = buffer.split_to(last.end).freeze();
        requests.reserve(self.complete.len());
        let mut begin = Complete { end: 0, places: 0 };
        for complete in self.complete.drain(..) {
            let places = &self.places[begin.places..complete.places];
            if !places.is_empty() {
                let words = Words::of_array(&chunk, begin.end, places);
                requests.push(match request(&self.limits, words) {
                    Ok(request) => request,
                    Err(error) => Request::Refused(error),
                });
            }
            begin = complete;
        }
        self.places.drain(..last.places);
        self.places.shrink_to(KEPT_PLACES);
        self.read -= last.end;
    }

    /// Drops words of a command that is refused; false while more of them have to come.
    fn drop_words(&mut self, buffer: &mut BytesMut, requests: &mut Vec<Request>) -> bool {
        while let Some(Dropping { words, bytes }) = &mut self.dropping {
            let now = buffer.len().min(*bytes);
            buffer.advance(now);
            *bytes -= now;
            if *bytes > 0 {
                return false;
            }
            if *words == 0 {
                self.dropping = None;
                break;
            }
            match header(b'$', buffer) {
                Header::Unfinished => return false,
                Header::Number(length @ 0..=MAX_DROPPED_WORD_BYTES, header_bytes) => {
                    buffer.advance(header_bytes);
                    *bytes = length as usize + 2;
                    *words -= 1;
                }
                Header::Number(..) | Header::Malformed => {
                    self.is_broken = true;
                    requests.push(Request::Broken(ClientError::InvalidLength { what: "bulk" }));
                    *buffer = BytesMut::new();
                    return false;
                }
            }
        }
        true
    }

    fn forget_unfinished(&mut self) {
        self.places.clear();
        self.read = 0;
        self.missing = None;
    }
}

/// Why reading stopped before the end of the buffer.
enum Stop {
    /// The command cannot be, and the rest of it is to be dropped.
    Refused(ClientError, Dropping),
    /// What follows has no meaning.
    Broken(ClientError),
}

fn request(limits: &Limits, mut words: Words<'_>) -> Result<Request, ClientError> {
    let name = words.plain().unwrap_or_default();
    let id = CommandId::find(name, Vocabulary::Resp)?;
    let args = Args::new(id.spec(), words, limits);
    let parsed = (id.spec().parse)(&args);
    Ok(Request::Command(
        id,
        parsed.map_err(|error| wrong_count(id.spec(), name, words).unwrap_or(error))?,
    ))
}

/// What is wrong with the number of arguments, if anything: as in Redis, that is told before what
/// is wrong with one of them.
fn wrong_count(spec: &'static CommandSpec, name: &[u8], words: Words<'_>) -> Option<ClientError> {
    let (arity, found) = (arity(spec), 1 + plain(words).count() as i64);
    let is_wrong = found < arity.abs() || arity > 0 && found > arity;
    let name = spec.names().find(|known| name.eq_ignore_ascii_case(known.as_bytes()));
    is_wrong.then_some(ClientError::WrongCount { name: name.unwrap_or(spec.name) })
}

/// Reads a line that consists of this byte and a number.
fn header(kind: u8, bytes: &[u8]) -> Header {
    let Some((first, rest)) = bytes.split_first() else { return Header::Unfinished };
    if *first != kind {
        return Header::Malformed;
    }
    let (is_negative, digits) = match rest {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let mut number: i64 = 0;
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' if at < MAX_DIGITS => number = number * 10 + i64::from(byte - b'0'),
            b'\r' if at > 0 => {
                let bytes = 1 + usize::from(is_negative) + at + 2;
                let number = if is_negative { -number } else { number };
                return match digits.get(at + 1) {
                    Some(b'\n') => Header::Number(number, bytes),
                    Some(_) => Header::Malformed,
                    None => Header::Unfinished,
                };
            }
            _ => return Header::Malformed,
        }
    }
    Header::Unfinished
}
