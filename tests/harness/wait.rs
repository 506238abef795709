//! Conditions with a limit instead of sleeps, and free ports.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
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
    free_ports(1)
}

/// The first of some such ports in a row.
///
/// Taken from below the range out of which the system serves everybody else: a port that stays
/// unused for a while would otherwise be given to some connection, or connect to itself.
pub(crate) fn free_ports(count: u16) -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(97);
    loop {
        let number = start.wrapping_add(NEXT.fetch_add(count.into(), Ordering::Relaxed));
        let first = (FIRST + number % COUNT) as u16;
        if (first..first + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return first;
        }
    }
}
