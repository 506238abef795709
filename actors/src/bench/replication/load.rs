//! A load of pipelined writes on one node: until it has acknowledged all, and until every other node
//! has all of them, which is then checked value by value.

use crate::bench::client::BenchClient;
use crate::bench::{ARRIVAL_LIMIT, BenchError};
use crate::random;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

/// Values that one MGET compares.
const COMPARED_AT_ONCE: usize = 1_000;

/// Between two looks at how many writes have arrived.
const LOOK: Duration = Duration::from_millis(2);

#[derive(Clone, Copy, Debug)]
pub(super) struct LoadTimes {
    /// Until the writer had every reply.
    pub(super) acknowledged: Duration,
    /// Until the last node had every key.
    pub(super) everywhere: Duration,
}

/// What is written.
struct Load {
    run: u64,
    writes: usize,
    value_bytes: usize,
}

impl Load {
    fn key(&self, write: usize) -> String {
        format!("bench:{:016x}:{write}", self.run)
    }

    fn value(&self, write: usize) -> String {
        let width = self.value_bytes;
        format!("{write:0>width$}")
    }
}

pub(super) fn measure(
    clients: &mut [BenchClient],
    writes: usize,
    value_bytes: usize,
) -> Result<LoadTimes, BenchError> {
    let load = Load { run: random::number(), writes: writes.max(1), value_bytes };
    let before = clients.iter_mut().map(size).collect::<Result<Vec<_>, _>>()?;
    let sets: Vec<String> = (0..load.writes)
        .map(|write| format!("SET {} {}\r\n", load.key(write), load.value(write)))
        .collect();
    let text = sets.concat();
    let begun = Instant::now();
    pipeline(&mut clients[0], text, load.writes, "OK")?;
    let acknowledged = begun.elapsed();
    for (client, before) in clients.iter_mut().zip(before) {
        while size(client)? < before + load.writes {
            if begun.elapsed() > ARRIVAL_LIMIT {
                let node = client.node.clone();
                return Err(BenchError::NotReplicated { node, limit: ARRIVAL_LIMIT });
            }
            thread::sleep(LOOK);
        }
    }
    let everywhere = begun.elapsed();
    clients.iter_mut().try_for_each(|client| compare(client, &load))?;
    clear(&mut clients[0], &load)?;
    Ok(LoadTimes { acknowledged, everywhere })
}

fn size(client: &mut BenchClient) -> Result<usize, BenchError> {
    let reply = client.ask("DBSIZE")?.to_owned();
    let number = reply.strip_prefix("DBSIZE ").and_then(|number| number.parse().ok());
    number.ok_or_else(|| client.unexpected("DBSIZE", &reply))
}

/// Insists that the node has every value of the load.
fn compare(client: &mut BenchClient, load: &Load) -> Result<(), BenchError> {
    for first in (0..load.writes).step_by(COMPARED_AT_ONCE) {
        let batch = first..(first + COMPARED_AT_ONCE).min(load.writes);
        let keys: Vec<String> = batch.clone().map(|write| load.key(write)).collect();
        client.expect(&format!("MGET {}", keys.join(" ")), &format!("VALUES {}", keys.len()))?;
        for write in batch {
            client.expect_reply("MGET", &format!("VALUE {}", load.value(write)))?;
        }
        client.expect_reply("MGET", "END")?;
    }
    Ok(())
}

/// Deletes what was written.
fn clear(client: &mut BenchClient, load: &Load) -> Result<(), BenchError> {
    let deletes: Vec<String> =
        (0..load.writes).map(|write| format!("DEL {}\r\n", load.key(write))).collect();
    pipeline(client, deletes.concat(), load.writes, "DELETED")
}

/// Sends commands while it reads their replies, or both sides would wait for each other.
pub(in crate::bench) fn pipeline(
    client: &mut BenchClient,
    commands: String,
    count: usize,
    reply: &str,
) -> Result<(), BenchError> {
    let mut socket = client.writer()?;
    let sender = thread::spawn(move || socket.write_all(commands.as_bytes()));
    for _ in 0..count {
        client.expect_reply("a pipelined command", reply)?;
    }
    // It has sent everything, since everything is answered.
    let _ = sender.join();
    Ok(())
}
