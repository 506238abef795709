//! How a reply looks: as it came, for programs, or aligned and coloured, for people.

use super::framing::RawReply;
use super::reply::ClientReply;
use super::safe::{is_safe, printable};
use crate::protocol::text::quote::write_value;
use bytes::BytesMut;
use std::fmt::Write;

/// Colours, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Palette {
    /// No escape sequence at all.
    Colourless,
    /// The eight colours that every terminal has.
    Coloured,
}

impl Palette {
    /// What went well.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// What went wrong.
    pub fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// What is neither, and wants to be seen.
    pub fn doubtful(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// What stands beside the matter: names, counts.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Palette::Colourless => text.to_owned(),
            Palette::Coloured => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

/// The lines as they came, each with a line end, and nothing in them that drives a terminal.
pub fn plain(raw: &RawReply) -> String {
    let mut text = String::new();
    let lines = std::iter::once(&raw.first).chain(&raw.items).map(|line| printable(line));
    for line in lines.chain(raw.has_end.then(|| "END".to_owned())) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The reply for a person, with a line end.
pub fn pretty(reply: &ClientReply, palette: Palette) -> String {
    match reply {
        ClientReply::Word(word) if word == "NOT_FOUND" => line(palette.doubtful(word)),
        ClientReply::Word(word) => line(palette.good(&printable(word.as_bytes()))),
        ClientReply::Null => line(palette.faint("(null)")),
        ClientReply::Value(value) => line(shown(value)),
        ClientReply::Fact(name, data) if data.is_empty() => line(printable(name.as_bytes())),
        ClientReply::Fact(name, data) => {
            let name = palette.faint(&printable(name.as_bytes()));
            line(format!("{name} {}", shown(data)))
        }
        ClientReply::Values(values) => numbered(values.iter().map(Option::as_ref), palette),
        ClientReply::Keys(keys) => numbered(keys.iter().map(Some), palette),
        ClientReply::Report(title, lines) => report(title, lines, palette),
        ClientReply::Error(error) => {
            line(palette.bad(&format!("ERROR: {}", printable(error.as_bytes()))))
        }
    }
}

fn line(text: String) -> String {
    text + "\n"
}

/// A value without the quotes that the protocol needs, if a terminal can show it so: quotes stay
/// where they show that it is empty, has spaces at its ends, or holds what drives a terminal.
pub(super) fn shown(value: &[u8]) -> String {
    let is_open = value.first().is_none_or(|b| *b == b' ') || value.last() == Some(&b' ');
    if !is_open && is_safe(value) {
        return String::from_utf8_lossy(value).into_owned();
    }
    let mut quoted = BytesMut::new();
    write_value(value, &mut quoted);
    printable(&quoted)
}

fn numbered<'a>(
    items: impl ExactSizeIterator<Item = Option<&'a Vec<u8>>>,
    palette: Palette,
) -> String {
    let count = items.len();
    if count == 0 {
        return line(palette.faint("(nothing)"));
    }
    let width = count.to_string().len();
    let mut text = String::new();
    for (at, item) in items.enumerate() {
        let item = item.map_or_else(|| palette.faint("(null)"), |item| shown(item));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{} {item}", palette.faint(&format!("{:>width$})", at + 1)));
    }
    text
}

fn report(title: &str, lines: &[String], palette: Palette) -> String {
    let lines: Vec<String> = lines.iter().map(|line| printable(line.as_bytes())).collect();
    match title {
        "INFO" | "STATS" => facts(&lines, palette),
        "PEERS" | "SYNC" | "CLIENT LIST" if lines.is_empty() => line(palette.faint("(nobody)")),
        "PEERS" | "SYNC" | "CLIENT LIST" => {
            columns(&lines.iter().map(|line| words(line)).collect::<Vec<_>>())
        }
        _ => lines.into_iter().map(line).collect(),
    }
}

fn facts(lines: &[String], palette: Palette) -> String {
    let split = |line: &'_ str| {
        line.split_once(':').map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let pairs: Vec<(String, String)> =
        lines.iter().map(|line| split(line).unwrap_or((line.clone(), String::new()))).collect();
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let line = |(name, value): &(String, String)| {
        let name = palette.faint(&format!("{name:<width$}"));
        format!("{name}  {value}").trim_end().to_owned() + "\n"
    };
    pairs.iter().map(line).collect()
}

/// The words of a line; what stands in quotes is part of one.
pub(crate) fn words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in line.chars() {
        match c {
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            c => {
                is_quoted ^= c == '"' && !is_escaped;
                is_escaped = c == '\\' && !is_escaped;
                word.push(c);
            }
        }
    }
    words.push(word);
    words
}

/// Rows with their columns below each other, two spaces apart.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..count).map(|at| width(at).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}  "));
        text.push_str(cells.collect::<String>().trim_end());
        text.push('\n');
    }
    text
}
