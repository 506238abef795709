//! Turns the text of a configuration file and a map of the environment into a [`Config`], or into
//! the list of everything that is wrong with them. Reads no file, no environment and no clock.
//!
//! `keys` is the table: one `row` per key. `raw` collects what was written and where (`damage`: how
//! much of a broken file counts), `kinds` and `amounts` say what each row accepts, `resolved` makes
//! the typed result of what `reader` finds, `print` writes it back as text, `nearest` guesses at
//! misspelt names, `reload` holds two of them against each other. `users` does the same for the file
//! of users.

mod amounts;
mod damage;
mod keys;
mod kinds;
mod nearest;
mod print;
mod problem;
mod raw;
mod reader;
mod reload;
mod resolved;
mod row;
mod tls;
mod users;
mod values;

pub use print::reference;
pub use problem::{Cause, Place, Problem, Problems};
pub use reload::{ChangedKey, Reloaded};
pub use resolved::{
    Admin, AntiEntropy, Broker, Config, Logging, Mqtt, Network, Persistence, Security, Storage,
    Tracing,
};
pub use tls::{IdentityFiles, MqttTls, Tls};
pub use users::{load_users, users_file};
pub use values::{
    AdvertiseAddress, BrokerAddress, Durability, LogFormat, LogLevel, Secret, TlsVersion,
    TopicPrefix,
};

use std::collections::BTreeMap;

use problem::Report;
use raw::Raw;

/// Reads the `text` of a configuration file, lets `environment` override it, and resolves both.
///
/// `file_name` is only used in messages. Of `environment`, only names that begin with
/// `MERKLE_KV_` are looked at. A key that the environment overrides is still checked in the file,
/// because a mistake there would surface on the day the variable goes away.
///
/// # Errors
///
/// [`Problems`] with everything that is wrong, not just the first thing. While the text is not
/// TOML, keys that the damage may have swallowed are not reported as missing.
pub fn load(
    text: &str,
    file_name: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Config, Problems> {
    let mut report = Report::new(file_name);
    let raw = Raw::read(text, environment, &mut report);
    match resolved::resolve(&raw, &mut report) {
        Some(config) if report.is_empty() => Ok(config),
        Some(_) | None => Err(report.into_problems()),
    }
}

/// Whether the text of a configuration file, good or not, has the value of a secret key in it.
pub fn holds_secret(text: &str) -> bool {
    let raw = Raw::read(text, &BTreeMap::new(), &mut Report::new(""));
    keys::ROWS.iter().any(|row| row.about().secret && raw.entries(row.about()).next().is_some())
}

#[cfg(test)]
mod tests;
