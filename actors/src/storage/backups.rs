//! Backups: whole data sets in files of their own, the newest few of which are kept.

use super::disk::{Disk, Folder};
use super::snapshot::{self, Picture, PictureError};
use crate::logging::Timestamp;
use log::{info, warn};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

/// The folder of backups in the data directory.
pub(super) const FOLDER: &str = "backups";

/// How long after a backup that failed the next one is tried.
const RETRY: Duration = Duration::from_secs(300);

/// When backups are made, and where.
#[derive(Clone, Debug)]
pub(crate) struct Backups {
    folder: PathBuf,
    interval: Duration,
    keep: usize,
    due: SystemTime,
}

impl Backups {
    /// The next one is due an interval after the newest that is there.
    pub(super) fn new(folder: PathBuf, interval: Duration, keep: usize) -> Backups {
        let newest = newest(&folder).unwrap_or_else(SystemTime::now);
        Backups { folder, interval, keep, due: newest + interval }
    }

    pub(super) fn is_due(&self) -> bool {
        SystemTime::now() >= self.due
    }

    pub(super) fn ended(&mut self, is_written: bool) {
        self.due = SystemTime::now() + if is_written { self.interval } else { RETRY };
    }

    /// Writes one, and removes the oldest beyond those that are kept. Whether it is written.
    pub(super) fn write(&self, node: &str, picture: &Picture, stopping: &AtomicBool) -> bool {
        let name = name_of(SystemTime::now());
        let path = self.folder.join(&name);
        let write = || -> Result<(Folder, u64), PictureError> {
            let folder = Folder::make(&self.folder)?;
            let header = snapshot::header(node, picture);
            let bytes = snapshot::write(&folder, &name, &header, picture, stopping)?;
            Ok((folder, bytes))
        };
        match write() {
            Ok((folder, bytes)) => {
                info!(file:% = path.display(), bytes; "a backup was written");
                if let Err(error) = self.remove_oldest(&folder) {
                    warn!(error:%; "old backups could not be removed");
                }
                true
            }
            Err(error) => {
                warn!(file:% = path.display(), error:%; "a backup could not be written");
                false
            }
        }
    }

    fn remove_oldest(&self, folder: &Folder) -> io::Result<()> {
        let mut names = folder.names()?;
        names.retain(|name| is_backup(name));
        names.sort_unstable();
        let superfluous = names.len().saturating_sub(self.keep);
        for name in &names[..superfluous] {
            folder.remove(name)?;
        }
        folder.sync()
    }
}

/// Names sort by age: `backup-20261124T190226Z.mkv`.
fn name_of(time: SystemTime) -> String {
    let time: String =
        Timestamp(time).to_string().chars().filter(|c| !['-', ':'].contains(c)).collect();
    let seconds = time.split('.').next().unwrap_or_default();
    format!("backup-{seconds}Z.mkv")
}

fn is_backup(name: &str) -> bool {
    name.starts_with("backup-") && name.ends_with("Z.mkv")
}

fn newest(folder: &PathBuf) -> Option<SystemTime> {
    let names = std::fs::read_dir(folder).ok()?.flatten();
    let backups = names.filter(|entry| is_backup(&entry.file_name().to_string_lossy()));
    backups.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn the_name_of_a_backup_tells_when_it_was_made() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_546_946_789);
        let name = name_of(time);
        assert_eq!(name, "backup-20261124T190226Z.mkv");
        assert!(is_backup(&name));
    }
}
