//! COMMAND: the command table as programs of Redis read it.

use crate::protocol::table::{Access, COMMANDS, CommandId, CommandSpec, KeyPlaces, Vocabulary};
use crate::protocol::{Nested, TableQuery};
use bytes::Bytes;

/// What COMMAND answers.
pub(crate) fn answer(query: &TableQuery) -> Nested {
    let every_name = || COMMANDS.iter().flat_map(CommandSpec::names);
    match query {
        TableQuery::Count => Nested::Number(every_name().count() as i64),
        TableQuery::List => Nested::List(every_name().map(lower).collect()),
        TableQuery::Info(None) => Nested::List(
            COMMANDS
                .iter()
                .flat_map(|spec| spec.names().map(move |name| facts(name, spec)))
                .collect(),
        ),
        TableQuery::Info(Some(names)) => Nested::List(
            names
                .iter()
                .map(|name| match known(name) {
                    Some(spec) => facts(spec.name, spec),
                    None => Nested::Null,
                })
                .collect(),
        ),
        TableQuery::Docs(None) => {
            Nested::Map(COMMANDS.iter().map(|spec| (spec.name, docs(spec))).collect())
        }
        TableQuery::Docs(Some(names)) => Nested::Map(
            names
                .iter()
                .filter_map(|name| known(name))
                .map(|spec| (spec.name, docs(spec)))
                .collect(),
        ),
    }
}

fn known(name: &Bytes) -> Option<&'static CommandSpec> {
    CommandId::find(name, Vocabulary::Resp).ok().map(CommandId::spec)
}

/// Name, arity, flags, first and last key and the step between keys; then what Redis 7 has behind
/// these: categories of permissions, tips, places of keys, subcommands.
fn facts(name: &str, spec: &CommandSpec) -> Nested {
    let (first, last, step) = match spec.keys {
        KeyPlaces::None => (0, 0, 0),
        KeyPlaces::First => (1, 1, 1),
        KeyPlaces::All => (1, -1, 1),
        KeyPlaces::Alternate => (1, -1, 2),
    };
    let category = match spec.access {
        Access::Any => "@connection",
        Access::Read => "@read",
        Access::Write => "@write",
        Access::Admin => "@admin",
    };
    let flags = match spec.access {
        Access::Any => vec!["fast"],
        Access::Read => vec!["readonly"],
        Access::Write => vec!["write", "denyoom"],
        Access::Admin => vec!["admin"],
    };
    let nothing = || Nested::List(Vec::new());
    Nested::List(vec![
        lower(name),
        Nested::Number(arity(spec)),
        Nested::List(flags.into_iter().map(Nested::Word).collect()),
        Nested::Number(first),
        Nested::Number(last),
        Nested::Number(step),
        Nested::List(vec![Nested::Word(category)]),
        nothing(),
        nothing(),
        nothing(),
    ])
}

/// The words of a command, its name included; below zero if there may be more.
pub(super) fn arity(spec: &CommandSpec) -> i64 {
    let forms = alternatives(spec.resp_arguments());
    let counts = || forms.iter().map(|form| words(form));
    let fewest = counts().map(|(fewest, _)| fewest).min().unwrap_or(0) + 1;
    if counts().all(|count| count == (fewest - 1, true)) { fewest } else { -fewest }
}

/// The forms that stand beside each other, outside all brackets.
fn alternatives(arguments: &str) -> Vec<&str> {
    let mut depth = 0;
    let outside = move |character: char| {
        depth += i32::from(character == '[') - i32::from(character == ']');
        depth == 0 && character == '|'
    };
    arguments.split(outside).collect()
}

/// How many words a form has at least, and whether it has no more.
fn words(form: &str) -> (i64, bool) {
    let (mut depth, mut fewest, mut is_exact) = (0, 0, true);
    for word in form.split_ascii_whitespace() {
        let opened = word.matches('[').count();
        is_exact &= opened == 0 && !word.ends_with("...");
        fewest += i64::from(depth == 0 && opened == 0);
        depth = (depth + opened).saturating_sub(word.matches(']').count());
    }
    (fewest, is_exact)
}

fn docs(spec: &CommandSpec) -> Nested {
    Nested::Map(vec![
        ("summary", Nested::text(spec.summary)),
        ("since", Nested::text(crate::VERSION)),
        ("group", Nested::text(spec.access.name())),
        ("syntax", Nested::text(format!("{} {}", spec.name, spec.resp_arguments()).trim_end())),
    ])
}

fn lower(name: &str) -> Nested {
    Nested::text(name.to_lowercase())
}
