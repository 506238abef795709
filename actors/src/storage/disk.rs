//! The folder that the journal lives in, behind a trait: tests put a disk in its place that tears,
//! loses and fails.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of files. A clone is the same folder.
pub(crate) trait Disk: Clone + Send + 'static {
    /// A file that is written.
    type File: DiskFile;

    /// The names of all files.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Reads a file from its start.
    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>>;
    /// Makes a file that is not there yet.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Opens a file to write at its end. Gives its length, too.
    fn append(&self, name: &str) -> io::Result<(Self::File, u64)>;
    /// Gives a file another name, in the place of what had that name.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Returns when the names of the files are on disk.
    fn sync(&self) -> io::Result<()>;
    /// Where it is, for messages.
    fn path(&self) -> &Path;
}

/// A file that is written.
pub(crate) trait DiskFile: Send + 'static {
    /// Adds all of it at the end. If it fails, a part may be there.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Returns when all that was written is on disk.
    fn sync(&self) -> io::Result<()>;
    /// Drops what is behind.
    fn truncate(&mut self, bytes: u64) -> io::Result<()>;
    /// The same file once more, to sync it elsewhere.
    fn again(&self) -> io::Result<Self>
    where
        Self: Sized;
}

/// A folder of the file system.
#[derive(Clone, Debug)]
pub(crate) struct Folder(Arc<Path>);

impl Folder {
    pub(crate) fn at(path: PathBuf) -> Folder {
        Folder(path.into())
    }

    /// Makes it if it is not there.
    pub(crate) fn make(path: &Path) -> io::Result<Folder> {
        fs::create_dir_all(path)?;
        Ok(Folder::at(path.to_owned()))
    }
}

impl Disk for Folder {
    type File = File;

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                // A name that is no text is none of ours.
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(File::open(self.0.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().append(true).create_new(true).open(self.0.join(name))
    }

    fn append(&self, name: &str) -> io::Result<(File, u64)> {
        let file = OpenOptions::new().append(true).open(self.0.join(name))?;
        let bytes = file.metadata()?.len();
        Ok((file, bytes))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.0.join(from), self.0.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.0.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.0)?.sync_all()
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl DiskFile for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn truncate(&mut self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn again(&self) -> io::Result<File> {
        self.try_clone()
    }
}
