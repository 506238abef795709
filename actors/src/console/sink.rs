//! Where an export goes: a file that is there as a whole or not at all, or standard output.

use super::ConsoleError;
use crate::random;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// What is written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Dropped before it is finished, it leaves no file behind, and an old one as it was.
pub(super) struct Sink {
    out: BufWriter<Box<dyn Write>>,
    /// How people know it.
    name: String,
    unfinished: Option<Unfinished>,
}

/// A file beside the one that is to be made.
struct Unfinished {
    file: File,
    beside: PathBuf,
    path: PathBuf,
}

impl Sink {
    /// Standard output without a file. What is no ordinary file, such as a pipe, is written as it is.
    pub(super) fn open(file: Option<&str>) -> Result<Sink, ConsoleError> {
        let Some(file) = file else {
            let out = Box::new(io::stdout());
            return Ok(Sink::on(out, "standard output", None));
        };
        let failed = |reason| cannot_write(file, reason);
        if fs::metadata(file).is_ok_and(|is| !is.is_file()) {
            let out = File::options().write(true).open(file).map_err(failed)?;
            return Ok(Sink::on(Box::new(out), file, None));
        }
        // A link goes on leading to where it does.
        let path = fs::canonicalize(file).unwrap_or_else(|_| PathBuf::from(file));
        let beside = beside(&path);
        let made = File::create_new(&beside).map_err(failed)?;
        let out = Box::new(made.try_clone().map_err(failed)?);
        let before = fs::metadata(&path);
        let sink = Sink::on(out, file, Some(Unfinished { file: made, beside, path }));
        if let (Ok(before), Some(unfinished)) = (before, &sink.unfinished) {
            unfinished.file.set_permissions(before.permissions()).map_err(failed)?;
        }
        Ok(sink)
    }

    fn on(out: Box<dyn Write>, name: &str, unfinished: Option<Unfinished>) -> Sink {
        let out = BufWriter::with_capacity(BUFFER_BYTES, out);
        Sink { out, name: name.to_owned(), unfinished }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The file that is there until this one is finished.
    pub(super) fn unfinished(&self) -> Option<&Path> {
        self.unfinished.as_ref().map(|unfinished| unfinished.beside.as_path())
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ConsoleError> {
        self.out.write_all(bytes).map_err(|error| self.failed(error))
    }

    /// Puts the file on disk and in its place.
    pub(super) fn finish(mut self) -> Result<(), ConsoleError> {
        self.out.flush().map_err(|error| self.failed(error))?;
        let Some(Unfinished { file, beside, path }) = self.unfinished.as_ref() else {
            return Ok(());
        };
        let put = file.sync_all().and_then(|()| fs::rename(beside, path));
        put.and_then(|()| sync_folder_of(path)).map_err(|error| self.failed(error))?;
        self.unfinished = None;
        Ok(())
    }

    fn failed(&self, reason: io::Error) -> ConsoleError {
        // Whoever reads standard output may have had enough, which is no failure.
        match reason.kind() {
            io::ErrorKind::BrokenPipe => ConsoleError::Stream(reason),
            _ => cannot_write(&self.name, reason),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        if let Some(unfinished) = &self.unfinished {
            // Why it is not finished is told already.
            let _ = fs::remove_file(&unfinished.beside);
        }
    }
}

fn cannot_write(file: &str, reason: io::Error) -> ConsoleError {
    ConsoleError::File { doing: "write", file: file.to_owned(), reason }
}

/// So that the name is on disk, too.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// A name in the same folder that nobody else uses or can foretell: two exports to one file do not
/// mix, and the later one stays.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.unfinished", random::number()));
    path.with_file_name(name)
}
