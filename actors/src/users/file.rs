//! Reads and writes a file of users. What stands in it is up to `core`.

use super::error::UsersError;
use crate::random;
use merkle_kv_core::access::Users;
use merkle_kv_core::config::{self, Config};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Who may look at a new file: its owner. Of what an older one allowed, its group may go on reading,
/// since that is how a node reads a file of root's.
const OWNER_ONLY: u32 = 0o600;
const OWNER_AND_READING_GROUP: u32 = 0o640;

/// The users that a configuration names; nothing if everybody may do everything.
///
/// # Errors
///
/// [`UsersError::Read`] and [`UsersError::Wrong`]: both are mistakes in the configuration.
pub fn of_config(config: &Config) -> Result<Option<Arc<Users>>, UsersError> {
    let path = config.security.users_file.as_deref();
    path.map(|path| read(path).map(Arc::new)).transpose()
}

pub(super) fn read(path: &Path) -> Result<Users, UsersError> {
    let text = fs::read_to_string(path)
        .map_err(|source| UsersError::Read { path: path.to_owned(), source })?;
    Ok(config::load_users(&text, &path.display().to_string())?)
}

/// The users of a file that may not be there yet.
pub(super) fn read_or_new(path: &Path) -> Result<Users, UsersError> {
    match read(path) {
        Err(UsersError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(Users::new([]))
        }
        other => other,
    }
}

/// Puts these users in the place of what the file held. Whoever reads it meanwhile, or after a
/// crash, finds the old file or the new one.
pub(super) fn write(path: &Path, users: &Users) -> Result<(), UsersError> {
    replace(path, config::users_file(users).as_bytes())
        .map_err(|source| UsersError::Write { path: path.to_owned(), source })
}

fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let path = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        known => known?,
    };
    let beside = beside(&path);
    let written = write_new(&path, &beside, text);
    if written.is_err() {
        // It may not even be there, and the error above says more.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write_new(path: &Path, beside: &Path, text: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(OWNER_ONLY).open(beside)?;
    file.write_all(text)?;
    if let Ok(before) = fs::metadata(path) {
        let now = file.metadata()?;
        if (before.uid(), before.gid()) != (now.uid(), now.gid()) {
            fchown(&file, Some(before.uid()), Some(before.gid()))?;
        }
        let mode = before.mode() & OWNER_AND_READING_GROUP | OWNER_ONLY;
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    file.sync_all()?;
    fs::rename(beside, path)?;
    File::open(folder_of(path))?.sync_all()
}

/// A name in the same folder that nobody else uses.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{:016x}", random::number()))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}
