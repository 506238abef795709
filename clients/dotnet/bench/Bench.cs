using System;
using System.Diagnostics;
using MerkleKV.Client;

/// <summary>Measures the library: bench.exe HOST PORT. Prints operations per second.</summary>
internal static class Bench
{
    private const int WarmUp = 2000;
    private const int Single = 20000;
    private const int Pipelined = 200000;
    private const int Batch = 100;
    private static readonly string Value = new string('x', 64);

    private static void Main(string[] arguments)
    {
        using (var client = new MerkleKvClient(arguments[0], int.Parse(arguments[1])))
        {
            for (int i = 0; i < WarmUp; i++)
            {
                client.Set(Key(i), Value);
            }
            Report("single set", Single, 1, i => client.Set(Key(i), Value));
            Report("single get", Single, 1, i => client.Get(Key(i)));
            MerkleKvPipeline pipeline = client.Pipeline();
            Report("pipelined set", Pipelined, Batch, first =>
            {
                for (int i = first; i < first + Batch; i++)
                {
                    pipeline.Set(Key(i), Value);
                }
                pipeline.Execute();
            });
            Report("pipelined get", Pipelined, Batch, first =>
            {
                for (int i = first; i < first + Batch; i++)
                {
                    pipeline.Get(Key(i));
                }
                pipeline.Execute();
            });
        }
    }

    private static string Key(int i) => "bench:" + i % 1000;

    private static void Report(string name, int operations, int step, Action<int> work)
    {
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < operations; i += step)
        {
            work(i);
        }
        Console.WriteLine(name + " " + (long)(operations / watch.Elapsed.TotalSeconds));
    }
}
