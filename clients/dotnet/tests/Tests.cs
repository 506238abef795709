using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using MerkleKV.Client;

/// <summary>What the conformance suite cannot see of the library.</summary>
internal static partial class Tests
{
    internal static void ScanAsksForAPageWhenTheOneBeforeIsUsedUp()
    {
        string[] keys = Enumerable.Range(0, 1000).Select(i => "k" + i.ToString("D4")).ToArray();
        With(
            Answers(
                "SCAN \"k\" LIMIT 1000", "KEYS 1000\r\n" + string.Join("\r\n", keys) + "\r\nEND\r\n",
                "SCAN \"k\" AFTER \"k0999\" LIMIT 1000", "KEYS 1\r\nk1000\r\nEND\r\n"),
            (client, server) =>
            {
                IEnumerable<string> scan = client.Scan("k");
                Check.Equal(0, server.Asked.Count);
                Check.Equal("k0000", scan.First());
                Check.Equal(2, server.Asked.Count);
                Check.Equal(1001, scan.Count());
                Check.Equal(4, server.Asked.Count);
            });
    }

    internal static void QuotesAreWhereTheyAreNeeded()
    {
        var table = new Dictionary<string, string>
        {
            [""] = "\"\"", [" a"] = "\" a\"", ["a "] = "\"a \"", ["\""] = "\"\\\"\"",
            ["a\nb\r"] = "\"a\\nb\\r\"", ["\0\x01\x7F"] = "\"\\0\\x01\\x7F\"", ["a b"] = "a b",
            ["a\tb"] = "a\tb", ["grüße 🚀"] = "grüße 🚀", ["say \"hi\""] = "say \"hi\"",
        };
        foreach (KeyValuePair<string, string> row in table)
        {
            With(Answers("SET k " + row.Value, "OK\r\n"), (client, server) => client.Set("k", row.Key));
        }
        With(
            Answers("SET k \"\\xFFé\\xED\\xA0\\x80\"", "OK\r\n"),
            (client, server) => client.Set("k", new byte[] { 0xFF, 0xC3, 0xA9, 0xED, 0xA0, 0x80 }));
    }

    internal static void ThreadsAndTasksTakeTurns()
    {
        Dictionary<string, string> answers = Answers();
        for (int i = 0; i < 8; i++)
        {
            answers["GET k" + i] = "VALUE v" + i + "\r\n";
        }
        With(answers, (client, server) =>
        {
            Parallel.For(0, 8, i => Check.Equal("v" + i, client.Get("k" + i)));
            Task[] tasks = Enumerable.Range(0, 64).Select(async i =>
                Check.Equal("v" + i % 8, await client.GetAsync("k" + i % 8))).ToArray();
            Task.WaitAll(tasks);
            Check.Equal(1, server.Asked.Count(line => line == "VERSION"));
        });
    }

    internal static void ACancelledOperationEndsAndTheNextOneWorks()
    {
        With(Answers("GET slow", null, "GET k", "VALUE v\r\n"), (client, server) =>
        {
            using (var source = new CancellationTokenSource())
            {
                Task<string> slow = client.GetAsync("slow", source.Token);
                SpinWait.SpinUntil(() => server.Asked.Contains("GET slow"), 2000);
                source.Cancel();
                Check.Throws<OperationCanceledException>(() => slow.GetAwaiter().GetResult());
            }
            Check.Equal("v", client.Get("k"));
        });
    }

    internal static void DisposeEndsACallThatWaits()
    {
        With(Answers("GET slow", null), (client, server) =>
        {
            Task<string> slow = Task.Run(() => client.Get("slow"));
            SpinWait.SpinUntil(() => server.Asked.Contains("GET slow"), 2000);
            client.Dispose();
            client.Dispose();
            Check.Throws<MerkleKvConnectionException>(() => slow.GetAwaiter().GetResult());
            Check.Throws<MerkleKvConnectionException>(() => client.Get("k"));
        });
    }

    internal static void AValueThatIsNoTextNamesTheTwinAndTheConnectionLives()
    {
        With(Answers("GET raw", "VALUE \"\\xff\"\r\n"), (client, server) =>
        {
            var error = Check.Throws<MerkleKvProtocolException>(() => client.Get("raw"));
            Check.Equal(true, error.Message.Contains("GetBytes"));
            Check.Equal(0xFF, (int)client.GetBytes("raw").Single());
            Check.Equal(1, server.Asked.Count(line => line == "VERSION"));
        });
    }

    internal static void ErrorsAreOfOneFamily()
    {
        With(
            Answers("INCR text", "ERROR: Wrong type: no number\r\n", "INCR odd", "what\r\n", "SET k v", ""),
            (client, server) =>
            {
                var refusal = Check.Throws<MerkleKvServerException>(() => client.Incr("text"));
                Check.Equal("Wrong type", refusal.Code);
                MerkleKvException odd = Check.Throws<MerkleKvProtocolException>(() => client.Incr("odd"));
                Check.Equal(MerkleKvErrorKind.Protocol, odd.Kind);
                Check.Equal(true, odd.Message.Contains("127.0.0.1:" + server.Port));
                Check.Throws<MerkleKvConnectionException>(() => client.Set("k", "v"));
                Check.Throws<MerkleKvArgumentException>(() => client.Get(null));
                Check.Throws<MerkleKvArgumentException>(() => client.Set("k", "\uD800"));
            });
    }

    private static Dictionary<string, string> Answers(params string[] pairs)
    {
        var answers = new Dictionary<string, string>();
        for (int i = 0; i < pairs.Length; i += 2)
        {
            answers[pairs[i]] = pairs[i + 1];
        }
        return answers;
    }

    private static void With(
        Dictionary<string, string> answers, Action<MerkleKvClient, ScriptedServer> test)
    {
        using (var server = new ScriptedServer(answers))
        using (var client = new MerkleKvClient("127.0.0.1", server.Port))
        {
            test(client, server);
        }
    }
}
