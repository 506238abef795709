//! EXPIRE, PERSIST and TTL: what they do to a key, and what they say of it.

use super::Engine;
use crate::clock::{Hlc, UnixMillis};
use crate::entry::Entry;
use crate::protocol::{ClientError, ExpireWhen, Expiry, Reply, TimeUnit};

/// What TTL says of a key without an expiry, and of no key.
const STAYS: i64 = -1;
const NO_KEY: i64 = -2;

impl Engine {
    /// Gives a key another expiry, which is a write like any other, but never lacks room: it is
    /// how room comes back.
    pub(super) fn expire(
        &mut self,
        key: &[u8],
        at: Expiry,
        when: ExpireWhen,
        now: UnixMillis,
    ) -> Result<Reply, ClientError> {
        let at = time_of(at, now)?;
        let Some(held) = self.store.get(key, now).cloned() else {
            return Ok(Reply::Did(false));
        };
        if !allows(when, held.expires_at(), at) {
            return Ok(Reply::Did(false));
        }
        if at <= now {
            self.delete(key, now)?;
        } else {
            self.give_expiry(&held, Some(at), now)?;
        }
        Ok(Reply::Did(true))
    }

    /// Takes the expiry from a key.
    pub(super) fn persist(&mut self, key: &[u8], now: UnixMillis) -> Result<Reply, ClientError> {
        let expiring = self.store.get(key, now).filter(|entry| entry.expires_at().is_some());
        let Some(held) = expiring.cloned() else {
            return Ok(Reply::Did(false));
        };
        self.give_expiry(&held, None, now)?;
        Ok(Reply::Did(true))
    }

    /// How long a key has still.
    pub(super) fn time_to_live(&self, key: &[u8], unit: TimeUnit, now: UnixMillis) -> Reply {
        let left = |at: UnixMillis| {
            let millis = i64::try_from(at.0.saturating_sub(now.0)).unwrap_or(i64::MAX);
            match unit {
                // To the nearest, as Redis does.
                TimeUnit::Seconds => millis.saturating_add(500) / 1_000,
                TimeUnit::Millis => millis,
            }
        };
        let entry = self.store.get(key, now);
        Reply::Remaining(entry.map_or(NO_KEY, |entry| entry.expires_at().map_or(STAYS, left)))
    }

    /// Writes an entry once more, with this expiry.
    fn give_expiry(
        &mut self,
        held: &Entry,
        expires_at: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Result<(), ClientError> {
        let value = held.value().unwrap_or_default();
        self.put(held.key(), value, &[], expires_at, now)?;
        Ok(())
    }
}

/// When that is; the beginning of time if it is before.
pub(super) fn time_of(at: Expiry, now: UnixMillis) -> Result<UnixMillis, ClientError> {
    let millis = match at {
        Expiry::In { millis } => i64::try_from(now.0).unwrap_or(i64::MAX).saturating_add(millis),
        Expiry::At { millis } => millis,
    };
    let at = UnixMillis(u64::try_from(millis).unwrap_or(0));
    // Behind the last millisecond that a timestamp can name no clock ever is.
    if Hlc::at(at).millis() < at { Err(ClientError::ExpiryTooFar) } else { Ok(at) }
}

/// Whether a key with this expiry, or with none, may get that one. None is later than any.
fn allows(when: ExpireWhen, held: Option<UnixMillis>, at: UnixMillis) -> bool {
    match when {
        ExpireWhen::Always => true,
        ExpireWhen::NoExpiry => held.is_none(),
        ExpireWhen::HasExpiry => held.is_some(),
        ExpireWhen::Later => held.is_some_and(|held| at > held),
        ExpireWhen::Sooner => held.is_none_or(|held| at < held),
        ExpireWhen::SoonerThanAny => held.is_some_and(|held| at < held),
    }
}
