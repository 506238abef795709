//! The load: many connections on one thread, each of which sends so many writes at once, waits for
//! all their replies, and sends the next, as `redis-benchmark -P` does. The same code for every
//! server. Knows nothing of processes.

mod wire;

pub(super) use wire::{KEY_BYTES, Numbers, VALUE_BYTES, Wire, key};

use super::servers::ServerError;
use crate::random;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wire::{Replies, Writes};

/// Clients that write at once, as redis-benchmark has them.
pub(super) const CONNECTIONS: usize = 50;

/// Beyond the time of a load, until its last replies have to be there; a load that has to write
/// every key has as long for all.
const PATIENCE: Duration = Duration::from_secs(120);

/// Prime and above any number of keys, so that its multiples visit all keys in a mixed order.
const STRIDE: u64 = 4_294_967_311;

/// What is read from a socket at once; more than all replies of a batch.
const READ_BYTES: usize = 16 << 10;

/// What to write, and where.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) address: SocketAddr,
    pub(super) wire: Wire,
    /// Keys to choose from, at most 2^32.
    pub(super) keys: u64,
    /// Writes that each connection has on the way.
    pub(super) pipeline: usize,
    pub(super) until: Until,
}

/// When a load is over.
#[derive(Clone, Debug)]
pub(super) enum Until {
    /// Random keys, for so long.
    Passed(Duration),
    /// Random keys, until this is set.
    Told(Arc<AtomicBool>),
    /// When every key has been written once.
    AllWritten,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) writes: u64,
    pub(super) took: Duration,
    /// Of each batch, from before it was sent until its last reply.
    pub(super) round_trips: Vec<Duration>,
}

impl Load {
    /// Writes, and blocks until it is over.
    pub(super) fn run(&self) -> Result<Outcome, ServerError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| self.failed(source))?;
        let limit = match self.until {
            Until::Passed(time) => time + PATIENCE,
            Until::Told(_) | Until::AllWritten => PATIENCE * 2,
        };
        runtime.block_on(async {
            let silent = |_| ServerError::Silent { address: self.address, limit };
            tokio::time::timeout(limit, self.drive()).await.map_err(silent)?
        })
    }

    async fn drive(&self) -> Result<Outcome, ServerError> {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(self.address).await;
            let stream = stream.map_err(|source| self.failed(source))?;
            stream.set_nodelay(true).map_err(|source| self.failed(source))?;
            streams.push(stream);
        }
        let written = Arc::new(AtomicU64::new(0));
        let begun = Instant::now();
        let clients: Vec<_> = streams
            .into_iter()
            .map(|stream| {
                let source = Source {
                    until: self.until.clone(),
                    begun,
                    keys: self.keys,
                    numbers: Numbers::new(random::number()),
                    next: Arc::clone(&written),
                };
                tokio::spawn(self.clone().client(stream, source))
            })
            .collect();
        let mut outcome = Outcome { writes: 0, took: Duration::ZERO, round_trips: Vec::new() };
        for client in clients {
            let ended = client.await.map_err(|ended| self.failed(ended.into()))?;
            let (writes, round_trips) = ended?;
            outcome.writes += writes;
            outcome.round_trips.extend(round_trips);
        }
        outcome.took = begun.elapsed();
        Ok(outcome)
    }

    async fn client(
        self,
        mut stream: TcpStream,
        mut source: Source,
    ) -> Result<(u64, Vec<Duration>), ServerError> {
        let mut writes = Writes::new(self.wire, self.pipeline, self.keys);
        let mut buffer = vec![0; READ_BYTES];
        let (mut written, mut round_trips) = (0, Vec::new());
        let mut now = Instant::now();
        loop {
            let count = source.fill(&mut writes, self.pipeline, now);
            if count == 0 {
                return Ok((written, round_trips));
            }
            let sent = stream.write_all(writes.first(count)).await;
            sent.map_err(|source| self.failed(source))?;
            let mut replies = Replies::to(self.wire, count);
            loop {
                let read = stream.read(&mut buffer).await.map_err(|source| self.failed(source))?;
                if read == 0 {
                    return Err(self.failed(std::io::ErrorKind::UnexpectedEof.into()));
                }
                let refused = |reply| ServerError::Refused { address: self.address, reply };
                if replies.take(&buffer[..read]).map_err(refused)? {
                    break;
                }
            }
            written += count as u64;
            let answered = Instant::now();
            round_trips.push(answered - now);
            now = answered;
        }
    }

    fn failed(&self, source: std::io::Error) -> ServerError {
        ServerError::Connection { address: self.address, source }
    }
}

/// Where a connection has its next writes from.
struct Source {
    until: Until,
    begun: Instant,
    keys: u64,
    numbers: Numbers,
    /// Shared by all connections; counts the keys of `Until::AllWritten`.
    next: Arc<AtomicU64>,
}

impl Source {
    /// Prepares the next batch and says how many writes it has: none when the load is over.
    fn fill(&mut self, writes: &mut Writes, most: usize, now: Instant) -> usize {
        let is_over = match &self.until {
            Until::Passed(time) => now - self.begun >= *time,
            Until::Told(told) => told.load(Ordering::Relaxed),
            Until::AllWritten => return self.fill_unwritten(writes, most),
        };
        if is_over {
            return 0;
        }
        for write in 0..most {
            writes.fill(write, self.numbers.below(self.keys), self.numbers.next());
        }
        most
    }

    fn fill_unwritten(&mut self, writes: &mut Writes, most: usize) -> usize {
        let first = self.next.fetch_add(most as u64, Ordering::Relaxed).min(self.keys);
        let count = (self.keys - first).min(most as u64);
        for write in 0..count {
            // Below 2^65, as there are at most 2^32 keys.
            let key = u128::from(first + write) * u128::from(STRIDE) % u128::from(self.keys);
            writes.fill(write as usize, key as u64, self.numbers.next());
        }
        count as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::Mutex;
    use std::thread;

    /// A server that answers each line of each connection, and notes the keys.
    fn server(reply: &'static str) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let keys: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&keys);
        thread::spawn(move || {
            for stream in listener.incoming().map(Result::unwrap) {
                let noted = Arc::clone(&noted);
                thread::spawn(move || {
                    let mut answers = stream.try_clone().unwrap();
                    for line in BufReader::new(stream).lines().map_while(Result::ok) {
                        noted.lock().unwrap().push(line.split(' ').nth(1).unwrap().to_owned());
                        let _ = answers.write_all(reply.as_bytes());
                    }
                });
            }
        });
        (address, keys)
    }

    fn load(address: SocketAddr, until: Until) -> Load {
        Load { address, wire: Wire::Text, keys: 1_003, pipeline: 16, until }
    }

    #[test]
    fn filling_writes_every_key_once() {
        let (address, keys) = server("OK\r\n");
        let outcome = load(address, Until::AllWritten).run().unwrap();
        let keys = keys.lock().unwrap();
        assert_eq!((outcome.writes, keys.len()), (1_003, 1_003));
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), 1_003);
        // 62 batches of 16, and one of 11.
        assert_eq!(outcome.round_trips.len(), 63);
    }

    #[test]
    fn a_load_ends_when_its_time_has_passed_or_when_it_is_told() {
        let (address, keys) = server("OK\r\n");
        let time = Duration::from_millis(50);
        let outcome = load(address, Until::Passed(time)).run().unwrap();
        assert!(outcome.took >= time && outcome.writes > 0);
        assert_eq!(outcome.writes as usize, keys.lock().unwrap().len());
        assert_eq!(outcome.writes, outcome.round_trips.len() as u64 * 16);
        let told = Arc::new(AtomicBool::new(true));
        assert_eq!(load(address, Until::Told(told)).run().unwrap().writes, 0);
    }

    #[test]
    fn a_refused_write_and_a_server_that_is_gone_are_errors() {
        let (address, _) = server("ERROR: Storage full\r\n");
        let refused = load(address, Until::AllWritten).run().unwrap_err();
        assert!(refused.to_string().contains("Storage full"), "{refused}");
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let gone = load(nobody, Until::AllWritten).run().unwrap_err();
        assert!(matches!(gone, ServerError::Connection { .. }));
    }
}
