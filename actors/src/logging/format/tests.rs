//! Lines as they are written, above all for records that try to be more than one.

use std::time::{Duration, UNIX_EPOCH};

use log::Level;
use serde_json::Value as Json;

use super::*;

/// Text that wants to end the line, close the quotes, drive the terminal or hide.
const HOSTILE: [&str; 12] = [
    "two\nlines",
    "carriage\rreturn",
    "ended\r\n2026-11-23T05:41:03.123Z ERROR forged: line",
    "quote \" and backslash \\ and \\n",
    "\",\"level\":\"ERROR\",\"x\":\"",
    "nul \0 bell \u{7} escape \u{1b}[2J delete \u{7f}",
    "next line \u{85} and csi \u{9b}",
    "line separator \u{2028} and paragraph \u{2029}",
    "right to left \u{202e} and isolate \u{2066}",
    "invisible \u{200b}\u{feff}\u{2060}",
    "\u{fffd} what invalid bytes became, 漢字 🦀",
    "",
];

fn at() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_795_412_463_123)
}

fn line(format: LogFormat, target: &str, message: &str, fields: &[(&str, Value<'_>)]) -> String {
    let mut out = Vec::new();
    write_line(
        &mut out,
        format,
        "node-1",
        &Record::builder()
            .level(Level::Info)
            .target(target)
            .args(format_args!("{message}"))
            .key_values(&fields)
            .build(),
        at(),
    )
    .unwrap();
    String::from_utf8(out).unwrap()
}

fn text(message: &str, fields: &[(&str, Value<'_>)]) -> String {
    line(LogFormat::Text, "merkle_kv_actors::mqtt", message, fields)
}

fn json(message: &str, fields: &[(&str, Value<'_>)]) -> Json {
    let line = line(LogFormat::Json, "merkle_kv_actors::mqtt", message, fields);
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"))
}

fn assert_one_line(line: &str) {
    let body = line.strip_suffix('\n').expect("ends the line");
    // Not `is_unsafe`: a test that asks the code what is right finds nothing.
    let harmful =
        |c: char| c.is_control() || "\u{200b}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}".contains(c);
    assert!(!body.contains(harmful), "{body:?}");
}

#[test]
fn a_text_line_reads_as_documented() {
    let broker = "127.0.0.1:1883".to_owned();

    assert_eq!(
        text("connected", &[("broker", Value::from_display(&broker)), ("attempt", 3.into())]),
        "2026-11-23T05:41:03.123Z INFO  merkle_kv_actors::mqtt: connected \
         broker=127.0.0.1:1883 attempt=3\n"
    );
}

#[test]
fn a_json_line_reads_as_documented() {
    assert_eq!(
        line(LogFormat::Json, "merkle_kv::x", "connected", &[("broker", "b".into())]),
        "{\"time\":\"2026-11-23T05:41:03.123Z\",\"level\":\"INFO\",\"target\":\"merkle_kv::x\",\
         \"node\":\"node-1\",\"message\":\"connected\",\"broker\":\"b\"}\n"
    );
}

#[test]
fn a_record_is_one_line_of_text_whatever_it_holds() {
    for hostile in HOSTILE {
        let written = line(LogFormat::Text, hostile, hostile, &[(hostile, hostile.into())]);
        assert_one_line(&written);
    }
}

#[test]
fn a_record_is_one_line_of_json_and_reads_back_whatever_it_holds() {
    for hostile in HOSTILE {
        let written = line(LogFormat::Json, hostile, hostile, &[("field", hostile.into())]);
        assert_one_line(&written);
        let object: Json = serde_json::from_str(&written).unwrap();
        assert_eq!(object["message"], hostile);
        assert_eq!(object["target"], hostile);
        assert_eq!(object["field"], hostile);
        assert_eq!(object["level"], "INFO");
    }
}

#[test]
fn every_character_of_unicode_keeps_both_formats_on_one_line() {
    for chunk in (char::MIN..=char::MAX).collect::<Vec<_>>().chunks(2000) {
        let all: String = chunk.iter().collect();
        assert_one_line(&text(&all, &[("f", all.as_str().into())]));
        let written = line(LogFormat::Json, "t", &all, &[]);
        assert_one_line(&written);
        let object: Json = serde_json::from_str(&written).unwrap();
        assert_eq!(object["message"], all);
    }
}

#[test]
fn a_text_value_is_quoted_when_it_could_be_taken_for_something_else() {
    for (value, shown) in [
        ("plain", "plain"),
        ("a/b:c-d_e.f,g", "a/b:c-d_e.f,g"),
        ("", r#""""#),
        ("two words", r#""two words""#),
        ("a=b", r#""a=b""#),
        ("say \"hi\"", r#""say \"hi\"""#),
        ("back\\slash", r#""back\\slash""#),
        ("tab\tnew\nline\u{1b}", r#""tab\tnew\nline\u{1b}""#),
    ] {
        assert!(text("m", &[("f", value.into())]).ends_with(&format!(" f={shown}\n")), "{value:?}");
    }
    assert!(text("m", &[("a b=\n", 1.into())]).ends_with("m a_b__=1\n"));
}

#[test]
fn json_fields_keep_their_types() {
    let object = json(
        "m",
        &[
            ("unsigned", u64::MAX.into()),
            ("signed", (-7).into()),
            ("float", 1.5.into()),
            ("yes", true.into()),
            ("none", Value::null()),
            ("endless", f64::INFINITY.into()),
            ("debug", Value::from_debug(&Some(1))),
        ],
    );

    assert_eq!(object["unsigned"], u64::MAX);
    assert_eq!(object["signed"], -7);
    assert_eq!(object["float"], 1.5);
    assert_eq!(object["yes"], true);
    assert!(object["none"].is_null());
    assert_eq!(object["endless"], "inf");
    assert_eq!(object["debug"], "Some(1)");
}

#[test]
fn a_field_cannot_replace_what_the_line_says_itself() {
    let object = json(
        "real",
        &[("message", "false".into()), ("time", 1.into()), ("a", 1.into()), ("a", 2.into())],
    );

    assert_eq!(object["message"], "real");
    assert_eq!(object["message_"], "false");
    assert_eq!(object["time"], "2026-11-23T05:41:03.123Z");
    assert_eq!(object["time_"], 1);
    assert_eq!((&object["a"], &object["a_"]), (&1.into(), &2.into()));
}

#[test]
fn a_strangers_megabyte_is_cut_and_the_line_says_so() {
    let huge = "é\u{1b}".repeat(1 << 19);
    for format in [LogFormat::Text, LogFormat::Json] {
        for written in [
            line(format, "t", &huge, &[]),
            line(format, "t", "m", &[("f", huge.as_str().into())]),
            line(format, "t", "m", &[("f", Value::from_display(&huge)), ("g", 1.into())]),
        ] {
            assert_one_line(&written);
            assert!(written.len() < 8 * MAX_TEXT_BYTES + 256, "{}", written.len());
            assert!(written.contains(ELLIPSIS));
            assert!(written.contains("truncated"));
        }
    }
    assert_eq!(json(&huge, &[])["truncated"], true);
    assert_eq!(json("m", &[(huge.as_str(), 1.into())])["truncated"], true);
}

#[test]
fn text_that_just_fits_is_left_whole() {
    let message = "m".repeat(MAX_TEXT_BYTES);

    assert!(!text(&message, &[]).contains("truncated"));
    assert!(text(&format!("{message}m"), &[]).ends_with("… truncated=true\n"));
}

#[test]
fn fields_beyond_the_limit_are_left_out_and_the_line_says_so() {
    let mut fields: Vec<(&str, Value<'_>)> = vec![("f", 1.into()); MAX_FIELDS];
    assert!(!text("m", &fields).contains("truncated"));

    fields.push(("last", 1.into()));

    let written = text("m", &fields);
    assert!(written.ends_with(" truncated=true\n") && !written.contains("last"), "{written}");
}

#[test]
fn a_value_that_cannot_be_displayed_does_not_cost_the_line() {
    struct Broken;
    impl fmt::Display for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    let written = text("m", &[("broken", Value::from_display(&Broken)), ("after", 1.into())]);

    assert!(written.ends_with("m broken=\"(cannot be displayed)\" after=1\n"), "{written}");
}
