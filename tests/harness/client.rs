//! A client on a raw socket.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long a reply may take. Far more than any does on a loaded machine.
const REPLY_LIMIT: Duration = Duration::from_secs(20);

/// How long a write may take to every node. Takes milliseconds unless the machine is overloaded.
pub(crate) const REPLICATION_LIMIT: Duration = Duration::from_secs(30);

/// Commands that are sent before their replies are read: fewer bytes than the sockets hold.
const PIPELINE: usize = 500;

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Client {
        Client::over(TcpStream::connect(address).unwrap())
    }

    /// The same to a node that may have ended.
    pub(crate) fn try_connect(address: SocketAddr) -> Option<Client> {
        TcpStream::connect(address).ok().map(Client::over)
    }

    fn over(stream: TcpStream) -> Client {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(REPLY_LIMIT)).unwrap();
        Client { stream: BufReader::new(stream) }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// The next line, without its line end.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        assert!(line.ends_with("\r\n"), "the reply {line:?} has no line end");
        line.truncate(line.len() - 2);
        line
    }

    /// Sends bytes and gives the next so many lines, or as many as come before the node ends.
    pub(crate) fn lines_while_alive(&mut self, bytes: &str, lines: usize) -> Vec<String> {
        // Whatever becomes of it, what the node did answer can be read.
        let _ = self.stream.get_mut().write_all(bytes.as_bytes());
        let next = || {
            let mut line = String::new();
            if let Err(error) = self.stream.read_line(&mut line) {
                assert_ne!(error.kind(), ErrorKind::WouldBlock, "no reply in {REPLY_LIMIT:?}");
                return None;
            }
            Some(line.strip_suffix("\r\n")?.to_owned())
        };
        std::iter::from_fn(next).take(lines).collect()
    }

    /// Sends a command and gives the first line of its reply.
    #[track_caller]
    pub(crate) fn command(&mut self, command: &str) -> String {
        self.send(format!("{command}\r\n"));
        self.line()
    }

    /// Sends commands together and gives the first line of each reply.
    #[track_caller]
    pub(crate) fn pipeline(&mut self, commands: &[String]) -> Vec<String> {
        let mut replies = Vec::with_capacity(commands.len());
        for some in commands.chunks(PIPELINE) {
            self.send(some.join("\r\n") + "\r\n");
            replies.extend(some.iter().map(|_| self.line()));
        }
        replies
    }

    /// Sends commands together; each must be answered with `OK`.
    #[track_caller]
    pub(crate) fn pipeline_ok(&mut self, commands: &[String]) {
        assert!(self.pipeline(commands).iter().all(|reply| reply == "OK"));
    }

    /// Waits until a command is answered with this line.
    #[track_caller]
    pub(crate) fn until(&mut self, command: &str, reply: &str) {
        let mut last = String::new();
        let deadline = Instant::now() + REPLICATION_LIMIT;
        while last != reply {
            assert!(Instant::now() < deadline, "{command:.80}: {last:.80}, not {reply:.80}");
            last = self.command(command);
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Every key with the line that GET answers.
    #[track_caller]
    pub(crate) fn content(&mut self) -> Vec<(String, String)> {
        let keys = self.list("SCAN").split_off(1);
        let gets: Vec<String> = keys.iter().map(|key| format!("GET {key}")).collect();
        let values = self.pipeline(&gets);
        keys.into_iter().zip(values).collect()
    }

    /// Sends a command and gives the lines of its reply down to `END`, which is left out.
    #[track_caller]
    pub(crate) fn list(&mut self, command: &str) -> Vec<String> {
        self.send(format!("{command}\r\n"));
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            if line == "END" {
                return lines;
            }
            assert!(!line.starts_with("ERROR"), "{command}: {line}");
            lines.push(line);
        }
    }

    /// One `name:value` of INFO or STATS.
    #[track_caller]
    pub(crate) fn fact(&mut self, report: &str, name: &str) -> String {
        let lines = self.list(report);
        let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.unwrap_or_else(|| panic!("{report} has no {name}: {lines:?}")).to_owned()
    }

    /// One number of STATS.
    #[track_caller]
    pub(crate) fn count(&mut self, name: &str) -> u64 {
        self.fact("STATS", name).parse().unwrap()
    }

    /// All that comes until the node closes the connection.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest).unwrap();
        rest
    }

    /// Whether the node has closed the connection, with or without unread bytes before.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read_to_end(&mut Vec::new()) {
            Ok(_) => true,
            // A reset is a close too; silence is none.
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    /// Closes the sending half.
    pub(crate) fn finish(&mut self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    /// The socket itself.
    pub(crate) fn socket(&self) -> &TcpStream {
        self.stream.get_ref()
    }
}
