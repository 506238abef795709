//! The writing thread's work, called directly or over a queue, with complaints where a test sees them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Mutex;

use tempfile::TempDir;

use super::*;
use crate::logging::LogFile;

/// Takes what would go to stderr.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Heard {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn writer_to(path: &Path, format: LogFormat) -> (Writer<Heard>, Heard) {
    let heard = Heard::default();
    let file = LogFile { path: path.to_owned(), max_size_bytes: 1 << 20, max_files: 3 };
    let output = Output::File(RotatingFile::open(&file).unwrap());
    (Writer::new(output, format, "node-1", heard.clone()), heard)
}

fn batch(lines: &str, dropped: u64) -> Batch {
    Batch { lines: lines.as_bytes().to_vec(), dropped }
}

#[test]
fn lines_the_queue_dropped_are_told_where_they_are_missing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("node.log");
    let (mut writer, _) = writer_to(&path, LogFormat::Text);

    writer.write_batch(&batch("one\ntwo\n", 17));
    writer.write_batch(&batch("three\n", 0));

    let log = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[1], lines[3]), (4, "one", "two", "three"), "{log}");
    assert!(lines[2].ends_with("log lines were dropped dropped=17"), "{log}");
}

#[test]
fn the_writers_own_line_has_the_format_of_the_others() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("node.log");
    let (mut writer, _) = writer_to(&path, LogFormat::Json);

    writer.write_batch(&batch("{}\n", 3));

    let log = fs::read_to_string(path).unwrap();
    let own: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!((&own["dropped"], &own["node"]), (&3.into(), &"node-1".into()));
}

#[test]
fn a_failing_disk_is_complained_about_once_and_told_in_the_log_when_it_works_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("node.log");
    symlink("/dev/full", &path).unwrap();
    let (mut writer, heard) = writer_to(&path, LogFormat::Text);

    for _ in 0..100 {
        assert_eq!(writer.write_batch(&batch("lost\nlost\n", 0)), 2);
    }
    assert_eq!(heard.text().lines().count(), 1, "{}", heard.text());
    assert!(heard.text().contains(path.to_str().unwrap()), "{}", heard.text());

    fs::remove_file(&path).unwrap();
    assert_eq!(writer.write_batch(&batch("works again\n", 0)), 0);

    let log = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].ends_with("log lines were dropped dropped=200"), "{log}");
    assert_eq!(lines[1..], ["works again"]);
}

#[test]
fn a_failing_disk_neither_ends_the_thread_nor_holds_up_those_who_log() {
    let (writer, _) = writer_to(Path::new("/dev/full"), LogFormat::Text);
    let queue = Arc::new(Queue::new());
    let thread = writer.spawn(Arc::clone(&queue)).unwrap();

    for _ in 0..1000 {
        queue.push(b"line\n");
    }

    assert!(queue.wait_until_settled(Duration::from_secs(30)));
    assert_eq!(queue.dropped(), 1000);
    queue.close();
    thread.join().unwrap();
}

#[test]
fn every_line_of_many_threads_is_written_or_counted() {
    const THREADS: usize = 4;
    const LINES: usize = 50_000;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("node.log");
    let heard = Heard::default();
    let file = LogFile { path: path.clone(), max_size_bytes: 1 << 30, max_files: 2 };
    let output = Output::File(RotatingFile::open(&file).unwrap());
    let queue = Arc::new(Queue::new());
    let thread =
        Writer::new(output, LogFormat::Text, "n", heard).spawn(Arc::clone(&queue)).unwrap();

    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                (0..LINES).for_each(|_| queue.push(&[b"x".repeat(99), vec![b'\n']].concat()))
            });
        }
    });
    queue.close();
    thread.join().unwrap();

    let log = fs::read_to_string(path).unwrap();
    let written = log.lines().filter(|line| line.starts_with('x')).count() as u64;
    assert_eq!(written + queue.dropped(), (THREADS * LINES) as u64);
    let told: u64 = log
        .lines()
        .filter_map(|line| line.split_once("dropped dropped=")?.1.parse::<u64>().ok())
        .sum();
    assert_eq!(told, queue.dropped());
}
