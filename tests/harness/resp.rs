//! A client that speaks RESP on a raw socket and keeps the types of the replies, for a node and for
//! a real Redis alike.

use std::fmt;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a reply may take. Far more than any does on a loaded machine.
const REPLY_LIMIT: Duration = Duration::from_secs(30);

/// A reply as it came.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resp {
    Simple(String),
    Error(String),
    Number(i64),
    Bulk(Vec<u8>),
    /// A string that says what kind of text it is.
    Verbatim(Vec<u8>),
    Array(Vec<Resp>),
    Set(Vec<Resp>),
    Map(Vec<(Resp, Resp)>),
    /// `$-1`, as in version 2.
    NoBulk,
    /// `*-1`, as in version 2.
    NoArray,
    /// `_`, as in version 3.
    Null,
}

impl Resp {
    pub(crate) fn bulk(text: impl AsRef<[u8]>) -> Resp {
        Resp::Bulk(text.as_ref().to_vec())
    }

    pub(crate) fn ok() -> Resp {
        Resp::Simple("OK".to_owned())
    }

    /// The first word of an error.
    pub(crate) fn code(&self) -> Option<&str> {
        match self {
            Resp::Error(line) => line.split(' ').next(),
            _ => None,
        }
    }

    #[track_caller]
    pub(crate) fn number(&self) -> i64 {
        match self {
            Resp::Number(number) => *number,
            other => panic!("{other:?} is no number"),
        }
    }

    #[track_caller]
    pub(crate) fn text(&self) -> String {
        match self {
            Resp::Bulk(text) | Resp::Verbatim(text) => String::from_utf8_lossy(text).into_owned(),
            Resp::Simple(text) => text.clone(),
            other => panic!("{other:?} is no text"),
        }
    }

    #[track_caller]
    pub(crate) fn items(&self) -> &[Resp] {
        match self {
            Resp::Array(items) | Resp::Set(items) => items,
            other => panic!("{other:?} is no array"),
        }
    }
}

impl fmt::Debug for Resp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resp::Simple(text) => write!(f, "+{text}"),
            Resp::Error(text) => write!(f, "-{text}"),
            Resp::Number(number) => write!(f, ":{number}"),
            Resp::Bulk(text) => write!(f, "\"{}\"", text.escape_ascii()),
            Resp::Verbatim(text) => write!(f, "=\"{}\"", text.escape_ascii()),
            Resp::Array(items) => items.fmt(f),
            Resp::Set(items) => write!(f, "~{items:?}"),
            Resp::Map(pairs) => write!(f, "%{pairs:?}"),
            Resp::NoBulk => f.write_str("$-1"),
            Resp::NoArray => f.write_str("*-1"),
            Resp::Null => f.write_str("_"),
        }
    }
}

/// The bytes of a command.
pub(crate) fn command_bytes<W: AsRef<[u8]>>(words: &[W]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

pub(crate) struct RespClient {
    stream: BufReader<TcpStream>,
}

impl RespClient {
    pub(crate) fn connect(address: SocketAddr) -> RespClient {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(REPLY_LIMIT)).unwrap();
        RespClient { stream: BufReader::new(stream) }
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    /// Sends a command and gives its reply.
    #[track_caller]
    pub(crate) fn run<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Resp {
        self.send(command_bytes(words));
        self.reply()
    }

    /// The same with the words of a line.
    #[track_caller]
    pub(crate) fn command(&mut self, line: &str) -> Resp {
        self.run(&line.split(' ').collect::<Vec<_>>())
    }

    /// The next reply.
    #[track_caller]
    pub(crate) fn reply(&mut self) -> Resp {
        self.try_reply().expect("a reply and not the end of the connection")
    }

    /// The next reply, or nothing if the node has closed the connection.
    pub(crate) fn try_reply(&mut self) -> Option<Resp> {
        let mut line = Vec::new();
        match self.stream.read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
            Err(error) => panic!("no reply: {error}"),
        }
        let line = line.strip_suffix(b"\r\n").expect("a line end");
        let (kind, rest) = line.split_first().expect("a type");
        let text = || String::from_utf8(rest.to_vec()).unwrap();
        let number = || text().parse::<i64>().unwrap();
        Some(match kind {
            b'+' => Resp::Simple(text()),
            b'-' => Resp::Error(text()),
            b':' => Resp::Number(number()),
            b'_' => Resp::Null,
            b'$' if number() == -1 => Resp::NoBulk,
            b'*' if number() == -1 => Resp::NoArray,
            b'$' => Resp::Bulk(self.body(number())),
            b'=' => Resp::Verbatim(self.body(number())),
            b'*' => Resp::Array((0..number()).map(|_| self.reply()).collect()),
            b'~' => Resp::Set((0..number()).map(|_| self.reply()).collect()),
            b'%' => Resp::Map((0..number()).map(|_| (self.reply(), self.reply())).collect()),
            other => panic!("no such type: {:?}", char::from(*other)),
        })
    }

    fn body(&mut self, bytes: i64) -> Vec<u8> {
        let mut body = vec![0; bytes as usize + 2];
        self.stream.read_exact(&mut body).unwrap();
        assert!(body.ends_with(b"\r\n"));
        body.truncate(bytes as usize);
        body
    }

    /// All keys of a full iteration, with further words behind the cursor.
    #[track_caller]
    pub(crate) fn scan_all<W: AsRef<[u8]>>(&mut self, more: &[W]) -> Result<Vec<Resp>, Resp> {
        let mut cursor = b"0".to_vec();
        let mut found = Vec::new();
        loop {
            let mut words = vec![b"SCAN".to_vec(), cursor];
            words.extend(more.iter().map(|word| word.as_ref().to_vec()));
            let reply = self.run(&words);
            let Resp::Array(parts) = &reply else { return Err(reply) };
            let [Resp::Bulk(next), Resp::Array(keys)] = &parts[..] else { return Err(reply) };
            found.extend(keys.iter().cloned());
            if next == b"0" {
                return Ok(found);
            }
            cursor = next.clone();
        }
    }

    /// Whether the node has closed the connection and said nothing more.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read_to_end(&mut Vec::new()) {
            Ok(bytes) => bytes == 0,
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
