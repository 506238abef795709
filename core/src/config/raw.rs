//! A configuration as written: for each key that somebody wrote, the value and where it stands.
//! Knows which keys there are, but not whether a value is any good.

use std::borrow::Cow;
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::damage::{Damage, Lines};
use super::keys::{self, ROWS, SECTIONS};
use super::kinds::Form;
use super::nearest::nearest;
use super::print::{literal, printable, shortened};
use super::problem::{Cause, Place, Report};
use super::row::{About, ENVIRONMENT_PREFIX, Row};

/// The largest file that is read, in bytes: the longest sensible one has a few thousand, and
/// the parser needs a multiple of the size.
pub(super) const MAX_FILE_BYTES: usize = 1 << 20;

/// A value as written, in the file, the environment or the table. Has no `Debug`: it may be secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Written {
    /// Text in quotes.
    Text(Cow<'static, str>),
    /// A whole number.
    Integer(i128),
    /// `true` or `false`.
    Boolean(bool),
    /// What stands between brackets; a list within is [`Written::Other`].
    List(Vec<Written>),
    /// What no key takes.
    Other(Other),
}

/// A value of a type that no key takes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Other {
    /// The type, as it follows the word "found".
    pub(super) what: &'static str,
    /// The value, or the type again if the value would be too long.
    pub(super) shown: String,
}

impl Written {
    /// The type, as it follows the word "found": all that may be said of a secret.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Text(text) if text.is_empty() => "empty text",
            Self::Text(_) => "text",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "an array",
            Self::Other(other) => other.what,
        }
    }

    /// The value as it may stand in a message about a key; of a list, which may be long, how long.
    pub(super) fn found(&self, about: &About) -> String {
        if about.secret {
            return format!("{} (not shown)", self.what());
        }
        match self {
            Self::List(list) => format!("{} of length {}", self.what(), list.len()),
            Self::Text(_) | Self::Integer(_) | Self::Boolean(_) | Self::Other(_) => {
                literal(self, shortened)
            }
        }
    }
}

impl From<&str> for Written {
    fn from(text: &str) -> Self {
        Self::Text(Cow::Owned(text.to_owned()))
    }
}

/// What somebody wrote for a key.
pub(super) struct Entry {
    row: &'static dyn Row,
    /// `None` takes away what was written before: an empty variable for an optional key.
    pub(super) value: Option<Written>,
    /// Where it stands.
    pub(super) place: Place,
}

/// A configuration as written.
pub(super) struct Raw {
    entries: Vec<Entry>,
    /// Whether the file is not TOML, so that a key may be missing because it was not understood.
    pub(super) damaged: bool,
}

impl Raw {
    /// Collects what the file and the environment say, and reports what no row of the table
    /// answers to.
    pub(super) fn read(
        text: &str,
        environment: &BTreeMap<String, String>,
        report: &mut Report,
    ) -> Self {
        let mut raw = Self { entries: Vec::new(), damaged: false };
        raw.read_file(text, report);
        raw.read_environment(environment, report);
        raw
    }

    /// Everything that was written for a key; the last one holds.
    pub(super) fn entries<'a>(&'a self, about: &'a About) -> impl Iterator<Item = &'a Entry> {
        self.entries.iter().filter(|entry| std::ptr::eq(entry.row.about(), about))
    }

    fn read_file(&mut self, text: &str, report: &mut Report) {
        if text.len() > MAX_FILE_BYTES {
            let cause = Cause::FileTooLarge { bytes: text.len(), most: MAX_FILE_BYTES };
            report.add(report.file(), None, cause);
            self.damaged = true;
            return;
        }
        let lines = Lines::new(text);
        let (root, errors) = DeTable::parse_recoverable(text);
        self.damaged = !errors.is_empty();
        let damage = Damage::assess(&lines, errors, report);
        let mut file = File { lines, damage, report, entries: &mut self.entries };
        for (key, value) in root.get_ref() {
            file.top_level(key, value);
        }
    }

    fn read_environment(&mut self, environment: &BTreeMap<String, String>, report: &mut Report) {
        let rows: BTreeMap<String, &'static dyn Row> =
            ROWS.iter().map(|row| (row.about().variable(), *row)).collect();
        for (name, text) in environment {
            if !name.starts_with(ENVIRONMENT_PREFIX) {
                continue;
            }
            let place = Place::Variable { name: printable(name) };
            match rows.get(name) {
                Some(&row) => {
                    let value = from_environment(row, text);
                    self.entries.push(Entry { row, value, place });
                }
                None => {
                    let hint = match nearest(name, rows.keys().map(String::as_str)) {
                        Some(variable) => format!("did you mean {variable}?"),
                        None => format!("a name is {ENVIRONMENT_PREFIX}<SECTION>_<KEY>"),
                    };
                    report.add(place, None, Cause::Unknown { what: "variable", hint });
                }
            }
        }
    }
}

/// The text of a variable has no type of its own, so the row decides; what does not fit stays
/// text and is refused as such.
fn from_environment(row: &dyn Row, text: &str) -> Option<Written> {
    if text.is_empty() && row.about().optional() {
        return None;
    }
    let typed = match row.form() {
        Form::Text => None,
        Form::Boolean => text.parse().ok().map(Written::Boolean),
        Form::Integer => toml_integer(text),
        Form::List => Some(list_with_commas(text)),
    };
    Some(typed.unwrap_or_else(|| Written::from(text)))
}

/// A number as TOML has it, underscores and all, and nothing around it.
fn toml_integer(text: &str) -> Option<Written> {
    let looks_right = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic());
    let value = looks_right.then(|| DeValue::parse(text).ok()).flatten()?;
    value.get_ref().is_integer().then(|| from_toml(value.get_ref()))
}

/// Nothing between two commas is an element too, and refused: it is more likely lost than meant.
fn list_with_commas(text: &str) -> Written {
    if text.is_empty() {
        return Written::List(Vec::new());
    }
    Written::List(text.split(',').map(Written::from).collect())
}

/// A value of a file; one level deep, as no key takes a list of lists.
pub(super) fn from_toml(value: &DeValue<'_>) -> Written {
    match value {
        DeValue::Array(array) => {
            Written::List(array.iter().map(|element| from_element(element.get_ref())).collect())
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Table(_) => from_element(value),
    }
}

fn from_element(value: &DeValue<'_>) -> Written {
    let other = |what, shown: &str| Written::Other(Other { what, shown: shown.to_owned() });
    match value {
        DeValue::String(text) => Written::from(&**text),
        DeValue::Boolean(boolean) => Written::Boolean(*boolean),
        DeValue::Integer(integer) => {
            match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => Written::Integer(integer),
                Err(_) => other("an integer", &shortened(integer.as_str())),
            }
        }
        DeValue::Float(float) => other("a float", &shortened(float.as_str())),
        DeValue::Datetime(_) => other("a date or time", "a date or time"),
        DeValue::Array(_) => other("an array", "an array"),
        DeValue::Table(_) => other("a table", "a table"),
    }
}

type TomlKey<'i> = Spanned<DeString<'i>>;
type TomlValue<'i> = Spanned<DeValue<'i>>;

/// The walk over a parsed file.
struct File<'a> {
    lines: Lines<'a>,
    damage: Damage,
    report: &'a mut Report,
    entries: &'a mut Vec<Entry>,
}

impl File<'_> {
    fn top_level(&mut self, key: &TomlKey<'_>, value: &TomlValue<'_>) {
        let name: &str = key.get_ref();
        if !keys::is_section(name) {
            return self.key("", key, value);
        }
        match value.get_ref() {
            DeValue::Table(section) => {
                for (key, value) in section {
                    self.key(name, key, value);
                }
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                if let Some(place) = self.undamaged(key, value) {
                    // The value is not shown: it may be a secret, and there is no row to say so.
                    let found = from_toml(value.get_ref()).what().to_owned();
                    let name = Some(name.to_owned());
                    self.report.add(place, name, Cause::NotASection { found });
                }
            }
        }
    }

    fn key(&mut self, section: &str, key: &TomlKey<'_>, value: &TomlValue<'_>) {
        let Some(place) = self.undamaged(key, value) else {
            return;
        };
        let name: &str = key.get_ref();
        if let Some(row) = keys::find(section, name) {
            let value = Some(from_toml(value.get_ref()));
            return self.entries.push(Entry { row, value, place });
        }
        let is_table = section.is_empty() && value.get_ref().is_table();
        let cause = if is_table { unknown_section(name) } else { unknown_key(section, name) };
        let path = if section.is_empty() {
            printable(name)
        } else {
            format!("{section}.{}", printable(name))
        };
        self.report.add(place, Some(path), cause);
    }

    /// Where a key stands, unless a mistake in the file makes it doubtful that it does.
    fn undamaged(&self, key: &TomlKey<'_>, value: &TomlValue<'_>) -> Option<Place> {
        let first = self.lines.line(key.span().start);
        // A table's span is its header, and each of its keys is looked at by itself.
        let last = self.lines.line(value.span().end.max(key.span().start));
        (!self.damage.touches(first, last)).then(|| self.report.line(first))
    }
}

fn unknown_key(section: &str, name: &str) -> Cause {
    let names = || keys::rows_of(section).map(|row| row.about().name);
    let here = nearest(name, names()).and_then(|name| keys::find(section, name));
    let elsewhere = || ROWS.iter().copied().find(|row| row.about().name == name);
    let hint = match here.or_else(elsewhere) {
        Some(row) => format!("did you mean {}?", row.about().path()),
        None => format!("the keys here are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Cause::Unknown { what: "key", hint }
}

fn unknown_section(name: &str) -> Cause {
    let names = || SECTIONS.iter().map(|section| section.name).filter(|name| !name.is_empty());
    let hint = match nearest(name, names()) {
        Some(section) => format!("did you mean [{section}]?"),
        None => format!("the sections are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Cause::Unknown { what: "section", hint }
}
