//! `import`: reads records and sets their keys, a batch on its way while the next one is read. It
//! speaks RESP, in which every key can be named.

use super::interrupts::Awaited;
use super::progress::Progress;
use super::refusals::Refusals;
use super::{ConsoleError, TRANSFER_PATIENCE};
use crate::client::{CallError, RespConnection, Target, is_stranger};
use merkle_kv_core::console::transfer::{
    BadRecord, Decoded, Decoder, Direction, Format, Record, Transferred,
};
use merkle_kv_core::console::{RespReply, write_command};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};

/// What is read from the file at once.
const BUFFER_BYTES: usize = 256 << 10;

/// A batch is sent when it has so many bytes or commands. Their replies, an error of some hundred
/// bytes each at worst, have to fit the sockets while the next batch is sent.
const BATCH_BYTES: usize = 64 << 10;
const BATCH_COMMANDS: usize = 500;

/// What to import, and when to give up.
pub(super) struct ImportPlan {
    pub(super) format: Format,
    pub(super) stop_on_error: bool,
    pub(super) file: Option<String>,
}

/// Imports, and tells what is refused. What is to be told of the whole comes with an error, too: what
/// was imported before it stays.
pub(super) fn run(
    plan: &ImportPlan,
    target: &Target,
    interrupts: Option<&Awaited<'_>>,
) -> Result<(Transferred, Result<(), ConsoleError>), ConsoleError> {
    let name = plan.file.as_deref().unwrap_or("standard input");
    let failed = |reason| cannot_read(name, reason);
    let (input, length): (Box<dyn Read>, _) = match &plan.file {
        None => (Box::new(io::stdin()), None),
        Some(file) => {
            let length = fs::metadata(file).ok().filter(|is| is.is_file()).map(|is| is.len());
            (Box::new(File::open(file).map_err(failed)?), length)
        }
    };
    let connection = RespConnection::open(target, TRANSFER_PATIENCE)?;
    let mut import = Import {
        pipeline: Pipeline::new(connection),
        refusals: Refusals::new(name, plan.stop_on_error),
        progress: Progress::new(length, true),
        interrupts,
    };
    let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
    let ended = import.read(Decoder::new(plan.format), &mut input, name);
    let Import { pipeline, refusals, progress, .. } = import;
    refusals.tell_rest(&progress);
    let transferred = Transferred {
        direction: Direction::Import,
        file: name.to_owned(),
        keys: pipeline.done,
        refused: refusals.count(),
        unknown: if ended.is_err() { pipeline.unanswered() } else { 0 },
        elapsed: progress.elapsed(),
    };
    Ok((transferred, ended))
}

/// An import that is under way.
struct Import<'a> {
    pipeline: Pipeline,
    refusals: Refusals,
    progress: Progress,
    interrupts: Option<&'a Awaited<'a>>,
}

impl Import<'_> {
    /// Reads all records, or up to the first that is refused if that is to end it.
    fn read(
        &mut self,
        mut decoder: Decoder,
        input: &mut impl BufRead,
        name: &str,
    ) -> Result<(), ConsoleError> {
        let mut position = 0;
        loop {
            let piece = match input.fill_buf() {
                Ok(piece) => piece,
                Err(reason) => {
                    self.settle(position)?;
                    return Err(cannot_read(name, reason));
                }
            };
            let is_end = piece.is_empty();
            let (used, decoded) = decoder.read(piece);
            input.consume(used);
            position += used as u64;
            match decoded {
                Some(Decoded::Record(line, record)) => {
                    let is_full = self.pipeline.add(line, &record);
                    if is_full {
                        self.exchange(position)?;
                    }
                }
                Some(Decoded::Bad(bad)) => self.refuse(&bad, position)?,
                Some(Decoded::Hopeless(bad)) => return self.refuse(&bad, position),
                None if is_end => break,
                None => {}
            }
            if self.refusals.are_enough() {
                break;
            }
        }
        self.settle(position)
    }

    /// Counts what is no record. As long as such are told one by one, they are in the order of their
    /// lines with those that the node refuses.
    fn refuse(&mut self, bad: &BadRecord, position: u64) -> Result<(), ConsoleError> {
        if self.refusals.tells() {
            self.settle(position)?;
        }
        if !self.refusals.are_enough() {
            self.refusals.tell(bad.line, &bad.reason, &self.progress);
        }
        Ok(())
    }

    /// Sends what has gathered, unless the import is to end, and reads all replies.
    fn settle(&mut self, position: u64) -> Result<(), ConsoleError> {
        self.exchange(position)?;
        self.exchange(position)
    }

    /// Sends the batch that has gathered, and reads the replies to the one before.
    fn exchange(&mut self, position: u64) -> Result<(), ConsoleError> {
        let Import { pipeline, refusals, progress, interrupts } = self;
        let is_interrupted = interrupts.is_some_and(Awaited::is_given);
        if refusals.are_enough() || is_interrupted {
            pipeline.forget_unsent();
        }
        pipeline.exchange(|line, said| refusals.tell(line, said, progress))?;
        progress.at(position, pipeline.done);
        if is_interrupted { Err(ConsoleError::Interrupted) } else { Ok(()) }
    }
}

/// Commands on their way, and the lines that they came from.
struct Pipeline {
    connection: RespConnection,
    commands: Vec<u8>,
    lines: Vec<u64>,
    /// Those that were sent and not answered, in their order, from `answered` on.
    sent: Vec<u64>,
    answered: usize,
    /// Keys that are set.
    done: u64,
}

impl Pipeline {
    fn new(connection: RespConnection) -> Pipeline {
        Pipeline {
            connection,
            commands: Vec::new(),
            lines: Vec::new(),
            sent: Vec::new(),
            answered: 0,
            done: 0,
        }
    }

    /// Takes a record into the next batch. Whether that is to be sent now.
    fn add(&mut self, line: u64, record: &Record) -> bool {
        let Record { key, value, ttl_seconds } = record;
        match ttl_seconds {
            None => write_command(&[b"SET", key, value], &mut self.commands),
            Some(seconds) => {
                let seconds = seconds.to_string();
                let words: [&[u8]; 5] = [b"SET", key, value, b"EX", seconds.as_bytes()];
                write_command(&words, &mut self.commands);
            }
        }
        self.lines.push(line);
        self.commands.len() >= BATCH_BYTES || self.lines.len() >= BATCH_COMMANDS
    }

    /// Drops the batch that has gathered.
    fn forget_unsent(&mut self) {
        self.commands.clear();
        self.lines.clear();
    }

    /// Sends the batch, then reads the replies to the one before; if there is no batch, to all.
    fn exchange(&mut self, mut refused: impl FnMut(u64, &str)) -> Result<(), CallError> {
        let before = self.sent.len();
        self.sent.append(&mut self.lines);
        self.connection.send(&self.commands)?;
        self.commands.clear();
        self.commands.shrink_to(2 * BATCH_BYTES);
        while self.answered < before {
            match self.connection.reply()? {
                RespReply::Word(_) => self.done += 1,
                // Nothing that follows would be answered otherwise.
                RespReply::Error(said) if is_stranger(&said) => {
                    self.sent.clear();
                    self.answered = 0;
                    return Err(self.connection.unexpected(&RespReply::Error(said)));
                }
                RespReply::Error(said) => refused(self.sent[self.answered], &said),
                other => return Err(self.connection.unexpected(&other)),
            }
            self.answered += 1;
        }
        self.sent.drain(..self.answered);
        self.answered = 0;
        Ok(())
    }

    fn unanswered(&self) -> u64 {
        (self.sent.len() - self.answered) as u64
    }
}

fn cannot_read(file: &str, reason: io::Error) -> ConsoleError {
    ConsoleError::File { doing: "read", file: file.to_owned(), reason }
}
