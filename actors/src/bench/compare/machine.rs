//! What the figures are of: the machine, the day, and the versions of all servers.

use super::ComparePlan;
use crate::bench::load::Protocol;
use crate::bench::machine::machine;
use crate::bench::servers::{Cores, ServerError, installed};
use crate::logging::Timestamp;
use std::fs;
use std::process::Command;
use std::time::SystemTime;

/// Where and when, in lines.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) machine: String,
    pub(super) day: String,
    pub(super) servers: String,
    pub(super) broker: String,
    pub(super) cores: String,
}

impl Setting {
    /// An error if a server that is to take part is not installed.
    pub(super) fn find(plan: &ComparePlan, cores: Option<&Cores>) -> Result<Setting, ServerError> {
        let own = env!("CARGO_PKG_VERSION");
        let protocol = match plan.protocol {
            Protocol::Text => "text protocol",
            Protocol::Resp | Protocol::Memcached => "RESP",
        };
        let mut servers = vec![format!("MerkleKV {own} ({protocol})")];
        if plan.redis {
            servers.push(format!("Redis {}", version("redis-server", "--version")?));
        }
        if plan.memcached {
            servers.push(format!("memcached {}", version("memcached", "--version")?));
        }
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let now = Timestamp(SystemTime::now()).to_string();
        Ok(Setting {
            machine: machine(),
            day: format!("{}, Linux {}", now.get(..DAY).unwrap_or_default(), kernel.trim()),
            servers: servers.join(", "),
            broker: version("mosquitto", "-h")
                .map_or_else(|_| format!("MerkleKV {own}"), |found| format!("Mosquitto {found}")),
            cores: cores.map_or_else(
                || "one for all, so throughput is shared with the load".to_owned(),
                |cores| {
                    let Cores { measured, load, needed } = cores;
                    format!("servers on {measured}, load on {load}, broker and peers on {needed}")
                },
            ),
        })
    }
}

/// Characters of the day in a timestamp.
const DAY: usize = 10;

/// The version that a program tells of itself.
fn version(program: &'static str, option: &str) -> Result<String, ServerError> {
    let path = installed(program).ok_or(ServerError::NotInstalled(program))?;
    let failed = |source| ServerError::Program { program: program.to_owned(), source };
    let output = Command::new(path).arg(option).output().map_err(failed)?;
    Ok(number(&String::from_utf8_lossy(&output.stdout)).to_owned())
}

/// The first word that begins with a digit, perhaps behind `v=`.
fn number(said: &str) -> &str {
    let words = said.split_whitespace().map(|word| word.trim_start_matches("v="));
    let is_number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    words.into_iter().find(is_number).unwrap_or("of unknown version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say_of_themselves() {
        assert_eq!(number("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0"), "7.0.15");
        assert_eq!(number("memcached 1.6.18\n"), "1.6.18");
        assert_eq!(number("mosquitto version 2.0.11\n\nmosquitto is an MQTT"), "2.0.11");
        assert_eq!(number(""), "of unknown version");
    }
}
