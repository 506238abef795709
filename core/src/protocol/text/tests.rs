//! The text protocol as bytes: what lines become, and what replies look like.

use super::Decoder;
use crate::clock::Hlc;
use crate::entry::Entry;
use crate::protocol::table::text_commands;
use crate::protocol::{
    COMMANDS, ClientAction, ClientError, Command, Credentials, Dialect, Keys, Limits, NodeFacts,
    ReplicateAction, Reply, ReplyWriter, Report, Request, Step, StoreFacts, Wording,
};
use crate::version::{NodeId, Version};
use bytes::{Bytes, BytesMut};

mod anti_entropy;

const SMALL: Limits = Limits { max_key_bytes: 8, max_value_bytes: 16 };

fn decode(dialect: Dialect, limits: Limits, text: &[u8]) -> Vec<Request> {
    let mut buffer = BytesMut::from(text);
    Decoder::new(limits, dialect).decode(&mut buffer)
}

fn request_in(dialect: Dialect, line: &str) -> Request {
    let mut requests = decode(dialect, Limits::default(), format!("{line}\r\n").as_bytes());
    assert_eq!(requests.len(), 1, "{line}");
    requests.remove(0)
}

fn command_in(dialect: Dialect, line: &str) -> Command {
    match request_in(dialect, line) {
        Request::Command(_, command) => command,
        Request::Refused(error) | Request::Broken(error) => panic!("{line}: {error}"),
    }
}

fn command(line: &str) -> Command {
    command_in(Dialect::Standard, line)
}

fn error_in(dialect: Dialect, line: &str) -> ClientError {
    match request_in(dialect, line) {
        Request::Refused(error) => error,
        other => panic!("{line}: {other:?}"),
    }
}

fn error(line: &str) -> ClientError {
    error_in(Dialect::Standard, line)
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn set(key: &str, value: &[u8]) -> Command {
    Command::Set { key: bytes(key), value: Bytes::copy_from_slice(value) }
}

fn entry(key: &[u8], value: &[u8]) -> Entry {
    Entry::value_of(key, value, Version { hlc: Hlc::from_raw(1), node: NodeId(1) })
}

fn written(reply: Reply, dialect: Dialect) -> String {
    let mut out = BytesMut::new();
    assert!(ReplyWriter::new(reply, Wording::Text(dialect)).write(&mut out, usize::MAX));
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn each_command_is_read_by_each_of_its_words_in_any_case() {
    let key = bytes("Key");
    assert_eq!(command("gEt Key"), Command::Get { key: key.clone() });
    assert_eq!(command("set Key Some Value "), set("Key", b"Some Value "));
    for word in ["DEL", "delete"] {
        assert_eq!(command(&format!("{word} Key")), Command::Delete { key: key.clone() });
    }
    for word in ["INCR", "inc"] {
        let up = |by| Command::Add { key: key.clone(), step: Step::Up(by) };
        assert_eq!(command(&format!("{word} Key")), up(1));
        assert_eq!(command(&format!("{word} Key -5")), up(-5));
        assert_eq!(command(&format!("{word} Key +9223372036854775807")), up(i64::MAX));
    }
    for word in ["DECR", "dec"] {
        let down = |by| Command::Add { key: key.clone(), step: Step::Down(by) };
        assert_eq!(command(&format!("{word} Key")), down(1));
        assert_eq!(command(&format!("{word} Key -9223372036854775808")), down(i64::MIN));
    }
    let value = bytes("a b");
    assert_eq!(
        command("APPEND Key a b"),
        Command::Append { key: key.clone(), value: value.clone() }
    );
    assert_eq!(command("PREPEND Key a b"), Command::Prepend { key: key.clone(), value });
    let keys = vec![bytes("a"), bytes("b"), bytes("a")];
    assert_eq!(command("MGET a  b a "), Command::GetMany { keys: keys.clone() });
    assert_eq!(command("EXISTS a b a"), Command::Exists { keys });
    assert_eq!(command("DBSIZE"), Command::KeyCount);
    for word in ["FLUSH", "flushdb", "Truncate"] {
        assert_eq!(command(word), Command::Flush);
    }
    for (word, action) in [
        ("enable", ReplicateAction::Enable),
        ("DISABLE", ReplicateAction::Disable),
        ("Status", ReplicateAction::Status),
    ] {
        assert_eq!(command(&format!("REPLICATE {word}")), Command::Replicate(action));
    }
    assert_eq!(command("PING"), Command::Ping { message: None });
    assert_eq!(command("PING a b"), Command::Ping { message: Some(bytes("a b")) });
    assert_eq!(command("ECHO  "), Command::Echo { message: bytes(" ") });
    assert_eq!(command("CLIENT list"), Command::Client(ClientAction::List));
    let credentials = |user: &'static str, password: &'static str| {
        Command::Auth(Credentials::new(Some(user.into()), password.into()))
    };
    assert_eq!(command("AUTH me secret"), credentials("me", "secret"));
    assert_eq!(command("AUTH me \"two words\""), credentials("me", "two words"));
    for (word, expected) in [
        ("VERSION", Command::Version),
        ("INFO", Command::Info),
        ("STATS", Command::Stats),
        ("MEMORY", Command::Memory),
        ("HELP", Command::Help),
        ("QUIT", Command::Quit),
        ("SHUTDOWN ", Command::Shutdown),
    ] {
        assert_eq!(command(word), expected);
    }
}

#[test]
fn every_command_refuses_too_few_and_too_many_arguments_by_name() {
    for spec in text_commands() {
        let words = spec.arguments.split_whitespace().filter(|word| !word.starts_with('['));
        let required = if spec.arguments.starts_with('[') { 0 } else { words.clone().count() };
        // "[key value...]" are two words of which one begins with a bracket.
        let required = if spec.name == "MSET" { 2 } else { required };
        for word in [&[spec.name], spec.aliases].concat() {
            for given in 0..required {
                let line = format!("{word}{}", " 1".repeat(given));
                for dialect in [Dialect::Standard, Dialect::Legacy] {
                    if spec.name == "CLIENT" && dialect == Dialect::Legacy {
                        continue; // alone it means LIST there
                    }
                    let missing = error_in(dialect, &line);
                    assert!(
                        missing.to_string().starts_with("Missing arguments: "),
                        "{line}: {missing}"
                    );
                    assert!(missing.to_string().contains(spec.name), "{missing}");
                }
            }
            if takes_any_number(spec.name) {
                continue;
            }
            let line = format!("{word}{}", " 1".repeat(4));
            let told = error(&line).to_string();
            let expected = format!("Too many arguments: {} needs {}", spec.name, spec.needs);
            assert!(told == expected || spec.name == "SCAN", "{line}: {told}");
        }
    }
}

fn takes_any_number(name: &str) -> bool {
    ["SET", "APPEND", "PREPEND", "MGET", "MSET", "EXISTS", "PING", "ECHO"].contains(&name)
}

#[test]
fn what_a_command_lacks_is_said() {
    for (line, told) in [
        ("GET", "Missing arguments: GET needs a key"),
        ("GET a b", "Too many arguments: GET needs a key"),
        ("SET k", "Missing arguments: SET needs a key and a value"),
        ("SET k ", "Missing arguments: SET needs a key and a value"),
        ("SET  v", "Invalid key: it is empty, SET takes one space before its key"),
        ("MSET a 1 b", "Missing arguments: MSET needs a value for every key, 'b' has none"),
        ("INCR k 1.5", "Invalid number: '1.5' is not a 64-bit signed integer"),
        (
            "INCR k 9223372036854775808",
            "Invalid number: '9223372036854775808' is not a 64-bit signed integer",
        ),
        ("INCR k 1 2", "Too many arguments: INCR needs a key and at most one amount"),
        (
            "REPLICATE maybe",
            "Invalid command: REPLICATE 'maybe' is not one of ENABLE, DISABLE, STATUS",
        ),
        ("CLIENT KILL", "Invalid command: CLIENT 'KILL' is not one of LIST"),
        (
            "SCAN a b",
            "Invalid command: SCAN 'b' is not one of AFTER key, LIMIT n, each once and behind the prefix",
        ),
        (
            "SCAN LIMIT 1 LIMIT 2",
            "Invalid command: SCAN 'LIMIT' is not one of AFTER key, LIMIT n, each once and behind the prefix",
        ),
        ("SCAN LIMIT 0", "Invalid number: '0' is not a number of keys from 1"),
        ("SCAN LIMIT -1", "Invalid number: '-1' is not a number of keys from 1"),
        (
            "SCAN a LIMIT",
            "Missing arguments: SCAN needs at most a prefix, AFTER with a key, and LIMIT with a number",
        ),
        (
            "SCAN AFTER",
            "Missing arguments: SCAN needs at most a prefix, AFTER with a key, and LIMIT with a number",
        ),
        ("EXPIRE k", "Missing arguments: EXPIRE needs a key and a number of seconds"),
        ("EXPIRE k 1 2", "Too many arguments: EXPIRE needs a key and a number of seconds"),
        ("EXPIRE k 1.5", "Invalid number: '1.5' is not a 64-bit signed integer"),
        ("PERSIST", "Missing arguments: PERSIST needs a key"),
        ("TTL a b", "Too many arguments: TTL needs a key"),
        ("", "Invalid command: empty line"),
        ("   ", "Invalid command: empty line"),
        ("NONSENSE x", "Invalid command: 'NONSENSE' is not a command, HELP lists them"),
        (" GET k", "Invalid command: '' is not a command, HELP lists them"),
        ("GET\tk", "Invalid command: 'GET\\tk' is not a command, HELP lists them"),
        ("GET a\tb", "Invalid key: byte 0x09 is not allowed in a key"),
        ("SET a\u{7f} v", "Invalid key: byte 0x7f is not allowed in a key"),
        ("MGET a b\0", "Invalid key: byte 0x00 is not allowed in a key"),
    ] {
        assert_eq!(error(line).to_string(), told, "{line:?}");
    }
}

#[test]
fn an_error_repeats_a_little_of_a_strangers_word_and_on_one_line() {
    let told = error(&"é".repeat(10_000)).to_string();
    assert!(told.len() < 150 && told.contains('…'), "{told}");
    let told = error("a\rb\u{85}c").to_string();
    assert!(!told.chars().any(char::is_control), "{told:?}");
}

#[test]
fn keys_and_values_are_taken_up_to_their_limits() {
    let decoded = |line: &str| decode(Dialect::Standard, SMALL, line.as_bytes()).remove(0);
    let refused = |line: &str| match decoded(line) {
        Request::Refused(error) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(decoded("SET 12345678 1234567890123456\n"), Request::Command(..)));
    let long_key = ClientError::KeyTooLong { limit: 8, found: 9 };
    for line in
        ["GET 123456789\n", "SET 123456789 v\n", "MSET a 1 123456789 v\n", "INCR 123456789\n"]
    {
        assert_eq!(refused(line), long_key);
    }
    let long_value = ClientError::ValueTooLong { limit: 16, found: 17 };
    for line in [
        "SET k 12345678901234567\n",
        "APPEND k \"1234567890123456 \"\n",
        "MSET k 12345678901234567\n",
    ] {
        assert_eq!(refused(line), long_value);
    }
    let escaped = format!("PREPEND 12345678 \"{}\"\n", "\\xff".repeat(16));
    assert_eq!(
        decoded(&escaped),
        decode(Dialect::Standard, Limits::default(), escaped.as_bytes()).remove(0),
        "the largest legal line is legal"
    );
}

#[test]
fn a_value_is_unquoted_only_if_it_is_quoted_as_a_whole() {
    for (raw, value) in [
        (r#""""#, &b""[..]),
        (r#"" a ""#, b" a "),
        (r#""\n\r\t\0\x41\"\\""#, b"\n\r\t\0A\"\\"),
        (r#"{"host":"localhost"}"#, br#"{"host":"localhost"}"#),
        (r#""a" b"#, br#""a" b"#),
        (r#""a\q""#, br#""a\q""#),
        (r#""open"#, br#""open"#),
        (r#""a" "#, br#""a" "#),
        ("\ttab\t", b"\ttab\t"),
        (" x", b" x"),
    ] {
        assert_eq!(command(&format!("SET k {raw}")), set("k", value), "{raw}");
        let legacy = command_in(Dialect::Legacy, &format!("SET k {raw}"));
        assert_eq!(legacy, set("k", raw.trim_end().as_bytes()), "{raw}");
    }
}

/// MSET took quotes off its keys too, so that what a client wrote under `"k"` went to `k`, where
/// neither its GET nor its SET would look.
#[test]
fn a_key_keeps_its_quotes_in_every_command() {
    let key = bytes(r#""k""#);
    assert_eq!(command(r#"GET "k""#), Command::Get { key: key.clone() });
    assert_eq!(command(r#"MGET "k""#), Command::GetMany { keys: vec![key.clone()] });
    assert_eq!(
        command(r#"MSET "k" "a b" x "" y c"d"#),
        Command::SetMany {
            pairs: vec![(key, bytes("a b")), (bytes("x"), bytes("")), (bytes("y"), bytes("c\"d"))]
        }
    );
}

#[test]
fn scan_takes_a_prefix_and_options_in_any_order_and_case() {
    let scan = |prefix: &str, after: Option<&str>, limit| Command::Scan {
        prefix: bytes(prefix),
        after: after.map(bytes),
        limit,
    };
    assert_eq!(command("SCAN"), scan("", None, None));
    assert_eq!(command("SCAN p"), scan("p", None, None));
    assert_eq!(command("SCAN p LIMIT 5 AFTER pk"), scan("p", Some("pk"), Some(5)));
    assert_eq!(command("scan after limit limit 2"), scan("", Some("limit"), Some(2)));
    assert_eq!(command(r#"SCAN "LIMIT" limit 2"#), scan("LIMIT", None, Some(2)));
    assert_eq!(command(r#"SCAN """#), scan("", None, None));
    assert!(matches!(error("SCAN a\tb"), ClientError::ByteInKey { .. }));
}

/// A listing shows a key with a space, which another node may have sent, in quotes. Handing that
/// back to AFTER was refused, and the listing could not go on behind it.
#[test]
fn a_listing_can_go_on_behind_any_key_that_it_shows() {
    for key in [&b"a b"[..], b"\"q\"", b"tab\there", b"\xff\n", &[b'x'; 5_000]] {
        let keys = Keys { count: 1, entries: Box::new([entry(key, b"v")].into_iter()) };
        let text = written(Reply::Keys(keys), Dialect::Standard);
        let shown = text.split("\r\n").nth(1).unwrap();
        let line = format!("SCAN AFTER {shown}");
        let expected =
            Command::Scan { prefix: Bytes::new(), after: Some(bytes_of(key)), limit: None };
        assert_eq!(command(&line), expected, "{line}");
    }
    let expected = Command::Scan { prefix: bytes("a\tb"), after: None, limit: None };
    assert_eq!(command(r#"SCAN "a\tb""#), expected);
}

fn bytes_of(key: &[u8]) -> Bytes {
    Bytes::copy_from_slice(key)
}

#[test]
fn both_line_ends_count_and_only_one_carriage_return_belongs_to_them() {
    let requests =
        decode(Dialect::Standard, Limits::default(), b"PING\nPING a\r\nSET k v\r\r\nGET k\r\r\n");
    assert_eq!(requests.len(), 4);
    let Request::Command(_, second) = &requests[1] else { panic!() };
    assert_eq!(*second, Command::Ping { message: Some(bytes("a")) });
    let Request::Command(_, third) = &requests[2] else { panic!() };
    assert_eq!(*third, set("k", b"v\r"));
    assert!(matches!(requests[3], Request::Refused(ClientError::ByteInKey { byte: b'\r', .. })));
}

#[test]
fn text_cut_anywhere_gives_the_same_requests_as_whole() {
    let long = "x".repeat(SMALL.max_line_bytes() + 2);
    let just_fits = format!("PING {}", "y".repeat(SMALL.max_line_bytes() - 5));
    let text = format!(
        "GET k\r\nSET a \"\\n\"\n\n\r\nMSET a 1 b \"2 3\"\r\n{long}\r\nGET z\nECHO ünï\n{just_fits}\r\nGET \rk\nQUIT\r\nPI"
    );
    let mut text = text.into_bytes();
    text.extend_from_slice(b"NG\nSET k \xff\xfe\nSET k \xc3\xa9\r\n");
    for dialect in [Dialect::Standard, Dialect::Legacy] {
        let whole = decode(dialect, SMALL, &text);
        assert_eq!(whole.len(), 14);
        for first in 0..=text.len() {
            for second in [first, (first + 1).min(text.len()), (first + 97).min(text.len())] {
                let mut decoder = Decoder::new(SMALL, dialect);
                let (mut buffer, mut requests) = (BytesMut::new(), Vec::new());
                for part in [&text[..first], &text[first..second], &text[second..]] {
                    buffer.extend_from_slice(part);
                    requests.extend(decoder.decode(&mut buffer));
                }
                assert_eq!(requests, whole, "cut at {first} and {second}");
                assert!(!decoder.is_inside_line(&buffer));
            }
        }
        let mut decoder = Decoder::new(SMALL, dialect);
        let (mut buffer, mut requests) = (BytesMut::new(), Vec::new());
        for byte in &text {
            buffer.extend_from_slice(&[*byte]);
            requests.extend(decoder.decode(&mut buffer));
        }
        assert_eq!(requests, whole, "byte by byte");
    }
}

#[test]
fn an_unfinished_line_waits_for_its_end() {
    let mut decoder = Decoder::new(Limits::default(), Dialect::Standard);
    let mut buffer = BytesMut::from(&b"PING\r\nGET "[..]);
    assert!(decoder.is_inside_line(&buffer));
    assert_eq!(decoder.decode(&mut buffer).len(), 1);
    assert!(decoder.is_inside_line(&buffer));
    buffer.extend_from_slice(b"k\n");
    assert_eq!(decoder.decode(&mut buffer).len(), 1);
    assert!(!decoder.is_inside_line(&buffer));
}

#[test]
fn a_hundred_megabytes_without_a_line_end_cost_one_error_and_at_most_one_line_of_memory() {
    let limits = Limits::default();
    let mut decoder = Decoder::new(limits, Dialect::Standard);
    let (mut buffer, mut requests) = (BytesMut::new(), Vec::new());
    let chunk = vec![b'x'; 64 << 10];
    for _ in 0..1_600 {
        buffer.extend_from_slice(&chunk);
        // A Vec doubles when it grows.
        assert!(buffer.capacity() <= 2 * (limits.max_line_bytes() + chunk.len()));
        requests.extend(decoder.decode(&mut buffer));
    }
    assert!(buffer.capacity() <= chunk.len(), "the room is given back: {}", buffer.capacity());
    assert!(decoder.is_inside_line(&buffer));
    buffer.extend_from_slice(b"tail\r\nGET k\r\n");
    requests.extend(decoder.decode(&mut buffer));
    let limit = limits.max_line_bytes();
    assert_eq!(requests[0], Request::Refused(ClientError::LineTooLong { limit }));
    assert!(matches!(&requests[1], Request::Command(_, Command::Get { .. })));
    assert_eq!(requests.len(), 2);
}

#[test]
fn a_line_of_the_greatest_length_is_taken_with_either_end_and_one_byte_more_is_not() {
    let fits = format!("PING {}", "x".repeat(SMALL.max_line_bytes() - 5));
    let limit = SMALL.max_line_bytes();
    for end in ["\n", "\r\n"] {
        // The message is too long for a value, which is a finer answer than about the line.
        let answers = decode(Dialect::Standard, SMALL, format!("{fits}{end}").as_bytes());
        assert!(matches!(answers[..], [Request::Refused(ClientError::ValueTooLong { .. })]));
        let answers = decode(Dialect::Standard, SMALL, format!("{fits}x{end}").as_bytes());
        assert_eq!(answers, [Request::Refused(ClientError::LineTooLong { limit })]);
    }
}

#[test]
fn a_line_that_is_not_utf_8_is_refused_with_the_place_and_the_next_one_is_read() {
    let requests = decode(Dialect::Standard, Limits::default(), b"SET k a\xffb\r\nGET k\n");
    assert_eq!(requests[0], Request::Refused(ClientError::NotUtf8 { at: 7 }));
    assert!(matches!(requests[1], Request::Command(..)));
}

#[test]
fn the_legacy_dialect_trims_a_line_and_cuts_lists_at_tabs() {
    let legacy = |line: &str| command_in(Dialect::Legacy, line);
    assert_eq!(legacy("\u{a0} \t SET k  v \t\u{2003}"), set("k", b" v"));
    assert_eq!(legacy("MGET a\tb"), Command::GetMany { keys: vec![bytes("a"), bytes("b")] });
    assert_eq!(legacy("EXISTS \ta"), Command::Exists { keys: vec![bytes("a")] });
    assert_eq!(legacy("PING\r\r"), Command::Ping { message: None });
    assert_eq!(error_in(Dialect::Legacy, " \t\u{a0}"), ClientError::EmptyLine);
    for line in ["INFO all", "STATS x", "FLUSHDB now", "TRUNCATE x y"] {
        legacy(line);
    }
    assert!(matches!(error_in(Dialect::Legacy, "DBSIZE x"), ClientError::TooManyArguments { .. }));
}

/// SCAN has options now that 0.1 had not, and in the legacy dialect nothing can be quoted: the
/// keys under `limit` could not be listed.
#[test]
fn the_one_word_behind_a_legacy_scan_is_a_prefix_whatever_it_says() {
    for prefix in ["limit", "AFTER", "\"x\""] {
        let expected = Command::Scan { prefix: bytes(prefix), after: None, limit: None };
        assert_eq!(command_in(Dialect::Legacy, &format!("SCAN {prefix}")), expected);
    }
    let paged = Command::Scan { prefix: bytes("p"), after: Some(bytes("pk")), limit: Some(2) };
    assert_eq!(command_in(Dialect::Legacy, "SCAN p AFTER pk LIMIT 2"), paged);
}

#[test]
fn a_long_list_is_written_in_pieces_that_join_to_the_whole() {
    let many = || -> Vec<(Bytes, Option<Entry>)> {
        let one = |n: usize| {
            let key = format!("key{n}");
            let found = (!n.is_multiple_of(3)).then(|| entry(key.as_bytes(), b"some value"));
            (Bytes::from(key), found)
        };
        (0..200).map(one).collect()
    };
    let keys = || Keys {
        count: 200,
        entries: Box::new((0..200).map(|n| entry(format!("key{n}").as_bytes(), b""))),
    };
    let replies: [&dyn Fn() -> Reply; 2] = [&|| Reply::Values(many()), &|| Reply::Keys(keys())];
    for reply in replies {
        for dialect in [Dialect::Standard, Dialect::Legacy] {
            let whole = written(reply(), dialect);
            for enough in [1, 7, 100, 1_000, whole.len() - 1, whole.len()] {
                let mut writer = ReplyWriter::new(reply(), Wording::Text(dialect));
                let mut joined = String::new();
                loop {
                    let mut out = BytesMut::new();
                    let ended = writer.write(&mut out, enough);
                    assert!(out.len() < enough + 40, "{} of {enough}", out.len());
                    joined.push_str(std::str::from_utf8(&out).unwrap());
                    if ended {
                        break;
                    }
                }
                assert_eq!(joined, whole, "pieces of {enough}");
            }
        }
    }
}

#[test]
fn a_legacy_client_sees_keys_and_values_as_they_are() {
    let keys =
        Keys { count: 2, entries: Box::new([entry(b"\"k", b""), entry(b"a b", b"")].into_iter()) };
    assert_eq!(written(Reply::Keys(keys), Dialect::Legacy), "KEYS 2\r\n\"k\r\na b\r\n");
    for value in ["\"q\"", " spaces ", "a\rb", "nul\0", "tab\t"] {
        let reply = Reply::Value(entry(b"k", value.as_bytes()));
        assert_eq!(written(reply, Dialect::Legacy), format!("VALUE {value}\r\n"));
    }
    let broken = "ERROR Value for key 'k' has a line break and cannot be shown\r\n";
    assert_eq!(written(Reply::Value(entry(b"k", b"a\nb")), Dialect::Legacy), broken);
    let values = vec![(bytes("k"), Some(entry(b"k", b"a\nb"))), (bytes("x"), None)];
    let expected = format!("VALUES 1\r\n{broken}x NOT_FOUND\r\n");
    assert_eq!(written(Reply::Values(values), Dialect::Legacy), expected);
}

#[test]
fn legacy_reports_stay_below_a_kibibyte_with_the_greatest_numbers() {
    let node = || NodeFacts {
        uptime_seconds: u64::MAX,
        unix_seconds: u64::MAX,
        connections: u64::MAX,
        connections_accepted: u64::MAX,
        ..NodeFacts::default()
    };
    let store = || StoreFacts {
        keys: u64::MAX,
        memory_bytes: u64::MAX,
        commands: [u64::MAX / COMMANDS.len() as u64; COMMANDS.len()],
        ..StoreFacts::default()
    };
    let stats = written(Reply::Report(Report::Stats(Box::new((node(), store())))), Dialect::Legacy);
    let info = written(Reply::Report(Report::Info(Box::new((node(), store())))), Dialect::Legacy);
    assert!(stats.len() <= 1024 && info.len() <= 1024, "{} {}", stats.len(), info.len());
    assert_eq!(info.lines().count(), 6);
    let names: Vec<&str> = stats.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(names.first(), Some(&"STATS"));
    assert_eq!(names.last(), Some(&"used_memory_kb"), "the last line is not cut off");
    assert_eq!(names.len(), 26);
}

#[test]
fn every_command_is_counted_in_one_group_of_the_legacy_stats() {
    for (index, spec) in COMMANDS.iter().enumerate() {
        let mut store = StoreFacts::default();
        store.commands[index] = 1;
        let facts = Box::new((NodeFacts::default(), store));
        let stats = written(Reply::Report(Report::Stats(facts)), Dialect::Legacy);
        let counted = stats.lines().filter(|line| line.ends_with("_commands:1")).count();
        assert_eq!(counted, 2, "{}: its group and the total", spec.name);
    }
}

#[test]
fn one_command_names_a_bounded_number_of_keys() {
    let most = 65_536;
    match command(&format!("MGET{}", " k".repeat(most))) {
        Command::GetMany { keys } => assert_eq!(keys.len(), most),
        other => panic!("{other:?}"),
    }
    for line in [
        format!("MGET{}", " k".repeat(most + 1)),
        format!("EXISTS{}", " k".repeat(most + 1)),
        format!("MSET{}", " k v".repeat(most + 1)),
    ] {
        let error = error(&line).to_string();
        assert!(error.contains("takes at most 65536 keys"), "{error}");
    }
}
