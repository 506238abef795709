//! The log file: appending whole lines, rotation by size, and opening again after a failure.
//! Blocks on the disk; only the writing thread may use it. Knows nothing of records or queues.
//!
//! ```text
//! node.log        the lines written last
//! node.log.1      the file before
//! node.log.4      with max_files = 5: the oldest, removed by the next rotation
//! ```

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::LogError;

#[cfg(test)]
mod tests;

/// Where the log goes and how much of the disk it may take: `max_size_bytes × max_files`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// The file being written. It and missing parent folders are created. Only a regular file is
    /// rotated, so `/dev/stdout` or a pipe may stand here.
    pub path: PathBuf,
    /// Bytes at which the file is rotated. A line is never split: one that is longer gets a file of
    /// its own.
    pub max_size_bytes: u64,
    /// Files kept, the one being written included; 0 counts as 1. With 1 a rotation starts the file
    /// afresh and its lines are gone. Files that a larger number left behind are removed.
    pub max_files: usize,
}

/// A [`LogFile`] that is being written.
///
/// Nothing is synced: a line is as safe as the operating system, which outlives our crash but not
/// its own. A file that failed is closed and opened again by the next write, which also picks up a
/// disk that was mounted anew.
#[derive(Debug)]
pub(super) struct RotatingFile {
    settings: LogFile,
    open: Option<OpenFile>,
}

/// Lines that could not be written, and why.
#[derive(Debug)]
pub(super) struct WriteFailure {
    /// Lines of the batch that are not in the file.
    pub(super) lost: u64,
    /// What the operating system said.
    pub(super) cause: LogError,
}

#[derive(Debug)]
struct OpenFile {
    file: File,
    size: u64,
    /// A pipe or a device is written but never renamed.
    regular: bool,
    /// The file ends inside a line: what comes next has to begin on a new one.
    torn: bool,
}

impl RotatingFile {
    /// Opens the file for appending; what an earlier run wrote stays.
    pub(super) fn open(settings: &LogFile) -> Result<Self, LogError> {
        let open = open(&settings.path)?;
        Ok(RotatingFile { settings: settings.clone(), open: Some(open) })
    }

    /// Appends `lines`, each ending in `\n`, and rotates between them wherever the size asks for it.
    ///
    /// After a failure the file holds the lines before the lost ones and, unless the disk refuses
    /// even that, no part of a line.
    pub(super) fn write_lines(&mut self, lines: &[u8]) -> Result<(), WriteFailure> {
        let mut rest = lines;
        while !rest.is_empty() {
            rest = self.write_some(rest).map_err(|(unwritten, cause)| {
                self.open = None;
                WriteFailure { lost: count_lines(unwritten), cause }
            })?;
        }
        Ok(())
    }

    /// Writes what fits into one file and returns the lines after that.
    fn write_some<'a>(&mut self, lines: &'a [u8]) -> Result<&'a [u8], (&'a [u8], LogError)> {
        let unwritten = |cause| (lines, cause);
        let mut file = match self.open.take() {
            Some(file) => file,
            None => open(&self.settings.path).map_err(unwritten)?,
        };
        let first = first_line_length(lines);
        let mut fitting = lines.len();
        if file.regular {
            let room = self.settings.max_size_bytes.saturating_sub(file.size);
            if file.size > 0 && first as u64 > room {
                file = self.rotate(file).map_err(unwritten)?;
            }
            let room = self.settings.max_size_bytes.saturating_sub(file.size);
            fitting = whole_lines_within(lines, room).max(first);
        }
        let (now, later) = lines.split_at(fitting);
        match file.append(now) {
            Ok(()) => {
                self.open = Some(file);
                Ok(later)
            }
            Err((written, source)) => {
                let path = self.settings.path.clone();
                Err((&lines[written..], LogError::Write { path, source }))
            }
        }
    }

    /// Moves every file up by one number and starts a new one.
    ///
    /// The lines of `full` are all in the operating system's hands by now, so none is lost between
    /// the files. Files are renamed oldest first: a stop half-way leaves a hole in the numbers and
    /// nothing overwritten.
    fn rotate(&self, full: OpenFile) -> Result<OpenFile, LogError> {
        let LogFile { path, max_files, .. } = &self.settings;
        drop(full);
        let kept = (*max_files).max(1);
        let failed = |source| LogError::Rotate { path: path.clone(), source };
        for number in (kept..).take_while(|&number| numbered(path, number).exists()) {
            fs::remove_file(numbered(path, number)).map_err(failed)?;
        }
        if kept == 1 {
            absent_is_fine(fs::remove_file(path)).map_err(failed)?;
        }
        for number in (1..kept).rev() {
            let younger = numbered(path, number - 1);
            absent_is_fine(fs::rename(younger, numbered(path, number))).map_err(failed)?;
        }
        open(path)
    }
}

impl OpenFile {
    /// Appends whole lines. On failure says how many bytes of `lines`, up to the end of a line, the
    /// file holds, and takes back the part of a line behind them.
    fn append(&mut self, lines: &[u8]) -> Result<(), (usize, io::Error)> {
        if self.torn {
            self.file.write_all(b"\n").map_err(|error| (0, error))?;
            self.size += 1;
            self.torn = false;
        }
        let mut written = 0;
        while written < lines.len() {
            match self.file.write(&lines[written..]) {
                Ok(0) => return Err(self.take_back(lines, written, ErrorKind::WriteZero.into())),
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.take_back(lines, written, error)),
            }
        }
        self.size += written as u64;
        Ok(())
    }

    fn take_back(&self, lines: &[u8], written: usize, error: io::Error) -> (usize, io::Error) {
        let whole = whole_lines_within(lines, written as u64);
        if self.regular && whole < written {
            // Should this fail as well, the next open finds the torn line and ends it.
            let _ = self.file.set_len(self.size + whole as u64);
        }
        (whole, error)
    }
}

fn open(path: &Path) -> Result<OpenFile, LogError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .map_err(|source| LogError::Folder { path: path.to_owned(), source })?;
    }
    open_for_appending(path).map_err(|source| LogError::Open { path: path.to_owned(), source })
}

fn open_for_appending(path: &Path) -> io::Result<OpenFile> {
    let special = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    // A regular file is read for its last byte; a device or a pipe may only be writable.
    let mut file = OpenOptions::new().append(true).create(true).read(!special).open(path)?;
    let size = if special { 0 } else { file.metadata()?.len() };
    let torn = size > 0 && last_byte(&mut file)? != b'\n';
    Ok(OpenFile { file, size, regular: !special, torn })
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// `path` for 0, else `path` with `.number` appended; the path need not be UTF-8.
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn first_line_length(lines: &[u8]) -> usize {
    lines.iter().position(|&byte| byte == b'\n').map_or(lines.len(), |end| end + 1)
}

/// The length of the longest run of whole lines that is at most `limit` bytes.
fn whole_lines_within(lines: &[u8], limit: u64) -> usize {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX).min(lines.len());
    lines[..limit].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1)
}

/// Lines in `lines`, all of which end in `\n`.
pub(super) fn count_lines(lines: &[u8]) -> u64 {
    lines.iter().filter(|&&byte| byte == b'\n').count() as u64
}
