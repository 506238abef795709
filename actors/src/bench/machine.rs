//! What the measurements are of: machines differ, and other work shares them.

use std::fs;

/// Processor and how busy it is, as far as the system tells.
pub(super) fn machine() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{}, {}",
        processor(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
        busy(&load)
    )
}

fn processor(text: &str) -> String {
    let count = text.lines().filter(|line| line.starts_with("processor")).count();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
        .unwrap_or("unknown processor");
    format!("{count} x {model}")
}

fn busy(text: &str) -> String {
    let averages: Vec<&str> = text.split_whitespace().take(3).collect();
    match averages.as_slice() {
        [] => "load unknown".to_owned(),
        averages => format!("load {}", averages.join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_its_processors_and_how_busy_they_are() {
        let text =
            "processor\t: 0\nmodel name\t: Some CPU\n\nprocessor\t: 1\nmodel name\t: Some CPU\n";
        assert_eq!(processor(text), "2 x Some CPU");
        assert_eq!(busy("0.50 0.25 0.10 1/100 4242\n"), "load 0.50 0.25 0.10");
        assert_eq!(
            (processor(""), busy("")),
            ("0 x unknown processor".into(), "load unknown".into())
        );
    }
}
