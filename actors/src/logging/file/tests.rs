//! The log file on real disks, full ones included.

use tempfile::TempDir;

use super::*;

fn settings(folder: &TempDir, max_size_bytes: u64, max_files: usize) -> LogFile {
    LogFile { path: folder.path().join("node.log"), max_size_bytes, max_files }
}

fn names(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// All lines on disk, oldest first.
fn all_lines(settings: &LogFile) -> Vec<String> {
    (0..100)
        .rev()
        .filter_map(|number| fs::read_to_string(numbered(&settings.path, number)).ok())
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn write(file: &mut RotatingFile, lines: &str) {
    file.write_lines(lines.as_bytes()).unwrap();
}

#[test]
fn a_missing_folder_is_created() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("var/log/merkle/node.log");

    let mut file =
        RotatingFile::open(&LogFile { path: path.clone(), max_size_bytes: 100, max_files: 2 })
            .unwrap();
    write(&mut file, "line\n");

    assert_eq!(fs::read_to_string(path).unwrap(), "line\n");
}

#[test]
fn a_bare_file_name_needs_no_folder() {
    assert_eq!(Path::new("node.log").parent(), Some(Path::new("")));
    fs::create_dir_all("").unwrap();
}

#[test]
fn a_path_that_cannot_be_opened_is_named_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("taken"), "a file").unwrap();
    let below_a_file = folder.path().join("taken/node.log");
    let is_a_folder = folder.path().to_owned();

    for path in [below_a_file, is_a_folder] {
        let settings = LogFile { path: path.clone(), max_size_bytes: 100, max_files: 2 };
        let error = RotatingFile::open(&settings).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert!(error.contains("set another logging.file_path"), "{error}");
    }
}

#[test]
fn what_an_earlier_run_wrote_stays() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 100, 2);
    fs::write(&settings.path, "before\n").unwrap();

    write(&mut RotatingFile::open(&settings).unwrap(), "after\n");

    assert_eq!(all_lines(&settings), ["before", "after"]);
}

#[test]
fn a_line_that_an_earlier_run_left_unfinished_is_ended() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 100, 2);
    fs::write(&settings.path, "whole\nhal").unwrap();

    write(&mut RotatingFile::open(&settings).unwrap(), "next\n");

    assert_eq!(all_lines(&settings), ["whole", "hal", "next"]);
}

#[test]
fn rotation_keeps_exactly_max_files_each_within_its_size() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 40, 3);
    let mut file = RotatingFile::open(&settings).unwrap();

    for number in 0..50 {
        write(&mut file, &format!("line {number:04}\n"));
    }

    assert_eq!(names(&folder), ["node.log", "node.log.1", "node.log.2"]);
    assert_eq!(
        all_lines(&settings),
        (40..50).map(|number| format!("line {number:04}")).collect::<Vec<_>>()
    );
    for number in 0..3 {
        assert!(fs::metadata(numbered(&settings.path, number)).unwrap().len() <= 40);
    }
}

#[test]
fn no_line_is_lost_or_split_when_one_batch_spans_many_files() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 64, 99);
    let expected: Vec<String> = (0..100).map(|n| format!("{n}{}", "x".repeat(n % 23))).collect();
    let batch: String = expected.iter().map(|line| format!("{line}\n")).collect();

    write(&mut RotatingFile::open(&settings).unwrap(), &batch);

    assert_eq!(all_lines(&settings), expected);
    assert!(names(&folder).len() > 20);
}

#[test]
fn a_line_longer_than_a_file_gets_one_of_its_own() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 10, 5);
    let long = "x".repeat(50);

    write(&mut RotatingFile::open(&settings).unwrap(), &format!("a\n{long}\nb\n"));

    assert_eq!(all_lines(&settings), ["a", &long, "b"]);
    assert_eq!(names(&folder).len(), 3);
}

#[test]
fn one_file_or_none_asked_for_means_one() {
    for max_files in [0, 1] {
        let folder = TempDir::new().unwrap();
        let settings = settings(&folder, 10, max_files);

        write(&mut RotatingFile::open(&settings).unwrap(), "one\ntwo\nthree\nfour\n");

        assert_eq!(names(&folder), ["node.log"]);
        assert_eq!(all_lines(&settings), ["four"]);
    }
}

#[test]
fn files_that_a_larger_number_left_behind_are_removed() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 5, 2);
    for number in 1..7 {
        fs::write(numbered(&settings.path, number), "old\n").unwrap();
    }

    write(&mut RotatingFile::open(&settings).unwrap(), "one\ntwo\n");

    assert_eq!(names(&folder), ["node.log", "node.log.1"]);
}

/// file-rotate asserts that the files it saw at the start are still there.
#[test]
fn rotation_survives_files_that_somebody_deleted() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 5, 4);
    let mut file = RotatingFile::open(&settings).unwrap();
    write(&mut file, "one\ntwo\nthree\n");
    for name in names(&folder) {
        fs::remove_file(folder.path().join(name)).unwrap();
    }

    write(&mut file, "four\nfive\n");

    assert_eq!(all_lines(&settings).last().unwrap(), "five");
}

#[test]
fn a_device_is_written_but_never_renamed() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 1, 3);
    std::os::unix::fs::symlink("/dev/null", &settings.path).unwrap();

    write(&mut RotatingFile::open(&settings).unwrap(), "one\ntwo\nthree\n");

    assert_eq!(names(&folder), ["node.log"]);
}

#[test]
fn a_full_disk_loses_the_lines_and_counts_them() {
    let settings = LogFile { path: PathBuf::from("/dev/full"), max_size_bytes: 100, max_files: 2 };
    let mut file = RotatingFile::open(&settings).unwrap();

    for _ in 0..2 {
        let failure = file.write_lines(b"one\ntwo\n").unwrap_err();
        assert_eq!(failure.lost, 2);
        assert!(failure.cause.to_string().contains("/dev/full"), "{}", failure.cause);
    }
}

#[test]
fn a_rotation_that_fails_is_tried_again() {
    let folder = TempDir::new().unwrap();
    let settings = settings(&folder, 5, 2);
    let obstacle = numbered(&settings.path, 1).join("not empty");
    fs::create_dir_all(&obstacle).unwrap();
    let mut file = RotatingFile::open(&settings).unwrap();
    write(&mut file, "one\n");

    let failure = file.write_lines(b"two\nthree\n").unwrap_err();
    assert_eq!(failure.lost, 2);
    assert!(matches!(failure.cause, LogError::Rotate { .. }));

    fs::remove_dir_all(obstacle.parent().unwrap()).unwrap();
    write(&mut file, "four\n");
    assert_eq!(all_lines(&settings), ["one", "four"]);
}

/// A disk of 16 KiB. `None` where the tests may not mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = TempDir::new().ok()?;
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16k", "none"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(SmallDisk(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_disk_that_fills_up_keeps_whole_lines_and_takes_more_once_it_has_room() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: not allowed to mount a small disk");
        return;
    };
    let settings = settings(&disk.0, 1 << 20, 2);
    let ballast = disk.0.path().join("ballast");
    fs::write(&ballast, [0; 4096]).unwrap();
    let mut file = RotatingFile::open(&settings).unwrap();
    let batch: String = (0..1000).map(|number| format!("line {number:017}\n")).collect();

    let failure = file.write_lines(batch.as_bytes()).unwrap_err();

    let kept = all_lines(&settings);
    assert!(kept.len() > 100, "{}", kept.len());
    assert_eq!(kept.len() as u64 + failure.lost, 1000);
    assert!(fs::read_to_string(&settings.path).unwrap().ends_with('\n'), "a torn line stayed");

    fs::remove_file(ballast).unwrap();
    write(&mut file, "there is room again\n");
    let lines = all_lines(&settings);
    assert_eq!(lines.len(), kept.len() + 1);
    assert_eq!(lines.last().unwrap(), "there is room again");
}
