//! Replies are read whole and shown harmlessly, and lines say what was meant.

use super::*;
use crate::protocol::{Dialect, KeyPlaces, text_commands};
use serde_json::{Value, json};

/// The reply that these lines are, all of which have to be needed for it.
#[track_caller]
fn read(lines: &[&str]) -> RawReply {
    let mut reader = ReplyReader::standard();
    for (at, line) in lines.iter().enumerate() {
        if let Some(reply) = reader.take(line.as_bytes().to_vec()).unwrap() {
            assert_eq!(at, lines.len() - 1, "ended at {line}");
            return reply;
        }
    }
    panic!("{lines:?} is no whole reply");
}

#[track_caller]
fn meaning(lines: &[&str]) -> ClientReply {
    ClientReply::of(&read(lines))
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn json_of(lines: &[&str]) -> Value {
    serde_json::from_str(&meaning(lines).to_json()).unwrap()
}

#[test]
fn the_first_line_tells_where_a_reply_ends() {
    for one in
        ["OK", "VALUE END", "(null)", "DELETED", "NOT_FOUND", "PONG", "DBSIZE 3", "ECHO STATS"]
    {
        assert!(!read(&[one]).has_end, "{one}");
    }
    assert_eq!(read(&["KEYS 2", "END", "a", "END"]).items, [bytes("END"), bytes("a")]);
    assert_eq!(read(&["VALUES 1", "VALUE END", "END"]).items, [bytes("VALUE END")]);
    assert_eq!(read(&["STATS", "a:1", "END"]).items, [bytes("a:1")]);
    assert!(read(&["SYNC", "END"]).has_end && read(&["PEERS 0", "END"]).has_end);
}

#[test]
fn every_list_of_the_table_of_commands_is_read_as_one() {
    for spec in text_commands().filter(|spec| spec.reply.ends_with(", END")) {
        let title = spec.reply.split(',').next().unwrap().replace(" n", " 0");
        assert!(read(&[&title, "END"]).has_end, "{}", spec.name);
    }
}

#[test]
fn what_no_node_says_is_garbage() {
    for line in ["HTTP/1.1 400 Bad Request", "", "-ERR unknown", "KEYS many", "hello", "\u{1b}[2J"]
    {
        assert!(ReplyReader::standard().take(bytes(line)).is_err(), "{line}");
    }
    let mut reader = ReplyReader::standard();
    assert_eq!(reader.take(bytes("KEYS 1")), Ok(None));
    assert_eq!(reader.take(bytes("a")), Ok(None));
    assert_eq!(reader.take(bytes("b")), Err(Garbage { line: "b".to_owned() }));
}

#[test]
fn a_reply_of_the_legacy_dialect_ends_at_the_mark() {
    let mut reader = ReplyReader::legacy("4711");
    for line in ["INFO", "END", "PONG"] {
        assert_eq!(reader.take(bytes(line)), Ok(None));
    }
    let reply = reader.take(bytes("PONG 4711")).unwrap().unwrap();
    assert_eq!(reply.items, [bytes("END"), bytes("PONG")]);
    assert!(ReplyReader::legacy("4711").take(bytes("PONG 4711")).is_err());
}

#[test]
fn values_and_keys_lose_the_quotes_of_the_protocol_and_no_others() {
    assert_eq!(meaning(&[r#"VALUE "a\nb\x1b""#]), ClientReply::Value(bytes("a\nb\u{1b}")));
    assert_eq!(meaning(&[r#"VALUE {"a":1}"#]), ClientReply::Value(bytes(r#"{"a":1}"#)));
    assert_eq!(meaning(&["VALUE (null)"]), ClientReply::Value(bytes("(null)")));
    assert_eq!(meaning(&["KEYS 1", r#""a b""#, "END"]), ClientReply::Keys(vec![bytes("a b")]));
    let values = meaning(&["VALUES 2", "(null)", "VALUE (null)", "END"]);
    assert_eq!(values, ClientReply::Values(vec![None, Some(bytes("(null)"))]));
    assert_eq!(meaning(&["PONG \" \""]), ClientReply::Fact("PONG".to_owned(), bytes(" ")));
    assert_eq!(meaning(&["ERROR: no"]), ClientReply::Error("no".to_owned()));
}

#[test]
fn nothing_that_is_shown_drives_a_terminal() {
    let evil = "\u{1b}]0;t\u{7}\u{9b}31m\u{202e}\u{7f}\r\nx";
    let shown = [
        pretty(&ClientReply::Value(bytes(evil)), Palette::Colourless),
        pretty(&ClientReply::Keys(vec![bytes(evil)]), Palette::Colourless),
        pretty(&ClientReply::Error(evil.to_owned()), Palette::Colourless),
        pretty(&ClientReply::Report("INFO".to_owned(), vec![evil.to_owned()]), Palette::Colourless),
        pretty(
            &ClientReply::Report("PEERS".to_owned(), vec![evil.to_owned()]),
            Palette::Colourless,
        ),
        pretty(&ClientReply::Word(evil.to_owned()), Palette::Colourless),
        plain(&RawReply {
            dialect: Dialect::Legacy,
            first: bytes(evil),
            items: vec![bytes(evil)],
            has_end: false,
        }),
    ];
    for text in shown {
        let drives = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!text.contains(drives), "{text:?}");
        assert!(text.contains("\\x1b"), "{text:?}");
    }
    let json = ClientReply::Value(bytes(evil)).to_json();
    assert!(!json.contains('\u{1b}'));
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["value"], evil);
}

#[test]
fn quotes_stay_only_where_a_value_would_not_be_seen_without() {
    for (value, shown) in [
        ("plain", "plain"),
        ("\"a\"", "\"a\""),
        ("", "\"\""),
        (" a", "\" a\""),
        ("a\n", "\"a\\n\""),
        ("tab\there", "tab\there"),
    ] {
        let text = pretty(&ClientReply::Value(bytes(value)), Palette::Colourless);
        assert_eq!(text, format!("{shown}\n"));
    }
}

#[test]
fn lists_are_numbered_and_reports_have_columns() {
    let keys = ClientReply::Keys((0..10).map(|n| bytes(&format!("k{n}"))).collect());
    let text = pretty(&keys, Palette::Colourless);
    assert!(text.starts_with(" 1) k0\n") && text.ends_with("10) k9\n"), "{text}");
    let peers = meaning(&["PEERS 2", "a 1:1 up x=\"b c\"", "long 10:1 down x=none", "END"]);
    assert_eq!(
        pretty(&peers, Palette::Colourless),
        "a     1:1   up    x=\"b c\"\nlong  10:1  down  x=none\n"
    );
    let info = meaning(&["# Server Information", "a:1", "longer:2", "END"]);
    assert_eq!(pretty(&info, Palette::Colourless), "a       1\nlonger  2\n");
    assert!(pretty(&ClientReply::Null, Palette::Coloured).starts_with("\u{1b}[2m(null)"));
}

#[test]
fn json_tells_values_from_words_and_numbers_from_texts() {
    assert_eq!(json_of(&["OK"]), json!({"status": "OK"}));
    assert_eq!(json_of(&["VALUE 5"]), json!({"value": "5"}));
    assert_eq!(json_of(&["(null)"]), json!({"value": null}));
    assert_eq!(json_of(&[r#"VALUE "\xff""#]), json!({"value": {"hex": "ff"}}));
    assert_eq!(json_of(&["TTL -1"]), json!({"name": "TTL", "data": -1}));
    assert_eq!(json_of(&["ECHO 5"]), json!({"name": "ECHO", "data": "5"}));
    assert_eq!(json_of(&["ERROR: no"]), json!({"error": "no"}));
    let info =
        json_of(&["# Server Information", "node_id:7", "memory_usage_mb:0.5", "peers:2", "END"]);
    let facts = json!({"node_id": "7", "memory_usage_mb": 0.5, "peers": 2});
    assert_eq!(info, json!({"report": "INFO", "facts": facts}));
    let sync = json_of(&["SYNC", "a@b:1 failed sent=0 error=\"x \\\"y\\\"\"", "END"]);
    let row = json!({"peer": "a@b:1", "result": "failed", "sent": 0, "error": "x \"y\""});
    assert_eq!(sync, json!({"report": "SYNC", "rows": [row]}));
}

fn line(words: &[&str]) -> Result<String, BadArgument> {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    command_line(&words, Dialect::Standard)
}

#[test]
fn arguments_of_a_shell_are_stored_as_they_are() {
    for (words, expected) in [
        (&["GET", "k"][..], "GET k"),
        (&["set", "k", "a  b"], "set k a  b"),
        (&["SET", "k", "a", "b"], "SET k a b"),
        (&["SET", "k", ""], "SET k \"\""),
        (&["SET", "k", "\"x\""], "SET k \"\\\"x\\\"\""),
        (&["SET", "k", "a\nSET b c"], "SET k \"a\\nSET b c\""),
        (&["MSET", "a", "x y", "b", "z"], "MSET a \"x y\" b z"),
        (&["PING", " hi"], "PING \" hi\""),
        (&["AUTH", "ada", "pass word"], "AUTH ada \"pass word\""),
        (&["GET", "\"k"], "GET \"k"),
    ] {
        assert_eq!(line(words).unwrap(), expected);
    }
    for words in [&["GET", "a b"][..], &["GET", "a\nFLUSH"], &["GET", ""], &["FLUSH\nPING"]] {
        assert!(matches!(line(words), Err(BadArgument::Word { .. })), "{words:?}");
    }
    let legacy = |value: &str| {
        command_line(&["SET".to_owned(), "k".to_owned(), value.to_owned()], Dialect::Legacy)
    };
    assert_eq!(legacy("\"x\"").unwrap(), "SET k \"x\"");
    assert_eq!(legacy("a\nb"), Err(BadArgument::Legacy));
}

#[test]
fn an_address_is_told_from_a_command_by_its_colon() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        split_address(&words(&["h:1", "GET", "k"])),
        (Some("h:1"), &words(&["GET", "k"])[..])
    );
    assert_eq!(split_address(&words(&["GET", "a:1"])), (None, &words(&["GET", "a:1"])[..]));
    assert_eq!(with_port("localhost").unwrap(), "localhost:7379");
    assert_eq!(with_port("[::1]:5").unwrap(), "[::1]:5");
    for bad in ["", "a:b", "a:99999", "a b", "a:0"] {
        assert_eq!(with_port(bad), None, "{bad}");
    }
}

#[test]
fn words_are_completed_in_their_own_case_and_passwords_are_secret() {
    assert_eq!(complete_word("GE"), ["GET"]);
    assert_eq!(complete_word("dec"), ["dec", "decr"]);
    assert_eq!(complete_word("É"), [""; 0]);
    assert_eq!(key_places("del"), KeyPlaces::All);
    assert_eq!(key_places("scan"), KeyPlaces::First);
    assert_eq!(key_places("info"), KeyPlaces::None);
    assert!(is_secret(" auth ada x") && is_secret("AUTH\tada") && !is_secret("GET AUTH"));
    assert!(row_help("delete").unwrap().starts_with("DEL key\n"));
    assert_eq!(row_help("fetch"), None);
}
