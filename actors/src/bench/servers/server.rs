//! The servers that are compared, as processes of this benchmark: how each is asked and stopped, and
//! what it has cost.

use super::error::ServerError;
use super::site::Process;
use crate::bench::load::Protocol;
use crate::resident_memory;
use nix::time::ClockId;
use nix::unistd::Pid;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to answer after its start, with no data or all of it.
pub(in crate::bench) const START_LIMIT: Duration = Duration::from_secs(120);

/// How long it may take to stop in order, or a subcommand to its end.
pub(in crate::bench) const STOP_LIMIT: Duration = Duration::from_secs(60);

/// How long a single question may take: Redis writes all its data meanwhile when it is told SAVE.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// Between two questions whether a server is there.
const LOOK: Duration = Duration::from_millis(2);

/// Ticks in which Linux tells processor time to programs, whatever its own clock does.
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server. Killed when dropped.
pub(in crate::bench) struct Server {
    pub(in crate::bench) protocol: Protocol,
    pub(in crate::bench) address: SocketAddr,
    pub(in crate::bench) process: Process,
}

impl Server {
    /// Waits until it shows so many keys, and gives the time since it was started.
    pub(in crate::bench) fn wait_for(&self, keys: u64) -> Result<Duration, ServerError> {
        loop {
            let shown = self.connect().and_then(|mut control| control.size(self.protocol));
            let took = self.process.begun.elapsed();
            // Not before it listens, nor while it says that it is loading.
            if shown.as_ref().is_ok_and(|size| *size == keys) {
                return Ok(took);
            }
            self.process.insist_on_running()?;
            if took > START_LIMIT {
                let shown = shown.map_or_else(|error| error.to_string(), |size| size.to_string());
                let done = format!("shown {keys} keys, but {shown},");
                return Err(self.process.late(&done, START_LIMIT));
            }
            thread::sleep(LOOK);
        }
    }

    /// A connection to ask it on.
    pub(in crate::bench) fn connect(&self) -> Result<Control, ServerError> {
        let address = self.address;
        let open = || {
            let stream = TcpStream::connect_timeout(&address, ANSWER_LIMIT)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(ANSWER_LIMIT))?;
            Ok(BufReader::new(stream))
        };
        let stream = open().map_err(|source| ServerError::Connection { address, source })?;
        Ok(Control { address, stream, line: String::new() })
    }

    /// Has it stop in order, and waits for that.
    pub(in crate::bench) fn stop(self) -> Result<(), ServerError> {
        self.connect()?.ask("SHUTDOWN")?;
        self.process.wait(STOP_LIMIT)
    }

    /// Processor time that it has used so far, in nanoseconds.
    pub(in crate::bench) fn cpu_nanos(&self) -> u64 {
        cpu_nanos(self.process.id)
    }

    /// Memory that it occupies, in bytes.
    pub(in crate::bench) fn resident_bytes(&self) -> u64 {
        resident_memory::of(self.process.id).unwrap_or(0)
    }

    /// Processor time it has used so far, its ended children included.
    pub(in crate::bench) fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.process.id.to_string())
    }
}

/// A connection that asks one thing at a time. Lines without markup are commands for Redis too.
pub(in crate::bench) struct Control {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    line: String,
}

impl Control {
    /// The first line of the answer.
    pub(in crate::bench) fn ask(&mut self, command: &str) -> Result<&str, ServerError> {
        let sent = self.stream.get_mut().write_all(format!("{command}\r\n").as_bytes());
        sent.map_err(|source| self.failed(source))?;
        self.next_line()
    }

    /// A further line.
    pub(in crate::bench) fn next_line(&mut self) -> Result<&str, ServerError> {
        self.line.clear();
        match self.stream.read_line(&mut self.line) {
            Ok(0) => Err(self.failed(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => Ok(self.line.trim_end()),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// How many keys there are.
    fn size(&mut self, protocol: Protocol) -> Result<u64, ServerError> {
        let number = match protocol {
            Protocol::Text | Protocol::Resp => {
                let reply = self.ask("DBSIZE")?;
                // A line without markup is a command of the text protocol for a node.
                reply.strip_prefix("DBSIZE ").or_else(|| reply.strip_prefix(':')).map(str::to_owned)
            }
            Protocol::Memcached => self.memcached_items()?,
        };
        match number.and_then(|number| number.parse().ok()) {
            Some(size) => Ok(size),
            None => Err(self.refused()),
        }
    }

    /// What memcached says of its items, which is one of many lines.
    fn memcached_items(&mut self) -> Result<Option<String>, ServerError> {
        let mut items = None;
        let mut line = self.ask("stats")?;
        while line != "END" {
            items = line.strip_prefix("STAT curr_items ").map(str::to_owned).or(items);
            line = self.next_line()?;
        }
        Ok(items)
    }

    /// What was said last, as an error.
    pub(in crate::bench) fn refused(&self) -> ServerError {
        ServerError::Refused { address: self.address, reply: self.line.trim_end().to_owned() }
    }

    fn failed(&self, source: io::Error) -> ServerError {
        ServerError::Connection { address: self.address, source }
    }
}

/// A port that nobody listened on a moment ago: Redis cannot choose one itself.
pub(super) fn free_address() -> Result<SocketAddr, ServerError> {
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let free = TcpListener::bind(any).and_then(|listener| listener.local_addr());
    free.map_err(|source| ServerError::Connection { address: any, source })
}

/// Processor time of a process, by its number or as `self`.
pub(in crate::bench) fn cpu_seconds(process: &str) -> f64 {
    ticks(&fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default())
        / TICKS_PER_SECOND
}

/// Processor time of a process in nanoseconds as the scheduler counts, by its clock of processor
/// time. Unlike the sum over `/proc/PID/task/*/schedstat` it has the time of threads that have
/// ended: a node folds many writes on a thread of their own.
fn cpu_nanos(process: u32) -> u64 {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(process as i32));
    // There is none of a process that has ended, which is noticed elsewhere.
    let used = clock.and_then(ClockId::now).map_or(Duration::ZERO, Duration::from);
    used.as_nanos() as u64
}

/// User and system time, those of ended children included: fields 14 to 17 of proc(5).
fn ticks(stat: &str) -> f64 {
    // The name of the program may hold anything, but ends at the last bracket; field 3 follows.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(4).filter_map(|ticks| ticks.parse::<f64>().ok()).sum()
}

/// Waits until none of them is busy: with what it has put off it would disturb the other.
pub(in crate::bench) fn settle(servers: &[&Server]) {
    const WINDOW: Duration = Duration::from_millis(100);
    const LIMIT: Duration = Duration::from_secs(10);
    let used = || servers.iter().map(|server| server.cpu_seconds()).sum::<f64>();
    let begun = Instant::now();
    let mut before = used();
    while begun.elapsed() < LIMIT {
        thread::sleep(WINDOW);
        let after = used();
        if after - before <= 1.0 / TICKS_PER_SECOND {
            return;
        }
        before = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_the_name_of_the_program() {
        let stat = "7 (a) b c) S 1 7 7 0 -1 4 0 0 0 0 100 20 3 4 20 0 2 0 99 1 2";
        assert_eq!(ticks(stat), 127.0);
        assert_eq!(ticks(""), 0.0);
        assert!(cpu_seconds("self") >= 0.0);
    }

    #[test]
    fn processor_time_of_a_thread_that_has_ended_still_counts() {
        const WORK: u64 = 5_000_000;
        // Linux gives no higher numbers than 2^22.
        const BEYOND_ALL: u32 = (1 << 22) + 1;
        let before = cpu_nanos(std::process::id());
        let work = move || while cpu_nanos(std::process::id()) < before + WORK {};
        thread::spawn(work).join().unwrap();
        assert!(before > 0 && cpu_nanos(std::process::id()) >= before + WORK);
        assert_eq!(cpu_nanos(BEYOND_ALL), 0);
    }
}
