//! What was wrong with a command, for the client that sent it. The connection lives on and nothing
//! was changed. The wording here is that of the standard dialect; the legacy one has its own.

use super::table::{Access, CommandSpec};
use crate::access::UserName;
use crate::clock::ClockExhausted;
use bytes::Bytes;

/// How much of a stranger's word an error repeats, in bytes.
const MAX_QUOTED_BYTES: usize = 64;

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // the messages say it
pub enum ClientError {
    #[error("Invalid command: empty line")]
    EmptyLine,
    #[error("Invalid UTF-8: byte {at} of the line does not belong to a character")]
    NotUtf8 { at: usize },
    #[error("Line too long: the limit is {limit} bytes; the line was discarded")]
    LineTooLong { limit: usize },
    #[error("Invalid command: {} is not a command, HELP lists them", quoted(.word))]
    UnknownCommand { word: Bytes },
    #[error("Invalid command: {} {} is not one of {expected}", .command.name, quoted(.found))]
    UnknownOption { command: &'static CommandSpec, found: Bytes, expected: &'static str },
    #[error("Invalid command: {} has no {}, only {expected}", .command.name, quoted(.found))]
    UnknownSubcommand { command: &'static CommandSpec, found: Bytes, expected: &'static str },
    #[error("Invalid command: {} is no option of {}", quoted(.found), .command.name)]
    UnsupportedOption { command: &'static CommandSpec, found: Bytes },
    #[error("Invalid command: {one} and {others} options at the same time are not compatible")]
    OptionConflict { one: &'static str, others: &'static str },
    #[error("Invalid command: {} is no option of HELLO", quoted(.found))]
    UnknownHelloOption { found: Bytes },
    #[error("Missing arguments: {} needs {}", .command.name, .command.needs)]
    MissingArguments { command: &'static CommandSpec, given: usize },
    #[error("Too many arguments: {} needs {}", .command.name, .command.needs)]
    TooManyArguments { command: &'static CommandSpec },
    #[error("Wrong number of arguments for {name}")]
    WrongCount { name: &'static str },
    #[error("Too many arguments: {} takes at most {limit} keys, send several", .command.name)]
    TooManyKeys { command: &'static CommandSpec, limit: usize },
    #[error(
        "Missing arguments: {} needs a value for every key, {} has none",
        .command.name, quoted(.key)
    )]
    KeyWithoutValue { command: &'static CommandSpec, key: Bytes },
    #[error("Invalid key: it is empty, {} takes one space before its key", .command.name)]
    EmptyKey { command: &'static CommandSpec },
    #[error("Invalid key: it has {found} bytes, the limit is {limit}")]
    KeyTooLong { limit: usize, found: usize },
    #[error("Invalid key: byte 0x{byte:02x} is not allowed in a key")]
    ByteInKey { command: &'static CommandSpec, byte: u8 },
    #[error("Value too long: it has {found} bytes, the limit is {limit}")]
    ValueTooLong { limit: usize, found: usize },
    #[error(
        "Storage full: the limit is {} MB and {:.1} MB are used; delete keys or raise \
         storage.memory_limit_mb",
        .limit >> 20, *.used as f64 / f64::from(1 << 20)
    )]
    StorageFull { limit: u64, used: u64 },
    #[error("Invalid number: {} is not {expected}", quoted(.found))]
    NotANumber { command: &'static CommandSpec, found: Bytes, expected: &'static str },
    #[error("Invalid expiry: {found} is no time that {} can set", .command.name)]
    InvalidExpiry { command: &'static CommandSpec, found: i64 },
    #[error("Invalid cursor: {} is not a number that SCAN has given", quoted(.found))]
    NotACursor { found: Bytes },
    #[error("Invalid database: there is only database 0")]
    NoSuchDatabase,
    #[error("Unsupported protocol version: this node speaks RESP 2 and 3")]
    NoSuchProtocol,
    #[error("Protocol version is not an integer or out of range")]
    ProtocolNotANumber,
    #[error("Invalid name: it may not contain spaces, line ends or other special characters")]
    InvalidName,
    #[error("Protocol error: expected '*', the beginning of an array, and found {}", quoted(&[*.found]))]
    NotAnArray { found: u8 },
    #[error("Protocol error: expected '$', the beginning of a string, and found {}", quoted(&[*.found]))]
    NotAString { found: u8 },
    #[error("Protocol error: expected a line end behind a string")]
    NoLineEnd,
    #[error("Protocol error: invalid {what} length")]
    InvalidLength { what: &'static str },
    #[error("Command too long: the limit is {limit} bytes; the command was discarded")]
    CommandTooLong { limit: usize },
    #[error("Invalid expiry: it is behind the year 10889, which timestamps end with")]
    ExpiryTooFar,
    #[error("Invalid address: {} is not host:port", quoted(.found))]
    NotAnAddress { found: Bytes },
    #[error("Wrong type: the value of {} is not a 64-bit signed integer", quoted(.key))]
    ValueNotANumber { key: Bytes },
    #[error("Overflow: the new value of {} would not fit 64 bits, it stays as it was", quoted(.key))]
    Overflow { key: Bytes },
    #[error(
        "Clock exhausted: {0}, so what carries it can be neither replaced, deleted nor flushed"
    )]
    Clock(#[from] ClockExhausted),
    #[error(
        "Storage full: the disk of this node is full; nothing was changed, and writes are taken \
         again as soon as there is room"
    )]
    DiskFull,
    #[error("Not permitted: this node has no users, so there is nobody to log in as")]
    NoUsers,
    #[error("Not permitted: {} needs a user, log in with AUTH user password", .command.name)]
    NotLoggedIn { command: &'static CommandSpec },
    #[error(
        "Not permitted: {} needs the permission {}, which the user '{user}' does not have",
        .command.name, .needs.name()
    )]
    MissingPermission { command: &'static CommandSpec, user: UserName, needs: Access },
    #[error("Not permitted: {} is not among the keys of the user '{user}'", quoted(.key))]
    ForbiddenKey { user: UserName, key: Bytes },
    #[error(
        "Not permitted: {} is about all keys, of which the user '{user}' has some only",
        .command.name
    )]
    NeedsAllKeys { command: &'static CommandSpec, user: UserName },
    #[error("Not permitted: wrong user or password")]
    WrongPassword,
    #[error("Not permitted: the user 'default' has no password, so nobody has to log in as it")]
    NoPassword,
    #[error("Not permitted: too many wrong passwords from this address, try again in {seconds} s")]
    TooManyFailures { seconds: u64 },
    #[error("Replication off: mqtt.enabled is false in this node's configuration")]
    ReplicationOff,
    #[error("Anti-entropy off: anti_entropy.enabled is false in this node's configuration")]
    SyncOff,
    #[error("Unsupported peer protocol: this node speaks PEER 1")]
    OtherPeerProtocol,
    #[error("this port speaks TLS")]
    TlsOnly,
    #[error("this port speaks no TLS: tls.enabled is false in this node's configuration")]
    TlsOff,
    #[error("Unavailable: {what} did not answer, try again")]
    Unavailable { what: &'static str },
}

/// The word as it may stand in a reply: shortened, in quotes, and on one line whatever it holds.
pub(super) fn quoted(word: &[u8]) -> String {
    let text = String::from_utf8_lossy(word);
    let mut shown = String::from("'");
    for character in text.chars() {
        if shown.len() > MAX_QUOTED_BYTES {
            shown.push('…');
            break;
        }
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.push('\'');
    shown
}
