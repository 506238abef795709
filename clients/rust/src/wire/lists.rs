//! Replies of several lines, collected as the lines come.

use super::request::{END_OF_REPORT, PAGE};
use super::single::{data, number, plain, refusal, value_or_missing};
use super::verb::Form;
use super::{Answer, Dialect, Request};
use crate::Reply;
use std::collections::BTreeMap;

/// A list whose header has come, and as many of its lines.
#[derive(Debug)]
pub(super) enum Collected {
    /// What MGET and SCAN give, with an `END`.
    Items { items: Vec<Option<Vec<u8>>>, count: usize },
    /// What MGET gives in the legacy dialect: of the keys so many were found.
    Pairs { items: Vec<Option<Vec<u8>>>, found: usize },
    /// What SCAN gives in the legacy dialect: all keys.
    AllKeys { items: Vec<Option<Vec<u8>>>, count: usize },
    /// Names and texts up to an end.
    Report { texts: BTreeMap<String, String>, dialect: Dialect },
    /// A report that the node refuses, up to the end that was asked for behind it.
    RefusedReport { sentence: String },
}

/// Nothing if a line does not belong there; else the answer, if it is complete.
type Step = Option<Option<Answer>>;

impl Collected {
    /// Reads the first line of a list.
    pub(super) fn begin(
        line: &[u8],
        request: &Request<'_>,
        dialect: Dialect,
        list: &mut Option<Collected>,
    ) -> Step {
        let refusal = refusal(line, dialect);
        let begun = match (request.verb.form(), dialect, refusal) {
            (Form::Report { .. }, Dialect::Legacy, Some(sentence)) => {
                Collected::RefusedReport { sentence }
            }
            (_, _, Some(sentence)) => return Some(Some(Err(sentence))),
            (Form::Report { standard, legacy }, ..) => {
                let header = if dialect == Dialect::Standard { standard } else { legacy };
                (line == header.as_bytes()).then_some(())?;
                Collected::Report { texts: BTreeMap::new(), dialect }
            }
            (Form::Values, Dialect::Standard, None) => {
                let count = count(line, "VALUES").filter(|count| *count == request.args.len())?;
                Collected::Items { items: Vec::with_capacity(request.args.len()), count }
            }
            (Form::Values, Dialect::Legacy, None) if line == b"NOT_FOUND" => {
                return done(vec![None; request.args.len()]);
            }
            (Form::Values, Dialect::Legacy, None) => {
                let found = count(line, "VALUES").filter(|found| *found <= request.args.len())?;
                Collected::Pairs { items: Vec::with_capacity(request.args.len()), found }
            }
            (Form::Keys, Dialect::Standard, None) => {
                let count = count(line, "KEYS").filter(|count| *count <= PAGE)?;
                Collected::Items { items: Vec::with_capacity(count), count }
            }
            (Form::Keys, Dialect::Legacy, None) => match count(line, "KEYS")? {
                0 => return done(Vec::new()),
                count => Collected::AllKeys { items: Vec::new(), count },
            },
            _ => return None,
        };
        *list = Some(begun);
        Some(None)
    }

    /// Reads another line.
    pub(super) fn add(&mut self, line: &[u8], request: &Request<'_>) -> Step {
        match self {
            Collected::Items { items, count } => {
                if items.len() == *count {
                    return (line == b"END").then(|| done(std::mem::take(items)))?;
                }
                items.push(item(line, request)?);
                Some(None)
            }
            Collected::Pairs { items, found } => {
                let all_found = *found == request.args.len();
                let key = std::str::from_utf8(request.args[items.len()]).ok()?;
                let value = data(line, key)?;
                // If all keys were found, this is a value that looks so.
                let is_missing = value == b"NOT_FOUND" && !all_found;
                items.push((!is_missing).then(|| value.to_vec()));
                if items.len() < request.args.len() {
                    return Some(None);
                }
                (items.iter().flatten().count() == *found).then(|| done(std::mem::take(items)))?
            }
            Collected::AllKeys { items, count } => {
                items.push(Some(line.to_vec()));
                if items.len() < *count { Some(None) } else { done(std::mem::take(items)) }
            }
            Collected::Report { texts, dialect } => {
                if is_end_of_report(line, *dialect) {
                    return Some(Some(Ok(Reply::Report(std::mem::take(texts)))));
                }
                let (name, text) = std::str::from_utf8(line).ok()?.split_once(':')?;
                texts.insert(name.to_owned(), text.to_owned());
                Some(None)
            }
            Collected::RefusedReport { sentence } => {
                is_end_of_report(line, Dialect::Legacy).then(|| Some(Err(std::mem::take(sentence))))
            }
        }
    }
}

fn done(items: Vec<Option<Vec<u8>>>) -> Step {
    Some(Some(Ok(Reply::Values(items))))
}

/// The number of lines that a header says.
fn count(line: &[u8], name: &str) -> Option<usize> {
    number(data(line, name)?).and_then(|count| usize::try_from(count).ok())
}

/// A line of MGET or SCAN.
fn item(line: &[u8], request: &Request<'_>) -> Option<Option<Vec<u8>>> {
    if request.verb.form() == Form::Keys {
        return plain(line, Dialect::Standard).map(Some);
    }
    value_or_missing(line, Dialect::Standard)
}

fn is_end_of_report(line: &[u8], dialect: Dialect) -> bool {
    match dialect {
        Dialect::Standard => line == b"END",
        Dialect::Legacy => data(line, "PONG").is_some_and(|text| text == END_OF_REPORT.as_bytes()),
    }
}
