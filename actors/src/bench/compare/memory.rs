//! How much memory a server takes for a key: what its process has grown by.

use super::budget::Judged;
use super::contestants::{Contestants, Name};
use super::{BUDGET_MEMORY_KEYS, VALUE_BYTES};
use crate::bench::servers::ServerError;
use std::thread;
use std::time::Duration;

/// After the last write, so that what was taken for a moment is given back.
const REST: Duration = Duration::from_secs(4);

/// One server.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: Name,
    /// Resident bytes before and after.
    pub(super) before: u64,
    pub(super) after: u64,
    /// Bytes for each key.
    pub(super) each: f64,
    /// How many times as much as the node it takes; the node itself has none.
    pub(super) ratio: Option<Judged>,
}

pub(super) fn measure(
    contestants: &Contestants<'_>,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Row>, ServerError> {
    let keys = contestants.plan.memory_keys;
    let mut rows: Vec<Row> = Vec::new();
    for name in contestants.all() {
        progress(&format!("memory: {keys} keys on {name}"));
        // One after the other, so that the machine needs no room for all.
        let contestant = contestants.start(name)?;
        let before = contestant.server.resident_bytes();
        contestant.fill(keys, VALUE_BYTES)?;
        thread::sleep(REST);
        let after = contestant.server.resident_bytes();
        let node = rows.first().map(|row| row.each);
        rows.push(row(name, keys, (before, after), node));
    }
    Ok(rows)
}

/// What a server has taken, and beside the node if that is known.
pub(super) fn row(name: Name, keys: u64, (before, after): (u64, u64), node: Option<f64>) -> Row {
    let each = after.saturating_sub(before) as f64 / keys as f64;
    let budget = match name {
        Name::Redis => (keys == BUDGET_MEMORY_KEYS).then_some(1.0),
        Name::Node | Name::Memcached => None,
    };
    let ratio = node.map(|node| Judged::at_least(each / node, budget));
    Row { name, before, after, each, ratio }
}
