//! What a running node takes on of a configuration that has changed, and what has to wait until it
//! is started again. Knows nothing of files, and changes nothing but a [`Config`].

use super::keys::ROWS;
use super::print::literal;
use super::resolved::Config;
use super::row::Row;

/// A configuration that has been read again, held against the one in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// What is in force from now on: the old one with what a running node takes on of the new one.
    pub config: Config,
    /// The keys that it takes on.
    pub taken: Vec<ChangedKey>,
    /// The keys that take a restart.
    pub waiting: Vec<ChangedKey>,
}

/// A key with another value than before. A secret shows its mask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedKey {
    /// The key, as `network.max_connections`.
    pub key: String,
    /// Its value before, as in a file; `none` if it had none.
    pub old: String,
    /// Its value now, likewise.
    pub new: String,
}

impl Config {
    /// Holds a configuration that was read later against this one, which is in force.
    pub fn reload(&self, new: &Config) -> Reloaded {
        let config = self.with_live_keys_of(new);
        let (mut taken, mut waiting) = (Vec::new(), Vec::new());
        for row in ROWS.iter().filter(|row| row.differs(self, new)) {
            let is_live = row.differs(self, &config);
            let changed = ChangedKey::of(*row, self, new);
            if is_live { taken.push(changed) } else { waiting.push(changed) }
        }
        Reloaded { config, taken, waiting }
    }

    fn with_live_keys_of(&self, new: &Config) -> Config {
        let mut config = self.clone();
        config.network.max_connections = new.network.max_connections;
        config.network.connection_timeout = new.network.connection_timeout;
        config.network.idle_timeout = new.network.idle_timeout;
        config.storage.memory_limit_bytes = new.storage.memory_limit_bytes;
        config.logging.level = new.logging.level;
        // All of its section, whose limits depend on each other; switching it takes a restart.
        if let (Some(anti_entropy), Some(new)) = (&mut config.anti_entropy, &new.anti_entropy) {
            anti_entropy.clone_from(new);
        }
        config
    }
}

impl ChangedKey {
    fn of(row: &dyn Row, old: &Config, new: &Config) -> ChangedKey {
        let shown = |config| {
            let value = row.resolved(config);
            value.map_or_else(|| "none".to_owned(), |value| literal(&value, str::to_owned))
        };
        ChangedKey { key: row.about().path(), old: shown(old), new: shown(new) }
    }
}
