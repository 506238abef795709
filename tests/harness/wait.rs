//! Conditions with a limit instead of sleeps, and free ports.

use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

/// Looks until `holds` does; fails the test with `what` after `limit`.
#[track_caller]
pub(crate) fn wait_until(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !holds() {
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A port that nobody listened on a moment ago, for processes that cannot choose one themselves.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
