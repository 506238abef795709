//! How soon a write is on the disk, by the names of the option.

use std::fmt;
use std::str::FromStr;

/// How soon a write is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Never; there is only memory.
    Off,
    /// Within a second.
    Interval,
    /// Before its reply.
    Always,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Durability::Off => "off",
            Durability::Interval => "interval",
            Durability::Always => "always",
        })
    }
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(name: &str) -> Result<Durability, String> {
        let all = [Durability::Off, Durability::Interval, Durability::Always];
        let found = all.into_iter().find(|durability| durability.to_string() == name);
        found.ok_or_else(|| "it is off, interval or always".to_owned())
    }
}
