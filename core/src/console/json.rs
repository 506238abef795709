//! A reply as one JSON object, for programs. docs/cli.md lists the forms.

use super::reply::ClientReply;
use super::show::words;
use crate::protocol::text::quote::{Unquoted, whole_string};
use serde_json::{Map, Value, json};

impl ClientReply {
    /// The object, on one line without its line end.
    pub fn to_json(&self) -> String {
        let value = match self {
            ClientReply::Word(word) => json!({ "status": word }),
            ClientReply::Null => json!({ "value": null }),
            ClientReply::Value(value) => json!({ "value": bytes(value) }),
            ClientReply::Fact(name, data) => {
                let data =
                    if IS_TEXT.contains(&name.as_str()) { bytes(data) } else { number(data) };
                json!({ "name": name, "data": data })
            }
            ClientReply::Values(values) => {
                let values: Vec<Value> = values
                    .iter()
                    .map(|value| value.as_ref().map_or(Value::Null, |v| bytes(v)))
                    .collect();
                json!({ "values": values })
            }
            ClientReply::Keys(keys) => {
                json!({ "keys": keys.iter().map(|key| bytes(key)).collect::<Vec<_>>() })
            }
            ClientReply::Report(title, lines) => report(title, lines),
            ClientReply::Error(error) => json!({ "error": error }),
        };
        value.to_string()
    }
}

/// A text, or what is none in hex.
pub(super) fn bytes(value: &[u8]) -> Value {
    match std::str::from_utf8(value) {
        Ok(text) => json!(text),
        Err(_) => json!({ "hex": hex(value) }),
    }
}

/// Two digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// What stays text although it may look like a number.
const IS_TEXT: &[&str] =
    &["PONG", "ECHO", "node_id", "description", "version", "root_hash", "name"];

fn fact(name: &str, fact: &str) -> (String, Value) {
    let is_text = IS_TEXT.contains(&name);
    (name.to_owned(), if is_text { json!(fact) } else { number(fact.as_bytes()) })
}

fn number(data: &[u8]) -> Value {
    let text = std::str::from_utf8(data).unwrap_or_default();
    let is_number = !text.is_empty()
        && text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number =
        if is_number { serde_json::from_str::<serde_json::Number>(text).ok() } else { None };
    number.map_or_else(|| bytes(data), Value::Number)
}

fn report(title: &str, lines: &[String]) -> Value {
    match title {
        "INFO" | "STATS" => {
            let facts = lines.iter().filter_map(|line| line.split_once(':'));
            let facts: Map<String, Value> = facts.map(|(name, value)| fact(name, value)).collect();
            json!({ "report": title, "facts": facts })
        }
        "PEERS" => rows(title, &["node_id", "address", "state"], lines),
        "SYNC" => rows(title, &["peer", "result"], lines),
        "CLIENT LIST" => rows(title, &[], lines),
        _ => json!({ "report": title, "lines": lines }),
    }
}

/// Lines of words, of which the first have no names and the others are `name=value`.
fn rows(title: &str, names: &[&str], lines: &[String]) -> Value {
    let row = |line: &String| {
        let words = words(line);
        let leading =
            names.iter().zip(&words).map(|(name, word)| ((*name).to_owned(), json!(word)));
        let rest = words.iter().skip(names.len()).filter_map(|word| word.split_once('='));
        let rest = rest.map(|(name, word)| match whole_string(word.as_bytes()) {
            Some(Unquoted::Plain(text)) => (name.to_owned(), bytes(text)),
            Some(Unquoted::Escaped(text)) => (name.to_owned(), bytes(&text)),
            None => fact(name, word),
        });
        leading.chain(rest).collect::<Map<String, Value>>()
    };
    json!({ "report": title, "rows": lines.iter().map(row).collect::<Vec<_>>() })
}
