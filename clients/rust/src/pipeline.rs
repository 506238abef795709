//! Operations that are sent together.

use crate::Result;
use crate::wire::{Verb, checked_key};

/// Collects operations, to be sent together by `run` of a client. The client gives the result of
/// each, in order; a command that the node refuses has its [`ServerError`](crate::ServerError) in
/// its place, and the others are done.
///
/// Each operation is named as that of the client, and fails at once if an argument is bad. Such an
/// operation is not added. A pipeline may be run again, by any client.
///
/// ```no_run
/// use merklekv_client::{Client, Pipeline};
///
/// let mut client = Client::connect("localhost:7379")?;
/// let mut pipeline = Pipeline::new();
/// pipeline.set("greeting", "hello")?.get("greeting")?.incr("visits", 1)?;
/// let results = client.run(&pipeline)?;
/// if let Ok(reply) = &results[1] {
///     assert_eq!(reply.as_text(), Some("hello"));
/// }
/// # Ok::<(), merklekv_client::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Pipeline {
    /// All arguments, one behind the other, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
    /// Each command, and how many arguments there are up to its last.
    commands: Vec<(Verb, usize)>,
}

impl Pipeline {
    /// One without operations.
    pub fn new() -> Pipeline {
        Pipeline::default()
    }

    /// How many operations it has.
    pub fn len(&self) -> usize {
        self.commands.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }

    /// Takes all operations out, and keeps the memory for those that follow.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.commands.clear();
    }

    /// Sets a key to a value.
    pub fn set(&mut self, key: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<&mut Self> {
        self.keyed(Verb::Set, key.as_ref(), value.as_ref())
    }

    /// The value of a key.
    pub fn get(&mut self, key: impl AsRef<str>) -> Result<&mut Self> {
        self.key(Verb::Get, key.as_ref())
    }

    /// Deletes a key.
    pub fn delete(&mut self, key: impl AsRef<str>) -> Result<&mut Self> {
        self.key(Verb::Delete, key.as_ref())
    }

    /// Adds to a number.
    pub fn incr(&mut self, key: impl AsRef<str>, n: i64) -> Result<&mut Self> {
        self.keyed(Verb::Incr, key.as_ref(), n.to_string().as_bytes())
    }

    /// Subtracts from a number.
    pub fn decr(&mut self, key: impl AsRef<str>, n: i64) -> Result<&mut Self> {
        self.keyed(Verb::Decr, key.as_ref(), n.to_string().as_bytes())
    }

    /// Puts text or bytes behind a value.
    pub fn append(&mut self, key: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<&mut Self> {
        self.keyed(Verb::Append, key.as_ref(), value.as_ref())
    }

    /// Puts text or bytes before a value.
    pub fn prepend(&mut self, key: impl AsRef<str>, value: impl AsRef<[u8]>) -> Result<&mut Self> {
        self.keyed(Verb::Prepend, key.as_ref(), value.as_ref())
    }

    /// The values of several keys.
    pub fn mget(&mut self, keys: impl IntoIterator<Item: AsRef<str>>) -> Result<&mut Self> {
        self.keys(Verb::Mget, keys)
    }

    /// How many of these keys there are.
    pub fn exists(&mut self, keys: impl IntoIterator<Item: AsRef<str>>) -> Result<&mut Self> {
        self.keys(Verb::Exists, keys)
    }

    /// Sets several keys, all or none.
    pub fn mset<K: AsRef<str>, V: AsRef<[u8]>>(
        &mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<&mut Self> {
        let mut args = Vec::new();
        for (key, value) in pairs {
            args.push(checked_key(key.as_ref())?.to_vec());
            args.push(value.as_ref().to_vec());
        }
        Ok(self.add(Verb::Mset, args))
    }

    /// Has a key deleted in so many seconds.
    pub fn expire(&mut self, key: impl AsRef<str>, seconds: i64) -> Result<&mut Self> {
        self.keyed(Verb::Expire, key.as_ref(), seconds.to_string().as_bytes())
    }

    /// Keeps a key that was to expire.
    pub fn persist(&mut self, key: impl AsRef<str>) -> Result<&mut Self> {
        self.key(Verb::Persist, key.as_ref())
    }

    /// How many seconds a key has still.
    pub fn ttl(&mut self, key: impl AsRef<str>) -> Result<&mut Self> {
        self.key(Verb::Ttl, key.as_ref())
    }

    /// The number of keys.
    pub fn dbsize(&mut self) -> &mut Self {
        self.add(Verb::Dbsize, [] as [&[u8]; 0])
    }

    /// Whether the node answers; the reply is `PONG`.
    pub fn ping(&mut self) -> &mut Self {
        self.add(Verb::Ping, [] as [&[u8]; 0])
    }

    /// The message back, as that of a ping.
    pub fn ping_message(&mut self, message: impl AsRef<[u8]>) -> &mut Self {
        self.add(Verb::Ping, [message])
    }

    /// The message back.
    pub fn echo(&mut self, message: impl AsRef<[u8]>) -> &mut Self {
        self.add(Verb::Echo, [message])
    }

    /// Facts about the node.
    pub fn info(&mut self) -> &mut Self {
        self.add(Verb::Info, [] as [&[u8]; 0])
    }

    /// Counters of the node.
    pub fn stats(&mut self) -> &mut Self {
        self.add(Verb::Stats, [] as [&[u8]; 0])
    }

    /// The version of the node.
    pub fn version(&mut self) -> &mut Self {
        self.add(Verb::Version, [] as [&[u8]; 0])
    }

    /// The memory of the data, in bytes.
    pub fn memory(&mut self) -> &mut Self {
        self.add(Verb::Memory, [] as [&[u8]; 0])
    }

    /// The root of the Merkle tree over the keys with a prefix; `""` means all keys.
    pub fn hash(&mut self, prefix: impl AsRef<str>) -> &mut Self {
        self.add(Verb::Hash, [prefix.as_ref()])
    }

    /// Deletes **every key of the whole cluster**.
    pub fn flush(&mut self) -> &mut Self {
        self.add(Verb::Flush, [] as [&[u8]; 0])
    }

    /// The command at a place, whose arguments are put in `args`.
    pub(crate) fn command<'a>(&'a self, at: usize, args: &mut Vec<&'a [u8]>) -> Verb {
        let first = if at == 0 { 0 } else { self.commands[at - 1].1 };
        let (verb, end) = self.commands[at];
        args.clear();
        for arg in first..end {
            let begin = if arg == 0 { 0 } else { self.ends[arg - 1] };
            args.push(&self.bytes[begin..self.ends[arg]]);
        }
        verb
    }

    fn key(&mut self, verb: Verb, key: &str) -> Result<&mut Self> {
        Ok(self.add(verb, [checked_key(key)?]))
    }

    fn keyed(&mut self, verb: Verb, key: &str, argument: &[u8]) -> Result<&mut Self> {
        Ok(self.add(verb, [checked_key(key)?, argument]))
    }

    fn keys(&mut self, verb: Verb, keys: impl IntoIterator<Item: AsRef<str>>) -> Result<&mut Self> {
        let keys: Vec<_> = keys.into_iter().collect();
        let args = keys.iter().map(|key| checked_key(key.as_ref())).collect::<Result<Vec<_>>>()?;
        Ok(self.add(verb, args))
    }

    fn add(&mut self, verb: Verb, args: impl IntoIterator<Item: AsRef<[u8]>>) -> &mut Self {
        for arg in args {
            self.bytes.extend_from_slice(arg.as_ref());
            self.ends.push(self.bytes.len());
        }
        self.commands.push((verb, self.ends.len()));
        self
    }
}
