//! How many files the process may have open: each connection is one. The system starts processes
//! with a limit that is low for a server and lets them raise it to another, which is as much as whoever
//! runs the machine allows.

use log::{debug, warn};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files beside those of clients: the journal and snapshots, the log, listeners, sessions with peers,
/// the broker and its clients.
const OTHER_FILES: u64 = 256;

/// Raises the limit to what this many connections take, if it is lower. Where that is not allowed,
/// as much as is; it is told, since connections will be missing.
pub(crate) fn raise_for(connections: usize) {
    let needed = connections as u64 + OTHER_FILES;
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return debug!("the limit of open files is not known");
    };
    if soft >= needed {
        return;
    }
    let wanted = needed.min(hard);
    let limit = match setrlimit(Resource::RLIMIT_NOFILE, wanted, hard) {
        Ok(()) => wanted,
        Err(_) => soft,
    };
    if limit < needed {
        warn!(
            limit, needed;
            "the process may have too few files open for network.max_connections: raise the limit of \
             open files (LimitNOFILE of systemd, or ulimit -n), or lower max_connections"
        );
    } else {
        debug!(soft, limit; "the limit of open files was raised");
    }
}
