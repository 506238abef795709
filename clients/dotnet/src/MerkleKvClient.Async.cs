using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace MerkleKV.Client
{
    // The operations, none of which blocks. Cancelling one closes its connection.
    public sealed partial class MerkleKvClient
    {
        /// <summary>Gives a key a value.</summary>
        public Task SetAsync(
            string key, string value, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Set(key, value), cancel);

        /// <summary>Gives a key a value of any bytes.</summary>
        public Task SetAsync(
            string key, byte[] value, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Set(key, value), cancel);

        /// <summary>The value of a key, or null for a missing key.</summary>
        public Task<string> GetAsync(
            string key, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Get(key), cancel);

        /// <summary>The value of a key as bytes, which need not be text; null for a missing key.</summary>
        public Task<byte[]> GetBytesAsync(
            string key, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.GetBytes(key), cancel);

        /// <summary>Deletes a key; false if there was no such key.</summary>
        public Task<bool> DeleteAsync(
            string key, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Delete(key), cancel);

        /// <summary>Adds to a number and gives the new one; a missing key counts as 0.</summary>
        public Task<long> IncrAsync(
            string key, long n = 1, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Incr(key, n), cancel);

        /// <summary>Subtracts from a number and gives the new one.</summary>
        public Task<long> DecrAsync(
            string key, long n = 1, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Decr(key, n), cancel);

        /// <summary>Puts text behind a value, and gives the whole new one.</summary>
        public Task<string> AppendAsync(
            string key, string value, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Append(key, value), cancel);

        /// <summary>Puts bytes behind a value, and gives the whole new one, which has to be text.</summary>
        public Task<string> AppendAsync(
            string key, byte[] value, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Append(key, value), cancel);

        /// <summary>Puts text before a value, and gives the whole new one.</summary>
        public Task<string> PrependAsync(
            string key, string value, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Prepend(key, value), cancel);

        /// <summary>Puts bytes before a value, and gives the whole new one, which has to be text.</summary>
        public Task<string> PrependAsync(
            string key, byte[] value, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Prepend(key, value), cancel);

        /// <summary>For each key what <see cref="MerkleKvClient.Get(string)"/> would give.</summary>
        public Task<IReadOnlyList<string>> MGetAsync(
            IEnumerable<string> keys, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.MGet(keys), cancel);

        /// <summary>Writes all pairs, or none.</summary>
        public Task MSetAsync(
            IEnumerable<KeyValuePair<string, string>> pairs, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.MSet(pairs), cancel);

        /// <summary>Writes all pairs, or none; values are any bytes.</summary>
        public Task MSetAsync(
            IEnumerable<KeyValuePair<string, byte[]>> pairs, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.MSet(pairs), cancel);

        /// <summary>How many of the keys there are; a key named twice counts twice.</summary>
        public Task<long> ExistsAsync(
            IEnumerable<string> keys, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Exists(keys), cancel);

        /// <summary>Has a key deleted in so many seconds; false if there is no such key.</summary>
        public Task<bool> ExpireAsync(
            string key, long seconds, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Expire(key, seconds), cancel);

        /// <summary>Takes the expiry off a key; false if there is no key with one.</summary>
        public Task<bool> PersistAsync(
            string key, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Persist(key), cancel);

        /// <summary>Whole seconds until a key expires; -1 without an expiry, -2 without a key.</summary>
        public Task<long> TtlAsync(
            string key, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Ttl(key), cancel);

        /// <summary>The number of keys.</summary>
        public Task<long> DbSizeAsync(CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.DbSize(), cancel);

        /// <summary>The message, or <c>PONG</c> without one.</summary>
        public Task<string> PingAsync(
            string message = null, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Ping(message), cancel);

        /// <summary>The message.</summary>
        public Task<string> EchoAsync(
            string message, CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Echo(message), cancel);

        /// <summary>What the node tells of itself and its data.</summary>
        public Task<IReadOnlyDictionary<string, string>> InfoAsync(
            CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Info(), cancel);

        /// <summary>The node's counters since its start.</summary>
        public Task<IReadOnlyDictionary<string, string>> StatsAsync(
            CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Stats(), cancel);

        /// <summary>The version of the node, such as <c>0.2.0</c>.</summary>
        public Task<string> VersionAsync(CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Version(), cancel);

        /// <summary>The memory of the data, in bytes.</summary>
        public Task<long> MemoryAsync(CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Memory(), cancel);

        /// <summary>The root of the Merkle tree of the keys with a prefix: 64 hex digits.</summary>
        public Task<string> HashAsync(
            string prefix = "", CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Hash(prefix), cancel);

        /// <summary>Deletes every key of the whole cluster.</summary>
        public Task FlushAsync(CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Flush(), cancel);
    }
}
