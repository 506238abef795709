using System.Collections.Generic;

namespace MerkleKV.Client
{
    // The operations, each blocking until it is answered.
    public sealed partial class MerkleKvClient
    {
        /// <summary>Gives a key a value.</summary>
        public void Set(string key, string value) => Call(Commands.Set(key, value));

        /// <summary>Gives a key a value of any bytes.</summary>
        public void Set(string key, byte[] value) => Call(Commands.Set(key, value));

        /// <summary>The value of a key, or null for a missing key.</summary>
        public string Get(string key) => Call(Commands.Get(key));

        /// <summary>The value of a key as bytes, which need not be text; null for a missing key.</summary>
        public byte[] GetBytes(string key) => Call(Commands.GetBytes(key));

        /// <summary>Deletes a key; false if there was no such key.</summary>
        public bool Delete(string key) => Call(Commands.Delete(key));

        /// <summary>Adds to a number and gives the new one; a missing key counts as 0.</summary>
        public long Incr(string key, long n = 1) => Call(Commands.Incr(key, n));

        /// <summary>Subtracts from a number and gives the new one.</summary>
        public long Decr(string key, long n = 1) => Call(Commands.Decr(key, n));

        /// <summary>Puts text behind a value, and gives the whole new one.</summary>
        public string Append(string key, string value) => Call(Commands.Append(key, value));

        /// <summary>Puts bytes behind a value, and gives the whole new one, which has to be text.</summary>
        public string Append(string key, byte[] value) => Call(Commands.Append(key, value));

        /// <summary>Puts text before a value, and gives the whole new one.</summary>
        public string Prepend(string key, string value) => Call(Commands.Prepend(key, value));

        /// <summary>Puts bytes before a value, and gives the whole new one, which has to be text.</summary>
        public string Prepend(string key, byte[] value) => Call(Commands.Prepend(key, value));

        /// <summary>For each key what <see cref="MerkleKvClient.Get(string)"/> would give.</summary>
        public IReadOnlyList<string> MGet(IEnumerable<string> keys) => Call(Commands.MGet(keys));

        /// <summary>Writes all pairs, or none.</summary>
        public void MSet(IEnumerable<KeyValuePair<string, string>> pairs) => Call(Commands.MSet(pairs));

        /// <summary>Writes all pairs, or none; values are any bytes.</summary>
        public void MSet(IEnumerable<KeyValuePair<string, byte[]>> pairs) => Call(Commands.MSet(pairs));

        /// <summary>How many of the keys there are; a key named twice counts twice.</summary>
        public long Exists(IEnumerable<string> keys) => Call(Commands.Exists(keys));

        /// <summary>Has a key deleted in so many seconds; false if there is no such key.</summary>
        public bool Expire(string key, long seconds) => Call(Commands.Expire(key, seconds));

        /// <summary>Takes the expiry off a key; false if there is no key with one.</summary>
        public bool Persist(string key) => Call(Commands.Persist(key));

        /// <summary>Whole seconds until a key expires; -1 without an expiry, -2 without a key.</summary>
        public long Ttl(string key) => Call(Commands.Ttl(key));

        /// <summary>The number of keys.</summary>
        public long DbSize() => Call(Commands.DbSize());

        /// <summary>The message, or <c>PONG</c> without one.</summary>
        public string Ping(string message = null) => Call(Commands.Ping(message));

        /// <summary>The message.</summary>
        public string Echo(string message) => Call(Commands.Echo(message));

        /// <summary>What the node tells of itself and its data.</summary>
        public IReadOnlyDictionary<string, string> Info() => Call(Commands.Info());

        /// <summary>The node's counters since its start.</summary>
        public IReadOnlyDictionary<string, string> Stats() => Call(Commands.Stats());

        /// <summary>The version of the node, such as <c>0.2.0</c>.</summary>
        public string Version() => Call(Commands.Version());

        /// <summary>The memory of the data, in bytes.</summary>
        public long Memory() => Call(Commands.Memory());

        /// <summary>The root of the Merkle tree of the keys with a prefix: 64 hex digits.</summary>
        public string Hash(string prefix = "") => Call(Commands.Hash(prefix));

        /// <summary>Deletes every key of the whole cluster.</summary>
        public void Flush() => Call(Commands.Flush());
    }
}
