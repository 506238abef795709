//! `export`: reads a node's data set a page of keys at a time, and writes it as records. It speaks
//! RESP, in which every key can be named.

use super::interrupts::Awaited;
use super::progress::Progress;
use super::sink::Sink;
use super::{ConsoleError, TRANSFER_PATIENCE};
use crate::client::{CallError, RespConnection, Target};
use merkle_kv_core::console::transfer::{Direction, Format, Record, Transferred};
use merkle_kv_core::console::{RespReply, prefix_pattern, write_command};

/// Keys that the node looks at for one page.
const PAGE_KEYS: &[u8] = b"1000";

/// Commands that are sent before their replies are read: less than any socket holds, as the node reads
/// no further while it cannot write.
const BATCH_BYTES: usize = 32 << 10;

/// What to export, and where to.
pub(super) struct ExportPlan {
    pub(super) prefix: Vec<u8>,
    pub(super) format: Format,
    pub(super) file: Option<String>,
}

/// Exports. Gives what to tell of it.
pub(super) fn run(
    plan: &ExportPlan,
    target: &Target,
    interrupts: &Awaited<'_>,
) -> Result<Transferred, ConsoleError> {
    let ExportPlan { prefix, format, file } = plan;
    let mut source = Source::open(target, prefix)?;
    let length = if prefix.is_empty() { Some(source.size()?) } else { None };
    let mut sink = Sink::open(file.as_deref())?;
    if let Some(path) = sink.unfinished() {
        interrupts.do_not_leave(path.to_owned());
    }
    let progress = Progress::new(length, file.is_some());
    let mut written = format.header().to_vec();
    let mut keys = 0;
    while let Some(page) = source.page()? {
        for batch in batches(&page) {
            source.records(batch, |record| {
                format.write(&record, &mut written);
                keys += 1;
                sink.write(&written)?;
                written.clear();
                Ok(())
            })?;
            progress.at(keys, keys);
            if interrupts.is_given() {
                return Err(ConsoleError::Interrupted);
            }
        }
    }
    sink.write(&written)?;
    let elapsed = progress.elapsed();
    drop(progress);
    let file = sink.name().to_owned();
    sink.finish()?;
    let direction = Direction::Export;
    Ok(Transferred { direction, file, keys, refused: 0, unknown: 0, elapsed })
}

/// The keys of a node, in their order.
struct Source {
    connection: RespConnection,
    pattern: Vec<u8>,
    /// Where the next page begins; nothing behind the last one.
    cursor: Option<Vec<u8>>,
    /// The last key of the page before.
    last: Vec<u8>,
}

impl Source {
    fn open(target: &Target, prefix: &[u8]) -> Result<Source, CallError> {
        let connection = RespConnection::open(target, TRANSFER_PATIENCE)?;
        let pattern = prefix_pattern(prefix);
        Ok(Source { connection, pattern, cursor: Some(b"0".to_vec()), last: Vec::new() })
    }

    fn size(&mut self) -> Result<u64, CallError> {
        match self.ask(&[b"DBSIZE"])? {
            RespReply::Number(keys) => Ok(u64::try_from(keys).unwrap_or_default()),
            other => Err(self.connection.unexpected(&other)),
        }
    }

    fn ask(&mut self, words: &[&[u8]]) -> Result<RespReply, CallError> {
        let mut command = Vec::new();
        write_command(words, &mut command);
        self.connection.send(&command)?;
        self.connection.reply()
    }

    /// Some keys behind those of the page before, maybe none; nothing at the end.
    fn page(&mut self) -> Result<Option<Vec<Vec<u8>>>, CallError> {
        let Some(cursor) = self.cursor.take() else { return Ok(None) };
        let pattern = self.pattern.clone();
        let reply = self.ask(&[b"SCAN", &cursor, b"MATCH", &pattern, b"COUNT", PAGE_KEYS])?;
        let (next, mut keys) =
            scanned(reply).map_err(|reply| self.connection.unexpected(&reply))?;
        self.cursor = (next != b"0").then_some(next);
        // A cursor whose key is gone for good leads to the beginning again.
        keys.retain(|key| *key > self.last);
        if let Some(last) = keys.last() {
            self.last.clone_from(last);
        }
        Ok(Some(keys))
    }

    /// The records of some keys, but for those that have gone meanwhile.
    fn records(
        &mut self,
        keys: &[Vec<u8>],
        mut each: impl FnMut(Record) -> Result<(), ConsoleError>,
    ) -> Result<(), ConsoleError> {
        let mut commands = Vec::new();
        for key in keys {
            write_command(&[b"PTTL", key], &mut commands);
            write_command(&[b"GET", key], &mut commands);
        }
        self.connection.send(&commands)?;
        for key in keys {
            let left = match self.connection.reply()? {
                RespReply::Number(left) => left,
                other => return Err(self.connection.unexpected(&other).into()),
            };
            let value = match self.connection.reply()? {
                RespReply::Bulk(value) => value,
                RespReply::Null => continue,
                other => return Err(self.connection.unexpected(&other).into()),
            };
            if left != GONE {
                each(Record { key: key.clone(), value, ttl_seconds: seconds(left) })?;
            }
        }
        Ok(())
    }
}

/// What PTTL says of a key without a value.
const GONE: i64 = -2;

/// Rounded up, so that a key is kept for at least as long as it would have been. Without an expiry it
/// is -1.
fn seconds(left_millis: i64) -> Option<u64> {
    u64::try_from(left_millis).ok().map(|left| left.div_ceil(1000).max(1))
}

/// The next cursor and the keys.
fn scanned(reply: RespReply) -> Result<(Vec<u8>, Vec<Vec<u8>>), RespReply> {
    let RespReply::Array(parts) = &reply else { return Err(reply) };
    let [RespReply::Bulk(cursor), RespReply::Array(items)] = &parts[..] else {
        return Err(reply);
    };
    let key = |item: &RespReply| match item {
        RespReply::Bulk(key) => Some(key.clone()),
        RespReply::Word(_)
        | RespReply::Error(_)
        | RespReply::Number(_)
        | RespReply::Null
        | RespReply::Array(_) => None,
    };
    match items.iter().map(key).collect() {
        Some(keys) => Ok((cursor.clone(), keys)),
        None => Err(reply),
    }
}

/// As many keys at a time as their commands may be sent together, and one at least.
fn batches(keys: &[Vec<u8>]) -> impl Iterator<Item = &[Vec<u8>]> {
    /// Of two commands, beside their keys.
    const AROUND_KEYS: usize = 64;
    let mut rest = keys;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |key: &&Vec<u8>| {
            bytes += 2 * key.len() + AROUND_KEYS;
            bytes <= BATCH_BYTES
        };
        let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
        let (batch, after) = rest.split_at(count);
        rest = after;
        (!batch.is_empty()).then_some(batch)
    })
}
