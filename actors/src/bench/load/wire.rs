//! What the load says: reads and writes in the text protocol of a node, in that of Redis, and in
//! that of memcached. Requests are prepared once; each use copies one and changes digits in it.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// Bytes of each key.
pub(in crate::bench) const KEY_BYTES: usize = 19;

/// Bytes of a value, unless something else is asked for.
pub(in crate::bench) const VALUE_BYTES: usize = 64;

/// What stands before the number of a key.
const PREFIX: &str = "user:";

/// Bytes at the end of a value which differ from write to write.
const FRESH_BYTES: usize = 8;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// MerkleKV's own.
    Text,
    /// That of Redis.
    Resp,
    /// The text protocol of memcached.
    Memcached,
}

impl Protocol {
    const ALL: [Protocol; 3] = [Protocol::Text, Protocol::Resp, Protocol::Memcached];

    fn set(self, key: &str, value: &str) -> String {
        let (key_bytes, value_bytes) = (key.len(), value.len());
        match self {
            Protocol::Text => format!("SET {key} {value}\r\n"),
            Protocol::Resp => {
                format!("*3\r\n$3\r\nSET\r\n${key_bytes}\r\n{key}\r\n${value_bytes}\r\n{value}\r\n")
            }
            Protocol::Memcached => format!("set {key} 0 0 {value_bytes}\r\n{value}\r\n"),
        }
    }

    fn get(self, key: &str) -> String {
        match self {
            Protocol::Text => format!("GET {key}\r\n"),
            Protocol::Resp => format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len()),
            Protocol::Memcached => format!("get {key}\r\n"),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Protocol::Text => "text",
            Protocol::Resp => "resp",
            Protocol::Memcached => "memcached",
        })
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(name: &str) -> Result<Protocol, String> {
        let found = Protocol::ALL.into_iter().find(|protocol| protocol.to_string() == name);
        found.ok_or_else(|| "it is text, resp or memcached".to_owned())
    }
}

/// The name of a key.
pub(in crate::bench) fn key(n: u64) -> String {
    let width = KEY_BYTES - PREFIX.len();
    format!("{PREFIX}{n:0>width$}")
}

/// A read or a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Get,
    Set,
}

/// The two requests, ready but for the key and the end of the value.
pub(super) struct Requests {
    get: Vec<u8>,
    set: Vec<u8>,
    /// Where the digits of the key stand that change, in each.
    get_key: Range<usize>,
    set_key: Range<usize>,
    /// Where the bytes of the value stand that change.
    fresh: Range<usize>,
}

impl Requests {
    /// For keys below `keys`.
    pub(super) fn new(protocol: Protocol, keys: u64, value_bytes: usize) -> Requests {
        let (key, value) = (key(0), "x".repeat(value_bytes));
        let (get, set) = (protocol.get(&key), protocol.set(&key, &value));
        let digits = keys.saturating_sub(1).to_string().len();
        let place = |request: &str| {
            let end = request.find(&key).unwrap_or_default() + KEY_BYTES;
            end - digits..end
        };
        let value_end = set.len() - "\r\n".len();
        Requests {
            get_key: place(&get),
            set_key: place(&set),
            fresh: value_end - FRESH_BYTES.min(value_bytes)..value_end,
            get: get.into_bytes(),
            set: set.into_bytes(),
        }
    }

    /// Bytes of the longer one.
    pub(super) fn longest(&self) -> usize {
        self.set.len()
    }

    /// Appends a read of this key.
    pub(super) fn get(&self, key: u64, to: &mut Vec<u8>) {
        let begin = to.len();
        to.extend_from_slice(&self.get);
        write_digits(&mut to[begin..][self.get_key.clone()], key);
    }

    /// Appends a write of this key, with a value that ends in eight letters made of `random`.
    pub(super) fn set(&self, key: u64, random: u64, to: &mut Vec<u8>) {
        let begin = to.len();
        to.extend_from_slice(&self.set);
        let request = &mut to[begin..];
        write_digits(&mut request[self.set_key.clone()], key);
        let fresh = &mut request[self.fresh.clone()];
        fresh.copy_from_slice(&letters(random)[..fresh.len()]);
    }
}

/// The last digits of the number, as many as there is room for.
fn write_digits(room: &mut [u8], mut number: u64) {
    for digit in room.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Letters from a to p, one of each byte of the number: half of its bits show.
fn letters(number: u64) -> [u8; FRESH_BYTES] {
    const HALVES: u64 = 0x0f0f_0f0f_0f0f_0f0f;
    const A: u64 = 0x6161_6161_6161_6161;
    ((number & HALVES) + A).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(protocol: Protocol, value_bytes: usize) -> (String, String) {
        let requests = Requests::new(protocol, 1_000_000, value_bytes);
        let (mut get, mut set) = (Vec::new(), Vec::new());
        requests.get(42, &mut get);
        requests.set(999_999, 0x0f_02_01_00, &mut set);
        assert_eq!(requests.longest(), set.len());
        (String::from_utf8(get).unwrap(), String::from_utf8(set).unwrap())
    }

    #[test]
    fn requests_are_what_each_protocol_has_them_to_be() {
        let value = format!("{}abcpaaaa", "x".repeat(56));
        let (get, set) = said(Protocol::Text, 64);
        assert_eq!(get, "GET user:00000000000042\r\n");
        assert_eq!(set, format!("SET user:00000000999999 {value}\r\n"));
        let (get, set) = said(Protocol::Resp, 64);
        assert_eq!(get, "*2\r\n$3\r\nGET\r\n$19\r\nuser:00000000000042\r\n");
        assert_eq!(
            set,
            format!("*3\r\n$3\r\nSET\r\n$19\r\nuser:00000000999999\r\n$64\r\n{value}\r\n")
        );
        let (get, set) = said(Protocol::Memcached, 64);
        assert_eq!(get, "get user:00000000000042\r\n");
        assert_eq!(set, format!("set user:00000000999999 0 0 64\r\n{value}\r\n"));
    }

    #[test]
    fn a_value_may_be_shorter_than_what_is_fresh_of_it() {
        assert_eq!(said(Protocol::Text, 3).1, "SET user:00000000999999 abc\r\n");
        assert_eq!(said(Protocol::Text, 9).1, "SET user:00000000999999 xabcpaaaa\r\n");
    }

    #[test]
    fn requests_are_appended_and_keys_have_19_bytes() {
        let requests = Requests::new(Protocol::Text, 10, 1);
        let mut text = Vec::new();
        requests.get(9, &mut text);
        requests.set(3, 1, &mut text);
        assert_eq!(text, b"GET user:00000000000009\r\nSET user:00000000000003 b\r\n");
        assert_eq!((key(42).as_str(), key(42).len()), ("user:00000000000042", KEY_BYTES));
    }

    #[test]
    fn protocols_are_known_by_their_names() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.to_string().parse(), Ok(protocol));
        }
        assert!("http".parse::<Protocol>().is_err());
    }
}
