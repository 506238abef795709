//! Single writes: from before one is sent until each other node shows it.

use crate::bench::client::BenchClient;
use crate::bench::latencies::Latencies;
use crate::bench::{ARRIVAL_LIMIT, BenchError};
use crate::random;
use std::time::Instant;

pub(super) fn measure(
    clients: &mut [BenchClient],
    samples: usize,
    value_bytes: usize,
) -> Result<Latencies, BenchError> {
    let run = random::number();
    let mut times = Vec::with_capacity(samples * clients.len());
    for sample in 0..samples.max(1) {
        let writer = sample % clients.len();
        let key = format!("bench:{run:016x}:{sample}");
        let value = format!("{sample:0>value_bytes$}");
        let begun = Instant::now();
        clients[writer].expect(&format!("SET {key} {value}"), "OK")?;
        let (ask, shown) = (format!("GET {key}"), format!("VALUE {value}"));
        until_all_others(clients, writer, &ask, &shown, || times.push(begun.elapsed()))?;
        // Gone everywhere before the next one, so that what follows counts the right keys.
        clients[writer].expect(&format!("DEL {key}"), "DELETED")?;
        until_all_others(clients, writer, &ask, "(null)", || {})?;
    }
    Latencies::of(times).ok_or(BenchError::TooFewNodes)
}

/// Asks every node but the writer until each has given the reply; tells of each when it has.
fn until_all_others(
    clients: &mut [BenchClient],
    writer: usize,
    ask: &str,
    reply: &str,
    mut arrived: impl FnMut(),
) -> Result<(), BenchError> {
    let begun = Instant::now();
    let mut waiting: Vec<usize> = (0..clients.len()).filter(|node| *node != writer).collect();
    while let Some(first) = waiting.first() {
        if begun.elapsed() > ARRIVAL_LIMIT {
            let node = clients[*first].node.clone();
            return Err(BenchError::NotReplicated { node, limit: ARRIVAL_LIMIT });
        }
        let mut still = Vec::new();
        for node in waiting {
            if clients[node].ask(ask)? == reply {
                arrived();
            } else {
                still.push(node);
            }
        }
        waiting = still;
    }
    Ok(())
}
