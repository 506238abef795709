//! The load that both libraries are measured with.

use std::error::Error;
use std::time::Instant;

const KEYS: usize = 1000;
const WARM_UP: usize = 2000;
const SINGLE: usize = 20_000;
const BATCH: usize = 100;
const PIPELINED: usize = 200_000;

/// Why a run ended.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// What a library does for the load.
pub(crate) trait Subject {
    /// Sets one key.
    fn set(&mut self, key: &str, value: &str) -> Outcome;
    /// Gets one key, and fails if it has another value.
    fn get(&mut self, key: &str, value: &str) -> Outcome;
    /// Sets keys in one pipeline.
    fn set_all(&mut self, keys: &[String], value: &str) -> Outcome;
    /// Gets keys in one pipeline, and fails if one has another value.
    fn get_all(&mut self, keys: &[String], value: &str) -> Outcome;
}

/// Runs the load and prints operations per second.
pub(crate) fn run(subject: &mut impl Subject) -> Outcome {
    let value = "x".repeat(64);
    let keys: Vec<String> = (0..KEYS).map(|number| format!("bench:{number}")).collect();
    for key in keys.iter().cycle().take(WARM_UP) {
        subject.set(key, &value)?;
    }
    report("single set", SINGLE, || {
        keys.iter().cycle().take(SINGLE).try_for_each(|key| subject.set(key, &value))
    })?;
    report("single get", SINGLE, || {
        keys.iter().cycle().take(SINGLE).try_for_each(|key| subject.get(key, &value))
    })?;
    let batches = || keys.chunks(BATCH).cycle().take(PIPELINED / BATCH);
    report("pipelined set", PIPELINED, || {
        batches().try_for_each(|keys| subject.set_all(keys, &value))
    })?;
    report("pipelined get", PIPELINED, || {
        batches().try_for_each(|keys| subject.get_all(keys, &value))
    })
}

fn report(name: &str, operations: usize, work: impl FnOnce() -> Outcome) -> Outcome {
    let start = Instant::now();
    work()?;
    println!("{name} {:.0}", operations as f64 / start.elapsed().as_secs_f64());
    Ok(())
}

/// The address in the arguments.
pub(crate) fn address() -> Result<String, String> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args[..] {
        [host, port] => Ok(format!("{host}:{port}")),
        _ => Err("usage: PROGRAM HOST PORT".to_owned()),
    }
}
