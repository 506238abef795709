//! Who has logged in over HTTP a moment ago: a page asks every two seconds, and to verify a password
//! takes a processor for tens of milliseconds. A password is not kept, but 128 bits of it under keys
//! that only this process has.

use merkle_kv_core::access::{User, Users};
use merkle_kv_core::protocol::Credentials;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long somebody is known.
const KNOWN_FOR: Duration = Duration::from_secs(300);

/// How many are.
const MAX_KNOWN: usize = 64;

/// One per node. Somebody whom another table of users holds is not known any more.
#[derive(Debug, Default)]
pub(crate) struct Known {
    hashers: [RandomState; 2],
    entries: Mutex<VecDeque<Entry>>,
}

#[derive(Debug)]
struct Entry {
    mark: [u64; 2],
    users: Arc<Users>,
    user: Arc<User>,
    since: Instant,
}

impl Known {
    /// The user whom these credentials were right for, if that is not long ago.
    pub(super) fn find(&self, credentials: &Credentials, users: &Arc<Users>) -> Option<Arc<User>> {
        let mark = self.mark(credentials);
        let entries = self.entries();
        let found = entries.iter().find(|entry| {
            let is_valid = Arc::ptr_eq(&entry.users, users) && entry.since.elapsed() < KNOWN_FOR;
            is_valid && entry.mark == mark
        });
        found.map(|entry| entry.user.clone())
    }

    /// These credentials were right.
    pub(super) fn note(&self, credentials: &Credentials, users: &Arc<Users>, user: &Arc<User>) {
        let mark = self.mark(credentials);
        let mut entries = self.entries();
        entries.retain(|entry| entry.mark != mark && entry.since.elapsed() < KNOWN_FOR);
        entries.truncate(MAX_KNOWN - 1);
        let (users, user) = (users.clone(), user.clone());
        entries.push_front(Entry { mark, users, user, since: Instant::now() });
    }

    /// SipHash under two random keys: nobody outside can find other credentials with the same.
    fn mark(&self, credentials: &Credentials) -> [u64; 2] {
        let parts = (credentials.user(), credentials.password());
        self.hashers.each_ref().map(|hasher| hasher.hash_one(parts))
    }

    /// A panic while the lock was held cannot have left anything half changed.
    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
