//! Replies in pieces of every size, and what is none.

use super::*;
use crate::wire::Verb;

const LIMIT: usize = 1024;

fn decoded(verb: Verb, args: &[&str], dialect: Dialect, pieces: &[&[u8]]) -> Decoded {
    let args: Vec<&[u8]> = args.iter().map(|arg| arg.as_bytes()).collect();
    let request = Request { verb, args: &args };
    let mut decoder = Decoder::new(LIMIT);
    let mut outcome = Ok(None);
    for piece in pieces {
        assert_eq!(outcome, Ok(None), "complete before its end");
        let space = decoder.space();
        space[..piece.len()].copy_from_slice(piece);
        decoder.received(piece.len());
        outcome = decoder.decode(&request, dialect);
    }
    if matches!(outcome, Ok(Some(_))) {
        assert!(!decoder.holds_more(), "something is left over");
    }
    outcome
}

type Decoded = Result<Option<Answer>, Malformed>;

/// The replies that come as a whole, in two pieces with the cut at each byte, and byte by byte.
#[track_caller]
fn assert_decodes(verb: Verb, args: &[&str], dialect: Dialect, text: &str, expected: &Answer) {
    let bytes = text.as_bytes();
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decoded(verb, args, dialect, &single), Ok(Some(expected.clone())), "{text:?}");
    for cut in 1..bytes.len() {
        let (head, tail) = bytes.split_at(cut);
        let outcome = decoded(verb, args, dialect, &[head, tail]);
        assert_eq!(outcome, Ok(Some(expected.clone())), "{text:?} cut at {cut}");
    }
}

fn values(values: &[Option<&str>]) -> Answer {
    let owned = |value: &Option<&str>| value.map(|value| value.as_bytes().to_vec());
    Ok(Reply::Values(values.iter().map(owned).collect()))
}

fn value(value: &str) -> Answer {
    Ok(Reply::Value(value.into()))
}

#[test]
fn replies_are_decoded_however_they_are_cut() {
    let standard = Dialect::Standard;
    let digest = "28ae4a3068df4056661bb6ebbd307fc04fa41443ccd9ac2f3c9882a7ec0814c7";
    let table: &[(Verb, &[&str], &str, Answer)] = &[
        (Verb::Set, &["k", "v"], "OK\r\n", Ok(Reply::Done)),
        (Verb::Get, &["k"], "VALUE two  words\r\n", value("two  words")),
        (Verb::Get, &["k"], "VALUE \" a\\x41\\n\"\n", value(" aA\n")),
        (Verb::Get, &["k"], "(null)\r\n", Ok(Reply::Missing)),
        (Verb::Get, &["k"], "ERROR: Invalid key: k\r\n", Err("Invalid key: k".into())),
        (Verb::Delete, &["k"], "NOT_FOUND\r\n", Ok(Reply::Flag(false))),
        (Verb::Ttl, &["k"], "TTL -2\r\n", Ok(Reply::Number(-2))),
        (Verb::Incr, &["k", "1"], "VALUE -9\r\n", Ok(Reply::Number(-9))),
        (Verb::Ping, &[], "PONG\r\n", value("PONG")),
        (Verb::Echo, &["END"], "ECHO END\r\n", value("END")),
        (Verb::Version, &[], "MerkleKV 0.2.0\r\n", value("0.2.0")),
        (Verb::Hash, &["a b"], &format!("HASH \"a b\" {digest}\r\n"), value(digest)),
        (
            Verb::Mget,
            &["a", "b", "c"],
            "VALUES 3\r\nVALUE END\r\n(null)\r\nVALUE \"\"\r\nEND\r\n",
            values(&[Some("END"), None, Some("")]),
        ),
        (
            Verb::Scan,
            &[""],
            "KEYS 3\r\nEND\r\nERROR: x\r\n\"a b\"\r\nEND\r\n",
            values(&[Some("END"), Some("ERROR: x"), Some("a b")]),
        ),
        (Verb::Scan, &[""], "KEYS 0\r\nEND\r\n", values(&[])),
    ];
    for (verb, args, text, expected) in table {
        assert_decodes(*verb, args, standard, text, expected);
    }
    let texts = [("a".to_owned(), "1:2".to_owned()), ("b".to_owned(), String::new())];
    let report = Ok(Reply::Report(texts.into()));
    assert_decodes(Verb::Stats, &[], standard, "STATS\r\na:1:2\r\nb:\r\nEND\r\n", &report);
}

#[test]
fn replies_of_the_legacy_dialect_have_their_own_forms() {
    let decodes = |verb, args: &[&str], text, expected| {
        assert_decodes(verb, args, Dialect::Legacy, text, &expected);
    };
    decodes(Verb::Get, &["k"], "VALUE \"a\"\r\n", value("\"a\""));
    decodes(Verb::Get, &["k"], "NOT_FOUND\r\n", Ok(Reply::Missing));
    decodes(Verb::Get, &["k"], "ERROR no\r\n", Err("no".into()));
    decodes(Verb::Ping, &[], "PONG \r\n", value("PONG"));
    decodes(Verb::Mget, &["a", "b"], "NOT_FOUND\r\n", values(&[None, None]));
    let pairs = "VALUES 1\r\na one two\r\nb NOT_FOUND\r\n";
    decodes(Verb::Mget, &["a", "b"], pairs, values(&[Some("one two"), None]));
    let all_found = "VALUES 1\r\na NOT_FOUND\r\n";
    decodes(Verb::Mget, &["a"], all_found, values(&[Some("NOT_FOUND")]));
    decodes(Verb::Scan, &[""], "KEYS 2\r\na\r\nb\r\n", values(&[Some("a"), Some("b")]));
    let refused = "ERROR Not permitted\r\nPONG end-of-report\r\n";
    decodes(Verb::Info, &[], refused, Err("Not permitted".into()));
}

#[test]
fn what_is_no_reply_to_the_command_is_refused() {
    let table: &[(Verb, &[&str], &str)] = &[
        (Verb::Set, &["k", "v"], "VALUE v\r\n"),
        (Verb::Get, &["k"], "OK\r\n"),
        (Verb::Get, &["k"], "VALUE \"half\r\n"),
        (Verb::Incr, &["k", "1"], "VALUE +1\r\n"),
        (Verb::Incr, &["k", "1"], "VALUE 9223372036854775808\r\n"),
        (Verb::Dbsize, &[], "DBSIZE -1\r\n"),
        (Verb::Hash, &[""], "HASH 00\r\n"),
        (Verb::Version, &[], "MerkleKV \r\n"),
        (Verb::Mget, &["a"], "VALUES 2\r\n"),
        (Verb::Mget, &["a"], "VALUES 1\r\nVALUE 1\r\nVALUE 2\r\n"),
        (Verb::Scan, &[""], "KEYS 1001\r\n"),
        (Verb::Info, &[], "STATS\r\n"),
        (Verb::Info, &[], "# Server Information\r\nno colon\r\n"),
    ];
    for (verb, args, text) in table {
        let outcome = decoded(*verb, args, Dialect::Standard, &[text.as_bytes()]);
        assert!(outcome.is_err(), "{text:?}: {outcome:?}");
    }
    let other_key = decoded(Verb::Mget, &["a"], Dialect::Legacy, &[b"VALUES 1\r\nb 1\r\n"]);
    assert!(other_key.is_err(), "{other_key:?}");
    let fewer = decoded(
        Verb::Mget,
        &["a", "b"],
        Dialect::Legacy,
        &[b"VALUES 1\r\na NOT_FOUND\r\nb NOT_FOUND\r\n"],
    );
    assert!(fewer.is_err(), "{fewer:?}");
}

#[test]
fn memory_is_bounded_by_the_limit() {
    let of_length = |length: usize| ["VALUE ", &"x".repeat(length - 6), "\r\n"].concat();
    let get = |text: String| decoded(Verb::Get, &["k"], Dialect::Standard, &[text.as_bytes()]);
    // The return that ends the line is counted with it.
    assert!(matches!(get(of_length(LIMIT - 1)), Ok(Some(Ok(_)))));
    assert!(get(of_length(LIMIT)).is_err());
    assert!(get("x".repeat(LIMIT + 1)).is_err());

    let report = format!("STATS\r\n{}", "name:value\r\n".repeat(LIMIT / 20));
    assert!(decoded(Verb::Stats, &[], Dialect::Standard, &[report.as_bytes()]).is_err());
    let keys = format!("KEYS 99999999\r\n{}", "\r\n".repeat(LIMIT / 20));
    assert!(decoded(Verb::Scan, &[""], Dialect::Legacy, &[keys.as_bytes()]).is_err());
}

#[test]
fn a_long_value_is_decoded_and_the_next_reply_is_found_behind_it() {
    let long = "é".repeat(300_000);
    let text = format!("VALUE {long}\r\nVALUE next\r\n");
    let request = Request { verb: Verb::Get, args: &[b"k"] };
    let mut decoder = Decoder::new(1 << 20);
    let mut found = Vec::new();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let space = decoder.space();
        let count = space.len().min(rest.len());
        space[..count].copy_from_slice(&rest[..count]);
        decoder.received(count);
        rest = &rest[count..];
        while let Some(answer) = decoder.decode(&request, Dialect::Standard).unwrap() {
            found.push(answer);
        }
    }
    assert_eq!(found, [value(&long), value("next")]);
}

#[test]
fn the_greeting_tells_the_dialect() {
    let greeted = |text: &str| {
        let mut decoder = Decoder::new(LIMIT);
        decoder.space()[..text.len()].copy_from_slice(text.as_bytes());
        decoder.received(text.len());
        decoder.greeting()
    };
    assert_eq!(greeted("MerkleKV 0.2.0\r\n"), Ok(Some(Ok(Dialect::Standard))));
    assert_eq!(greeted("VERSION 0.1.0\r\n"), Ok(Some(Ok(Dialect::Legacy))));
    assert_eq!(greeted("ERROR: full: x\r\n"), Ok(Some(Err("full: x".into()))));
    assert_eq!(greeted("MerkleKV 0.2"), Ok(None));
    for text in ["MerkleKV\r\n", "MerkleKV \r\n", "HTTP/1.1 400 Bad Request\r\n", "\r\n"] {
        assert!(greeted(text).is_err(), "{text:?}");
    }
}
