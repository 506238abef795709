//! The same commands to a node and to a real Redis, whose replies must be the same: types and
//! values exactly, errors by their code, and by their whole text unless `differences` says that it
//! is another one.
//!
//! `DIFFERENTIAL_SEED` chooses other sequences, `DIFFERENTIAL_ROUNDS` their number. A sequence that
//! fails is made as short as it fails still, and shown.

mod differences;
mod generate;

use crate::harness::{Node, NodeSettings, RedisServer, Resp, RespClient};
use differences::{DIFFERENCES, is_worded_otherwise};
use generate::Generator;
use std::fmt;

/// What is run if nobody asks for more.
const SEED: u64 = 1;
const ROUNDS: u64 = 400;
const STEPS: usize = 60;

/// How far apart the two may be in what is left of the same time, in seconds: they are asked one
/// after the other, on a machine that may be busy.
const SECONDS_APART: i64 = 5;

/// Something that is done to both.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// A command with its words.
    Run(Vec<Vec<u8>>),
    /// SCAN until its cursor is 0, with these words behind the cursor.
    ScanAll(Vec<Vec<u8>>),
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Step::Run(words) => words,
            Step::ScanAll(words) => {
                f.write_str("all of SCAN ")?;
                words
            }
        };
        let shown: Vec<_> =
            words.iter().map(|word| format!("\"{}\"", word.escape_ascii())).collect();
        f.write_str(&shown.join(" "))
    }
}

struct Pair {
    redis: RedisServer,
    node: Node,
}

impl Pair {
    fn start() -> Pair {
        Pair { redis: RedisServer::start(), node: Node::start(NodeSettings::alone("one")) }
    }

    /// Runs the steps on both, from nothing, and gives the first that is answered differently.
    fn first_difference(&self, steps: &[Step]) -> Option<(usize, Resp, Resp)> {
        let mut redis = self.redis.client();
        let mut node = RespClient::connect(self.node.address());
        assert_eq!(redis.command("FLUSHALL"), node.command("FLUSHALL"));
        for (at, step) in steps.iter().enumerate() {
            let (expected, found) = (answer(step, &mut redis), answer(step, &mut node));
            if !is_same(step, &expected, &found) {
                return Some((at, expected, found));
            }
        }
        None
    }

    /// As few of the steps as still differ.
    fn shrunk(&self, mut steps: Vec<Step>) -> Vec<Step> {
        let mut size = steps.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < steps.len() {
                let to = (from + size).min(steps.len());
                let fewer = [&steps[..from], &steps[to..]].concat();
                if self.first_difference(&fewer).is_some() {
                    steps = fewer;
                } else {
                    from = to;
                }
            }
            size /= 2;
        }
        steps
    }
}

/// What one of the two answers.
fn answer(step: &Step, client: &mut RespClient) -> Resp {
    match step {
        Step::Run(words) => {
            if is(words, "DBSIZE") {
                // Redis counts keys whose time is over until somebody looks at them.
                client.scan_all::<&str>(&[]).unwrap();
            }
            let reply = client.run(words);
            if is(words, "KEYS") { sorted(reply) } else { reply }
        }
        Step::ScanAll(words) => match client.scan_all(words) {
            // Keys may be given twice.
            Ok(mut keys) => {
                keys.sort();
                keys.dedup();
                Resp::Array(keys)
            }
            Err(error) => error,
        },
    }
}

fn is(words: &[Vec<u8>], name: &str) -> bool {
    words.first().is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()))
}

fn sorted(reply: Resp) -> Resp {
    match reply {
        Resp::Array(mut items) => {
            items.sort();
            Resp::Array(items)
        }
        other => other,
    }
}

fn is_same(step: &Step, expected: &Resp, found: &Resp) -> bool {
    let words = match step {
        Step::Run(words) | Step::ScanAll(words) => words,
    };
    match (expected, found) {
        (Resp::Error(text), Resp::Error(_)) if is_worded_otherwise(text) => {
            expected.code() == found.code()
        }
        (Resp::Number(one), Resp::Number(other)) if is(words, "TTL") || is(words, "PTTL") => {
            let unit = if is(words, "TTL") { 1 } else { 1_000 };
            // Those below zero say that there is no time.
            one == other || *one >= 0 && *other >= 0 && (one - other).abs() <= SECONDS_APART * unit
        }
        // Any key will do, as long as there is one.
        (Resp::Bulk(_), Resp::Bulk(_)) if is(words, "RANDOMKEY") => true,
        (Resp::Array(one), Resp::Array(other)) if is(words, "TIME") => one.len() == other.len(),
        (Resp::Number(_), Resp::Number(_)) if is(words, "CLIENT") => true,
        _ if is(words, "HELLO") => is_same_greeting(expected, found),
        _ => expected == found,
    }
}

/// The same names in the same order, and the same values but for what is of each server.
fn is_same_greeting(expected: &Resp, found: &Resp) -> bool {
    let facts = |reply: &Resp| -> Vec<(String, Option<Resp>)> {
        let pairs: Vec<(Resp, Resp)> = match reply {
            Resp::Map(pairs) => pairs.clone(),
            Resp::Array(items) => {
                items.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
            }
            other => return vec![(format!("{other:?}"), None)],
        };
        let of_each = |name: &str| name == "version" || name == "id";
        let fact = |(name, value): (Resp, Resp)| {
            let name = name.text();
            let value = (!of_each(&name)).then_some(value);
            (name, value)
        };
        pairs.into_iter().map(fact).collect()
    };
    let of_one_kind = std::mem::discriminant(expected) == std::mem::discriminant(found);
    of_one_kind && facts(expected) == facts(found)
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}")))
}

#[test]
fn a_node_answers_as_redis_does() {
    let pair = Pair::start();
    let seed = setting("DIFFERENTIAL_SEED", SEED);
    for round in 0..setting("DIFFERENTIAL_ROUNDS", ROUNDS) {
        let steps = Generator::new(seed, round).steps(STEPS);
        let Some((at, ..)) = pair.first_difference(&steps) else { continue };
        let steps = pair.shrunk(steps[..=at].to_vec());
        let difference = pair.first_difference(&steps);
        let (_, expected, found) = difference.expect("it differs each time");
        panic!("seed {seed}, round {round}:\n{steps:#?}\nRedis {expected:?}\nnode  {found:?}");
    }
    pair.node.stop();
}

#[test]
fn every_listed_difference_is_one_and_is_documented() {
    let pair = Pair::start();
    let document = include_str!("../../docs/protocol.md");
    let section = document.split_once("### Differences from Redis").unwrap().1;
    let section = section.split("\n#").next().unwrap();
    for difference in DIFFERENCES {
        let row = format!("| {} |", difference.title);
        assert!(section.contains(&row), "docs/protocol.md has no row that begins {row}");
        let (mut redis, mut node) = (pair.redis.client(), RespClient::connect(pair.node.address()));
        assert_eq!(redis.command("FLUSHALL"), node.command("FLUSHALL"));
        let mut answers = (String::new(), String::new());
        for words in difference.commands {
            answers = (format!("{:?}", redis.run(words)), format!("{:?}", node.run(words)));
        }
        let expected = (difference.redis.to_owned(), difference.node.to_owned());
        assert_eq!(answers, expected, "{}", difference.title);
        assert_ne!(difference.redis, difference.node, "{}", difference.title);
    }
    let rows = section.lines().filter(|line| line.starts_with("| ")).count() - 1;
    assert_eq!(rows, DIFFERENCES.len(), "docs/protocol.md lists others");
    pair.node.stop();
}
