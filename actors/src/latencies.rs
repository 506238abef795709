//! How long commands take, by command: from the read of the chunk that a command came in to the end
//! of the write of that chunk's replies. All commands of a chunk count as taking that long, so the
//! clock is read twice for a chunk and not for each of its commands.

use crate::histogram::{Histogram, Measured, Times};
use merkle_kv_core::protocol::{COMMANDS, CommandId, CommandSpec, Request};
use std::time::Instant;

/// One histogram for each command. Shared by all connections of a node.
#[derive(Debug)]
pub(crate) struct Latencies(Box<[Histogram]>);

impl Default for Latencies {
    fn default() -> Latencies {
        Latencies(COMMANDS.iter().map(|_| Histogram::default()).collect())
    }
}

impl Latencies {
    /// Of each command that has run.
    pub(crate) fn read(&self) -> Vec<(&'static CommandSpec, Times)> {
        let all = COMMANDS.iter().zip(self.0.iter().map(Histogram::read));
        all.filter(|(_, times)| times.count() > 0).collect()
    }
}

/// The commands of one chunk, and when it was read. Kept by a connection, to be used again.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    begun: Option<Instant>,
    /// Few different ones, most often one.
    commands: Vec<(CommandId, u64)>,
}

impl Chunk {
    /// These requests were read now.
    pub(crate) fn begin(&mut self, requests: &[Request]) {
        self.begun = Some(Instant::now());
        self.commands.clear();
        for request in requests {
            match request {
                Request::Command(id, _) => self.count(*id),
                Request::Refused(_) | Request::Broken(_) => {}
            }
        }
    }

    /// All of them are answered.
    pub(crate) fn end(&mut self, latencies: &Latencies) {
        if let Some(begun) = self.begun.take() {
            let measured = Measured::of(begun.elapsed());
            for (id, times) in &self.commands {
                latencies.0[id.index()].add(measured, *times);
            }
        }
    }

    fn count(&mut self, id: CommandId) {
        match self.commands.iter_mut().find(|(known, _)| *known == id) {
            Some((_, times)) => *times += 1,
            None => self.commands.push((id, 1)),
        }
    }
}
