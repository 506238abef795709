//! RESP, the protocol of Redis, in its versions 2 and 3: commands are arrays of strings of any
//! bytes, replies are typed. Where the text protocol tells more than Redis would, so does this one;
//! where clients of Redis rely on a form, it is kept.
//!
//! ```text
//! command   *3 CRLF $3 CRLF SET CRLF $1 CRLF k CRLF $1 CRLF v CRLF
//! replies   +OK CRLF · -ERR text CRLF · :7 CRLF · $1 CRLF v CRLF · *2 CRLF … · null
//! null      $-1 CRLF in version 2, _ CRLF in version 3
//! map       *2n CRLF k v … in version 2, %n CRLF k v … in version 3
//! ```
//!
//! After the specification at <https://redis.io/docs/latest/develop/reference/protocol-spec/>.

mod decode;
mod encode;
mod error;
mod table;

pub(crate) use decode::Decoder;
pub(super) use encode::write;
pub(crate) use table::answer as table_answer;

/// The Redis whose replies are followed, for clients that ask before they use what is new in it.
pub(crate) const REDIS_VERSION: &str = "7.0.0";

#[cfg(test)]
mod tests;
