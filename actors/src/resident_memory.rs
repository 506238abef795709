//! How much memory the machine gives a process, as the kernel counts it. Of the process, so of all
//! nodes in it.

use std::fs;

/// Resident memory of this process in bytes; nothing where the kernel does not tell it.
pub(crate) fn bytes() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

/// The same of another process.
pub(crate) fn of(process: u32) -> Option<u64> {
    parse(&fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

/// The line says kB and means 1024 bytes (proc_pid_status(5)).
fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_kernel_is_read_and_another_one_is_not() {
        assert_eq!(
            parse("VmHWM:\t    9 kB\nVmRSS:\t    5324 kB\nRssAnon:\t 1 kB\n"),
            Some(5_451_776)
        );
        for text in ["", "VmRSS:\n", "VmRSS: kB", "VmRSS: 5 MB", "VmRSS: -5 kB", "VmHWM: 9 kB"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
        let most = format!("VmRSS: {} kB", u64::MAX);
        assert_eq!(parse(&most), None);
    }
}
