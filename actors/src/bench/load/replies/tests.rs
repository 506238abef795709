//! Replies of all three protocols, whole and cut at every byte.

use super::*;

const PROTOCOLS: [Protocol; 3] = [Protocol::Text, Protocol::Resp, Protocol::Memcached];

/// Replies to a GET of a value of five bytes and to a SET, and what they say.
fn replies(protocol: Protocol, kind: Kind) -> Vec<(&'static str, Answer)> {
    use Answer::{Bad, Good, Missing};
    match (protocol, kind) {
        (Protocol::Text, Kind::Set) => {
            vec![("OK\r\n", Good), ("ERROR: Storage full\r\n", Bad), ("\r\n", Bad), ("OKAY\n", Bad)]
        }
        (Protocol::Text, Kind::Get) => vec![
            ("VALUE 12345\r\n", Good),
            ("(null)\r\n", Missing),
            ("NOT_FOUND\r\n", Missing),
            ("VALUE 1234\r\n", Bad),
            ("VALUE 123456\r\n", Bad),
            ("VALUF 12345\r\n", Bad),
            ("ERROR: no\r\n", Bad),
        ],
        (Protocol::Resp, Kind::Set) => vec![
            ("+OK\r\n", Good),
            ("-OOM no\r\n", Bad),
            ("+QUEUED\r\n", Bad),
            (":1\r\n", Bad),
            ("$-1\r\n", Bad),
            ("$2\r\nOK\r\n", Bad),
        ],
        (Protocol::Resp, Kind::Get) => vec![
            ("$5\r\n12345\r\n", Good),
            ("$5\r\n\r\n\r\n1\r\n", Good),
            ("$-1\r\n", Missing),
            ("_\r\n", Missing),
            ("$4\r\n1234\r\n", Bad),
            ("$16\r\n0123456789\r\n4567\r\n", Bad),
            ("$0\r\n\r\n", Bad),
            ("+OK\r\n", Bad),
            ("-LOADING so\r\n", Bad),
        ],
        (Protocol::Memcached, Kind::Set) => vec![
            ("STORED\r\n", Good),
            ("NOT_STORED\r\n", Bad),
            ("SERVER_ERROR out of memory storing object\r\n", Bad),
        ],
        (Protocol::Memcached, Kind::Get) => vec![
            ("VALUE user:00000000000042 0 5\r\n12345\r\nEND\r\n", Good),
            ("VALUE user:00000000000042 0 5\r\nEND\r\n\r\nEND\r\n", Good),
            ("END\r\n", Missing),
            ("VALUE user:00000000000042 0 4\r\n1234\r\nEND\r\n", Bad),
            ("VALUE user:00000000000042 0 15\r\n012345678901234\r\nEND\r\n", Bad),
            ("ERROR\r\n", Bad),
        ],
    }
}

#[test]
fn a_reply_is_read_when_its_last_byte_is_there_and_not_before() {
    for protocol in PROTOCOLS {
        let parser = Replies::new(protocol, 5);
        for kind in [Kind::Get, Kind::Set] {
            for (text, answer) in replies(protocol, kind) {
                let bytes = text.as_bytes();
                for cut in 0..bytes.len() {
                    let parsed = parser.parse(kind, &bytes[..cut]);
                    assert_eq!(parsed, Parsed::Incomplete, "{protocol}: {:?}", &text[..cut]);
                }
                let whole = Parsed::Reply(bytes.len(), answer);
                assert_eq!(parser.parse(kind, bytes), whole, "{protocol}: {text:?}");
                for (behind, _) in replies(protocol, kind) {
                    let more = [bytes, behind.as_bytes()].concat();
                    assert_eq!(
                        parser.parse(kind, &more),
                        whole,
                        "{protocol}: {text:?}, {behind:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_has_no_end_that_can_be_told_is_unreadable() {
    let unreadable = [
        (Protocol::Resp, Kind::Get, "*1\r\n"),
        (Protocol::Resp, Kind::Get, "VALUE 12345\r\n"),
        (Protocol::Resp, Kind::Get, "$five\r\n"),
        (Protocol::Resp, Kind::Get, "$-2\r\n"),
        (Protocol::Resp, Kind::Get, "$5\r\n123456\r\n"),
        (Protocol::Resp, Kind::Get, "$4\r\n12345\r\n"),
        (Protocol::Resp, Kind::Set, "OK\r\n"),
        (Protocol::Memcached, Kind::Get, "VALUE user:00000000000042 0 x\r\n"),
        (Protocol::Memcached, Kind::Get, "VALUE user:00000000000042 0 5\r\n123456\r\nEND\r\n"),
        (Protocol::Memcached, Kind::Get, "VALUE user:00000000000042 0 4\r\n12345\r\nEND\r\n"),
    ];
    for (protocol, kind, text) in unreadable {
        let parsed = Replies::new(protocol, 5).parse(kind, text.as_bytes());
        assert_eq!(parsed, Parsed::Unreadable, "{protocol}: {text:?}");
    }
}

#[test]
fn the_longest_good_reply_is_as_long_as_it_is_said_to_be_at_most() {
    for protocol in PROTOCOLS {
        let parser = Replies::new(protocol, 5);
        for (text, answer) in replies(protocol, Kind::Get) {
            assert!(answer != Answer::Good || text.len() <= parser.longest());
        }
    }
}
