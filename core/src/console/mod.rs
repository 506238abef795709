//! The client's side of the text protocol: which line to send for what a person means, where a reply
//! ends, and how it is shown. Knows no socket, terminal or file.

mod framing;
mod input;
mod json;
mod reply;
mod resp;
mod safe;
mod show;
mod tool;
pub mod transfer;
mod watch;

pub use framing::{Garbage, RawReply, ReplyReader};
pub use input::{
    BadArgument, DEFAULT_PORT, command_line, complete_option, complete_word, is_secret, key_places,
    known_words, row_help, split_address, with_port,
};
pub use reply::ClientReply;
pub use resp::{RespHead, RespReply, prefix_pattern, write_command};
pub use safe::printable;
pub use show::{Palette, plain, pretty};
pub(crate) use show::{columns, words};
pub use tool::{BadUsage, Tool, tool_rows};
pub use watch::{Seen, Watched};

#[cfg(test)]
mod tests;
