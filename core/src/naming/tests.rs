//! What is a name, and what an address.

use super::{NodeName, PeerAddress};

#[test]
fn a_node_name_is_short_and_plain() {
    let longest = "n".repeat(64);
    for name in ["a", "A-Z.a_z-09", "...", &longest] {
        assert_eq!(NodeName::parse(name).as_ref().map(NodeName::as_str), Some(name));
    }
    for text in ["", " ", "a b", "a/b", "a+", "ä", "a\0", &"n".repeat(65)] {
        assert_eq!(NodeName::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_peer_is_a_host_and_a_port() {
    for (text, host, port) in [("node-1:7379", "node-1", 7379), ("[::1]:1", "[::1]", 1)] {
        let address = PeerAddress::parse(text).expect(text);
        assert_eq!((address.host.as_str(), address.port), (host, port));
        assert_eq!(address.to_string(), text);
    }
    for text in ["", "node-1", "[::1]", "::1", "a:0", "a:", ":1", "tcp://a:1", " a:1", "a:1 "] {
        assert_eq!(PeerAddress::parse(text), None, "{text:?}");
    }
}
