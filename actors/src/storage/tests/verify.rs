//! `verify` and a start agree about what is damage. These files are real ones.

use super::life::{NODE, engine};
use crate::storage::disk::Folder;
use crate::storage::load::load;
use crate::storage::tools::{backup, verify};
use crate::storage::writer::Writer;
use merkle_kv_core::clock::Hlc;
use merkle_kv_core::journal::{HEADER_BYTES, Log, Mode, Mutation, Sequence};
use std::fs;
use std::path::{Path, PathBuf};

/// Writes two segments of three records each; all but the last record is known to be synced.
fn write(folder: &Path) -> [PathBuf; 2] {
    let disk = Folder::at(folder.to_owned());
    let mut log = Log::behind(Sequence::ZERO);
    let mut writer = Writer::new(disk.clone(), NODE, Sequence::ZERO, None).unwrap();
    writer = writer.with_segments_of(HEADER_BYTES as u64 + 100);
    for n in 1..=6 {
        log.note(&Mutation::Clock(Hlc::from_raw(n)));
        writer.write(&mut log.take().unwrap(), Sequence(n - 1)).unwrap();
    }
    [1, 4].map(|first| folder.join(format!("journal-{first:016x}.mkv")))
}

/// What `verify` says of each file, and at last. It has to call damaged what a start does, and only
/// that.
fn check(folder: &Path, what: &str) -> Result<String, String> {
    let mut lines = String::new();
    let verdict = verify(folder, &mut |line| lines.push_str(&format!("{line}\n")));
    let started = load(&Folder::at(folder.to_owned()), NODE, Mode::Strict, &engine);
    let told = format!("{what}: {lines}{verdict:?}, {:?}", started.as_ref().map(|it| it.1.last));
    assert_eq!(verdict.is_ok(), started.is_ok(), "{told}");
    if let (Ok(verdict), Ok((_, loaded))) = (&verdict, &started) {
        assert!(!lines.contains("bad"), "{told}");
        assert!(verdict.contains(&format!("good up to record {}, ", loaded.last)), "{told}");
        assert_eq!(verdict.contains("cut off"), loaded.recovered.cut.is_some(), "{told}");
    }
    verdict.map(|verdict| format!("{lines}{verdict}")).map_err(|error| error.to_string())
}

#[test]
fn verify_calls_damaged_what_no_node_would_start_with_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let segments = write(folder.path());
    assert!(check(folder.path(), "all").unwrap().contains("3 records  good"));
    let mut damaged = 0;
    for segment in &segments {
        let whole = fs::read(segment).unwrap();
        for at in 0..whole.len() {
            fs::write(segment, &whole[..at]).unwrap();
            damaged += usize::from(check(folder.path(), &format!("cut at {at}")).is_err());
            let mut flipped = whole.clone();
            flipped[at] ^= 0x10;
            fs::write(segment, flipped).unwrap();
            damaged += usize::from(check(folder.path(), &format!("flipped at {at}")).is_err());
        }
        fs::write(segment, whole).unwrap();
    }
    assert!(damaged > 300, "{damaged}");
}

/// Symptom: `verify` called a directory damaged with which its node started. Cause: the crash came
/// before the header of the only segment was whole, and no file named the node.
#[test]
fn a_first_segment_whose_header_was_never_finished_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let [segment, second] = write(folder.path());
    fs::remove_file(second).unwrap();
    let whole = fs::read(&segment).unwrap();
    for length in 0..HEADER_BYTES {
        fs::write(&segment, &whole[..length]).unwrap();
        let said = check(folder.path(), &format!("{length} bytes")).unwrap();
        assert!(said.contains("  0 records, then cut off at byte 0\n"), "{said}");
        assert!(said.contains("no file names its node: good up to record 0, "), "{said}");
        let error = backup(folder.path(), &folder.path().join("copy.mkv")).unwrap_err();
        assert!(error.to_string().contains("holds nothing that could be copied"), "{error}");
    }
}
