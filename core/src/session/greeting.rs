//! How a peer makes itself known on the client port: its first line is `PEER 1`, and the answer
//! `OK`. Frames follow.

use super::hello::PROTOCOL;

/// What a peer sends first.
pub const GREETING: &[u8] = b"PEER 1\r\n";

/// What it is answered, if the session is taken up.
pub const ACCEPTED: &[u8] = b"OK\r\n";

/// The first byte of every TLS connection: the type of a record that holds a handshake (RFC 8446,
/// section 5.1). No command begins with it.
pub const TLS_HANDSHAKE: u8 = 0x16;

const WORD: &[u8] = b"PEER ";

/// No version is longer, in bytes, line end included.
const MAX_VERSION_BYTES: usize = 22;

/// Who speaks on a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// A client.
    Client,
    /// Not known yet: more has to come.
    Unfinished,
    /// A peer that speaks this node's protocol. So many bytes were the greeting.
    Peer(usize),
    /// A peer that speaks another one.
    Stranger,
    /// Somebody who begins TLS, which is not spoken here.
    Tls,
}

/// Reads the first bytes of a connection.
pub fn greeting(received: &[u8]) -> Greeting {
    if received.first() == Some(&TLS_HANDSHAKE) {
        return Greeting::Tls;
    }
    let common = received.len().min(WORD.len());
    if received[..common] != WORD[..common] {
        return Greeting::Client;
    }
    let rest = &received[common..];
    match rest.iter().take(MAX_VERSION_BYTES).position(|byte| *byte == b'\n') {
        Some(end) => {
            let version = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            if version == PROTOCOL.to_string().as_bytes() {
                Greeting::Peer(common + end + 1)
            } else {
                Greeting::Stranger
            }
        }
        None if rest.len() < MAX_VERSION_BYTES => Greeting::Unfinished,
        None => Greeting::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_known_by_its_first_line_in_whatever_pieces_it_comes() {
        let received = [GREETING, b"\x00\x00"].concat();
        for bytes in 0..GREETING.len() {
            assert_eq!(greeting(&received[..bytes]), Greeting::Unfinished, "{bytes} bytes");
        }
        assert_eq!(greeting(&received), Greeting::Peer(8));
        assert_eq!(greeting(b"PEER 1\n"), Greeting::Peer(7));
    }

    #[test]
    fn whoever_begins_tls_is_known_by_the_first_byte() {
        assert_eq!(greeting(b"\x16"), Greeting::Tls);
        assert_eq!(greeting(b"\x16\x03\x01\x02\x00\x01"), Greeting::Tls);
        assert_eq!(greeting(b"G\x16"), Greeting::Client);
    }

    #[test]
    fn other_first_lines_are_a_clients_or_another_protocols() {
        for line in [&b"PING\r\n"[..], b"PEERS\r\n", b"peer 1\r\n", b"X", b"\n"] {
            assert_eq!(greeting(line), Greeting::Client);
        }
        for line in
            [&b"PEER 2\r\n"[..], b"PEER \n", b"PEER 1 2\r\n", b"PEER 1111111111111111111111"]
        {
            assert_eq!(greeting(line), Greeting::Stranger);
        }
    }
}
