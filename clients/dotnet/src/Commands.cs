using System;
using System.Collections.Generic;
using System.Linq;

namespace MerkleKV.Client
{
    /// <summary>Every command: what it sends, and what its reply is. Checks keys first.</summary>
    internal static class Commands
    {
        internal static Request<object> Set(string key, object value) =>
            KeyAndValue("SET", key, value, () => new OkReply());

        internal static Request<string> Get(string key) =>
            Read(OfKey("GET", key, () => new TextReply(mayBeMissing: true)));

        internal static Request<byte[]> GetBytes(string key) =>
            Read(OfKey("GET", key, () => new BytesReply()));

        internal static Request<bool> Delete(string key) =>
            OfKey("DEL", key, () => new WordReply("DELETED", "NOT_FOUND"));

        internal static Request<long> Incr(string key, long n) => Count("INCR", key, n);

        internal static Request<long> Decr(string key, long n) => Count("DECR", key, n);

        internal static Request<string> Append(string key, object value) =>
            KeyAndValue("APPEND", key, value, () => new TextReply(mayBeMissing: false));

        internal static Request<string> Prepend(string key, object value) =>
            KeyAndValue("PREPEND", key, value, () => new TextReply(mayBeMissing: false));

        internal static Request<IReadOnlyList<string>> MGet(IEnumerable<string> keys)
        {
            string[] all = Checked(keys);
            return all.Length == 0
                ? Request<IReadOnlyList<string>>.Answered("MGET", all)
                : Read(new Request<IReadOnlyList<string>>(
                    "MGET", w => Array.ForEach(all, key => w.Key(key)), () => new ValuesReply(all)));
        }

        internal static Request<object> MSet<T>(IEnumerable<KeyValuePair<string, T>> pairs)
        {
            KeyValuePair<string, T>[] all = Present(pairs, "pairs").ToArray();
            foreach (KeyValuePair<string, T> pair in all)
            {
                Check(pair.Key);
                Present<object>(pair.Value, "value");
            }
            return all.Length == 0
                ? Request<object>.Answered("MSET", null)
                : new Request<object>(
                    "MSET",
                    w => Array.ForEach(all, pair => w.Key(pair.Key).Value(pair.Value, isWord: true)),
                    () => new OkReply());
        }

        internal static Request<long> Exists(IEnumerable<string> keys)
        {
            string[] all = Checked(keys);
            return all.Length == 0
                ? Request<long>.Answered("EXISTS", 0)
                : Read(new Request<long>(
                    "EXISTS", w => Array.ForEach(all, key => w.Key(key)),
                    () => new NumberReply("EXISTS ", 0)));
        }

        internal static Request<MerkleKvScanPage> Scan(string prefix, string after) =>
            Read(new Request<MerkleKvScanPage>(
                "SCAN", w => WriteScan(w, Present(prefix, "prefix"), after), () => new KeysReply()));

        internal static Request<bool> Expire(string key, long seconds) =>
            new Request<bool>("EXPIRE", WriteKey(key) + (w => w.Number(seconds)),
                () => new WordReply("OK", "NOT_FOUND"));

        internal static Request<bool> Persist(string key) =>
            OfKey("PERSIST", key, () => new WordReply("OK", "NOT_FOUND"));

        internal static Request<long> Ttl(string key) =>
            Read(OfKey("TTL", key, () => new NumberReply("TTL ", -2)));

        internal static Request<long> DbSize() => Fact("DBSIZE", () => new NumberReply("DBSIZE ", 0));

        internal static Request<string> Ping(string message) =>
            message == null
                ? Fact("PING", () => new MessageReply("PONG", null))
                : Read(new Request<string>(
                    "PING", w => w.Value(message), () => new MessageReply("PONG", message)));

        internal static Request<string> Echo(string message) =>
            Read(new Request<string>(
                "ECHO", w => w.Value(Present(message, "message")),
                () => new MessageReply("ECHO", message)));

        internal static Request<IReadOnlyDictionary<string, string>> Info() =>
            Report("INFO", "# Server Information");

        internal static Request<IReadOnlyDictionary<string, string>> Stats() =>
            Report("STATS", "STATS");

        internal static Request<string> Version() => Fact("VERSION", () => new VersionReply());

        internal static Request<long> Memory() => Fact("MEMORY", () => new NumberReply("MEMORY ", 0));

        internal static Request<string> Hash(string prefix) =>
            Present(prefix, "prefix").Length == 0
                ? Fact("HASH", () => new HashReply())
                : Read(new Request<string>(
                    "HASH", w => w.QuotedWord(prefix, "a prefix"), () => new HashReply()));

        internal static Request<object> Flush() =>
            new Request<object>("FLUSH", null, () => new OkReply());

        internal static Request<object> Auth(string user, string password)
        {
            Present(user, "user");
            Present(password, "password");
            return new Request<object>(
                "AUTH", w => w.QuotedWord(user, "a user").QuotedWord(password, "a password"),
                () => new OkReply());
        }

        private static void WriteScan(CommandWriter writer, string prefix, string after)
        {
            if (writer.IsLegacy)
            {
                if (prefix.Length > 0)
                {
                    writer.QuotedWord(prefix, "a prefix");
                }
                return;
            }
            writer.QuotedWord(prefix, "a prefix");
            if (after != null)
            {
                writer.Ascii(" AFTER").QuotedWord(after, "a key");
            }
            writer.Ascii(" LIMIT").Number(MerkleKvScanPage.Size);
        }

        private static Request<long> Count(string command, string key, long n) =>
            n == 1
                ? OfKey(command, key, () => new NumberReply("VALUE ", long.MinValue))
                : new Request<long>(command, WriteKey(key) + (w => w.Number(n)),
                    () => new NumberReply("VALUE ", long.MinValue));

        private static Request<T> KeyAndValue<T>(
            string command, string key, object value, Func<Reply<T>> reply)
        {
            Check(key);
            Present(value, "value");
            return new Request<T>(command, w => w.Key(key).Value(value), reply);
        }

        private static Request<T> OfKey<T>(string command, string key, Func<Reply<T>> reply) =>
            new Request<T>(command, WriteKey(key), reply);

        private static Request<T> Fact<T>(string command, Func<Reply<T>> reply) =>
            Read(new Request<T>(command, null, reply));

        private static Request<IReadOnlyDictionary<string, string>> Report(
            string command, string header)
        {
            Request<IReadOnlyDictionary<string, string>> request = Fact(
                command, () => (Reply<IReadOnlyDictionary<string, string>>)new ReportReply(header, command));
            request.IsReport = true;
            return request;
        }

        private static Request<T> Read<T>(Request<T> request)
        {
            request.IsRead = true;
            return request;
        }

        private static Action<CommandWriter> WriteKey(string key)
        {
            Check(key);
            return w => w.Key(key);
        }

        private static string[] Checked(IEnumerable<string> keys)
        {
            string[] all = Present(keys, "keys").ToArray();
            Array.ForEach(all, Check);
            return all;
        }

        private static void Check(string key)
        {
            if (string.IsNullOrEmpty(key))
            {
                throw new MerkleKvArgumentException("a key has to have at least one character");
            }
            foreach (char c in key)
            {
                if (c <= ' ' || c == 0x7F)
                {
                    throw new MerkleKvArgumentException(
                        "a key must not have spaces or control characters; this one has U+"
                        + ((int)c).ToString("X4"));
                }
            }
        }

        private static T Present<T>(T argument, string name)
            where T : class =>
            argument ?? throw new MerkleKvArgumentException("the " + name + " must not be null");
    }
}
