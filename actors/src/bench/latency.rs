//! Single writes: from before one is sent until each other node shows it.

use super::client::BenchClient;
use super::{ARRIVAL_LIMIT, BenchError};
use crate::random;
use merkle_kv_core::distribution::Distribution;
use std::time::Instant;

pub(super) fn measure(
    clients: &mut [BenchClient],
    samples: usize,
    value_bytes: usize,
) -> Result<Distribution, BenchError> {
    let run = random::number();
    let mut times = Vec::with_capacity(samples * clients.len());
    for sample in 0..samples.max(1) {
        let writer = sample % clients.len();
        let key = format!("bench:{run:016x}:{sample}");
        let value = format!("{sample:0>value_bytes$}");
        let begun = Instant::now();
        clients[writer].expect(&format!("SET {key} {value}"), "OK")?;
        let (ask, shown) = (format!("GET {key}"), format!("VALUE {value}"));
        let mut waiting: Vec<usize> = (0..clients.len()).filter(|node| *node != writer).collect();
        while let Some(first) = waiting.first() {
            if begun.elapsed() > ARRIVAL_LIMIT {
                let node = clients[*first].node.clone();
                return Err(BenchError::NotReplicated { node, limit: ARRIVAL_LIMIT });
            }
            let mut still = Vec::new();
            for node in waiting {
                if clients[node].ask(&ask)? == shown {
                    times.push(begun.elapsed());
                } else {
                    still.push(node);
                }
            }
            waiting = still;
        }
        clients[writer].expect(&format!("DEL {key}"), "DELETED")?;
    }
    Distribution::of(times).ok_or(BenchError::TooFewNodes)
}
