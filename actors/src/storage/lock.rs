//! One process at a time: the lock on a data directory.

use super::error::StorageError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;

/// The name of the locked file in the folder. It holds who has it, and stays when nobody does.
const FILE: &str = "LOCK";

/// Whoever holds this has the folder. The system gives it back when the process ends, however.
#[derive(Debug)]
pub(crate) struct DirectoryLock(#[allow(dead_code)] File); // held, not read

impl DirectoryLock {
    /// Locks a folder that is there.
    pub(crate) fn take(folder: &Path, node: &str) -> Result<DirectoryLock, StorageError> {
        let path = folder.join(FILE);
        let failed = |action, source| StorageError::Io { action, path: path.clone(), source };
        // Not truncated: what is in it is somebody else's until the lock is ours.
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = opened.map_err(|source| failed("open", source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let by = fs::read_to_string(&path).ok().map(|text| text.trim().to_owned());
                let by = by.filter(|text| !text.is_empty());
                return Err(StorageError::InUse { path: folder.to_owned(), by });
            }
            Err(TryLockError::Error(source)) => return Err(failed("lock", source)),
        }
        sign(&mut file, node).map_err(|source| failed("write", source)).or_else(|error| {
            match &error {
                // A lock works on a full disk, too.
                StorageError::Io { source, .. } if super::is_full(source) => Ok(()),
                _ => Err(error),
            }
        })?;
        Ok(DirectoryLock(file))
    }
}

fn sign(file: &mut File, node: &str) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "node {node}, process {}", std::process::id())
}
