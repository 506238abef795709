//! What a key is seen to have at one moment, whether that is a change, and how it is shown.

use super::json::bytes;
use super::safe::printable;
use super::show::{Palette, shown};
use crate::clock::UnixMillis;
use crate::protocol::text::quote::write_value;
use ::bytes::BytesMut;
use serde_json::{Value, json};

/// Moments of expiry that are no further apart are the same: one is the sum of a clock here and of
/// what was left at the node, and what lies between the two takes time.
const SAME_MOMENT_MILLIS: u64 = 1000;

/// What a key has at one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Nothing if the key has no value.
    pub value: Option<Vec<u8>>,
    /// How long the key has still, if that is watched and it expires.
    pub left_millis: Option<u64>,
}

/// A key that is watched: what it had when it was last shown.
#[derive(Debug)]
pub struct Watched {
    key: Vec<u8>,
    with_ttl: bool,
    before: Option<(Option<Vec<u8>>, Option<u64>)>,
}

impl Watched {
    /// A key that has not been looked at.
    pub fn new(key: Vec<u8>, with_ttl: bool) -> Watched {
        Watched { key, with_ttl, before: None }
    }

    /// Whether this is something else than what was shown before, or the first look.
    pub fn is_news(&mut self, seen: &Seen, now: UnixMillis) -> bool {
        let expires = seen.left_millis.map(|left| now.0.saturating_add(left));
        let expires = expires.filter(|_| self.with_ttl);
        let is_same = self.before.as_ref().is_some_and(|(value, before)| {
            *value == seen.value && is_same_moment(*before, expires)
        });
        if !is_same {
            self.before = Some((seen.value.clone(), expires));
        }
        !is_same
    }

    /// The line about it: for a person if there is a terminal, otherwise in the words of the
    /// protocol, with the value last. `time` is when it was seen.
    pub fn line(&self, seen: &Seen, time: &str, is_terminal: bool, palette: Palette) -> String {
        if !is_terminal {
            return self.plain_line(seen, time);
        }
        let value = seen.value.as_ref().map_or_else(|| palette.faint("(null)"), |v| shown(v));
        let left = self.seconds(seen).map(|left| palette.faint(&format!(" (expires in {left} s)")));
        format!("{} {value}{}\n", palette.faint(time), left.unwrap_or_default())
    }

    fn plain_line(&self, seen: &Seen, time: &str) -> String {
        let mut written = BytesMut::new();
        let value = seen.value.as_ref().map_or_else(
            || "(null)".to_owned(),
            |value| {
                write_value(value, &mut written);
                format!("VALUE {}", printable(&written))
            },
        );
        let ttl = match (self.with_ttl, self.seconds(seen), &seen.value) {
            (false, ..) => String::new(),
            (true, Some(left), _) => format!("TTL {left} "),
            (true, None, Some(_)) => "TTL -1 ".to_owned(),
            (true, None, None) => "TTL -2 ".to_owned(),
        };
        format!("{time} {ttl}{value}\n")
    }

    /// The same as an object, on one line without its line end.
    pub fn to_json(&self, seen: &Seen, time: &str) -> String {
        let value = seen.value.as_ref().map_or(Value::Null, |value| bytes(value));
        let mut object = json!({ "time": time, "key": bytes(&self.key), "value": value });
        if self.with_ttl {
            object["ttl"] = self.seconds(seen).map_or(Value::Null, Value::from);
        }
        object.to_string()
    }

    /// Rounded up: a key that is there has some time still.
    fn seconds(&self, seen: &Seen) -> Option<u64> {
        seen.left_millis.filter(|_| self.with_ttl).map(|left| left.div_ceil(1000))
    }
}

fn is_same_moment(one: Option<u64>, other: Option<u64>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => one.abs_diff(other) <= SAME_MOMENT_MILLIS,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(value: Option<&str>, left_millis: Option<u64>) -> Seen {
        Seen { value: value.map(|value| value.as_bytes().to_vec()), left_millis }
    }

    #[test]
    fn the_first_look_and_every_other_value_are_news() {
        let mut watched = Watched::new(b"k".to_vec(), false);
        let mut news = |value, left| watched.is_news(&seen(value, left), UnixMillis(0));
        assert!(news(None, None));
        assert!(!news(None, None));
        assert!(news(Some(""), None));
        assert!(!news(Some(""), Some(5000)), "expiry is not watched");
        assert!(news(Some("v"), None));
        assert!(news(None, None));
    }

    #[test]
    fn another_expiry_is_news_where_it_is_watched_and_time_that_passes_is_none() {
        let mut watched = Watched::new(b"k".to_vec(), true);
        let mut news = |left, now| watched.is_news(&seen(Some("v"), left), UnixMillis(now));
        assert!(news(Some(60_000), 0));
        assert!(!news(Some(30_000), 30_000));
        assert!(!news(Some(20_500), 40_000));
        assert!(news(Some(60_000), 40_000));
        assert!(news(None, 40_000));
        assert!(!news(None, 50_000));
    }

    #[test]
    fn a_line_is_for_a_person_or_in_the_grammar_of_the_protocol() {
        let watched = Watched::new(b"k".to_vec(), true);
        let line = |value, left, is_terminal| {
            watched.line(&seen(value, left), "T", is_terminal, Palette::Colourless)
        };
        assert_eq!(line(Some("a b"), None, true), "T a b\n");
        assert_eq!(line(Some("a b"), Some(1001), true), "T a b (expires in 2 s)\n");
        assert_eq!(line(Some("a b"), Some(1001), false), "T TTL 2 VALUE a b\n");
        assert_eq!(line(Some("\u{1b}[2J"), None, true), "T \"\\x1b[2J\"\n");
        assert_eq!(line(Some("\u{202e}\n"), None, false), "T TTL -1 VALUE \"\\u{202e}\\n\"\n");
        assert_eq!(line(None, None, false), "T TTL -2 (null)\n");
        let coloured = watched.line(&seen(None, None), "T", true, Palette::Coloured);
        assert_eq!(coloured, "\u{1b}[2mT\u{1b}[0m \u{1b}[2m(null)\u{1b}[0m\n");
    }

    #[test]
    fn an_object_tells_the_time_to_live_only_where_it_was_asked_for() {
        let object = |with_ttl, seen: &Seen| {
            let watched = Watched::new(b"\xff".to_vec(), with_ttl);
            serde_json::from_str::<Value>(&watched.to_json(seen, "T")).unwrap()
        };
        let key = json!({ "hex": "ff" });
        assert_eq!(
            object(true, &seen(Some("v"), Some(1))),
            json!({ "time": "T", "key": key, "value": "v", "ttl": 1 })
        );
        assert_eq!(
            object(true, &seen(None, None)),
            json!({ "time": "T", "key": key, "value": null, "ttl": null })
        );
        assert_eq!(
            object(false, &seen(Some("v"), Some(1))),
            json!({ "time": "T", "key": key, "value": "v" })
        );
    }
}
