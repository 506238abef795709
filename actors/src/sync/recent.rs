//! The last sessions, for the status page.

use super::ended::SessionEnded;
use merkle_kv_core::clock::UnixMillis;
use merkle_kv_core::protocol::SyncResult;
use std::collections::VecDeque;

/// Sessions that are remembered: what fits a page.
const MAX_RECENT: usize = 32;

/// A session that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecentSession {
    /// When it was.
    pub(crate) at: UnixMillis,
    /// Whether this node opened it.
    pub(crate) opened: bool,
    /// Who the peer is, as far as it is known.
    pub(crate) peer: String,
    pub(crate) result: SyncResult,
    pub(crate) entries_sent: u64,
    pub(crate) entries_received: u64,
    pub(crate) bytes: u64,
    pub(crate) millis: u64,
}

/// The last sessions, the latest first.
#[derive(Debug, Default)]
pub(super) struct Recent(VecDeque<RecentSession>);

impl Recent {
    pub(super) fn note(&mut self, ended: &SessionEnded, at: UnixMillis) {
        self.0.truncate(MAX_RECENT - 1);
        self.0.push_front(RecentSession {
            at,
            opened: ended.opened,
            peer: ended.peer_name(),
            result: ended.outcome(),
            entries_sent: ended.entries_sent,
            entries_received: ended.entries_received,
            bytes: ended.bytes_sent + ended.bytes_received,
            millis: ended.millis(),
        });
    }

    pub(super) fn all(&self) -> Vec<RecentSession> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::SyncError;
    use super::*;

    #[test]
    fn the_latest_comes_first_and_the_oldest_goes() {
        let mut recent = Recent::default();
        let ended = SessionEnded::of(None, Err(SyncError::Closed));
        for millis in 0..100 {
            recent.note(&ended, UnixMillis(millis));
        }
        let all = recent.all();
        assert_eq!(all.len(), MAX_RECENT);
        assert_eq!((all[0].at, all[MAX_RECENT - 1].at), (UnixMillis(99), UnixMillis(68)));
        assert_eq!(all[0].peer, "?");
    }
}
