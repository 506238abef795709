//! Wall time, read in one place.

use merkle_kv_core::clock::UnixMillis;
use std::time::SystemTime;

/// Now. A clock set before 1970 counts as 1970.
pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
