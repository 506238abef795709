//! Writes configurations as text: the reference of every key, a resolved configuration, and
//! values in messages. Made from the table, so a new row appears by itself.

use super::keys::{SECTIONS, rows_of};
use super::raw::Written;
use super::resolved::Config;
use super::row::{Absent, Row};

/// The longest text shown in a message, in characters.
const MAX_SHOWN_CHARS: usize = 60;

const REFERENCE_HEADER: &str = "\
# Every key of a MerkleKV configuration with its default; a key without one is commented out.
# The environment overrides the file: MERKLE_KV_<SECTION>_<KEY>, at the top level MERKLE_KV_<KEY>.
# Written by `merkle-kv print-config --reference`.
";

/// The text of `configs/reference.toml`: every key with its default, or commented out with an
/// example if it has none, below a comment of one line.
pub fn reference() -> String {
    let mut text = REFERENCE_HEADER.to_owned();
    for section in SECTIONS {
        text.push_str(&format!("\n# {}\n", section.meaning));
        text.push_str(&header(section.name));
        for row in rows_of(section.name) {
            text.push('\n');
            text.push_str(&reference_entry(row));
        }
    }
    text
}

fn reference_entry(row: &dyn Row) -> String {
    let about = row.about();
    let (mark, needed, value) = match &about.absent {
        Absent::Default(value) => ("", "", value),
        Absent::Unset(example) => ("# ", "", example),
        Absent::Required(example) => ("# ", "required: ", example),
    };
    let comment = format!("# {} ({needed}{})\n", about.meaning, row.expected());
    format!("{comment}{mark}{} = {}\n", about.name, literal(value, str::to_owned))
}

impl Config {
    /// The configuration as a file that resolves to the same, except that secrets are masked; the
    /// mask of `security.cluster_secret` is refused, so that no cluster runs on it.
    /// Keys that are unset are left out, and so is all of a section that is switched off, save
    /// `mqtt.topic_prefix`, which names the cluster in any case.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for section in SECTIONS {
            if !section.name.is_empty() {
                text.push('\n');
            }
            text.push_str(&header(section.name));
            for row in rows_of(section.name) {
                if let Some(value) = row.resolved(self) {
                    let value = literal(&value, str::to_owned);
                    text.push_str(&format!("{} = {value}\n", row.about().name));
                }
            }
        }
        text
    }
}

fn header(section: &str) -> String {
    if section.is_empty() { String::new() } else { format!("[{section}]\n") }
}

/// A value as TOML has it, its text first passed through `edit`.
pub(super) fn literal(value: &Written, edit: fn(&str) -> String) -> String {
    match value {
        Written::Text(text) => quoted(&edit(text)),
        Written::Integer(integer) => integer.to_string(),
        Written::Boolean(boolean) => boolean.to_string(),
        Written::List(list) => {
            let elements: Vec<String> = list.iter().map(|element| literal(element, edit)).collect();
            format!("[{}]", elements.join(", "))
        }
        Written::Other(other) => other.shown.clone(),
    }
}

/// Text of which a message shows no more than this.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A name that a stranger chose, fit for one line of a message.
pub(super) fn printable(name: &str) -> String {
    shortened(&name.escape_debug().to_string())
}

/// A TOML basic string, which has an escape for every character that may not stand for itself.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                quoted.push_str(&format!("\\u{:04X}", u32::from(control)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
