//! What commands of Redis do beyond those that both protocols have.

use super::Engine;
use super::expiry::time_of;
use crate::clock::UnixMillis;
use crate::entry::Entry;
use crate::pattern::Pattern;
use crate::protocol::resp::REDIS_VERSION;
use crate::protocol::{
    ClientError, ClientFacts, Nested, Reply, RespVersion, SetAnswer, SetExpiry, SetOptions,
    SetWhen, Wording,
};

impl Engine {
    /// SET with options.
    pub(super) fn set_if(
        &mut self,
        key: &[u8],
        value: &[u8],
        options: SetOptions,
        now: UnixMillis,
    ) -> Result<Reply, ClientError> {
        // What is wrong with a time is told whether anything is set or not.
        let at = match options.expiry {
            SetExpiry::None | SetExpiry::Keep => None,
            SetExpiry::At(at) => Some(time_of(at, now)?),
        };
        let old = self.store.get(key, now).cloned();
        let is_done = match options.when {
            SetWhen::Always => true,
            SetWhen::Missing => old.is_none(),
            SetWhen::Present => old.is_some(),
        };
        if is_done {
            let expires_at = match options.expiry {
                SetExpiry::None | SetExpiry::At(_) => at,
                SetExpiry::Keep => old.as_ref().and_then(Entry::expires_at),
            };
            self.write(key, value, &[], expires_at, now)?;
        }
        Ok(match options.answer {
            SetAnswer::Done => {
                if is_done {
                    Reply::Ok
                } else {
                    Reply::NoValue
                }
            }
            SetAnswer::Count => Reply::Number("SET", u64::from(is_done)),
            SetAnswer::Old => old.map_or(Reply::NoValue, Reply::Value),
        })
    }

    /// The settings that clients of Redis ask for, by the names they have there.
    pub(super) fn settings(&self, patterns: &[Pattern]) -> Nested {
        let is_kept = self.store.is_logging();
        let memory = self.memory_limit_bytes.unwrap_or(0);
        let settings = [
            ("appendonly", if is_kept { "yes" } else { "no" }.to_owned()),
            ("databases", "1".to_owned()),
            ("maxmemory", memory.to_string()),
            ("maxmemory-policy", "noeviction".to_owned()),
            ("proto-max-bulk-len", self.limits.max_value_bytes.to_string()),
            ("save", String::new()),
        ];
        let asked = settings
            .into_iter()
            .filter(|(name, _)| patterns.iter().any(|pattern| pattern.matches(name.as_bytes())));
        Nested::Map(asked.map(|(name, value)| (name, Nested::text(value))).collect())
    }
}

/// What TIME tells.
pub(super) fn time(now: UnixMillis) -> Nested {
    let (seconds, micros) = (now.0 / 1_000, now.0 % 1_000 * 1_000);
    Nested::List(vec![Nested::text(seconds.to_string()), Nested::text(micros.to_string())])
}

/// What HELLO tells.
pub(super) fn greeting(wording: Wording, client: &ClientFacts) -> Nested {
    let version = match wording {
        Wording::Resp(version) => version,
        Wording::Text(_) => RespVersion::default(),
    };
    Nested::Map(vec![
        ("server", Nested::text("redis")),
        ("version", Nested::text(REDIS_VERSION)),
        ("proto", Nested::Number(version.number())),
        ("id", Nested::Number(client.id as i64)),
        ("mode", Nested::text("standalone")),
        ("role", Nested::text("master")),
        ("modules", Nested::List(Vec::new())),
    ])
}
