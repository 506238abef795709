//! What a broken disk or a curious stranger may hand to `load`: it answers, and never panics.

use std::collections::BTreeMap;

use super::super::{Problems, load, load_users, reference};
use super::environment;

/// Numbers without end that are the same in every run (the constants are Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const PIECES: &[&str] = &[
    "node_id",
    "password",
    "[",
    "]",
    "[[",
    "]]",
    "mqtt",
    "network",
    ".",
    "=",
    " ",
    "\n",
    "\r\n",
    "\"",
    "\"\"\"",
    "'",
    "'''",
    "{",
    "}",
    ",",
    "#",
    "1",
    "-",
    "_",
    "0x",
    "1e9",
    "true",
    "inf",
    "1979-05-27",
    "99999999999999999999999999999999999999999999",
    "\\",
    "\\u",
    "\u{feff}",
    "\0",
    "é",
    "🦀",
    "enabled",
    "bind_port",
    "peer_list",
    "anti_entropy",
    "users",
    "[users.",
    "password_hash",
    "permissions",
    "keys",
    "broker",
    "tcp://",
    "@",
    ":",
    "::",
    "\u{202e}",
];

/// Whatever is said has at least one line, each of them with a place and printable.
fn is_well_said(problems: &Problems) -> bool {
    let said = problems.to_string();
    !said.is_empty()
        && problems.iter().len() == said.lines().count() - usize::from(problems.untold() > 0)
        && !said.replace('\n', "").contains(char::is_control)
}

#[track_caller]
fn try_it(text: &str, variables: &BTreeMap<String, String>) {
    if let Err(problems) = load(text, "x.toml", variables) {
        assert!(is_well_said(&problems), "{problems}\nfrom {text:?}");
    }
    if let Err(problems) = load_users(text, "u.toml") {
        assert!(is_well_said(&problems), "{problems}\nfrom {text:?}");
    }
}

#[test]
fn a_file_that_ends_anywhere_is_answered() {
    let text = reference();
    for (end, _) in text.char_indices().step_by(3) {
        try_it(&text[..end], &BTreeMap::new());
    }
}

#[test]
fn a_file_with_any_byte_replaced_is_answered() {
    let mut dice = Dice(7);
    let text = reference().replace("# node_id", "node_id");
    for _ in 0..1_000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..=dice.below(4) {
            let at = dice.below(bytes.len());
            bytes[at] = dice.below(256) as u8;
        }
        try_it(&String::from_utf8_lossy(&bytes), &BTreeMap::new());
    }
}

#[test]
fn pieces_of_files_in_any_order_are_answered() {
    let mut dice = Dice(11);
    for _ in 0..6_000 {
        let text: String = (0..dice.below(40)).map(|_| dice.pick(PIECES)).collect();
        let value: String = (0..dice.below(5)).map(|_| dice.pick(PIECES)).collect();
        let names = [
            "MERKLE_KV_MQTT_BROKER_ADDRESS",
            "MERKLE_KV_NETWORK_BIND_PORT",
            "MERKLE_KV_ANTI_ENTROPY_PEER_LIST",
            "MERKLE_KV_🦀\n",
        ];
        try_it(&text, &environment(&[(dice.pick(&names), &value)]));
    }
}

#[test]
fn random_bytes_are_answered() {
    let mut dice = Dice(13);
    for _ in 0..2_000 {
        let bytes: Vec<u8> = (0..dice.below(200)).map(|_| dice.below(256) as u8).collect();
        try_it(&String::from_utf8_lossy(&bytes), &BTreeMap::new());
    }
}

#[test]
fn nesting_as_deep_as_a_file_allows_does_not_overflow_the_stack() {
    for opener in ["[", "a=[", "a={a=", "[[", "a."] {
        try_it(&opener.repeat(200_000), &BTreeMap::new());
        try_it(&format!("node_id = {}", opener.repeat(200_000)), &BTreeMap::new());
        try_it(&format!("anti_entropy.peer_list = {}", opener.repeat(200_000)), &BTreeMap::new());
    }
}
