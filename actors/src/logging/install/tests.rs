//! The whole way of a record, with a logger that is not the one of the process.

use std::fs;

use log::Level as RecordLevel;
use tempfile::TempDir;

use super::*;
use crate::logging::panic::log_panic;
use crate::logging::{LogFile, LogFormat};

fn logger(folder: &TempDir, level: LevelFilter) -> (NodeLogger, LogGuard) {
    build(&LogSettings {
        level,
        format: LogFormat::Text,
        file: Some(LogFile {
            path: folder.path().join("node.log"),
            max_size_bytes: 1 << 30,
            max_files: 2,
        }),
        node_id: "node-1".to_owned(),
    })
    .unwrap()
}

fn log_to(logger: &NodeLogger, level: RecordLevel, target: &str, message: &str) {
    let args = format_args!("{message}");
    logger.log(&Record::builder().level(level).target(target).args(args).build());
}

fn written(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("node.log")).unwrap()
}

#[test]
fn dropping_the_guard_writes_everything_that_was_logged() {
    let folder = TempDir::new().unwrap();
    let (logger, guard) = logger(&folder, LevelFilter::Info);

    for number in 0..5_000 {
        log_to(&logger, RecordLevel::Info, "merkle_kv", &number.to_string());
    }
    assert_eq!(guard.dropped(), 0);
    drop(guard);

    let log = written(&folder);
    assert_eq!(log.lines().count(), 5_000);
    assert!(log.lines().last().unwrap().ends_with(" merkle_kv: 4999"));
}

#[test]
fn libraries_are_heard_from_warn_up_unless_somebody_debugs() {
    use LevelFilter::{Debug, Error, Info, Off, Trace, Warn};

    for (level, own, library) in [
        (Off, Off, Off),
        (Error, Error, Error),
        (Warn, Warn, Warn),
        (Info, Info, Warn),
        (Debug, Debug, Debug),
        (Trace, Trace, Trace),
    ] {
        for target in ["merkle_kv", "merkle_kv_core::store", "merkle_kv_actors::mqtt"] {
            assert_eq!(limit_for(target, level), own);
        }
        for target in ["rumqttc", "actix", "tokio", "mio::poll", "merkle", ""] {
            assert_eq!(limit_for(target, level), library);
        }
    }
}

/// It opens a span at error level for every message.
#[cfg(feature = "broker")]
#[test]
fn the_router_of_the_in_process_broker_is_never_heard() {
    for target in ["rumqttd::router::routing", "tracing::span", "tracing::span::active"] {
        assert_eq!(limit_for(target, LevelFilter::Trace), LevelFilter::Off);
    }
}

#[test]
fn a_change_of_level_counts_from_the_next_record_in_both_directions() {
    let folder = TempDir::new().unwrap();
    let (logger, guard) = logger(&folder, LevelFilter::Info);

    log_to(&logger, RecordLevel::Debug, "merkle_kv", "not yet");
    guard.level.set(LevelFilter::Trace);
    log_to(&logger, RecordLevel::Trace, "merkle_kv", "now");
    guard.level.set(LevelFilter::Error);
    log_to(&logger, RecordLevel::Warn, "merkle_kv", "not any more");
    guard.flush();

    let log = written(&folder);
    assert!(log.ends_with(" TRACE merkle_kv: now\n") && log.lines().count() == 1, "{log}");
}

#[test]
fn a_panic_is_in_the_file_when_the_hook_returns() {
    let folder = TempDir::new().unwrap();
    let (logger, _guard) = logger(&folder, LevelFilter::Error);
    let location = std::panic::Location::caller();

    assert!(log_panic(&logger, Some(location), &"broken\ninvariant"));

    let log = written(&folder);
    assert!(log.contains(" ERROR merkle_kv_actors::logging::panic: panicked: "), "{log}");
    assert!(log.contains(r"broken\ninvariant"), "{log}");
    assert!(log.contains(&format!("location={location}")), "{log}");
    assert!(log.contains("thread=") && log.contains("a_panic_is_in_the_file"), "{log}");
}

#[test]
fn a_panic_that_nobody_logs_is_left_to_the_hook_before() {
    let folder = TempDir::new().unwrap();
    let (logger, _guard) = logger(&folder, LevelFilter::Off);

    assert!(!log_panic(&logger, None, &String::from("broken")));
}

#[test]
fn a_value_that_logs_while_it_is_displayed_gives_two_lines() {
    struct Chatty<'a>(&'a NodeLogger);
    impl fmt::Display for Chatty<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            log_to(self.0, RecordLevel::Info, "merkle_kv", "inner");
            f.write_str("outer")
        }
    }
    let folder = TempDir::new().unwrap();
    let (logger, guard) = logger(&folder, LevelFilter::Info);

    let chatty = Chatty(&logger);
    logger.log(&Record::builder().target("merkle_kv").args(format_args!("{chatty}")).build());
    guard.flush();

    assert_eq!(written(&folder).lines().count(), 2);
}
