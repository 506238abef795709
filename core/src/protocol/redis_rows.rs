//! The rows of the commands that only RESP has. What they can do, the text protocol does by fewer
//! words, or has no use for.

use super::command::{Command, Expiry, SetAnswer, SetExpiry, SetOptions, SetWhen, Step, TimeUnit};
use super::rows::{KEY_AND_VALUE, NOTHING, ONE_KEY};
use super::table::{Access, CommandSpec, KeyPlaces};

const KEY_AND_NUMBER: &str = "a key and a number";
const KEY_TIME_AND_VALUE: &str = "a key, a time and a value";

/// What many rows have in common.
const ROW: CommandSpec = CommandSpec {
    name: "",
    aliases: &[],
    arguments: "",
    resp: None,
    needs: NOTHING,
    reply: "",
    summary: "",
    access: Access::Any,
    keys: KeyPlaces::None,
    parse: |args| args.nothing().map(|()| Command::Reset),
};
const READ: CommandSpec = CommandSpec { access: Access::Read, keys: KeyPlaces::First, ..ROW };
const WRITE: CommandSpec = CommandSpec { access: Access::Write, keys: KeyPlaces::First, ..ROW };

/// Commands that only RESP has.
pub(super) const REDIS_ROWS: &[CommandSpec] = &[
    CommandSpec {
        name: "INCRBY",
        arguments: "key n",
        needs: KEY_AND_NUMBER,
        reply: "the new number",
        summary: "add n to a 64-bit signed number; a missing key counts as 0",
        parse: |args| args.key_and_number().map(|(key, n)| Command::Add { key, step: Step::Up(n) }),
        ..WRITE
    },
    CommandSpec {
        name: "DECRBY",
        arguments: "key n",
        needs: KEY_AND_NUMBER,
        reply: "the new number",
        summary: "subtract n likewise",
        parse: |args| {
            args.key_and_number().map(|(key, n)| Command::Add { key, step: Step::Down(n) })
        },
        ..WRITE
    },
    CommandSpec {
        name: "SETEX",
        arguments: "key seconds value",
        needs: KEY_TIME_AND_VALUE,
        reply: "OK",
        summary: "SET with EX",
        parse: |args| args.set_for(1_000),
        ..WRITE
    },
    CommandSpec {
        name: "PSETEX",
        arguments: "key milliseconds value",
        needs: KEY_TIME_AND_VALUE,
        reply: "OK",
        summary: "SET with PX",
        parse: |args| args.set_for(1),
        ..WRITE
    },
    CommandSpec {
        name: "PEXPIRE",
        arguments: "key milliseconds [NX|XX|GT|LT...]",
        needs: KEY_AND_NUMBER,
        reply: "1, or 0",
        summary: "EXPIRE in milliseconds",
        parse: |args| args.expire(1, |millis| Expiry::In { millis }),
        ..WRITE
    },
    CommandSpec {
        name: "EXPIREAT",
        arguments: "key seconds [NX|XX|GT|LT...]",
        needs: KEY_AND_NUMBER,
        reply: "1, or 0",
        summary: "EXPIRE at a time since 1970",
        parse: |args| args.expire(1_000, |millis| Expiry::At { millis }),
        ..WRITE
    },
    CommandSpec {
        name: "PEXPIREAT",
        arguments: "key milliseconds [NX|XX|GT|LT...]",
        needs: KEY_AND_NUMBER,
        reply: "1, or 0",
        summary: "EXPIREAT in milliseconds",
        parse: |args| args.expire(1, |millis| Expiry::At { millis }),
        ..WRITE
    },
    CommandSpec {
        name: "PTTL",
        arguments: "key",
        needs: ONE_KEY,
        reply: "milliseconds, -1 without an expiry, -2 without a key",
        summary: "TTL in milliseconds",
        parse: |args| Ok(Command::TimeToLive { key: args.only_key()?, unit: TimeUnit::Millis }),
        ..READ
    },
    CommandSpec {
        name: "SETNX",
        arguments: "key value",
        needs: KEY_AND_VALUE,
        reply: "1, or 0 if the key has a value",
        summary: "SET with NX",
        parse: |args| {
            let (key, value) = args.key_and_value()?;
            let (when, answer) = (SetWhen::Missing, SetAnswer::Count);
            let options = SetOptions { when, answer, expiry: SetExpiry::None };
            Ok(Command::SetIf { key, value, options })
        },
        ..WRITE
    },
    CommandSpec {
        name: "GETSET",
        arguments: "key value",
        needs: KEY_AND_VALUE,
        reply: "the old value, or null",
        summary: "SET with GET",
        parse: |args| {
            let (key, value) = args.key_and_value()?;
            let options = SetOptions { answer: SetAnswer::Old, ..SetOptions::default() };
            Ok(Command::SetIf { key, value, options })
        },
        ..WRITE
    },
    CommandSpec {
        name: "GETDEL",
        arguments: "key",
        needs: ONE_KEY,
        reply: "the value, or null",
        summary: "the value of a key, which is deleted",
        parse: |args| Ok(Command::GetAndDelete { key: args.only_key()? }),
        ..WRITE
    },
    CommandSpec {
        name: "MSETNX",
        arguments: "key value [key value...]",
        needs: "keys, each followed by its value",
        reply: "1, or 0 if any of the keys has a value",
        summary: "MSET if none of the keys has a value",
        keys: KeyPlaces::Alternate,
        parse: |args| Ok(Command::SetManyIfNone { pairs: args.pairs()? }),
        ..WRITE
    },
    CommandSpec {
        name: "STRLEN",
        arguments: "key",
        needs: ONE_KEY,
        reply: "bytes, 0 without a value",
        summary: "the length of a value",
        parse: |args| Ok(Command::Length { key: args.only_key()? }),
        ..READ
    },
    CommandSpec {
        name: "TYPE",
        arguments: "key",
        needs: ONE_KEY,
        reply: "string, or none",
        summary: "what a value is",
        parse: |args| Ok(Command::Type { key: args.only_key()? }),
        ..READ
    },
    CommandSpec {
        name: "KEYS",
        arguments: "pattern",
        needs: "a pattern",
        reply: "keys in byte order",
        summary: "all keys that match; looked up beside other commands, but SCAN is kinder",
        keys: KeyPlaces::None,
        parse: |args| args.pattern().map(|pattern| Command::KeysLike { pattern }),
        ..READ
    },
    CommandSpec {
        name: "RANDOMKEY",
        reply: "a key, or null",
        summary: "any key that has a value",
        keys: KeyPlaces::None,
        parse: |args| args.nothing().map(|()| Command::RandomKey),
        ..READ
    },
    CommandSpec {
        name: "TIME",
        reply: "seconds since 1970, and microseconds",
        summary: "the clock of the node, to the millisecond",
        parse: |args| args.nothing().map(|()| Command::Time),
        ..ROW
    },
    CommandSpec {
        name: "SELECT",
        arguments: "0",
        needs: "a number",
        reply: "OK",
        summary: "choose the only database",
        parse: |args| args.select(),
        ..ROW
    },
    CommandSpec {
        name: "HELLO",
        arguments: "[version [AUTH user password] [SETNAME name]]",
        needs: "at most a version, AUTH and SETNAME",
        reply: "a map of facts about the server",
        summary: "go on with this version of RESP",
        parse: |args| args.hello().map(|(hello, credentials)| Command::Hello(hello, credentials)),
        ..ROW
    },
    CommandSpec {
        name: "RESET",
        reply: "RESET",
        summary: "a connection as it was at first",
        parse: |args| args.nothing().map(|()| Command::Reset),
        ..ROW
    },
    CommandSpec {
        name: "COMMAND",
        arguments: "[COUNT|LIST|INFO [name...]|DOCS [name...]]",
        needs: "COUNT, LIST, INFO or DOCS",
        reply: "as in Redis",
        summary: "this table, for programs",
        parse: |args| args.table_query().map(Command::Table),
        ..ROW
    },
    CommandSpec {
        name: "CONFIG",
        arguments: "GET pattern...",
        needs: "GET and one or more patterns",
        reply: "names and values",
        summary: "settings that clients of Redis ask for",
        access: Access::Admin,
        parse: |args| args.settings(),
        ..ROW
    },
];
