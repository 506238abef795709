//! A node that does what a test says: for each connection, which lines it expects and what it
//! answers to each.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

/// The lines of a connection with the answers; no answer at all where it is empty.
pub(crate) type Script = &'static [(&'static str, &'static str)];

/// Listens until it is dropped, which fails if the clients did not do what was expected.
pub(crate) struct ScriptedNode {
    pub(crate) address: String,
    thread: Option<JoinHandle<()>>,
}

impl ScriptedNode {
    /// Plays one script for each connection, one after the other. Each goes on until the client
    /// closes.
    pub(crate) fn play(scripts: &'static [Script]) -> ScriptedNode {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let thread = thread::spawn(move || {
            for script in scripts {
                converse(listener.accept().unwrap().0, script);
            }
        });
        ScriptedNode { address, thread: Some(thread) }
    }

    /// Answers `ECHO` to any number of clients at once, as a node does.
    pub(crate) fn echo(clients: usize) -> ScriptedNode {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let thread = thread::spawn(move || {
            let sockets = (0..clients).map(|_| listener.accept().unwrap().0);
            let threads: Vec<_> =
                sockets.map(|socket| thread::spawn(move || echo_lines(socket))).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        ScriptedNode { address, thread: Some(thread) }
    }
}

impl Drop for ScriptedNode {
    fn drop(&mut self) {
        let outcome = self.thread.take().unwrap().join();
        assert!(outcome.is_ok() || thread::panicking(), "the client did not follow the script");
    }
}

fn converse(socket: TcpStream, script: Script) {
    let mut lines = BufReader::new(socket.try_clone().unwrap()).lines();
    let greeting = ("VERSION", "MerkleKV 0.2.0\r\n");
    for (expected, answer) in std::iter::once(&greeting).chain(script) {
        assert_eq!(lines.next().unwrap().unwrap(), *expected);
        (&socket).write_all(answer.as_bytes()).unwrap();
    }
    assert!(lines.next().is_none_or(|line| line.is_err()), "a line too many");
}

fn echo_lines(socket: TcpStream) {
    for line in BufReader::new(socket.try_clone().unwrap()).lines() {
        let answer = match line.unwrap().as_str() {
            "VERSION" => "MerkleKV 0.2.0".to_owned(),
            line => line.to_owned(),
        };
        (&socket).write_all(format!("{answer}\r\n").as_bytes()).unwrap();
    }
}
