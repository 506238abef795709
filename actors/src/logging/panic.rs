//! Brings panics into the log. Changes nothing about what a panic does.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, Location};
use std::thread;

use log::{Level, Log, Record};

/// Logs every panic of the process at error level, from the thread that panics, and waits until the
/// line is written, since an abort may be next.
///
/// The hook that was there before runs as well when a backtrace is wanted (`RUST_BACKTRACE`), or
/// when errors are not logged at all: a panic is never silent.
pub fn install_panic_hook() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let logged = log_panic(log::logger(), info.location(), info.payload());
        if !logged || backtrace_is_wanted() {
            previous(info);
        }
    }));
}

/// `false` when `logger` does not want it.
pub(super) fn log_panic(
    logger: &dyn Log,
    location: Option<&Location<'_>>,
    payload: &(dyn Any + Send),
) -> bool {
    let current = thread::current();
    let thread = current.name().unwrap_or("unnamed");
    let location = location.map(Location::to_string).unwrap_or_default();
    let fields = [("thread", thread), ("location", location.as_str())];
    let message = message_of(payload);
    let args = format_args!("panicked: {message}");
    let record = Record::builder()
        .level(Level::Error)
        .target(module_path!())
        .args(args)
        .key_values(&fields)
        .build();
    if !logger.enabled(record.metadata()) {
        return false;
    }
    logger.log(&record);
    logger.flush();
    true
}

/// What `panic!` was given; a payload that is no text came from `panic_any`.
fn message_of(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(payload is not text)")
}

fn backtrace_is_wanted() -> bool {
    Backtrace::capture().status() == BacktraceStatus::Captured
}
