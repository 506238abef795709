//! What can be wrong with the files of TLS, for the person who has to mend them.

use crate::logging::Timestamp;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};
use tokio_rustls::rustls::pki_types::UnixTime;

/// Why the files that a configuration names for TLS cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the messages say it
pub enum TlsError {
    #[error("{key}: cannot read {}: {source}", .path.display())]
    Read { key: &'static str, path: PathBuf, source: io::Error },
    #[error("{key}: {} holds no {what} in PEM, which begins with -----BEGIN", .path.display())]
    Nothing { key: &'static str, path: PathBuf, what: &'static str },
    #[error("{key}: {} is damaged: {reason}", .path.display())]
    Damaged { key: &'static str, path: PathBuf, reason: String },
    #[error(
        "{key}: {} is not the private key of the certificate in {}; both have to be renewed together",
        .path.display(), .cert.display()
    )]
    OtherKey { key: &'static str, path: PathBuf, cert: PathBuf },
    #[error("{key}: the certificate in {} has expired, at {at}; renew it", .path.display())]
    Expired { key: &'static str, path: PathBuf, at: String },
    #[error(
        "{key}: the certificate in {} is not valid before {at}; is the clock right?", .path.display()
    )]
    NotYetValid { key: &'static str, path: PathBuf, at: String },
    #[error("{key}: {} cannot be used: {reason}", .path.display())]
    Refused { key: &'static str, path: PathBuf, reason: String },
    #[error(
        "{key}: missing, and the system has no certificates that could stand in for it; name the \
         certificate (PEM) of who signs those of {whose}"
    )]
    NoSystemRoots { key: &'static str, whose: &'static str },
}

/// A moment to the second, as messages show it.
pub(super) fn moment(time: UnixTime) -> String {
    // A certificate ends in the year 9999 at the latest.
    let moment = UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs())).unwrap_or(UNIX_EPOCH);
    let mut text = Timestamp(moment).to_string();
    if let Some(dot) = text.find('.') {
        text.replace_range(dot.., "Z");
    }
    text
}
