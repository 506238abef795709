//! The command table: one row per command, from which parsing, HELP, the reference in
//! `docs/protocol.md` and the per-command counters are made.

use super::args::Args;
use super::command::{Command, ExpireWhen, Expiry, ReplicateAction, Step, TimeUnit};
use super::error::ClientError;
use std::fmt::Write;

/// One row of the command table.
#[derive(Debug)]
pub struct CommandSpec {
    /// The word that names the command, in upper case.
    pub name: &'static str,
    /// Other words for the same.
    pub aliases: &'static [&'static str],
    /// The arguments as HELP shows them.
    pub arguments: &'static str,
    /// The arguments as the end of "NAME needs …".
    pub needs: &'static str,
    /// What it answers when all is well.
    pub reply: &'static str,
    /// What it does, as half a sentence.
    pub summary: &'static str,
    /// What a client must be allowed to do.
    pub access: Access,
    pub(super) parse: fn(&mut Args<'_>) -> Result<Command, ClientError>,
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
    pub(super) fn find(word: &[u8]) -> Result<CommandId, ClientError> {
        for (index, spec) in COMMANDS.iter().enumerate() {
            let named = |name: &&str| word.eq_ignore_ascii_case(name.as_bytes());
            if named(&spec.name) || spec.aliases.iter().any(named) {
                return Ok(CommandId(index as u8));
            }
        }
        Err(ClientError::UnknownCommand { word: word.to_vec().into() })
    }
}

const ONE_KEY: &str = "a key";
const KEY_AND_VALUE: &str = "a key and a value";
const SOME_KEYS: &str = "one or more keys";
const KEY_AND_AMOUNT: &str = "a key and at most one amount";
const NOTHING: &str = "no argument";

/// Every command, the most frequent first, as the search goes from the top.
pub const COMMANDS: &[CommandSpec] = &[
    CommandSpec {
        name: "GET",
        aliases: &[],
        arguments: "key",
        needs: ONE_KEY,
        reply: "VALUE v, or (null)",
        summary: "the value of a key",
        access: Access::Read,
        parse: |args| Ok(Command::Get { key: args.only_key()? }),
    },
    CommandSpec {
        name: "SET",
        aliases: &[],
        arguments: "key value",
        needs: KEY_AND_VALUE,
        reply: "OK",
        summary: "give a key a value",
        access: Access::Write,
        parse: |args| args.key_and_value().map(|(key, value)| Command::Set { key, value }),
    },
    CommandSpec {
        name: "DEL",
        aliases: &["DELETE"],
        arguments: "key",
        needs: ONE_KEY,
        reply: "DELETED, or NOT_FOUND",
        summary: "delete a key",
        access: Access::Write,
        parse: |args| Ok(Command::Delete { key: args.only_key()? }),
    },
    CommandSpec {
        name: "INCR",
        aliases: &["INC"],
        arguments: "key [n]",
        needs: KEY_AND_AMOUNT,
        reply: "VALUE new",
        summary: "add n (1) to a 64-bit signed number; a missing key counts as 0",
        access: Access::Write,
        parse: |args| {
            let (key, amount) = args.key_and_amount()?;
            Ok(Command::Add { key, step: Step::Up(amount) })
        },
    },
    CommandSpec {
        name: "DECR",
        aliases: &["DEC"],
        arguments: "key [n]",
        needs: KEY_AND_AMOUNT,
        reply: "VALUE new",
        summary: "subtract n (1) likewise",
        access: Access::Write,
        parse: |args| {
            let (key, amount) = args.key_and_amount()?;
            Ok(Command::Add { key, step: Step::Down(amount) })
        },
    },
    CommandSpec {
        name: "APPEND",
        aliases: &[],
        arguments: "key value",
        needs: KEY_AND_VALUE,
        reply: "VALUE whole",
        summary: "put a value behind the one that is there",
        access: Access::Write,
        parse: |args| args.key_and_value().map(|(key, value)| Command::Append { key, value }),
    },
    CommandSpec {
        name: "PREPEND",
        aliases: &[],
        arguments: "key value",
        needs: KEY_AND_VALUE,
        reply: "VALUE whole",
        summary: "put a value before the one that is there",
        access: Access::Write,
        parse: |args| args.key_and_value().map(|(key, value)| Command::Prepend { key, value }),
    },
    CommandSpec {
        name: "MGET",
        aliases: &[],
        arguments: "key...",
        needs: SOME_KEYS,
        reply: "VALUES n, a line as of GET for each key, END",
        summary: "the values of several keys",
        access: Access::Read,
        parse: |args| Ok(Command::GetMany { keys: args.keys()? }),
    },
    CommandSpec {
        name: "MSET",
        aliases: &[],
        arguments: "key value [key value...]",
        needs: "keys, each followed by its value",
        reply: "OK",
        summary: "give several keys their values, all or none; a value with spaces is quoted",
        access: Access::Write,
        parse: |args| Ok(Command::SetMany { pairs: args.pairs()? }),
    },
    CommandSpec {
        name: "EXISTS",
        aliases: &[],
        arguments: "key...",
        needs: SOME_KEYS,
        reply: "EXISTS n",
        summary: "how many of these keys have a value; a key named twice counts twice",
        access: Access::Read,
        parse: |args| Ok(Command::Exists { keys: args.keys()? }),
    },
    CommandSpec {
        name: "SCAN",
        aliases: &[],
        arguments: "[prefix] [AFTER key] [LIMIT n]",
        needs: "at most a prefix, AFTER with a key, and LIMIT with a number",
        reply: "KEYS n, a line for each key, END",
        summary: "keys in byte order; a prefix that is called AFTER or LIMIT is quoted",
        access: Access::Read,
        parse: |args| args.scan(),
    },
    CommandSpec {
        name: "EXPIRE",
        aliases: &[],
        arguments: "key seconds",
        needs: "a key and a number of seconds",
        reply: "OK, or NOT_FOUND",
        summary: "delete a key in so many seconds, on every node",
        access: Access::Write,
        parse: |args| {
            let (key, seconds) = args.key_and_seconds()?;
            let at = Expiry::In { millis: seconds.saturating_mul(1_000) };
            Ok(Command::Expire { key, at, when: ExpireWhen::Always })
        },
    },
    CommandSpec {
        name: "PERSIST",
        aliases: &[],
        arguments: "key",
        needs: ONE_KEY,
        reply: "OK, or NOT_FOUND if it has no expiry",
        summary: "keep a key that was to expire",
        access: Access::Write,
        parse: |args| Ok(Command::Persist { key: args.only_key()? }),
    },
    CommandSpec {
        name: "TTL",
        aliases: &[],
        arguments: "key",
        needs: ONE_KEY,
        reply: "TTL seconds, TTL -1 without an expiry, TTL -2 without a key",
        summary: "how long a key has still",
        access: Access::Read,
        parse: |args| Ok(Command::TimeToLive { key: args.only_key()?, unit: TimeUnit::Seconds }),
    },
    CommandSpec {
        name: "DBSIZE",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "DBSIZE n",
        summary: "how many keys have a value",
        access: Access::Read,
        parse: |args| args.nothing().map(|()| Command::KeyCount),
    },
    CommandSpec {
        name: "FLUSH",
        aliases: &["FLUSHDB", "TRUNCATE"],
        arguments: "",
        needs: NOTHING,
        reply: "OK",
        summary: "delete every key in the whole cluster",
        access: Access::Admin,
        parse: |args| args.nothing_that_counts().map(|()| Command::Flush),
    },
    CommandSpec {
        name: "REPLICATE",
        aliases: &[],
        arguments: "ENABLE|DISABLE|STATUS",
        needs: "ENABLE, DISABLE or STATUS",
        reply: "OK, or REPLICATION enabled|disabled <broker state> queued=<n>",
        summary: "start or stop publishing and applying, or say which holds",
        access: Access::Admin,
        parse: |args| {
            let choices: [(&str, ReplicateAction); 3] = [
                ("ENABLE", ReplicateAction::Enable),
                ("DISABLE", ReplicateAction::Disable),
                ("STATUS", ReplicateAction::Status),
            ];
            args.choice(&choices, "ENABLE, DISABLE, STATUS").map(Command::Replicate)
        },
    },
    CommandSpec {
        name: "HASH",
        aliases: &[],
        arguments: "[prefix]",
        needs: "at most a prefix",
        reply: "HASH digest, or HASH prefix digest",
        summary: "the root of the Merkle tree, or that of the keys with a prefix",
        access: Access::Read,
        parse: |args| Ok(Command::Hash { prefix: args.prefix()? }),
    },
    CommandSpec {
        name: "SYNC",
        aliases: &[],
        arguments: "[host:port]",
        needs: "at most one peer, as host:port",
        reply: "SYNC, a line for each session, END",
        summary: "compare with every peer, or with one, and repair what differs",
        access: Access::Admin,
        parse: |args| Ok(Command::Sync { peer: args.peer()? }),
    },
    CommandSpec {
        name: "PEERS",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "PEERS n, a line for each peer, END",
        summary: "the other nodes, and whether they hold the same",
        access: Access::Read,
        parse: |args| args.nothing().map(|()| Command::Peers),
    },
    CommandSpec {
        name: "PING",
        aliases: &[],
        arguments: "[message]",
        needs: "at most a message",
        reply: "PONG, or PONG message",
        summary: "whether the node answers",
        access: Access::Any,
        parse: |args| Ok(Command::Ping { message: args.message()? }),
    },
    CommandSpec {
        name: "ECHO",
        aliases: &[],
        arguments: "message",
        needs: "a message",
        reply: "ECHO message",
        summary: "the message back",
        access: Access::Any,
        parse: |args| match args.message()? {
            Some(message) => Ok(Command::Echo { message }),
            None => Err(args.missing(0)),
        },
    },
    CommandSpec {
        name: "VERSION",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "MerkleKV version",
        summary: "the version of the program",
        access: Access::Any,
        parse: |args| args.nothing().map(|()| Command::Version),
    },
    CommandSpec {
        name: "INFO",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "# Server Information, name:value lines, END",
        summary: "the node, its data and its place in the cluster",
        access: Access::Read,
        parse: |args| args.nothing_that_counts().map(|()| Command::Info),
    },
    CommandSpec {
        name: "STATS",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "STATS, name:value lines, END",
        summary: "counters since the start",
        access: Access::Read,
        parse: |args| args.nothing_that_counts().map(|()| Command::Stats),
    },
    CommandSpec {
        name: "MEMORY",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "MEMORY bytes",
        summary: "estimated memory of the data, index included",
        access: Access::Read,
        parse: |args| args.nothing().map(|()| Command::Memory),
    },
    CommandSpec {
        name: "CLIENT",
        aliases: &[],
        arguments: "LIST",
        needs: "LIST",
        reply: "CLIENT LIST, id= addr= age= idle= lines, END",
        summary: "the connections that are open now",
        access: Access::Admin,
        parse: |args| {
            let list = args.choice(&[("LIST", Command::ClientList)], "LIST");
            args.or_if_bare(list, Command::ClientList)
        },
    },
    CommandSpec {
        name: "AUTH",
        aliases: &[],
        arguments: "user password",
        needs: "a user and a password",
        reply: "an error, as this release has no users",
        summary: "log in",
        access: Access::Any,
        parse: |args| args.credentials().map(|()| Command::Auth),
    },
    CommandSpec {
        name: "HELP",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "HELP, a line for each command, END",
        summary: "this list",
        access: Access::Any,
        parse: |args| args.nothing().map(|()| Command::Help),
    },
    CommandSpec {
        name: "QUIT",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "OK, then the connection closes",
        summary: "say goodbye",
        access: Access::Any,
        parse: |args| args.nothing().map(|()| Command::Quit),
    },
    CommandSpec {
        name: "SHUTDOWN",
        aliases: &[],
        arguments: "",
        needs: NOTHING,
        reply: "OK, then the node stops in order",
        summary: "stop the node",
        access: Access::Admin,
        parse: |args| args.nothing().map(|()| Command::Shutdown),
    },
];

/// The table of all commands as Markdown, for `docs/protocol.md`.
pub fn command_reference() -> String {
    let mut page = String::from("| command | reply | what it does | access |\n|---|---|---|---|\n");
    for spec in COMMANDS {
        let names = [&[spec.name], spec.aliases].concat().join("`, `");
        let usage = if spec.arguments.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{names}{usage}{}` | {} | {} | {} |",
            spec.arguments.replace('|', "\\|"),
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
                    assert_eq!(CommandId::find(spelling.as_bytes()).unwrap().index(), index);
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
