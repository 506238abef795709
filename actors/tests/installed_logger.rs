//! The logger as the one of the process: a test binary and one test of its own, because a process
//! has one logger and one panic hook.

use std::fs;

use log::{LevelFilter, debug, info};
use merkle_kv_actors::logging::{
    LogError, LogFile, LogFormat, LogSettings, install, install_panic_hook,
};

#[test]
fn the_process_logs_changes_level_and_reports_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/node.log");
    let settings = LogSettings {
        level: LevelFilter::Info,
        format: LogFormat::Json,
        file: Some(LogFile { path: path.clone(), max_size_bytes: 1 << 20, max_files: 2 }),
        node_id: "node-1".to_owned(),
    };
    let guard = install(&settings).unwrap();
    install_panic_hook();

    info!(target: "merkle_kv::test", peer = "node-2"; "hello");
    debug!(target: "merkle_kv::test", "not yet");
    guard.level().set(LevelFilter::Debug);
    debug!(target: "merkle_kv::test", "now");
    let panicked = std::thread::Builder::new()
        .name("worker".to_owned())
        .spawn(|| panic!("broken {}", "invariant"))
        .unwrap()
        .join();
    assert!(panicked.is_err());

    // Not flushed: the hook did it.
    let log = fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert_eq!(lines[0]["message"], "hello");
    assert_eq!(lines[0]["peer"], "node-2");
    assert_eq!(lines[1]["message"], "now");
    assert_eq!(lines[2]["message"], "panicked: broken invariant");
    assert_eq!(lines[2]["thread"], "worker");
    assert_eq!(lines[2]["level"], "ERROR");

    assert!(matches!(install(&settings), Err(LogError::AlreadyInstalled)));
    info!(target: "merkle_kv::test", "still here");
    drop(guard);
    assert!(fs::read_to_string(&path).unwrap().contains("still here"));
}
