//! The file in which a node sets aside what it gives up: data that the rest of the cluster has
//! deleted while this node was away for longer than anybody remembers deletions. For its operator;
//! no node reads it.

use super::error::SyncError;
use merkle_kv_core::entry::Entry;
use serde::Serialize;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The name of the file in the node's folder.
const FILE: &str = "set-aside.jsonl";

/// A line of it. Bytes that are not printable ASCII are written `\xHH`.
#[derive(Serialize)]
struct Line {
    key: String,
    value: String,
    written_unix_ms: u64,
    version: String,
}

/// Adds entries to the file, and returns when they are on disk.
pub(super) fn set_aside(folder: &Path, entries: &[Entry]) -> Result<PathBuf, SyncError> {
    let path = folder.join(FILE);
    match append(folder, &path, entries) {
        Ok(()) => Ok(path),
        Err(source) => Err(SyncError::SetAside { path, source }),
    }
}

fn append(folder: &Path, path: &Path, entries: &[Entry]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut lines = Vec::new();
    for entry in entries {
        let version = entry.version();
        let line = Line {
            key: entry.key().escape_ascii().to_string(),
            value: entry.value().unwrap_or_default().escape_ascii().to_string(),
            written_unix_ms: version.hlc.millis().0,
            version: version.to_string(),
        };
        serde_json::to_writer(&mut lines, &line)?;
        lines.push(b'\n');
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(&lines)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use merkle_kv_core::clock::Hlc;
    use merkle_kv_core::version::{NodeId, Version};

    #[test]
    fn what_is_given_up_is_added_to_a_file_that_a_person_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("data/node");
        let version = Version { hlc: Hlc::from_raw(7 << 16), node: NodeId(9) };
        let entry = Entry::value_of(b"k\"", b"v\n\xff", version);
        for _ in 0..2 {
            let path = set_aside(&inside, std::slice::from_ref(&entry)).unwrap();
            assert_eq!(path, inside.join("set-aside.jsonl"));
        }
        let text = fs::read_to_string(inside.join("set-aside.jsonl")).unwrap();
        let line = r#"{"key":"k\\\"","value":"v\\n\\xff","written_unix_ms":7,"version":"7.0@0000000000000009"}"#;
        assert_eq!(text, format!("{line}\n{line}\n"));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let said = set_aside(&folder.path().join("file/data"), &[]).unwrap_err().to_string();
        assert!(said.contains("file/data/set-aside.jsonl"), "{said}");
    }
}
