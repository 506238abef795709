//! Where a node answers otherwise than Redis, on purpose: each once here with a sequence that shows
//! it, and once in `docs/protocol.md`.

/// One difference. The commands are run on both, and the last one's replies are these.
pub(super) struct Difference {
    /// As the row in the document begins.
    pub(super) title: &'static str,
    pub(super) commands: &'static [&'static [&'static str]],
    pub(super) redis: &'static str,
    pub(super) node: &'static str,
}

pub(super) const DIFFERENCES: &[Difference] = &[
    Difference {
        title: "an empty key",
        commands: &[&["SET", "", "v"]],
        redis: "+OK",
        node: "-ERR Invalid key: it is empty",
    },
    Difference {
        title: "a key of more than `network.max_key_bytes`",
        commands: &[&["EXISTS", LONG_KEY]],
        redis: ":0",
        node: "-ERR Invalid key: it has 1025 bytes, the limit is 1024",
    },
    Difference {
        title: "databases",
        commands: &[&["SELECT", "1"]],
        redis: "+OK",
        node: "-ERR DB index is out of range",
    },
    Difference {
        title: "`INCR` of a value like `+7` or `007`",
        commands: &[&["SET", "k", "007"], &["INCR", "k"]],
        redis: "-ERR value is not an integer or out of range",
        node: ":8",
    },
    Difference {
        title: "`DECRBY` by -9223372036854775808",
        commands: &[&["SET", "k", "-1"], &["DECRBY", "k", "-9223372036854775808"]],
        redis: "-ERR decrement would overflow",
        node: ":9223372036854775807",
    },
    Difference {
        title: "an expiry behind the year 10889",
        commands: &[&["SET", "k", "v"], &["EXPIREAT", "k", "999999999999"]],
        redis: ":1",
        node: "-ERR invalid expire time",
    },
    Difference {
        title: "a relative time that overflows",
        commands: &[&["PEXPIRE", "k", "9223372036854775807"]],
        redis: "-ERR invalid expire time in 'pexpire' command",
        node: "-ERR invalid expire time",
    },
    Difference {
        title: "an empty cursor of `SCAN`",
        commands: &[&["SCAN", ""]],
        redis: "[\"0\", []]",
        node: "-ERR invalid cursor",
    },
    Difference {
        title: "an unknown command",
        commands: &[&["NONSENSE", "l", "v"]],
        redis: "-ERR unknown command 'NONSENSE', with args beginning with: 'l' 'v' ",
        node: "-ERR unknown command 'NONSENSE', HELP lists those that there are",
    },
    Difference {
        title: "an unknown subcommand",
        commands: &[&["CONFIG", "NONSENSE", "x"]],
        redis: "-ERR unknown subcommand 'NONSENSE'. Try CONFIG HELP.",
        node: "-ERR unknown subcommand 'NONSENSE'. CONFIG has GET; settings are made in the file",
    },
    Difference {
        title: "too few words for a subcommand",
        commands: &[&["CLIENT", "SETNAME"]],
        redis: "-ERR wrong number of arguments for 'client|setname' command",
        node: "-ERR wrong number of arguments for 'client' command",
    },
    Difference {
        title: "`HELLO` with `SETNAME` and a wrong option behind it",
        commands: &[&["HELLO", "2", "SETNAME", "me", "NONSENSE"], &["CLIENT", "GETNAME"]],
        redis: "\"me\"",
        node: "$-1",
    },
    Difference {
        title: "`AUTH`",
        commands: &[&["AUTH", "default", "password"]],
        redis: "+OK",
        node: "-ERR Not permitted: this node has no users, so there is nobody to log in as",
    },
];

/// One byte more than a key may have.
const LONG_KEY: &str = {
    const BYTES: [u8; 1_025] = [b'k'; 1_025];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

/// Errors of Redis whose code is the same here, and whose text is not.
const WORDED_OTHERWISE: &[&str] = &[
    "ERR unknown command ",
    "ERR unknown subcommand ",
    "ERR invalid expire time in ",
    "ERR wrong number of arguments for 'client|",
    "ERR wrong number of arguments for 'config|",
    "ERR wrong number of arguments for 'command|",
];

/// Whether Redis' error has another text here.
pub(super) fn is_worded_otherwise(error: &str) -> bool {
    WORDED_OTHERWISE.iter().any(|begin| error.starts_with(begin))
}
