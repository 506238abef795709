//! The replies in which MerkleKV 0.1 differs, worded as its servers did, so that programs written
//! for them keep working.

use super::encode::{end_line, header, line};
use super::quote;
use crate::entry::Entry;
use crate::protocol::{
    ClientError, NodeFacts, ReplicationFacts, Reply, Report, StoreFacts, SyncFacts,
};
use bytes::{BufMut, Bytes, BytesMut};

/// What became of a reply.
pub(super) enum Outcome {
    Ended,
    MoreLeft,
    /// This reply has no wording of its own.
    SameAsStandard,
}

/// The amount of text that a 0.1 client reads as INFO or STATS, in bytes.
const MAX_REPORT_BYTES: usize = 1024;

pub(super) fn write(
    reply: &Reply,
    written: &mut usize,
    out: &mut BytesMut,
    enough: usize,
) -> Outcome {
    match reply {
        Reply::Value(entry) | Reply::Counted(entry) | Reply::Grown(entry) => {
            value_line("VALUE", entry.key(), entry.value().unwrap_or_default(), out);
        }
        Reply::NoValue => line("NOT_FOUND", out),
        Reply::Values(values) => return write_values(values, written, out, enough),
        Reply::Message(name, message) => {
            out.put_slice(name.as_bytes());
            // A bare PING is answered with the space that would precede its message.
            out.put_u8(b' ');
            out.put_slice(message.as_deref().unwrap_or_default());
            end_line(out);
        }
        Reply::Version => line(&format!("VERSION {}", crate::VERSION), out),
        Reply::Report(Report::Info(facts)) => report("INFO", info_lines(&facts.0, &facts.1), out),
        Reply::Report(Report::Stats(facts)) => {
            report("STATS", stats_lines(&facts.0, &facts.1), out);
        }
        Reply::Report(Report::Sync(sessions)) => line(&synced(sessions), out),
        Reply::Report(report @ Report::Peers(_)) => {
            line(&report.title(), out);
            report.lines().iter().for_each(|text| line(text, out));
        }
        Reply::Replication(facts) => line(&replication(*facts), out),
        Reply::Error(error) => line(&format!("ERROR {}", wording(error)), out),
        Reply::Ok
        | Reply::Deleted
        | Reply::Did(_)
        | Reply::NotFound
        | Reply::Keys(_)
        | Reply::Scanned(..)
        | Reply::Key(_)
        | Reply::Nested(_)
        | Reply::Number(..)
        | Reply::Remaining(_)
        | Reply::Hash(..)
        | Reply::Report(Report::Clients(_) | Report::Help) => return Outcome::SameAsStandard,
    }
    Outcome::Ended
}

fn write_values(
    values: &[(Bytes, Option<Entry>)],
    written: &mut usize,
    out: &mut BytesMut,
    enough: usize,
) -> Outcome {
    if *written == 0 {
        match values.iter().filter(|(_, entry)| entry.is_some()).count() {
            0 => {
                line("NOT_FOUND", out);
                return Outcome::Ended;
            }
            found => header("VALUES", found, written, out),
        }
    }
    while let Some((key, entry)) = values.get(*written - 1) {
        if out.len() >= enough {
            return Outcome::MoreLeft;
        }
        let name = String::from_utf8_lossy(key);
        match entry.as_ref().and_then(|entry| entry.value()) {
            Some(value) => value_line(&name, key, value, out),
            None => line(&format!("{name} NOT_FOUND"), out),
        }
        *written += 1;
    }
    Outcome::Ended
}

/// Quotes mean nothing to a 0.1 client, so a value with a line break cannot be shown to it.
fn value_line(name: &str, key: &[u8], value: &[u8], out: &mut BytesMut) {
    if memchr::memchr(b'\n', value).is_some() {
        let key = String::from_utf8_lossy(key);
        line(&format!("ERROR Value for key '{key}' has a line break and cannot be shown"), out);
        return;
    }
    out.put_slice(name.as_bytes());
    out.put_u8(b' ');
    out.put_slice(value);
    end_line(out);
}

/// Writes a key in a list as it stands; only one with a line break, which no client of this
/// protocol can have written, is quoted.
pub(super) fn write_key(key: &[u8], out: &mut BytesMut) {
    if memchr::memchr(b'\n', key).is_some() {
        quote::write_key(key, out);
    } else {
        out.put_slice(key);
    }
}

fn report(title: &str, lines: Vec<String>, out: &mut BytesMut) {
    let start = out.len();
    line(title, out);
    for text in lines {
        if out.len() - start + text.len() + 2 > MAX_REPORT_BYTES {
            break;
        }
        line(&text, out);
    }
}

fn replication(facts: ReplicationFacts) -> String {
    if facts.enabled {
        format!("REPLICATION enabled {} nodes", facts.peers)
    } else {
        "REPLICATION disabled".to_string()
    }
}

/// One line for all sessions: 0.1 had one with the peer that it was given, and told nothing of it.
fn synced(sessions: &[SyncFacts]) -> String {
    if sessions.iter().any(|session| session.result.error().is_none()) {
        return "OK".to_string();
    }
    let failed = sessions.iter().find_map(|session| Some((session, session.result.error()?)));
    match failed {
        Some((session, error)) => {
            format!("ERROR Sync with {} failed: {}", session.peer(), quote::in_quotes(error))
        }
        None => "ERROR Sync failed: no peer is known".to_string(),
    }
}

fn info_lines(node: &NodeFacts, store: &StoreFacts) -> Vec<String> {
    vec![
        format!("version:{}", crate::VERSION),
        format!("uptime_seconds:{}", node.uptime_seconds),
        format!("uptime:{}", spelled_out(node.uptime_seconds)),
        format!("server_time_unix:{}", node.unix_seconds),
        format!("db_keys:{}", store.keys),
    ]
}

fn stats_lines(node: &NodeFacts, store: &StoreFacts) -> Vec<String> {
    let groups: [(&str, &[&str]); 19] = [
        ("get", &["GET", "GETDEL", "STRLEN"]),
        ("scan", &["SCAN", "KEYS", "RANDOMKEY"]),
        ("ping", &["PING"]),
        ("echo", &["ECHO"]),
        ("flushdb", &["FLUSH"]),
        ("memory", &["MEMORY"]),
        ("clientlist", &["CLIENT"]),
        ("exists", &["EXISTS", "TYPE"]),
        ("dbsize", &["DBSIZE"]),
        ("set", &["SET", "SETEX", "PSETEX", "SETNX", "GETSET"]),
        ("delete", &["DEL"]),
        ("numeric", &["INCR", "DECR", "INCRBY", "DECRBY"]),
        ("string", &["APPEND", "PREPEND"]),
        ("bulk", &["MGET", "MSET", "MSETNX"]),
        ("stat", &["STATS", "INFO"]),
        ("sync", &["SYNC"]),
        ("hash", &["HASH"]),
        ("replicate", &["REPLICATE"]),
        ("management", MANAGEMENT),
    ];
    let mut lines = vec![
        format!("uptime_seconds:{}", node.uptime_seconds),
        format!("uptime:{}", spelled_out(node.uptime_seconds)),
        format!("total_connections:{}", node.connections_accepted),
        format!("active_connections:{}", node.connections),
        format!("total_commands:{}", store.runs()),
    ];
    let counted = groups.iter().map(|(name, of)| format!("{name}_commands:{}", store.runs_of(of)));
    lines.extend(counted);
    lines.push(format!("used_memory_kb:{}", store.memory_bytes / 1024));
    lines
}

/// What 0.1 counted as management, and what of RESP is nothing else.
const MANAGEMENT: &[&str] = &[
    "VERSION",
    "SHUTDOWN",
    "AUTH",
    "HELP",
    "QUIT",
    "PEERS",
    "TIME",
    "SELECT",
    "HELLO",
    "RESET",
    "COMMAND",
    "CONFIG",
    "EXPIRE",
    "PERSIST",
    "TTL",
    "PEXPIRE",
    "EXPIREAT",
    "PEXPIREAT",
    "PTTL",
];

/// Seconds as `1d 2h 3m 4s`.
fn spelled_out(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    format!("{days}d {}h {}m {}s", hours % 24, minutes % 60, seconds % 60)
}

fn wording(error: &ClientError) -> String {
    match error {
        ClientError::EmptyLine => "Empty command".to_string(),
        ClientError::LineTooLong { .. } => "line too long".to_string(),
        ClientError::UnknownCommand { word } => {
            format!("Unknown command: {}", String::from_utf8_lossy(word))
        }
        ClientError::MissingArguments { command, given: 0 } => {
            format!("{} command requires arguments", legacy_name(command.name))
        }
        ClientError::MissingArguments { command, .. } if command.name == "SYNC" => {
            "SYNC requires <port> as the second argument".to_string()
        }
        ClientError::MissingArguments { command, .. } => {
            let needs = match command.name {
                "SET" | "APPEND" | "PREPEND" => "a key and value",
                _ => command.needs,
            };
            format!("{} command requires {needs}", legacy_name(command.name))
        }
        ClientError::TooManyArguments { command } => match command.arguments {
            "" => format!("{} command does not accept any arguments", command.name),
            "key seconds" => format!("{} command requires {}", command.name, command.needs),
            _ => format!("{} command accepts only one argument", legacy_name(command.name)),
        },
        ClientError::KeyWithoutValue { .. } => {
            "MSET command requires an even number of arguments (key-value pairs)".to_string()
        }
        ClientError::EmptyKey { command } => {
            format!("{} command key cannot be empty", legacy_name(command.name))
        }
        ClientError::ByteInKey { byte: b'\t', .. } => {
            "Invalid character: tab character not allowed in key".to_string()
        }
        ClientError::NotANumber { command, .. } => {
            format!("{} command amount must be a valid number", legacy_name(command.name))
        }
        ClientError::ValueNotANumber { key } => {
            let key = String::from_utf8_lossy(key);
            format!("Value for key '{key}' is not a valid number")
        }
        ClientError::UnknownOption { command, found, .. } => {
            let found = String::from_utf8_lossy(found);
            match command.name {
                "REPLICATE" => format!("Unknown REPLICATE action: {found}"),
                "CLIENT" => "Unknown CLIENT subcommand".to_string(),
                name => format!("{name} command accepts only one argument"),
            }
        }
        ClientError::NotUtf8 { .. }
        | ClientError::TooManyKeys { .. }
        | ClientError::KeyTooLong { .. }
        | ClientError::ByteInKey { .. }
        | ClientError::ValueTooLong { .. }
        | ClientError::StorageFull { .. }
        | ClientError::NotAnAddress { .. }
        | ClientError::InvalidExpiry { .. }
        | ClientError::NotACursor { .. }
        | ClientError::NoSuchDatabase
        | ClientError::NoSuchProtocol
        | ClientError::ProtocolNotANumber
        | ClientError::WrongCount { .. }
        | ClientError::UnknownSubcommand { .. }
        | ClientError::UnsupportedOption { .. }
        | ClientError::UnknownHelloOption { .. }
        | ClientError::OptionConflict { .. }
        | ClientError::InvalidName
        | ClientError::NotAnArray { .. }
        | ClientError::NotAString { .. }
        | ClientError::NoLineEnd
        | ClientError::InvalidLength { .. }
        | ClientError::CommandTooLong { .. }
        | ClientError::ExpiryTooFar
        | ClientError::Overflow { .. }
        | ClientError::Clock(_)
        | ClientError::NoUsers
        | ClientError::NotLoggedIn { .. }
        | ClientError::MissingPermission { .. }
        | ClientError::ForbiddenKey { .. }
        | ClientError::NeedsAllKeys { .. }
        | ClientError::WrongPassword
        | ClientError::NoPassword
        | ClientError::TooManyFailures { .. }
        | ClientError::DiskFull
        | ClientError::ReplicationOff
        | ClientError::SyncOff
        | ClientError::OtherPeerProtocol
        | ClientError::TlsOnly
        | ClientError::TlsOff
        | ClientError::Unavailable { .. } => error.to_string(),
    }
}

/// The word that 0.1 knew a command by in its errors.
fn legacy_name(name: &'static str) -> &'static str {
    match name {
        "DEL" => "DELETE",
        "INCR" => "INC",
        "DECR" => "DEC",
        name => name,
    }
}
