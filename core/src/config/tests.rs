//! Tests of the module as a whole: what a person writes, and what they are told.

mod files;
mod garbage;
mod messages;
mod reload;
mod resolving;
mod storage;
mod table;
mod tls;
mod users;

use std::collections::BTreeMap;

use super::{Config, Problems, load};

/// The least that resolves.
const MINIMAL: &str = "node_id = \"n1\"\n[mqtt]\nbroker_address = \"tcp://127.0.0.1:1883\"\n";

fn environment(variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn from_text(text: &str) -> Result<Config, Problems> {
    load(text, "x.toml", &BTreeMap::new())
}

/// The problems of a text, one line each.
#[track_caller]
fn problems(text: &str) -> Vec<String> {
    problems_with(text, &[])
}

#[track_caller]
fn problems_with(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let problems = load(text, "x.toml", &environment(variables)).expect_err("it resolved");
    problems.to_string().lines().map(str::to_owned).collect()
}

#[track_caller]
fn resolved(text: &str, variables: &[(&str, &str)]) -> Config {
    load(text, "x.toml", &environment(variables)).unwrap_or_else(|problems| panic!("{problems}"))
}
