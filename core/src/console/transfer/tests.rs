//! What is written is read back, whatever it is and wherever the pieces are cut, and what is no
//! record is told with its line.

use super::*;
use proptest::prelude::*;

/// Everything in a file that comes in pieces of so many bytes.
fn decode(format: Format, limit: usize, file: &[u8], piece: usize) -> Vec<Decoded> {
    let mut decoder = Decoder::with_limit(format, limit);
    let mut found = Vec::new();
    let mut pieces = file.chunks(piece);
    let mut rest: &[u8] = &[];
    loop {
        if rest.is_empty() {
            rest = pieces.next().unwrap_or_default();
        }
        let (used, decoded) = decoder.read(rest);
        if rest.is_empty() && decoded.is_none() {
            return found;
        }
        rest = &rest[used..];
        found.extend(decoded);
    }
}

fn all(format: Format, file: &[u8]) -> Vec<Decoded> {
    let whole = decode(format, MAX_RECORD_BYTES, file, usize::MAX);
    assert_eq!(decode(format, MAX_RECORD_BYTES, file, 1), whole, "in pieces");
    whole
}

fn record(key: &[u8], value: &[u8], ttl_seconds: Option<u64>) -> Record {
    Record { key: key.to_vec(), value: value.to_vec(), ttl_seconds }
}

fn written(format: Format, records: &[Record]) -> Vec<u8> {
    let mut file = format.header().to_vec();
    records.iter().for_each(|record| format.write(record, &mut file));
    file
}

#[test]
fn files_look_as_they_are_documented() {
    let records = [
        record(b"k", b"v \"q\", \n\xc3\xa4", Some(60)),
        record(b"\xff", b"\0\xfe", None),
        record(b"a,b", b"", None),
    ];
    assert_eq!(
        String::from_utf8(written(Format::JsonLines, &records)).unwrap(),
        "{\"key\":\"k\",\"value\":\"v \\\"q\\\", \\nä\",\"ttl\":60}\n\
         {\"key\":{\"hex\":\"ff\"},\"value\":{\"hex\":\"00fe\"}}\n\
         {\"key\":\"a,b\",\"value\":\"\"}\n"
    );
    assert_eq!(
        written(Format::Csv, &records),
        b"key,value,ttl\r\nk,\"v \"\"q\"\", \n\xc3\xa4\",60\r\n\xff,\0\xfe,\r\n\"a,b\",,\r\n"
    );
}

#[test]
fn a_file_name_tells_its_format() {
    for (file, format) in [
        ("a.csv", Format::Csv),
        ("/x/A.CSV", Format::Csv),
        ("a.jsonl", Format::JsonLines),
        ("csv", Format::JsonLines),
        ("a.csv.old", Format::JsonLines),
    ] {
        assert_eq!(Format::of_file(file), format, "{file}");
    }
}

#[test]
fn a_text_of_control_characters_takes_no_more_room_than_its_hex() {
    let long = record(b"k", &[1; 1000], None);
    let file = written(Format::JsonLines, std::slice::from_ref(&long));
    assert!(file.len() < 2100, "{}", file.len());
    assert_eq!(all(Format::JsonLines, &file), [Decoded::Record(1, long)]);
}

#[track_caller]
fn reason(format: Format, file: &[u8]) -> (u64, String) {
    match &all(format, file)[..] {
        [Decoded::Bad(bad) | Decoded::Hopeless(bad)] => (bad.line, bad.reason.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn lines_that_are_no_record_are_told_with_what_is_wrong() {
    for (line, said) in [
        ("hello", "no JSON at column 1: expected value"),
        ("{\"key\":\"k\"", "no JSON at column 10: EOF"),
        ("{\"key\":\"k\"}", "missing field `value`"),
        ("{\"value\":\"v\"}", "missing field `key`"),
        ("{\"key\":\"k\",\"value\":\"v\",\"x\":1}", "unknown field `x`, expected one of `key`"),
        ("{\"key\":\"k\",\"key\":\"k\",\"value\":\"v\"}", "duplicate field `key`"),
        ("{\"key\":5,\"value\":\"v\"}", "integer `5`, expected a string or {\"hex\":\"00ff\"}"),
        ("{\"key\":\"k\",\"value\":null}", "null, expected a string or"),
        ("{\"key\":{\"hex\":\"0\"},\"value\":\"v\"}", "hex has two digits for each byte"),
        ("{\"key\":{\"hex\":\"0g\"},\"value\":\"v\"}", "hex has two digits for each byte"),
        ("{\"key\":{\"he\":\"00\"},\"value\":\"v\"}", "invalid value: map, expected a string or"),
        ("{\"key\":{},\"value\":\"v\"}", "expected a string or"),
        ("{\"key\":\"k\",\"value\":\"v\",\"ttl\":0}", "ttl is 0, and not a number of seconds"),
        ("{\"key\":\"k\",\"value\":\"v\",\"ttl\":-1}", "ttl is -1"),
        ("{\"key\":\"k\",\"value\":\"v\",\"ttl\":1.5}", "ttl is 1.5"),
        ("{\"key\":\"k\",\"value\":\"v\",\"ttl\":\"60\"}", "ttl is \"60\""),
        ("[\"k\",\"v\"]", "an array, expected an object with key and value"),
        ("[{\"key\":\"k\"}]", "an array, expected an object"),
        ("5", "invalid type: integer `5`, expected an object with key and value"),
        ("{\"key\":\"k\",\"value\":\"v\"} x", "no JSON at column 25: trailing characters"),
    ] {
        let (line_number, told) = reason(Format::JsonLines, format!("\n \n{line}\n").as_bytes());
        assert_eq!(line_number, 3, "{line}");
        assert!(told.contains(said), "{line}: {told}");
    }
    let bytes = reason(Format::JsonLines, b"{\"key\":\"\xff\",\"value\":\"v\"}");
    assert!(bytes.1.contains("no JSON at column"), "{bytes:?}");
}

#[test]
fn rows_that_are_no_record_are_told_with_what_is_wrong() {
    for (file, line, said) in [
        (&b"k,v\r\n"[..], 1, "there is no column \"k\": the first line has to name"),
        (b"\n\nkey,ttl\n", 3, "the first line has to name the columns key and value"),
        (b"key,value,key\n", 1, "a column is named twice"),
        (b"key,value,ttl\nk,v\n", 2, "2 fields, and the first line has 3"),
        (b"key,value\n\nk,v,1\n", 3, "3 fields, and the first line has 2"),
        (b"key,value\n1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n", 2, "more than 7 fields"),
        (b"key,value,ttl\nk,v,soon\n", 2, "ttl is soon, and not a number of seconds from 1"),
        (b"key,value,ttl\nk,v,0\n", 2, "ttl is 0"),
        (b"key,value\nk,\"v\nk2,v2\n", 2, "a quote is not closed"),
        (b"key,value\nk,5\" pipe", 2, "a quote is not closed"),
    ] {
        let (found, told) = reason(Format::Csv, file);
        assert_eq!(found, line, "{}", file.escape_ascii());
        assert!(told.contains(said), "{}: {told}", file.escape_ascii());
    }
}

#[test]
fn a_bad_record_costs_no_other_one() {
    let found = all(
        Format::JsonLines,
        b"\xef\xbb\xbf{\"key\":\"a\",\"value\":\"1\"}\r\nbad\n\n{\"value\":\"2\",\"key\":\"b\",\"ttl\":null}",
    );
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0], Decoded::Record(1, record(b"a", b"1", None)));
    assert_eq!(found[2], Decoded::Record(4, record(b"b", b"2", None)));
    let found =
        all(Format::Csv, b"\xef\xbb\xbfvalue, key\r\n1,a\r\nbad\r\n\r\n\"x\r\ny\",b\r\n\"\",\"\"");
    assert_eq!(found.len(), 4, "{found:?}");
    assert_eq!(found[0], Decoded::Record(2, record(b"a", b"1", None)));
    assert_eq!(found[2], Decoded::Record(5, record(b"b", b"x\r\ny", None)));
    assert_eq!(found[3], Decoded::Record(7, record(b"", b"", None)));
}

#[test]
fn a_record_that_is_too_long_is_passed_over_and_not_held() {
    const LIMIT: usize = 6000;
    let long = "x".repeat(3 * LIMIT);
    for (format, file) in [
        (Format::JsonLines, format!("{{\"key\":\"{long}\n{{\"key\":\"b\",\"value\":\"2\"}}\n")),
        (Format::Csv, format!("key,value\na,{long}\nb,2\n")),
        (Format::Csv, format!("key,value\n{long},\"{long}\"\nb,2\n")),
    ] {
        for piece in [1, 1000, usize::MAX] {
            let found = decode(format, LIMIT, file.as_bytes(), piece);
            let [Decoded::Bad(bad), Decoded::Record(_, next)] = &found[..] else {
                panic!("{found:?}")
            };
            assert_eq!(bad.reason, "longer than 6000 bytes, which no record is");
            assert_eq!(*next, record(b"b", b"2", None));
        }
    }
}

#[test]
fn nothing_is_in_an_empty_file() {
    for format in [Format::JsonLines, Format::Csv] {
        assert_eq!(all(format, b""), []);
        assert_eq!(all(format, format.header()), []);
        assert_eq!(all(format, b"\r\n\n"), []);
    }
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    // Often such as have a meaning in one of the formats.
    let byte =
        prop_oneof![Just(b'"'), Just(b','), Just(b'\r'), Just(b'\n'), Just(b'\\'), any::<u8>()];
    prop_oneof![prop::collection::vec(byte, 0..12), "\\PC{0,8}".prop_map(String::into_bytes)]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        records in prop::collection::vec((bytes(), bytes(), prop::option::of(1..u64::MAX)), 0..6),
        piece in 1..40_usize,
    ) {
        let records: Vec<Record> =
            records.iter().map(|(key, value, ttl)| record(key, value, *ttl)).collect();
        for format in [Format::JsonLines, Format::Csv] {
            let file = written(format, &records);
            let found = decode(format, MAX_RECORD_BYTES, &file, piece);
            let found: Vec<Record> = found
                .into_iter()
                .map(|found| match found {
                    Decoded::Record(_, record) => record,
                    Decoded::Bad(bad) | Decoded::Hopeless(bad) => panic!("{bad:?}"),
                })
                .collect();
            prop_assert_eq!(&found, &records);
        }
    }

    #[test]
    fn any_bytes_are_read_to_their_end(file in prop::collection::vec(any::<u8>(), 0..200), piece in 1..50_usize) {
        for format in [Format::JsonLines, Format::Csv] {
            let file = [format.header(), &file].concat();
            prop_assert_eq!(
                decode(format, 64, &file, piece),
                decode(format, 64, &file, usize::MAX)
            );
        }
    }
}
