//! Words that the console understands itself, beside the commands of the node: what they are called,
//! which arguments they take, and what a person is told of them.

mod words;

use super::printable;
use super::transfer::Format;
use std::time::Duration;
use words::{Word, Words, split};

/// Between two looks at a key, unless something else is asked for.
const INTERVAL: Duration = Duration::from_millis(500);

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Show the value of a key each time it changes.
    Watch {
        /// Which.
        key: Vec<u8>,
        /// Ends after so many changes.
        count: Option<u64>,
        /// Between two looks.
        interval: Duration,
        /// Whether to show and to watch how long the key has still.
        ttl: bool,
    },
    /// Write the data set to a file.
    Export {
        /// Only keys that begin so.
        prefix: Vec<u8>,
        /// Of the file.
        format: Format,
        /// Standard output without one.
        file: Option<String>,
    },
    /// Read records from a file into the node.
    Import {
        /// Of the file.
        format: Format,
        /// Whether the first record that is refused ends it.
        stop_on_error: bool,
        /// Standard input without one.
        file: Option<String>,
    },
}

/// What does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; it is used so: {usage}")]
pub struct BadUsage {
    /// With the argument.
    pub problem: String,
    /// The whole form.
    pub usage: &'static str,
}

/// What is told of a tool.
struct Row {
    name: &'static str,
    usage: &'static str,
    help: &'static str,
}

const WATCH: Row = Row {
    name: "watch",
    usage: "watch KEY [--count N] [--interval MS] [--ttl]",
    help: "show the value of a key now and each time it changes, until Ctrl-C\n  \
           --count N      end after N changes\n  \
           --interval MS  look so often, 500 unless given\n  \
           --ttl          show how long the key has still, and a change of that too\n",
};

const EXPORT: Row = Row {
    name: "export",
    usage: "export [--prefix P] [--format jsonl|csv] [FILE]",
    help: "write keys, values and expiry to a file, or to standard output\n  \
           --prefix P     only keys that begin so\n  \
           --format F     JSON lines or CSV; by the name of the file unless given\n",
};

const IMPORT: Row = Row {
    name: "import",
    usage: "import [--format jsonl|csv] [--stop-on-error] [FILE]",
    help: "set the keys that a file holds, or standard input\n  \
           --format F       JSON lines or CSV; by the name of the file unless given\n  \
           --stop-on-error  end at the first line that is refused\n",
};

const ROWS: [&Row; 3] = [&EXPORT, &IMPORT, &WATCH];

/// The names, in order.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}

/// What a person is told of a tool; nothing if there is none of this name.
pub(super) fn help(word: &str) -> Option<String> {
    row(word).map(|row| format!("{}\n  {}", row.usage, row.help))
}

/// The forms of all tools, each on a line with what it is for, below the list of commands.
pub fn tool_rows() -> String {
    let width = ROWS.iter().map(|row| row.usage.len()).max().unwrap_or_default();
    let line = |row: &&Row| {
        let summary = row.help.lines().next().unwrap_or_default();
        format!("{:width$}  {summary}\n", row.usage)
    };
    ROWS.iter().map(line).collect()
}

/// The options of a tool that begin so.
pub(super) fn options(name: &str, begin: &str) -> Vec<String> {
    let words = row(name).map(|row| row.usage.split([' ', '[', ']'])).into_iter().flatten();
    let options = words.filter(|word| word.starts_with("--") && word.starts_with(begin));
    options.map(str::to_owned).collect()
}

/// Whether a word is the name of a tool whose first argument is a key.
pub(super) fn takes_key(name: &str) -> bool {
    row(name).is_some_and(|row| row.name == WATCH.name)
}

fn row(word: &str) -> Option<&'static Row> {
    ROWS.into_iter().find(|row| row.name.eq_ignore_ascii_case(word))
}

impl Tool {
    /// What these words ask for, each of which is taken for exactly what it is; nothing if they begin
    /// with the name of no tool.
    pub fn of_words(words: &[Vec<u8>]) -> Option<Result<Tool, BadUsage>> {
        let (name, rest) = words.split_first()?;
        let row = row(std::str::from_utf8(name).ok()?)?;
        let parsed = match row.name {
            "watch" => watch(rest),
            "export" => export(rest),
            _ => import(rest),
        };
        Some(parsed.map_err(|problem| BadUsage { problem, usage: row.usage }))
    }

    /// The same for a line, whose words stand between spaces, or in the quotes of the protocol.
    pub fn of_line(line: &[u8]) -> Option<Result<Tool, BadUsage>> {
        let name = line.split(|byte| *byte == b' ').find(|word| !word.is_empty())?;
        row(std::str::from_utf8(name).ok()?)?;
        Tool::of_words(&split(line))
    }
}

fn watch(words: &[Vec<u8>]) -> Result<Tool, String> {
    let mut words = Words::of(words);
    let (mut key, mut count, mut interval, mut ttl) = (None, None, INTERVAL, false);
    while let Some(word) = words.next() {
        match word {
            Word::Option("--count") => count = Some(words.number("--count")?),
            Word::Option("--interval") => {
                interval = Duration::from_millis(words.number("--interval")?);
            }
            Word::Option("--ttl") => ttl = true,
            Word::Option(other) => return Err(format!("there is no option {other}")),
            Word::Operand(word) => only(&mut key, word)?,
        }
    }
    let key = key.ok_or("there is no key")?;
    Ok(Tool::Watch { key, count, interval, ttl })
}

fn export(words: &[Vec<u8>]) -> Result<Tool, String> {
    let mut words = Words::of(words);
    let (mut prefix, mut format, mut file) = (Vec::new(), None, None);
    while let Some(word) = words.next() {
        match word {
            Word::Option("--prefix") => prefix = words.value("--prefix")?.to_vec(),
            Word::Option("--format") => format = Some(words.format()?),
            Word::Option(other) => return Err(format!("there is no option {other}")),
            Word::Operand(word) => only(&mut file, word)?,
        }
    }
    let (format, file) = place(format, file);
    Ok(Tool::Export { prefix, format, file })
}

fn import(words: &[Vec<u8>]) -> Result<Tool, String> {
    let mut words = Words::of(words);
    let (mut stop_on_error, mut format, mut file) = (false, None, None);
    while let Some(word) = words.next() {
        match word {
            Word::Option("--stop-on-error") => stop_on_error = true,
            Word::Option("--format") => format = Some(words.format()?),
            Word::Option(other) => return Err(format!("there is no option {other}")),
            Word::Operand(word) => only(&mut file, word)?,
        }
    }
    let (format, file) = place(format, file);
    Ok(Tool::Import { format, stop_on_error, file })
}

fn only(place: &mut Option<Vec<u8>>, word: &[u8]) -> Result<(), String> {
    match place.replace(word.to_vec()) {
        None => Ok(()),
        Some(_) => Err(format!("\"{}\" is one argument too many", printable(word))),
    }
}

/// `-` is what stands for no file.
fn place(format: Option<Format>, file: Option<Vec<u8>>) -> (Format, Option<String>) {
    let file = file.filter(|file| file != b"-");
    let file = file.map(|file| String::from_utf8_lossy(&file).into_owned());
    let guessed = || file.as_deref().map_or(Format::JsonLines, Format::of_file);
    (format.unwrap_or_else(guessed), file)
}

#[cfg(test)]
mod tests;
