//! Clients that write at random until the node ends, and know exactly what it must hold afterwards.
//!
//! A node runs the commands of a client in order. So after a crash it holds what the acknowledged
//! ones come to, and then those of a first part of the others: none of them, some, or all.

use crate::harness::{Client, Node};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

/// The most commands that are sent together.
const PIPELINE: usize = 40;

/// One value in so many is large: its record is written in many pieces, and torn by a kill.
const LARGE_EVERY: usize = 100;

/// Numbers that are the same in every run.
#[derive(Clone, Debug)]
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

/// A command that changes something.
#[derive(Clone, Debug)]
enum Write {
    Set(String, String),
    Delete(String),
    Add(String, i64),
    Append(String, String),
    SetMany(Vec<(String, String)>),
    Flush,
}

type State = BTreeMap<String, String>;

impl Write {
    fn line(&self) -> String {
        match self {
            Write::Set(key, value) => format!("SET {key} {value}"),
            Write::Delete(key) => format!("DEL {key}"),
            Write::Add(key, step) => format!("INCR {key} {step}"),
            Write::Append(key, value) => format!("APPEND {key} {value}"),
            Write::SetMany(pairs) => {
                let pairs: Vec<String> = pairs.iter().map(|(k, v)| format!("{k} {v}")).collect();
                format!("MSET {}", pairs.join(" "))
            }
            Write::Flush => "FLUSH".to_owned(),
        }
    }

    /// Does the same to `state`, and gives the reply.
    fn apply(&self, state: &mut State) -> String {
        match self {
            Write::Set(key, value) => {
                state.insert(key.clone(), value.clone());
            }
            Write::Delete(key) => {
                let was_there = state.remove(key).is_some();
                return if was_there { "DELETED" } else { "NOT_FOUND" }.to_owned();
            }
            Write::Add(key, step) => {
                let before: i64 = state.get(key).map_or(0, |value| value.parse().unwrap());
                let after = (before + step).to_string();
                state.insert(key.clone(), after.clone());
                return format!("VALUE {after}");
            }
            Write::Append(key, more) => {
                let value = state.entry(key.clone()).or_default();
                value.push_str(more);
                return format!("VALUE {value}");
            }
            Write::SetMany(pairs) => state.extend(pairs.iter().cloned()),
            Write::Flush => state.clear(),
        }
        "OK".to_owned()
    }
}

/// One client, and all that it has told the node about its keys.
#[derive(Debug)]
struct Writer {
    name: String,
    numbers: Numbers,
    /// What the acknowledged commands come to.
    state: State,
    unacknowledged: Vec<Write>,
    /// Flushes take along the keys of others, so whoever flushes is alone.
    flushes: bool,
    values: u64,
}

impl Writer {
    fn next(&mut self, state: &State) -> Write {
        let numbers = &mut self.numbers;
        let kind = numbers.below(if self.flushes { 2_000 } else { 1_000 });
        let key = |class: &str, n: usize| format!("{}:{class}{n}", self.name);
        let text = key("text", numbers.below(60));
        self.values += 1;
        let mut value = format!("value{}", self.values);
        if numbers.below(LARGE_EVERY) == 0 {
            value.push_str(&"x".repeat(numbers.below(200_000)));
        }
        match kind {
            0..300 => Write::Set(text, value),
            300..450 => Write::Delete(text),
            450..650 => Write::Add(key("number", numbers.below(10)), numbers.below(9) as i64 + 1),
            650..800 if state.get(&text).is_some_and(|value| value.len() > 200) => {
                Write::Set(text, value)
            }
            650..800 => Write::Append(text, value),
            1_999 => Write::Flush,
            _ => {
                let first = numbers.below(55);
                let pairs = (first..first + 5).map(|n| (key("text", n), format!("{value}.{n}")));
                Write::SetMany(pairs.collect())
            }
        }
    }

    /// Writes until the node ends, or until it is to stop.
    fn run(&mut self, address: SocketAddr, acknowledged: &AtomicU64, stop: &AtomicBool) {
        let Some(mut client) = Client::try_connect(address) else { return };
        while !stop.load(Ordering::Relaxed) {
            let mut ahead = self.state.clone();
            let count = self.numbers.below(PIPELINE) + 1;
            let mut writes = Vec::new();
            let mut replies = Vec::new();
            for _ in 0..count {
                let write = self.next(&ahead);
                replies.push(write.apply(&mut ahead));
                writes.push(write);
            }
            let lines: Vec<String> = writes.iter().map(Write::line).collect();
            let answered = client.lines_while_alive(&(lines.join("\r\n") + "\r\n"), count);
            for ((line, expected), reply) in lines.iter().zip(&replies).zip(&answered) {
                assert!(reply == expected, "{line:.80}: {reply:.80}, not {expected:.80}");
            }
            if answered.len() < count {
                writes.drain(..answered.len()).for_each(|write| drop(write.apply(&mut self.state)));
                self.unacknowledged = writes;
                return;
            }
            self.state = ahead;
            acknowledged.fetch_add(count as u64, Ordering::Relaxed);
        }
    }

    /// Finds which of the unacknowledged commands were kept. Gives their number.
    #[track_caller]
    fn settle(&mut self, found: &State) -> usize {
        let mut state = self.state.clone();
        let mut kept = 0;
        for write in std::mem::take(&mut self.unacknowledged) {
            if state == *found {
                break;
            }
            write.apply(&mut state);
            kept += 1;
        }
        if state != *found {
            panic!("{}: {}", self.name, difference(&self.state, found));
        }
        self.state = state;
        kept
    }
}

/// The first keys in which the states differ.
fn difference(acknowledged: &State, found: &State) -> String {
    let keys =
        acknowledged.keys().chain(found.keys().filter(|key| !acknowledged.contains_key(*key)));
    let differing = keys.filter(|key| acknowledged.get(*key) != found.get(*key)).take(5);
    let lines = differing.map(|key| {
        let [known, found] = [acknowledged, found].map(|state| state.get(key).map(String::as_str));
        format!("{key}: {:.60?} was acknowledged, {:.60?} is there", known, found)
    });
    format!("no state that could be is there\n{}", lines.collect::<Vec<String>>().join("\n"))
}

/// Several clients.
#[derive(Debug)]
pub(super) struct Load(Vec<Writer>);

impl Load {
    /// `count` clients that have written nothing yet.
    pub(super) fn of(count: usize, seed: u64) -> Load {
        let writer = |n| Writer {
            name: format!("client{n}"),
            numbers: Numbers(seed.wrapping_mul(1_000).wrapping_add(n as u64)),
            state: State::new(),
            unacknowledged: Vec::new(),
            flushes: false,
            values: 0,
        };
        Load((0..count).map(writer).collect())
    }

    /// Clients of another name.
    pub(super) fn named(mut self, name: &str) -> Load {
        for writer in &mut self.0 {
            writer.name = format!("{name}-{}", writer.name);
        }
        self
    }

    /// All clients write, until `end` has ended the node or has returned; it is given how many
    /// writes were acknowledged so far.
    pub(super) fn run(&mut self, address: SocketAddr, end: impl FnOnce(&AtomicU64)) {
        let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            for writer in &mut self.0 {
                scope.spawn(|| writer.run(address, &acknowledged, &stop));
            }
            end(&acknowledged);
            stop.store(true, Ordering::Relaxed);
        });
    }

    /// The first client alone writes, and also flushes what all have written.
    pub(super) fn run_with_flushes(&mut self, address: SocketAddr, end: impl FnOnce(&AtomicU64)) {
        let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let (first, others) = self.0.split_first_mut().unwrap();
        for other in others {
            first.state.append(&mut other.state);
        }
        first.flushes = true;
        thread::scope(|scope| {
            scope.spawn(|| first.run(address, &acknowledged, &stop));
            end(&acknowledged);
        });
    }

    /// Checks that the node holds what was acknowledged, and of the rest nothing or a first part.
    /// Gives how many unacknowledged writes were kept.
    #[track_caller]
    pub(super) fn check(&mut self, node: &Node) -> usize {
        let content = node.client().content();
        let value = |line: String| line.strip_prefix("VALUE ").unwrap().to_owned();
        let mut content: State = content.into_iter().map(|(k, line)| (k, value(line))).collect();
        let mut kept = 0;
        if self.0[0].flushes {
            kept += self.0[0].settle(&content);
            self.0[0].flushes = false;
            content = std::mem::take(&mut self.0[0].state);
            for writer in &mut self.0 {
                writer.state = take(&mut content, &writer.name);
            }
            return kept;
        }
        for writer in &mut self.0 {
            kept += writer.settle(&take(&mut content, &writer.name));
        }
        kept
    }
}

/// The keys of one client.
fn take(content: &mut State, name: &str) -> State {
    let prefix = format!("{name}:");
    let (own, others) =
        std::mem::take(content).into_iter().partition(|(key, _)| key.starts_with(&prefix));
    *content = others;
    own
}
