//! Each target with its corpus, and with copies of it that are changed a little: a few seconds of
//! what a fuzzer does for hours, with the same copies in every run.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use merkle_kv_fuzzing::{TARGETS, Target, seeds};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Changed copies for each target, and the time that they may take: tests run on busy machines.
const COPIES: usize = 3_000;
const TIME: Duration = Duration::from_secs(8);

/// Fewer copies than this are no test, however busy the machine.
const FEWEST_COPIES: usize = 100;

/// A copy is changed in so many places at most.
const MAX_CHANGES: usize = 5;

/// No copy is longer, in bytes.
const MAX_INPUT_BYTES: usize = 8 << 10;

/// Numbers and beginnings that readers are prone to get wrong.
const PIECES: &[&[u8]] = &[
    b"",
    b"\r\n",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff",
    b"\x80\x01\x00\x00",
    b"*1000000\r\n",
    b"$-1\r\n",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"\"\\x",
    b" EX 9223372036854775807",
    b"[[",
    b"e308",
    "\u{202e}🦀".as_bytes(),
];

/// Numbers without end that are the same in every run (the constants are Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// A copy that is changed here and there: bytes, numbers, pieces of others, missing and double ones.
fn changed(dice: &mut Dice, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut copy = corpus[dice.below(corpus.len())].clone();
    for _ in 0..=dice.below(MAX_CHANGES) {
        let at = dice.below(copy.len());
        let end = at + dice.below((copy.len() - at).min(64));
        match dice.below(7) {
            0 if !copy.is_empty() => copy[at] = dice.below(256) as u8,
            1 if !copy.is_empty() => copy[at] ^= 1 << dice.below(8),
            2 => copy.truncate(at),
            3 => drop(copy.drain(at..end)),
            4 => {
                let double = copy[at..end].to_vec();
                copy.splice(at..at, double);
            }
            5 => {
                let piece = PIECES[dice.below(PIECES.len())];
                copy.splice(at..end, piece.iter().copied());
            }
            _ => {
                let other = &corpus[dice.below(corpus.len())];
                let from = dice.below(other.len());
                let piece = &other[from..other.len().min(from + 200)];
                copy.splice(at..end, piece.iter().copied());
            }
        }
    }
    copy.truncate(MAX_INPUT_BYTES);
    copy
}

fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target.name)
}

fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder(target)).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files.into_iter().map(|file| fs::read(file).unwrap()).collect()
}

#[track_caller]
fn holds(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    // Files may be of an earlier release, which is as well; seeds are of this one.
    let seeds = seeds::of(name).into_iter().map(|(_, bytes)| bytes);
    let corpus: Vec<Vec<u8>> = corpus(target).into_iter().chain(seeds).collect();
    for bytes in &corpus {
        (target.run)(bytes);
        for end in (0..bytes.len()).step_by(1 + bytes.len() / 50) {
            (target.run)(&bytes[..end]);
        }
    }
    let (mut dice, begun, mut copies) = (Dice(17), Instant::now(), 0);
    while copies < COPIES && begun.elapsed() < TIME {
        let copy = changed(&mut dice, &corpus);
        let ran = std::panic::catch_unwind(|| (target.run)(&copy));
        assert!(ran.is_ok(), "{name} fails, see above, with \"{}\"", copy.escape_ascii());
        copies += 1;
    }
    assert!(copies >= FEWEST_COPIES, "{copies} copies in {TIME:?}");
}

#[test]
fn text_of_clients_is_survived() {
    holds("text");
}

#[test]
fn resp_of_clients_is_survived() {
    holds("resp");
}

#[test]
fn updates_are_survived() {
    holds("update");
}

#[test]
fn presences_are_survived() {
    holds("presence");
}

#[test]
fn sessions_of_peers_are_survived() {
    holds("session");
}

#[test]
fn files_of_a_journal_are_survived() {
    holds("journal");
}

#[test]
fn configurations_are_survived() {
    holds("config");
}

#[test]
fn every_target_has_a_program_and_understands_its_seeds() {
    for target in TARGETS {
        let program = folder(target).join("../../targets").join(format!("{}.rs", target.name));
        let program = fs::read_to_string(&program)
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        assert!(program.contains(&format!("{:?}", target.name)), "{program}");
        assert!(!corpus(target).is_empty(), "fuzz/corpus/{} is empty", target.name);
        for (seed, bytes) in seeds::of(target.name) {
            assert!((target.run)(&bytes) > 0, "{} understands nothing of {seed}", target.name);
        }
    }
}
