//! What stands on a disk: any bytes in the place of a file are read or refused, in bounded time;
//! what was noted is read back; and of a patched journal only a beginning is believed.

use crate::cuts::pieces;
use crate::node::{NOW, engine, snapshot};
use bytes::{Buf, BytesMut};
use merkle_kv_core::journal::{
    FileKind, HEADER_BYTES, Header, Log, Mode, Mutation, Recovered, Recovery, Salt, Sequence,
    SnapshotReader, stamp,
};

const NODE: &str = "fuzzed";
const SALT: Salt = Salt(0x5a17_5a17);

/// How often the bytes of a segment may be checked in search of records: 16 times, and then the
/// record with which that is reached.
const MAX_CHECKS: u64 = 17;

/// A patch is so long at most, in bytes; the rest of an input is mutations.
const PATCH_BYTES: usize = 24;

/// The first byte says how the file is cut, the next two where it is patched, and the last bytes
/// with what. What is between is a file, and also the mutations of a journal.
pub(crate) fn journal(input: &[u8]) -> usize {
    let Some((&[how, high, low], bytes)) = input.split_first_chunk() else { return 0 };
    let in_file = file(how, bytes);
    let (mutations, patch) = bytes.split_at(bytes.len().saturating_sub(PATCH_BYTES));
    let noted = mutations_of(mutations);
    let segment = segment_of(&noted);
    let (recovered, read) = recover(&segment, Mode::Strict);
    assert_eq!(recovered.map(|recovered| recovered.cut), Some(None), "a whole journal is whole");
    assert_eq!(read, noted, "what was noted is read back");
    let patched = patched(segment, usize::from(u16::from_be_bytes([high, low])), patch);
    let (recovered, read) = recover(&patched, Mode::Strict);
    if recovered.is_some() {
        assert_eq!(noted.get(..read.len()), Some(&read[..]), "a patch is believed");
    }
    recover(&patched, Mode::Repair);
    restore(&noted);
    in_file + noted.len()
}

/// The bytes as a segment and as a snapshot, which comes at once or in pieces. How many mutations
/// that holds.
fn file(how: u8, bytes: &[u8]) -> usize {
    recover(bytes, Mode::Strict);
    let (_, in_segment) = recover(bytes, Mode::Repair);
    let at_once = snapshot_of([bytes].into_iter());
    assert_eq!(at_once, snapshot_of(pieces(bytes, how)), "a snapshot depends on the cuts");
    in_segment.len() + at_once.map_or(0, |mutations| mutations.len())
}

fn recover(segment: &[u8], mode: Mode) -> (Option<Recovered>, Vec<Mutation>) {
    let mut recovery = Recovery::behind(Sequence::ZERO, NODE, mode);
    let mut mutations = Vec::new();
    let read = recovery.segment(Sequence(1), segment, &mut |mutation| mutations.push(mutation));
    let checks = recovery.searched().div_ceil(segment.len().max(1) as u64);
    assert!(checks <= MAX_CHECKS, "its bytes are checked {checks} times");
    assert!(mutations.len() <= segment.len(), "{} mutations", mutations.len());
    (read.is_ok().then(|| recovery.end()), mutations)
}

/// What a snapshot holds, or why it is none.
fn snapshot_of<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Mutation>, String> {
    let (mut reader, mut buffer) = (SnapshotReader::default(), BytesMut::new());
    let mut mutations = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let read = reader.read(&buffer, &mut |mutation| mutations.push(mutation));
        buffer.advance(read.map_err(|error| error.to_string())?);
    }
    reader.end(buffer.len()).map(|_| mutations).map_err(|error| error.to_string())
}

/// All mutations that can be read, one behind the other. Each is written again as it was.
fn mutations_of(bytes: &[u8]) -> Vec<Mutation> {
    let mut rest = bytes;
    let mut mutations = Vec::new();
    while !rest.is_empty() {
        let before = rest;
        let Ok(mutation) = Mutation::decode(&mut rest) else { break };
        let mut again = Vec::new();
        mutation.encode(&mut again);
        assert_eq!(Mutation::decode(&mut &again[..]).as_ref(), Ok(&mutation));
        assert!(rest.len() < before.len(), "a mutation takes no bytes");
        mutations.push(mutation);
    }
    mutations
}

/// A segment with a record for each mutation, synced one behind the other.
pub(crate) fn segment_of(mutations: &[Mutation]) -> Vec<u8> {
    let mut bytes = header(FileKind::Segment, 1).encode().to_vec();
    let mut log = Log::behind(Sequence::ZERO);
    for (at, mutation) in mutations.iter().enumerate() {
        log.note(mutation);
        if let Some(mut records) = log.take() {
            stamp(&mut records, Sequence(at as u64), SALT);
            bytes.extend(records.bytes);
        }
    }
    bytes
}

pub(crate) fn header(kind: FileKind, sequence: u64) -> Header {
    Header { kind, node: NODE.to_owned(), sequence: Sequence(sequence), salt: SALT }
}

/// Behind the header: a header may be patched into one of another node, which is no news.
fn patched(mut segment: Vec<u8>, at: usize, patch: &[u8]) -> Vec<u8> {
    if segment.len() > HEADER_BYTES {
        let at = HEADER_BYTES + at % (segment.len() - HEADER_BYTES);
        let end = segment.len().min(at + patch.len());
        segment[at..end].copy_from_slice(&patch[..end - at]);
    }
    segment
}

/// An engine that is told all of it goes on from there.
fn restore(mutations: &[Mutation]) {
    let mut engine = engine(NODE, 0..0);
    for mutation in mutations {
        engine.restore(mutation.clone());
    }
    engine.resume(Sequence(mutations.len() as u64), NOW);
    while engine.sweep_step() {}
    snapshot(&mut engine);
}
