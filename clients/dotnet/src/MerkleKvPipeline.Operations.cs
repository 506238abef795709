using System.Collections.Generic;

namespace MerkleKV.Client
{
    // The operations that a pipeline takes.
    public sealed partial class MerkleKvPipeline
    {
        /// <inheritdoc cref="MerkleKvClient.Set(string,string)"/>
        public MerkleKvPipeline Set(string key, string value) =>
            Add(Commands.Set(key, value));

        /// <inheritdoc cref="MerkleKvClient.Set(string,byte[])"/>
        public MerkleKvPipeline Set(string key, byte[] value) =>
            Add(Commands.Set(key, value));

        /// <inheritdoc cref="MerkleKvClient.Get(string)"/>
        public MerkleKvPipeline Get(string key) =>
            Add(Commands.Get(key));

        /// <inheritdoc cref="MerkleKvClient.GetBytes(string)"/>
        public MerkleKvPipeline GetBytes(string key) =>
            Add(Commands.GetBytes(key));

        /// <inheritdoc cref="MerkleKvClient.Delete(string)"/>
        public MerkleKvPipeline Delete(string key) =>
            Add(Commands.Delete(key));

        /// <inheritdoc cref="MerkleKvClient.Incr(string,long)"/>
        public MerkleKvPipeline Incr(string key, long n = 1) =>
            Add(Commands.Incr(key, n));

        /// <inheritdoc cref="MerkleKvClient.Decr(string,long)"/>
        public MerkleKvPipeline Decr(string key, long n = 1) =>
            Add(Commands.Decr(key, n));

        /// <inheritdoc cref="MerkleKvClient.Append(string,string)"/>
        public MerkleKvPipeline Append(string key, string value) =>
            Add(Commands.Append(key, value));

        /// <inheritdoc cref="MerkleKvClient.Append(string,byte[])"/>
        public MerkleKvPipeline Append(string key, byte[] value) =>
            Add(Commands.Append(key, value));

        /// <inheritdoc cref="MerkleKvClient.Prepend(string,string)"/>
        public MerkleKvPipeline Prepend(string key, string value) =>
            Add(Commands.Prepend(key, value));

        /// <inheritdoc cref="MerkleKvClient.Prepend(string,byte[])"/>
        public MerkleKvPipeline Prepend(string key, byte[] value) =>
            Add(Commands.Prepend(key, value));

        /// <inheritdoc cref="MerkleKvClient.MGet(IEnumerable{string})"/>
        public MerkleKvPipeline MGet(IEnumerable<string> keys) =>
            Add(Commands.MGet(keys));

        /// <inheritdoc cref="MerkleKvClient.MSet(IEnumerable{KeyValuePair{string,string}})"/>
        public MerkleKvPipeline MSet(IEnumerable<KeyValuePair<string, string>> pairs) =>
            Add(Commands.MSet(pairs));

        /// <inheritdoc cref="MerkleKvClient.MSet(IEnumerable{KeyValuePair{string,byte[]}})"/>
        public MerkleKvPipeline MSet(IEnumerable<KeyValuePair<string, byte[]>> pairs) =>
            Add(Commands.MSet(pairs));

        /// <inheritdoc cref="MerkleKvClient.Exists(IEnumerable{string})"/>
        public MerkleKvPipeline Exists(IEnumerable<string> keys) =>
            Add(Commands.Exists(keys));

        /// <inheritdoc cref="MerkleKvClient.Expire(string,long)"/>
        public MerkleKvPipeline Expire(string key, long seconds) =>
            Add(Commands.Expire(key, seconds));

        /// <inheritdoc cref="MerkleKvClient.Persist(string)"/>
        public MerkleKvPipeline Persist(string key) =>
            Add(Commands.Persist(key));

        /// <inheritdoc cref="MerkleKvClient.Ttl(string)"/>
        public MerkleKvPipeline Ttl(string key) =>
            Add(Commands.Ttl(key));

        /// <inheritdoc cref="MerkleKvClient.DbSize()"/>
        public MerkleKvPipeline DbSize() =>
            Add(Commands.DbSize());

        /// <inheritdoc cref="MerkleKvClient.Ping(string)"/>
        public MerkleKvPipeline Ping(string message = null) =>
            Add(Commands.Ping(message));

        /// <inheritdoc cref="MerkleKvClient.Echo(string)"/>
        public MerkleKvPipeline Echo(string message) =>
            Add(Commands.Echo(message));

        /// <inheritdoc cref="MerkleKvClient.Info()"/>
        public MerkleKvPipeline Info() =>
            Add(Commands.Info());

        /// <inheritdoc cref="MerkleKvClient.Stats()"/>
        public MerkleKvPipeline Stats() =>
            Add(Commands.Stats());

        /// <inheritdoc cref="MerkleKvClient.Version()"/>
        public MerkleKvPipeline Version() =>
            Add(Commands.Version());

        /// <inheritdoc cref="MerkleKvClient.Memory()"/>
        public MerkleKvPipeline Memory() =>
            Add(Commands.Memory());

        /// <inheritdoc cref="MerkleKvClient.Hash(string)"/>
        public MerkleKvPipeline Hash(string prefix = "") =>
            Add(Commands.Hash(prefix));

        /// <inheritdoc cref="MerkleKvClient.Flush()"/>
        public MerkleKvPipeline Flush() =>
            Add(Commands.Flush());
    }
}
