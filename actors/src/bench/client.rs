//! A blocking client of the text protocol, as much of one as measuring takes.

use super::BenchError;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// One connection to one node.
pub(super) struct BenchClient {
    pub(super) node: String,
    stream: BufReader<TcpStream>,
    line: String,
}

impl BenchClient {
    pub(super) fn connect(node: &str) -> Result<BenchClient, BenchError> {
        let failed = |source| BenchError::Node { node: node.to_owned(), source };
        let stream = TcpStream::connect(node).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.set_read_timeout(Some(super::ARRIVAL_LIMIT)).map_err(failed)?;
        let stream = BufReader::with_capacity(64 << 10, stream);
        Ok(BenchClient { node: node.to_owned(), stream, line: String::new() })
    }

    /// A second handle on the connection, to send on while replies are read.
    pub(super) fn writer(&self) -> Result<TcpStream, BenchError> {
        self.stream.get_ref().try_clone().map_err(|source| self.failed(source))
    }

    pub(super) fn ask(&mut self, command: &str) -> Result<&str, BenchError> {
        let sent = self.stream.get_mut().write_all(format!("{command}\r\n").as_bytes());
        sent.map_err(|source| self.failed(source))?;
        self.reply()
    }

    /// Waits until the node takes part in its cluster: what is written before, others may miss.
    pub(super) fn wait_until_joined(&mut self) -> Result<(), BenchError> {
        let deadline = Instant::now() + super::JOIN_LIMIT;
        loop {
            let status = self.ask("REPLICATE STATUS")?;
            if status.starts_with("REPLICATION enabled connected ") {
                return Ok(());
            }
            if Instant::now() > deadline || status.contains(" off ") {
                let status = status.to_owned();
                return Err(BenchError::NotJoined { node: self.node.clone(), status });
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The next line.
    pub(super) fn reply(&mut self) -> Result<&str, BenchError> {
        self.line.clear();
        match self.stream.read_line(&mut self.line) {
            Ok(0) => Err(self.failed(io::ErrorKind::UnexpectedEof.into())),
            Ok(_) => Ok(self.line.trim_end()),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// Asks, and insists on the reply.
    pub(super) fn expect(&mut self, command: &str, expected: &str) -> Result<(), BenchError> {
        let reply = self.ask(command)?.to_owned();
        self.insist(command, expected, &reply)
    }

    /// Insists on the next line.
    pub(super) fn expect_reply(&mut self, command: &str, expected: &str) -> Result<(), BenchError> {
        let reply = self.reply()?.to_owned();
        self.insist(command, expected, &reply)
    }

    pub(super) fn unexpected(&self, command: &str, reply: &str) -> BenchError {
        BenchError::Reply {
            node: self.node.clone(),
            command: command.to_owned(),
            reply: reply.to_owned(),
        }
    }

    fn insist(&self, command: &str, expected: &str, reply: &str) -> Result<(), BenchError> {
        if reply == expected { Ok(()) } else { Err(self.unexpected(command, reply)) }
    }

    fn failed(&self, source: io::Error) -> BenchError {
        BenchError::Node { node: self.node.clone(), source }
    }
}
