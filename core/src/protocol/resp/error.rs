//! Errors as clients of Redis know them: a code, by which programs tell them apart, and where Redis
//! has a wording that programs look for, that one.

use crate::protocol::ClientError;
use crate::protocol::error::quoted;

/// The line of an error, its code first.
pub(super) fn line(error: &ClientError) -> String {
    match error {
        ClientError::MissingArguments { command, .. }
        | ClientError::TooManyArguments { command }
        | ClientError::KeyWithoutValue { command, .. } => {
            let name = command.name.to_lowercase();
            format!("ERR wrong number of arguments for '{name}' command")
        }
        ClientError::WrongCount { name } => {
            format!("ERR wrong number of arguments for '{}' command", name.to_lowercase())
        }
        ClientError::UnknownCommand { word } => {
            format!("ERR unknown command {}, HELP lists those that there are", quoted(word))
        }
        ClientError::UnknownSubcommand { command, found, expected } => {
            format!("ERR unknown subcommand {}. {} has {expected}", quoted(found), command.name)
        }
        // The whole sentence is about spaces in a line.
        ClientError::EmptyKey { .. } => "ERR Invalid key: it is empty".to_owned(),
        ClientError::UnknownOption { .. } => "ERR syntax error".to_owned(),
        ClientError::UnsupportedOption { found, .. } => {
            format!("ERR Unsupported option {}", quoted(found).trim_matches('\''))
        }
        ClientError::UnknownHelloOption { found } => {
            format!("ERR Syntax error in HELLO option {}", quoted(found))
        }
        ClientError::OptionConflict { one, others } => {
            format!("ERR {one} and {others} options at the same time are not compatible")
        }
        ClientError::NotANumber { .. } | ClientError::ValueNotANumber { .. } => {
            "ERR value is not an integer or out of range".to_owned()
        }
        ClientError::Overflow { .. } => "ERR increment or decrement would overflow".to_owned(),
        ClientError::InvalidExpiry { command, .. } => {
            format!("ERR invalid expire time in '{}' command", command.name.to_lowercase())
        }
        ClientError::ExpiryTooFar => "ERR invalid expire time".to_owned(),
        ClientError::NotACursor { .. } => "ERR invalid cursor".to_owned(),
        ClientError::NoSuchDatabase => "ERR DB index is out of range".to_owned(),
        ClientError::NoSuchProtocol => "NOPROTO unsupported protocol version".to_owned(),
        ClientError::InvalidName => {
            "ERR Client names cannot contain spaces, newlines or special characters.".to_owned()
        }
        ClientError::NotLoggedIn { .. } => "NOAUTH Authentication required.".to_owned(),
        ClientError::MissingPermission { command, .. }
        | ClientError::NeedsAllKeys { command, .. } => {
            let name = command.name.to_lowercase();
            format!("NOPERM this user has no permissions to run the '{name}' command")
        }
        ClientError::ForbiddenKey { .. } => "NOPERM this user has no permissions to access one of \
             the keys used as arguments"
            .to_owned(),
        ClientError::WrongPassword => {
            "WRONGPASS invalid username-password pair or user is disabled.".to_owned()
        }
        // Libraries know the code for what it is: no login.
        ClientError::TooManyFailures { .. } => format!("WRONGPASS {error}"),
        ClientError::NoPassword => {
            "ERR AUTH <password> called without any password configured for \
             the default user. Are you sure your configuration is correct?"
                .to_owned()
        }
        ClientError::StorageFull { .. } => format!("OOM {error}"),
        ClientError::DiskFull => format!("MISCONF {error}"),
        ClientError::EmptyLine
        | ClientError::NotUtf8 { .. }
        | ClientError::LineTooLong { .. }
        | ClientError::TooManyKeys { .. }
        | ClientError::KeyTooLong { .. }
        | ClientError::ByteInKey { .. }
        | ClientError::ValueTooLong { .. }
        | ClientError::NotAnAddress { .. }
        | ClientError::NotAnArray { .. }
        | ClientError::NotAString { .. }
        | ClientError::NoLineEnd
        | ClientError::InvalidLength { .. }
        | ClientError::CommandTooLong { .. }
        | ClientError::Clock(_)
        | ClientError::ProtocolNotANumber
        | ClientError::NoUsers
        | ClientError::ReplicationOff
        | ClientError::SyncOff
        | ClientError::OtherPeerProtocol
        | ClientError::TlsOnly
        | ClientError::TlsOff
        | ClientError::Unavailable { .. } => format!("ERR {error}"),
    }
}
