using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;
using MerkleKV.Client;

/// <summary>Makes the calls of the conformance suite, one a line, with this library.</summary>
internal static class Adapter
{
    private static bool isAsync;
    private static MerkleKvClient client;

    private static void Main(string[] arguments)
    {
        isAsync = arguments.Contains("async");
        Stream output = Console.OpenStandardOutput();
        var input = new StreamReader(Console.OpenStandardInput(), new System.Text.UTF8Encoding(false));
        string line;
        while ((line = input.ReadLine()) != null)
        {
            string[] fields = line.Split('\t');
            IEnumerable<string> answers = fields[0] == "pipeline"
                ? Pipeline(ReadCalls(input, int.Parse(fields[1]))) : new[] { Answer(fields) };
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(string.Join("\n", answers) + "\n");
            output.Write(bytes, 0, bytes.Length);
            output.Flush();
        }
        client?.Dispose();
    }

    private static List<string[]> ReadCalls(TextReader input, int count) =>
        Enumerable.Range(0, count).Select(_ => input.ReadLine().Split('\t')).ToList();

    private static string Answer(string[] fields)
    {
        try
        {
            switch (fields[0])
            {
                case "connect":
                    client?.Dispose();
                    client = new MerkleKvClient(Connecting.Options(fields));
                    return "ok";
                case "close":
                    client.Dispose();
                    return "ok";
                case "scan":
                    string prefix = fields.Length > 1 ? Fields.Text(fields[1]) : "";
                    return Fields.Result("scan", isAsync ? ScanAsync(prefix).Result : client.Scan(prefix).ToList());
                default:
                    return Fields.Result(fields[0], Invoke(client, fields, isAsync ? "Async" : ""));
            }
        }
        catch (Exception error)
        {
            return Fields.Error(error);
        }
    }

    private static async Task<IReadOnlyList<string>> ScanAsync(string prefix)
    {
        var keys = new List<string>();
        string after = null;
        do
        {
            MerkleKvScanPage page = await client.ScanPageAsync(prefix, after);
            keys.AddRange(page.Keys);
            after = page.Next;
        }
        while (after != null);
        return keys;
    }

    private static IEnumerable<string> Pipeline(List<string[]> calls)
    {
        try
        {
            MerkleKvPipeline pipeline = client.Pipeline();
            calls.ForEach(call => Invoke(pipeline, call, ""));
            IReadOnlyList<object> results =
                isAsync ? pipeline.ExecuteAsync().Result : pipeline.Execute();
            return new[] { "results\t" + results.Count }
                .Concat(calls.Zip(results, (call, result) => Fields.Result(call[0], result)));
        }
        catch (Exception error)
        {
            return new[] { Fields.Error(error) };
        }
    }

    /// <summary>Calls the method of that name that takes these arguments, and waits for its result.</summary>
    private static object Invoke(object target, string[] fields, string suffix)
    {
        object[] arguments = Calls.Arguments(fields);
        string name = Calls.Name(fields[0]) + suffix;
        MethodInfo method = target.GetType().GetMethods().First(
            candidate => candidate.Name == name && Calls.Fits(candidate, arguments));
        IEnumerable<object> defaults = method.GetParameters().Skip(arguments.Length)
            .Select(parameter => parameter.ParameterType.IsValueType && parameter.DefaultValue == null
                ? Activator.CreateInstance(parameter.ParameterType) : parameter.DefaultValue);
        object result = method.Invoke(target, arguments.Concat(defaults).ToArray());
        if (!(result is Task task))
        {
            return result;
        }
        task.GetAwaiter().GetResult();
        return method.ReturnType.IsGenericType
            ? method.ReturnType.GetProperty("Result").GetValue(task) : null;
    }
}
