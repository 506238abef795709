//! The command table: one row per command, from which parsing, HELP, the reference in
//! `docs/protocol.md`, RESP's COMMAND and the per-command counters are made. The rows stand in
//! `rows`, and those that only RESP has in `redis_rows`.

use super::args::Args;
use super::command::Command;
use super::error::ClientError;
use super::redis_rows::REDIS_ROWS;
use super::rows::ROWS;
use std::fmt::Write;

/// One row of the command table.
#[derive(Clone, Copy, Debug)]
pub struct CommandSpec {
    /// The word that names the command, in upper case.
    pub name: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// The arguments as HELP shows them.
    pub arguments: &'static str,
    /// The arguments in RESP, if they are others there.
    pub resp: Option<&'static str>,
    /// The arguments as the end of "NAME needs …".
    pub needs: &'static str,
    /// What it answers when all is well.
    pub reply: &'static str,
    /// What it does, as half a sentence.
    pub summary: &'static str,
    /// What a client must be allowed to do.
    pub access: Access,
    /// Where its keys stand.
    pub keys: KeyPlaces,
    pub(super) parse: fn(&Args<'_>) -> Result<Command, ClientError>,
}

impl CommandSpec {
    /// Its name and the other words for it.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The arguments that it takes in RESP.
    pub(super) fn resp_arguments(&self) -> &'static str {
        self.resp.unwrap_or(self.arguments)
    }
}

impl PartialEq for CommandSpec {
    fn eq(&self, other: &CommandSpec) -> bool {
        self.name == other.name
    }
}

impl Eq for CommandSpec {}

/// The permission that a command takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anyone who is connected.
    Any,
    /// Reads data.
    Read,
    /// Changes data.
    Write,
    /// Changes or inspects the node itself.
    Admin,
}

/// Where among its arguments a command has keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPlaces {
    /// Nowhere.
    None,
    /// The first is one.
    First,
    /// All are.
    All,
    /// Every other one, from the first.
    Alternate,
}

/// Whose words are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// Those of the text protocol.
    Text,
    /// Those and the ones that only RESP has.
    Resp,
}

/// The place of a command in [`COMMANDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandId(u8);

impl CommandId {
    /// The row.
    pub fn spec(self) -> &'static CommandSpec {
        &COMMANDS[self.index()]
    }

    /// The number of the row, for a table of counters.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The command that goes by this word, in whatever case.
    pub(super) fn find(word: &[u8], asked: Vocabulary) -> Result<CommandId, ClientError> {
        // Those that only RESP has are the last.
        let known = match asked {
            Vocabulary::Text => ROWS.len(),
            Vocabulary::Resp => COMMANDS.len(),
        };
        for (index, spec) in COMMANDS[..known].iter().enumerate() {
            let named = |name: &&str| word.eq_ignore_ascii_case(name.as_bytes());
            if named(&spec.name) || spec.aliases.iter().any(named) {
                return Ok(CommandId(index as u8));
            }
        }
        Err(ClientError::UnknownCommand { word: word.to_vec().into() })
    }
}

/// Every command, the most frequent first, as the search goes from the top.
pub const COMMANDS: &[CommandSpec] = &joined();

const fn joined() -> [CommandSpec; ROWS.len() + REDIS_ROWS.len()] {
    let mut all = [ROWS[0]; ROWS.len() + REDIS_ROWS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < ROWS.len() { ROWS[at] } else { REDIS_ROWS[at - ROWS.len()] };
        at += 1;
    }
    all
}

/// The commands of both protocols as Markdown, for `docs/protocol.md`.
pub fn command_reference() -> String {
    reference(ROWS, |spec| spec.arguments)
}

/// The commands that only RESP has, and those that take other arguments there, likewise.
pub fn redis_command_reference() -> String {
    let others = ROWS.iter().filter(|spec| spec.resp.is_some());
    reference(others.chain(REDIS_ROWS), CommandSpec::resp_arguments)
}

/// The commands of the text protocol.
pub fn text_commands() -> impl Iterator<Item = &'static CommandSpec> {
    ROWS.iter()
}

fn reference<'a>(
    rows: impl IntoIterator<Item = &'a CommandSpec>,
    arguments: impl Fn(&CommandSpec) -> &'static str,
) -> String {
    let mut page = String::from("| command | reply | what it does | access |\n|---|---|---|---|\n");
    for spec in rows {
        let arguments = arguments(spec);
        let names = [&[spec.name], spec.aliases].concat().join("`, `");
        let usage = if arguments.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{names}{usage}{}` | {} | {} | {} |",
            arguments.replace('|', "\\|"),
            spec.reply.replace('|', "\\|"),
            spec.summary,
            spec.access.name(),
        );
    }
    page
}

impl Access {
    /// The word for it in documents.
    pub fn name(self) -> &'static str {
        match self {
            Access::Any => "any",
            Access::Read => "read",
            Access::Write => "write",
            Access::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_word_names_one_command_and_is_found_in_any_case() {
        let mut seen = BTreeSet::new();
        for (index, spec) in COMMANDS.iter().enumerate() {
            for word in [&[spec.name], spec.aliases].concat() {
                assert!(seen.insert(word), "{word} stands twice");
                for spelling in [word.to_string(), word.to_lowercase()] {
                    let found = CommandId::find(spelling.as_bytes(), Vocabulary::Resp);
                    assert_eq!(found.unwrap().index(), index);
                }
            }
        }
    }

    #[test]
    fn every_row_says_what_it_does() {
        for spec in COMMANDS {
            assert!(!spec.summary.is_empty() && !spec.needs.is_empty() && !spec.reply.is_empty());
            assert_eq!(spec.name, spec.name.to_uppercase());
        }
    }
}
