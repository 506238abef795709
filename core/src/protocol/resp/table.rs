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
fn arity(spec: &CommandSpec) -> i64 {
    let mut depth = 0;
    let mut fewest = 1;
    let mut is_exact = true;
    for word in spec.resp_arguments().split_ascii_whitespace() {
        let opened = word.matches('[').count();
        is_exact &= opened == 0 && !word.ends_with("...");
        fewest += i64::from(depth == 0 && opened == 0);
        depth = (depth + opened).saturating_sub(word.matches(']').count());
    }
    if is_exact { fewest } else { -fewest }
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
