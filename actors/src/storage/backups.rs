//! Backups: whole data sets in files of their own, the newest few of which are kept.

use super::disk::{Disk, Folder};
use super::snapshot::{NewFile, Picture, PictureError, UNFINISHED};
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
        let now = SystemTime::now();
        // A clock that was ahead when it was made must not put off the next one for years.
        let newest = newest(&folder).map_or(now, |newest| newest.min(now));
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
            remove_unfinished(&folder)?;
            let file = NewFile { disk: &folder, name: &name, node, picture, stopping };
            let bytes = file.write()?;
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

/// What was being written when the node ended.
fn remove_unfinished(folder: &Folder) -> io::Result<()> {
    let names = folder.names()?;
    let unfinished = |name: &&String| name.strip_suffix(UNFINISHED).is_some_and(is_backup);
    names.iter().filter(unfinished).try_for_each(|name| folder.remove(name))
}

fn newest(folder: &PathBuf) -> Option<SystemTime> {
    let names = std::fs::read_dir(folder).ok()?.flatten();
    let backups = names.filter(|entry| is_backup(&entry.file_name().to_string_lossy()));
    backups.filter_map(|entry| entry.metadata().ok()?.modified().ok()).max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use merkle_kv_core::journal::Sequence;
    use merkle_kv_core::merkle::{Tree, TreeSeed};
    use std::fs;
    use std::path::Path;
    use std::time::UNIX_EPOCH;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn picture() -> Picture {
        Picture { tree: Tree::new(TreeSeed::of(b"test")), beside: Vec::new(), last: Sequence(7) }
    }

    fn write(backups: &Backups) -> bool {
        backups.write("one", &picture(), &AtomicBool::new(false))
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names = Folder::at(folder.to_owned()).names().unwrap();
        names.sort();
        names
    }

    fn put(folder: &Path, name: &str, age: Duration) {
        let file = fs::File::create(folder.join(name)).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    }

    #[test]
    fn the_name_of_a_backup_tells_when_it_was_made() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_546_946_789);
        let name = name_of(time);
        assert_eq!(name, "backup-20261124T190226Z.mkv");
        assert!(is_backup(&name));
    }

    #[test]
    fn the_oldest_backups_go_and_what_is_none_stays() {
        let folder = tempfile::tempdir().unwrap();
        for day in ["20200103", "20200101", "20200102"] {
            put(folder.path(), &format!("backup-{day}T000000Z.mkv"), HOUR);
        }
        put(folder.path(), "backup-20200101T000000Z.mkv.tmp", HOUR);
        put(folder.path(), "notes.txt", HOUR);
        assert!(write(&Backups::new(folder.path().to_owned(), HOUR, 2)));
        let names = names(folder.path());
        assert_eq!(names.len(), 3, "{names:?}");
        assert_eq!(names[0], "backup-20200103T000000Z.mkv");
        assert!(is_backup(&names[1]) && names[1] > names[0]);
        assert_eq!(names[2], "notes.txt");
    }

    #[test]
    fn a_backup_is_due_an_interval_after_the_newest_or_after_the_first_start() {
        let folder = tempfile::tempdir().unwrap();
        let backups = || Backups::new(folder.path().to_owned(), HOUR, 3);
        assert!(!backups().is_due());
        put(folder.path(), "backup-20200101T000000Z.mkv", 3 * HOUR);
        assert!(backups().is_due());
        put(folder.path(), "backup-20200101T010000Z.mkv", HOUR / 2);
        assert!(!backups().is_due());
        let mut due = backups();
        due.due = SystemTime::now();
        due.ended(true);
        assert!(!due.is_due() && due.due > SystemTime::now() + HOUR / 2);
    }

    #[test]
    fn a_backup_from_the_future_does_not_put_off_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::create(folder.path().join("backup-20990101T000000Z.mkv")).unwrap();
        file.set_modified(SystemTime::now() + 1_000 * HOUR).unwrap();
        let backups = Backups::new(folder.path().to_owned(), HOUR, 3);
        assert!(backups.due <= SystemTime::now() + HOUR);
    }

    #[test]
    fn a_backup_that_cannot_be_written_is_tried_again_soon_and_costs_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("backups");
        // Where the folder should be there is a file.
        fs::write(&place, "").unwrap();
        let mut backups = Backups::new(place.clone(), HOUR, 1);
        assert!(!write(&backups));
        backups.ended(false);
        assert!(!backups.is_due() && backups.due <= SystemTime::now() + RETRY);
        fs::remove_file(&place).unwrap();
        assert!(write(&backups));
        // A node that stops gives a backup up.
        let stopped = backups.write("one", &picture(), &AtomicBool::new(true));
        assert_eq!(names(&place).len(), 1, "{stopped}");
    }
}
