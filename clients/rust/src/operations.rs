//! The operations, written once for both clients. They differ in two words: `async` and `.await`.

/// The operations of a client. The client has a `core`, and `call`, `auth` and `run` to use it.
macro_rules! operations {
    ($client:ident, [$($async:ident)?], [$($await:tt)*]) => {
        /// # Operations
        ///
        /// All of them fail with an [`Error`](crate::Error) of one of its kinds. A bad key is refused before
        /// anything is sent. If the connection breaks before the reply, what only reads is asked once more;
        /// what writes is not, since it may have been done.
        impl $client {
            /// Sets a key to a value: text or bytes. An expiry of the key is gone.
            pub $($async)? fn set(
                &mut self,
                key: impl AsRef<str>,
                value: impl AsRef<[u8]>,
            ) -> Result<()> {
                self.call(Verb::Set, &[checked_key(key.as_ref())?, value.as_ref()])$($await)*
            }

            /// The value of a key, if it has one. One that is not text is a protocol error, after
            /// which the connection lives: [`get_bytes`](Self::get_bytes) reads it.
            pub $($async)? fn get(&mut self, key: impl AsRef<str>) -> Result<Option<String>> {
                self.call(Verb::Get, &[checked_key(key.as_ref())?])$($await)*
            }

            /// The value of a key, if it has one, as bytes.
            pub $($async)? fn get_bytes(
                &mut self,
                key: impl AsRef<str>,
            ) -> Result<Option<Vec<u8>>> {
                self.call(Verb::Get, &[checked_key(key.as_ref())?])$($await)*
            }

            /// Deletes a key. Gives whether there was one.
            pub $($async)? fn delete(&mut self, key: impl AsRef<str>) -> Result<bool> {
                self.call(Verb::Delete, &[checked_key(key.as_ref())?])$($await)*
            }

            /// Adds to a number and gives the new one. A missing key counts as 0.
            pub $($async)? fn incr(&mut self, key: impl AsRef<str>, n: i64) -> Result<i64> {
                let n = n.to_string();
                self.call(Verb::Incr, &[checked_key(key.as_ref())?, n.as_bytes()])$($await)*
            }

            /// Subtracts from a number and gives the new one. A missing key counts as 0.
            pub $($async)? fn decr(&mut self, key: impl AsRef<str>, n: i64) -> Result<i64> {
                let n = n.to_string();
                self.call(Verb::Decr, &[checked_key(key.as_ref())?, n.as_bytes()])$($await)*
            }

            /// Puts text or bytes behind a value, and gives the whole new one.
            pub $($async)? fn append(
                &mut self,
                key: impl AsRef<str>,
                value: impl AsRef<[u8]>,
            ) -> Result<String> {
                self.call(Verb::Append, &[checked_key(key.as_ref())?, value.as_ref()])$($await)*
            }

            /// Puts text or bytes before a value, and gives the whole new one.
            pub $($async)? fn prepend(
                &mut self,
                key: impl AsRef<str>,
                value: impl AsRef<[u8]>,
            ) -> Result<String> {
                self.call(Verb::Prepend, &[checked_key(key.as_ref())?, value.as_ref()])$($await)*
            }

            /// For each key what [`get`](Self::get) would give.
            pub $($async)? fn mget(
                &mut self,
                keys: impl IntoIterator<Item: AsRef<str>>,
            ) -> Result<Vec<Option<String>>> {
                let keys: Vec<_> = keys.into_iter().collect();
                self.call(Verb::Mget, &checked_keys(&keys)?)$($await)*
            }

            /// For each key what [`get_bytes`](Self::get_bytes) would give.
            pub $($async)? fn mget_bytes(
                &mut self,
                keys: impl IntoIterator<Item: AsRef<str>>,
            ) -> Result<Vec<Option<Vec<u8>>>> {
                let keys: Vec<_> = keys.into_iter().collect();
                self.call(Verb::Mget, &checked_keys(&keys)?)$($await)*
            }

            /// Sets several keys, all or none.
            pub $($async)? fn mset<K: AsRef<str>, V: AsRef<[u8]>>(
                &mut self,
                pairs: impl IntoIterator<Item = (K, V)>,
            ) -> Result<()> {
                let pairs: Vec<_> = pairs.into_iter().collect();
                self.call(Verb::Mset, &checked_pairs(&pairs)?)$($await)*
            }

            /// How many of these keys there are. A key that is named twice counts twice.
            pub $($async)? fn exists(
                &mut self,
                keys: impl IntoIterator<Item: AsRef<str>>,
            ) -> Result<u64> {
                let keys: Vec<_> = keys.into_iter().collect();
                self.call(Verb::Exists, &checked_keys(&keys)?)$($await)*
            }

            /// Has a key deleted in so many seconds; at once, if they are not above zero. Gives
            /// whether there is such a key.
            pub $($async)? fn expire(&mut self, key: impl AsRef<str>, seconds: i64) -> Result<bool> {
                let seconds = seconds.to_string();
                self.call(Verb::Expire, &[checked_key(key.as_ref())?, seconds.as_bytes()])$($await)*
            }

            /// Keeps a key that was to expire. Gives whether there was one.
            pub $($async)? fn persist(&mut self, key: impl AsRef<str>) -> Result<bool> {
                self.call(Verb::Persist, &[checked_key(key.as_ref())?])$($await)*
            }

            /// How many whole seconds a key has still; -1 without an expiry, -2 without a key.
            pub $($async)? fn ttl(&mut self, key: impl AsRef<str>) -> Result<i64> {
                self.call(Verb::Ttl, &[checked_key(key.as_ref())?])$($await)*
            }

            /// The number of keys.
            pub $($async)? fn dbsize(&mut self) -> Result<u64> {
                self.call(Verb::Dbsize, &[])$($await)*
            }

            /// `PONG`, if the node answers.
            pub $($async)? fn ping(&mut self) -> Result<String> {
                self.call(Verb::Ping, &[])$($await)*
            }

            /// The message back, as that of a ping.
            pub $($async)? fn ping_message(&mut self, message: impl AsRef<str>) -> Result<String> {
                self.call(Verb::Ping, &[message.as_ref().as_bytes()])$($await)*
            }

            /// The message back.
            pub $($async)? fn echo(&mut self, message: impl AsRef<str>) -> Result<String> {
                self.call(Verb::Echo, &[message.as_ref().as_bytes()])$($await)*
            }

            /// Facts about the node, by name.
            pub $($async)? fn info(&mut self) -> Result<BTreeMap<String, String>> {
                self.call(Verb::Info, &[])$($await)*
            }

            /// Counters of the node, by name.
            pub $($async)? fn stats(&mut self) -> Result<BTreeMap<String, String>> {
                self.call(Verb::Stats, &[])$($await)*
            }

            /// The version of the node, such as `0.2.0`.
            pub $($async)? fn version(&mut self) -> Result<String> {
                self.call(Verb::Version, &[])$($await)*
            }

            /// Estimated memory of the data, in bytes.
            pub $($async)? fn memory(&mut self) -> Result<u64> {
                self.call(Verb::Memory, &[])$($await)*
            }

            /// The root of the Merkle tree over the keys with a prefix, as 64 hex digits; `""`
            /// means all keys.
            pub $($async)? fn hash(&mut self, prefix: impl AsRef<str>) -> Result<String> {
                self.call(Verb::Hash, &[prefix.as_ref().as_bytes()])$($await)*
            }

            /// Deletes **every key of the whole cluster**.
            pub $($async)? fn flush(&mut self) -> Result<()> {
                self.call(Verb::Flush, &[])$($await)*
            }
        }
    };
}

pub(crate) use operations;

use crate::Result;
use crate::wire::checked_key;

pub(crate) fn checked_keys(keys: &[impl AsRef<str>]) -> Result<Vec<&[u8]>> {
    keys.iter().map(|key| checked_key(key.as_ref())).collect()
}

/// Keys and values in turn.
pub(crate) fn checked_pairs<K: AsRef<str>, V: AsRef<[u8]>>(pairs: &[(K, V)]) -> Result<Vec<&[u8]>> {
    let mut args = Vec::with_capacity(2 * pairs.len());
    for (key, value) in pairs {
        args.push(checked_key(key.as_ref())?);
        args.push(value.as_ref());
    }
    Ok(args)
}
