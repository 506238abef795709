//! Which processors the parts of a comparison run on: what is measured has one for itself.

use super::error::ServerError;
use super::launch::installed;
use std::fs;
use std::process::{Command, Stdio};

/// Processors, as lists for taskset(1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::bench) struct Cores {
    /// One that servers take turns on.
    pub(in crate::bench) measured: String,
    /// One for the load.
    pub(in crate::bench) load: String,
    /// Those of brokers and peers: what is left, or that of the load if nothing is.
    pub(in crate::bench) needed: String,
}

impl Cores {
    /// Of those that this process may use; nothing if there is only one.
    pub(in crate::bench) fn choose() -> Option<Cores> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Cores::of(&allowed(&status))
    }

    fn of(allowed: &[u32]) -> Option<Cores> {
        // The first often has the system's own work.
        let [load, others @ .., measured] = allowed else { return None };
        let needed = match others {
            [] => load.to_string(),
            others => others.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
        };
        Some(Cores { measured: measured.to_string(), load: load.to_string(), needed })
    }

    /// Moves this process, and what it will start, to the processor of the load.
    pub(in crate::bench) fn move_here(&self) -> Result<(), ServerError> {
        installed("taskset").ok_or(ServerError::NotInstalled("taskset"))?;
        let id = std::process::id().to_string();
        let failed = |source| ServerError::Program { program: "taskset".to_owned(), source };
        let mut taskset = Command::new("taskset");
        taskset.args(["-a", "-c", "-p", &self.load, &id]).stdout(Stdio::null());
        let status = taskset.status().map_err(failed)?;
        if status.success() {
            return Ok(());
        }
        let program = "taskset".to_owned();
        Err(ServerError::Ended { program, status: status.to_string(), said: String::new() })
    }
}

/// The processors of a process, from the text of its `/proc` status.
fn allowed(status: &str) -> Vec<u32> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let ranges = list.unwrap_or_default().trim().split(',');
    let range = |range: &str| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        Some(from.parse().ok()?..=to.parse().ok()?)
    };
    ranges.filter_map(range).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processors_of_a_process_are_ranges() {
        assert_eq!(
            allowed("Name:\tx\nCpus_allowed_list:\t0-2,5,7-8\nMems:\t0\n"),
            [0, 1, 2, 5, 7, 8]
        );
        assert_eq!(allowed("Cpus_allowed_list:\t3\n"), [3]);
        assert_eq!(allowed(""), [0; 0]);
    }

    #[test]
    fn what_is_measured_has_a_processor_for_itself() {
        let cores = |allowed: &[u32]| {
            Cores::of(allowed).map(|cores| [cores.measured, cores.load, cores.needed].join(" "))
        };
        assert_eq!(cores(&[]), None);
        assert_eq!(cores(&[0]), None);
        assert_eq!(cores(&[0, 1]).unwrap(), "1 0 0");
        assert_eq!(cores(&[2, 4, 6, 8]).unwrap(), "8 2 4,6");
    }
}
