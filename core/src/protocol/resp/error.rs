//! Errors as clients of Redis know them: a code, by which programs tell them apart, and where Redis
//! has a wording that programs look for, that one.

use crate::protocol::ClientError;

/// The line of an error, its code first.
pub(super) fn line(error: &ClientError) -> String {
    match error {
        ClientError::MissingArguments { command, .. }
        | ClientError::TooManyArguments { command }
        | ClientError::KeyWithoutValue { command, .. } => {
            let name = command.name.to_lowercase();
            format!("ERR wrong number of arguments for '{name}' command")
        }
        ClientError::UnknownCommand { .. } => {
            let said = error.to_string();
            format!("ERR unknown command: {}", said.trim_start_matches("Invalid command: "))
        }
        ClientError::UnknownOption { .. } => format!("ERR syntax error: {error}"),
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
        ClientError::StorageFull { .. } => format!("OOM {error}"),
        ClientError::DiskFull => format!("MISCONF {error}"),
        ClientError::EmptyLine
        | ClientError::NotUtf8 { .. }
        | ClientError::LineTooLong { .. }
        | ClientError::TooManyKeys { .. }
        | ClientError::EmptyKey { .. }
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
        | ClientError::NoUsers
        | ClientError::ReplicationOff
        | ClientError::SyncOff
        | ClientError::OtherPeerProtocol
        | ClientError::Unavailable { .. } => format!("ERR {error}"),
    }
}
