//! RESP from both ends: what is made of bytes, and what bytes are made of replies.

use super::{Decoder, write};
use crate::clock::Hlc;
use crate::entry::Entry;
use crate::pattern::Pattern;
use crate::protocol::table::Vocabulary;
use crate::protocol::{
    ClientError, Command, CommandId, ExpireWhen, Expiry, Hello, Keys, Limits, Nested, Reply,
    Request, RespVersion, ScanQuery, SetAnswer, SetExpiry, SetOptions, SetWhen, Step,
};
use crate::version::{NodeId, Version};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

const LIMITS: Limits = Limits { max_key_bytes: 16, max_value_bytes: 100 };

fn array(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

fn decode(bytes: &[u8]) -> Vec<Request> {
    Decoder::new(LIMITS).decode(&mut BytesMut::from(bytes))
}

/// What a line of words without spaces in them is as a request.
fn request(line: &str) -> Request {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let mut requests = decode(&array(&words));
    assert_eq!(requests.len(), 1, "{line}");
    requests.remove(0)
}

fn command(line: &str) -> Command {
    match request(line) {
        Request::Command(_, command) => command,
        other => panic!("{line}: {other:?}"),
    }
}

fn refusal(line: &str) -> String {
    match request(line) {
        Request::Refused(error) => super::error::line(&error),
        other => panic!("{line}: {other:?}"),
    }
}

fn key() -> Bytes {
    Bytes::from_static(b"k")
}

fn written(reply: Reply, version: RespVersion) -> String {
    let mut out = BytesMut::new();
    let (mut reply, mut items) = (reply, 0);
    // Three bytes at a time: every list is interrupted between its items.
    let mut enough = 3;
    while !write(&mut reply, version, &mut items, &mut out, enough) {
        enough = out.len() + 3;
    }
    String::from_utf8(out.to_vec()).unwrap()
}

fn entry(key: &str, value: &str) -> Entry {
    let version = Version { hlc: Hlc::from_raw(1), node: NodeId(1) };
    Entry::value_of(key.as_bytes(), value.as_bytes(), version)
}

#[test]
fn words_of_any_bytes_are_keys_and_values() {
    let requests = decode(&array(&[b"set", b"a key\r\n\0", b"\xff\r\n*1\r\n"]));
    let (key, value) = (Bytes::from_static(b"a key\r\n\0"), Bytes::from_static(b"\xff\r\n*1\r\n"));
    let [Request::Command(id, Command::Set { key: k, value: v })] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_eq!((id.spec().name, k, v), ("SET", &key, &value));
}

#[test]
fn set_takes_its_options_in_any_order_and_case() {
    let options = |line| match command(line) {
        Command::SetIf { options, .. } => options,
        other => panic!("{line}: {other:?}"),
    };
    let default = SetOptions::default();
    for (line, expected) in [
        ("SET k v nx", SetOptions { when: SetWhen::Missing, ..default }),
        ("SET k v XX", SetOptions { when: SetWhen::Present, ..default }),
        (
            "SET k v get KEEPTTL",
            SetOptions { answer: SetAnswer::Old, expiry: SetExpiry::Keep, ..default },
        ),
        (
            "SET k v EX 7 NX",
            SetOptions {
                when: SetWhen::Missing,
                expiry: SetExpiry::At(Expiry::In { millis: 7_000 }),
                ..default
            },
        ),
        (
            "SET k v PXAT 7",
            SetOptions { expiry: SetExpiry::At(Expiry::At { millis: 7 }), ..default },
        ),
    ] {
        assert_eq!(options(line), expected, "{line}");
    }
    for line in [
        "SET k v NX XX",
        "SET k v EX",
        "SET k v EX 1 PX 1",
        "SET k v KEEPTTL EX 1",
        "SET k v EX 1 KEEPTTL",
        "SET k v maybe",
    ] {
        assert!(refusal(line).starts_with("ERR syntax error"), "{line}: {}", refusal(line));
    }
    for line in ["SET k v EX 0", "SET k v PX -1", "SET k v EX 9223372036854775807"] {
        assert_eq!(refusal(line), "ERR invalid expire time in 'set' command", "{line}");
    }
    assert_eq!(refusal("SET k v EX x"), "ERR value is not an integer or out of range");
}

#[test]
fn commands_of_redis_are_known_by_their_names_there() {
    for (line, expected) in [
        ("get k", Command::Get { key: key() }),
        ("DEL k", Command::Delete { key: key() }),
        ("UNLINK k k", Command::DeleteMany { keys: vec![key(), key()] }),
        ("DECRBY k 5", Command::Add { key: key(), step: Step::Down(5) }),
        ("INCR k", Command::Add { key: key(), step: Step::Up(1) }),
        ("GETDEL k", Command::GetAndDelete { key: key() }),
        ("STRLEN k", Command::Length { key: key() }),
        ("FLUSHALL ASYNC", Command::Flush),
        ("SELECT 0", Command::Select),
        ("KEYS k*", Command::KeysLike { pattern: Pattern::new(Bytes::from_static(b"k*")) }),
        (
            "SCAN 0",
            Command::ScanFrom(ScanQuery { cursor: 0, pattern: None, count: 10, nothing: false }),
        ),
        (
            "SCAN 18446744073709551615 COUNT 99999 MATCH k TYPE hash",
            Command::ScanFrom(ScanQuery {
                cursor: u64::MAX,
                pattern: Some(Pattern::new(key())),
                count: 10_000,
                nothing: true,
            }),
        ),
        (
            "HELLO 3 SETNAME k",
            Command::Hello(Hello { version: Some(RespVersion::Three), name: Some(key()) }, None),
        ),
    ] {
        assert_eq!(command(line), expected, "{line}");
    }
}

/// `redis-cli --pipe` was answered with a protocol error: it sends an empty line behind what it was
/// given, which was taken for a command that is no array.
#[test]
fn empty_lines_between_commands_are_passed_over() {
    let ping = array(&[b"PING"]);
    let expected = decode(&ping.repeat(3));
    let bytes = [&b"\r\n\n"[..], &ping, b"\r\n\r\n", &ping, b"\n", &ping, b"\r\n"].concat();
    assert_eq!(decode(&bytes), expected);
    let mut decoder = Decoder::new(LIMITS);
    let mut buffer = BytesMut::new();
    let mut requests = Vec::new();
    for byte in bytes {
        buffer.extend_from_slice(&[byte]);
        requests.extend(decoder.decode(&mut buffer));
    }
    assert_eq!(requests, expected);
    assert!(!decoder.is_inside_command(&buffer));
}

#[test]
fn wrong_numbers_of_arguments_are_told_before_wrong_arguments() {
    for (line, command) in [
        ("INCRBY k x y", "incrby"),
        ("SETEX k x", "setex"),
        ("EXPIRE k", "expire"),
        ("PING a b", "ping"),
        ("CLIENT", "client"),
        ("MSET k", "mset"),
        ("SCAN", "scan"),
        ("UNLINK", "unlink"),
    ] {
        let expected = format!("ERR wrong number of arguments for '{command}' command");
        assert_eq!(refusal(line), expected, "{line}");
    }
}

#[test]
fn arity_is_that_of_redis() {
    for (name, expected) in [
        ("get", 2),
        ("set", -3),
        ("mset", -3),
        ("incrby", 3),
        ("expire", -3),
        ("scan", -2),
        ("client", -2),
        ("command", -1),
        ("hello", -1),
        ("del", -2),
        ("dbsize", 1),
        ("select", 2),
    ] {
        let id = CommandId::find(name.as_bytes(), Vocabulary::Resp).unwrap();
        assert_eq!(super::table::arity(id.spec()), expected, "{name}");
    }
}

#[test]
fn conditions_of_an_expiry_may_stand_together() {
    for (options, expected) in [
        ("", ExpireWhen::Always),
        (" nx NX", ExpireWhen::NoExpiry),
        (" xx", ExpireWhen::HasExpiry),
        (" GT XX", ExpireWhen::Later),
        (" LT", ExpireWhen::Sooner),
        (" XX LT", ExpireWhen::SoonerThanAny),
    ] {
        let at = Expiry::In { millis: 9_000 };
        let expected = Command::Expire { key: key(), at, when: expected };
        assert_eq!(command(&format!("EXPIRE k 9{options}")), expected, "{options}");
    }
    let refused = "options at the same time are not compatible";
    for options in ["NX XX", "GT NX", "LT NX"] {
        let line = refusal(&format!("EXPIRE k 9 {options}"));
        assert_eq!(line, format!("ERR NX and XX, GT or LT {refused}"), "{options}");
    }
    assert_eq!(refusal("EXPIRE k 9 LT GT"), format!("ERR GT and LT {refused}"));
    assert_eq!(refusal("EXPIRE k x YY"), "ERR Unsupported option YY");
    for line in ["EXPIRE k 9223372036854775807", "EXPIREAT k -9223372036854775808"] {
        assert!(refusal(line).starts_with("ERR invalid expire time in 'expire"), "{line}");
    }
}

#[test]
fn options_of_set_may_be_repeated_but_not_mixed() {
    let expiry = SetExpiry::At(Expiry::In { millis: 9_000 });
    let options = SetOptions { expiry, ..SetOptions::default() };
    let expected = Command::SetIf { key: key(), value: Bytes::from_static(b"v"), options };
    assert_eq!(command("SET k v EX 1 ex 9"), expected);
    assert!(matches!(command("SET k v KEEPTTL KEEPTTL"), Command::SetIf { .. }));
    for options in ["EX 1 PX 1", "EX 1 KEEPTTL", "KEEPTTL EX 1", "EX 1 EXAT 1", "EX x YY", "EX"] {
        assert_eq!(refusal(&format!("SET k v {options}")), "ERR syntax error", "{options}");
    }
}

#[test]
fn a_flush_may_be_told_how() {
    for line in ["FLUSHALL", "FLUSHDB async", "FLUSHALL SYNC"] {
        assert_eq!(command(line), Command::Flush, "{line}");
    }
    for line in ["FLUSHALL x", "FLUSHALL SYNC SYNC"] {
        assert_eq!(refusal(line), "ERR syntax error", "{line}");
    }
}

#[test]
fn numbers_are_taken_as_they_would_be_written() {
    for number in ["+1", "01", "-0", "-01", "00", "", "-", "1.0"] {
        let words = array(&[b"INCRBY", b"k", number.as_bytes()]);
        assert!(matches!(decode(&words)[..], [Request::Refused(_)]), "{number:?}");
    }
    for (number, expected) in [("0", 0), ("-1", -1), ("-9223372036854775808", i64::MIN)] {
        let step = Step::Up(expected);
        assert_eq!(command(&format!("INCRBY k {number}")), Command::Add { key: key(), step });
    }
}

#[test]
fn refusals_are_worded_as_clients_of_redis_expect() {
    for (line, expected) in [
        ("GET", "ERR wrong number of arguments for 'get' command"),
        ("GET k k", "ERR wrong number of arguments for 'get' command"),
        ("MSET k v k", "ERR wrong number of arguments for 'mset' command"),
        ("INCR k 5", "ERR wrong number of arguments for 'incr' command"),
        ("INCRBY k 1.5", "ERR value is not an integer or out of range"),
        ("NOPE", "ERR unknown command 'NOPE', HELP lists those that there are"),
        ("SELECT 1", "ERR DB index is out of range"),
        ("SCAN x", "ERR invalid cursor"),
        ("HELLO 4", "NOPROTO unsupported protocol version"),
        ("GET 12345678901234567", "ERR Invalid key: it has 17 bytes, the limit is 16"),
    ] {
        assert_eq!(refusal(line), expected, "{line}");
    }
    assert!(refusal("CONFIG SET save x").starts_with("ERR unknown subcommand 'SET'"));
}

#[test]
fn an_array_of_nothing_is_passed_over() {
    let bytes = [&b"*0\r\n*-1\r\n"[..], &array(&[b"PING"])].concat();
    assert_eq!(decode(&bytes).len(), 1);
}

#[test]
fn what_is_no_command_ends_the_connection_once() {
    for bytes in [
        &b"*1\r\nPING\r\n"[..],
        b"*x\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$536870913\r\n",
        b"*1048577\r\n",
        b"*9999999999999999999999\r\n",
        b"*1\r\n$1\r\nabc",
        b"*1\r\n*1\r\n$4\r\nPING\r\n",
        b"*\r\n",
        b"*1\rx",
        b"**********",
    ] {
        let mut decoder = Decoder::new(LIMITS);
        let mut buffer = BytesMut::from(&[&array(&[b"PING"])[..], bytes].concat()[..]);
        let requests = decoder.decode(&mut buffer);
        let shown = bytes.escape_ascii();
        assert!(
            matches!(&requests[..], [Request::Command(..), Request::Broken(_)]),
            "{shown}: {requests:?}"
        );
        buffer.extend_from_slice(&array(&[b"PING"]));
        assert_eq!(decoder.decode(&mut buffer), [], "{shown}");
        assert!(buffer.is_empty(), "{shown}");
    }
}

#[test]
fn a_word_that_is_too_long_is_dropped_as_it_comes_and_the_next_command_runs() {
    let mut decoder = Decoder::new(LIMITS);
    let mut requests = Vec::new();
    let mut buffer = BytesMut::new();
    let value = vec![b'x'; 100_000];
    let bytes =
        [array(&[b"PING"]), array(&[b"SET", b"k", &value, b"EX", b"1"]), array(&[b"GET", b"k"])];
    for piece in bytes.concat().chunks(64) {
        buffer.extend_from_slice(piece);
        requests.extend(decoder.decode(&mut buffer));
        assert!(buffer.len() <= 128, "{} bytes are held", buffer.len());
    }
    let too_long = ClientError::ValueTooLong { limit: 100, found: 100_000 };
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[1], Request::Refused(too_long));
    assert!(matches!(requests[2], Request::Command(_, Command::Get { .. })));
    assert!(!decoder.is_inside_command(&buffer));
}

#[test]
fn a_command_of_too_many_bytes_is_dropped_although_each_word_is_legal() {
    let limits = Limits { max_key_bytes: 1024, max_value_bytes: 1 << 20 };
    let mut decoder = Decoder::new(limits);
    let value = vec![b'x'; 1 << 20];
    let mut words = vec![&b"MSET"[..]];
    (0..40).for_each(|_| words.extend([&b"k"[..], &value[..]]));
    let mut buffer = BytesMut::new();
    let mut requests = Vec::new();
    for piece in [array(&words), array(&[b"PING"])].concat().chunks(1 << 16) {
        buffer.extend_from_slice(piece);
        requests.extend(decoder.decode(&mut buffer));
        assert!(buffer.len() <= 17 << 20);
    }
    let [Request::Refused(error), Request::Command(..)] = &requests[..] else {
        panic!("{requests:?}");
    };
    assert_eq!(*error, ClientError::CommandTooLong { limit: 16 << 20 });
}

#[test]
fn a_length_alone_costs_no_memory() {
    let mut decoder = Decoder::new(Limits::default());
    let mut buffer = BytesMut::from(&b"*1048576\r\n$1048576\r\n"[..]);
    assert_eq!(decoder.decode(&mut buffer), []);
    assert!(buffer.capacity() < 1_000 && decoder.places.capacity() < 1_000);
    assert!(decoder.is_inside_command(&buffer));
}

#[test]
fn every_reply_has_its_type() {
    let two = RespVersion::Two;
    let list = || vec![entry("a", "1"), entry("b", "2")];
    for (reply, expected) in [
        (Reply::Ok, "+OK\r\n"),
        (Reply::Value(entry("k", "v")), "$1\r\nv\r\n"),
        (Reply::Counted(entry("k", "-7")), ":-7\r\n"),
        (Reply::Grown(entry("k", "abc")), ":3\r\n"),
        (Reply::NoValue, "$-1\r\n"),
        (Reply::Deleted, ":1\r\n"),
        (Reply::NotFound, ":0\r\n"),
        (
            Reply::Values(vec![(key(), Some(entry("k", "v"))), (key(), None)]),
            "*2\r\n$1\r\nv\r\n$-1\r\n",
        ),
        (
            Reply::Keys(Keys { count: 2, entries: Box::new(list().into_iter()) }),
            "*2\r\n$1\r\na\r\n$1\r\nb\r\n",
        ),
        (Reply::Scanned(17, list()), "*2\r\n$2\r\n17\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n"),
        (Reply::Scanned(0, Vec::new()), "*2\r\n$1\r\n0\r\n*0\r\n"),
        (Reply::Key(entry("k", "v")), "$1\r\nk\r\n"),
        (Reply::Number("EXISTS", 2), ":2\r\n"),
        (Reply::Message("PONG", None), "+PONG\r\n"),
        (Reply::Message("PONG", Some(key())), "$1\r\nk\r\n"),
        (
            Reply::Error(ClientError::NoUsers),
            "-ERR Not permitted: this node has no users, so \
            there is nobody to log in as\r\n",
        ),
        (
            Reply::Error(ClientError::DiskFull),
            "-MISCONF Storage full: the disk of this node is \
            full; nothing was changed, and writes are taken again as soon as there is room\r\n",
        ),
        (
            Reply::Nested(Nested::Map(vec![("a", Nested::Number(1)), ("b", Nested::Null)])),
            "*4\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n$-1\r\n",
        ),
    ] {
        assert_eq!(written(reply, two), expected);
    }
    let full = ClientError::StorageFull { limit: 1 << 20, used: 1 << 20 };
    assert!(written(Reply::Error(full), two).starts_with("-OOM Storage full"));
}

#[test]
fn version_three_has_maps_and_one_null() {
    let three = RespVersion::Three;
    assert_eq!(written(Reply::NoValue, three), "_\r\n");
    let map = Nested::Map(vec![("a", Nested::Word("b"))]);
    assert_eq!(written(Reply::Nested(map), three), "%1\r\n$1\r\na\r\n+b\r\n");
}

#[test]
fn the_table_tells_arity_and_keys() {
    let Command::Table(query) = command("COMMAND INFO get mset nope SET ping del") else {
        panic!("not COMMAND");
    };
    let Nested::List(rows) = super::table_answer(&query) else { panic!("no list") };
    let facts = |row: &Nested| match row {
        Nested::List(facts) => Some([&facts[1], &facts[3], &facts[4], &facts[5]].map(Clone::clone)),
        _ => None,
    };
    let numbers = |numbers: [i64; 4]| Some(numbers.map(Nested::Number));
    assert_eq!(
        rows.iter().map(facts).collect::<Vec<_>>(),
        [
            numbers([2, 1, 1, 1]),
            numbers([-3, 1, -1, 2]),
            None,
            numbers([-3, 1, 1, 1]),
            numbers([-1, 0, 0, 0]),
            numbers([-2, 1, -1, 1]),
        ]
    );
}

proptest! {
    /// Whatever pieces bytes come in, the same requests are made of them.
    #[test]
    fn cuts_make_no_difference(
        words in prop::collection::vec(
            prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..12),
                    Just(b"GET".to_vec()),
                    prop::collection::vec(Just(b'x'), 90..130),
                ],
                0..5,
            ),
            1..6,
        ),
        junk in prop::option::of(prop::collection::vec(any::<u8>(), 1..20)),
        cuts in prop::collection::vec(1_usize..9, 1..20),
    ) {
        let mut bytes: Vec<u8> = words
            .iter()
            .flat_map(|words| array(&words.iter().map(Vec::as_slice).collect::<Vec<_>>()))
            .collect();
        bytes.extend(junk.unwrap_or_default());
        let whole = decode(&bytes);
        let mut decoder = Decoder::new(LIMITS);
        let mut buffer = BytesMut::new();
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at((*cut).min(rest.len()));
            buffer.extend_from_slice(piece);
            pieces.extend(decoder.decode(&mut buffer));
            rest = behind;
        }
        prop_assert_eq!(pieces, whole);
    }
}
