//! What was typed, kept from one prompt to the next in a file of the user's own. Lines with a
//! password are not kept.

use rustyline::history::FileHistory;
use rustyline::{Editor, Helper};
use std::env;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

/// Lines that are kept.
pub(super) const MAX_LINES: usize = 1000;

/// Longer lines are values that nobody wants to see again.
const MAX_LINE_BYTES: usize = 16 << 10;

/// The file, or nothing where none can be had.
pub(super) struct History {
    path: Option<PathBuf>,
}

impl History {
    /// Finds or makes the file, and reads it.
    pub(super) fn open<H: Helper>(editor: &mut Editor<H, FileHistory>) -> History {
        let path = path().and_then(|path| match private(&path) {
            Ok(()) => Some(path),
            Err(error) => {
                eprintln!("no history is kept: {}: {error}", path.display());
                None
            }
        });
        if let Some(path) = &path {
            // A file that cannot be read is like an empty one: it is only what was typed.
            let _ = editor.load_history(path);
        }
        History { path }
    }

    /// Keeps a line, at once, so that it is there whatever becomes of this process.
    pub(super) fn keep<H: Helper>(&self, editor: &mut Editor<H, FileHistory>, line: &str) {
        if merkle_kv_core::console::is_secret(line) || line.len() > MAX_LINE_BYTES {
            return;
        }
        let is_new = editor.add_history_entry(line).unwrap_or(false);
        if let Some(path) = self.path.as_ref().filter(|_| is_new) {
            let _ = editor.append_history(path);
        }
    }
}

/// By the XDG base directories; none for a user without a home.
fn path() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")))?;
    Some(state.join("merkle-kv").join("history"))
}

/// Makes the file and its folders, for nobody else to read.
fn private(path: &PathBuf) -> io::Result<()> {
    const FOLDER_MODE: u32 = 0o700;
    const FILE_MODE: u32 = 0o600;
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    }
    OpenOptions::new().create(true).append(true).mode(FILE_MODE).open(path)?;
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE))
}
