using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using MerkleKV.Client;

/// <summary>The fields of lines, and the results that they tell.</summary>
internal static class Fields
{
    internal static string Text(string field) =>
        field.IndexOf('%') < 0 ? field : Encoding.UTF8.GetString(Bytes(field));

    internal static byte[] Bytes(string field)
    {
        byte[] raw = Encoding.UTF8.GetBytes(field);
        var bytes = new MemoryStream();
        for (int i = 0; i < raw.Length; i++)
        {
            bool isEscape = raw[i] == '%';
            bytes.WriteByte(isEscape
                ? Convert.ToByte(Encoding.ASCII.GetString(raw, i + 1, 2), 16) : raw[i]);
            i += isEscape ? 2 : 0;
        }
        return bytes.ToArray();
    }

    internal static string Result(string call, object result)
    {
        if (result == null)
        {
            return call.StartsWith("get") ? "nil" : "ok";
        }
        if (result is string)
        {
            return "text\t" + Encoded((string)result);
        }
        if (result is byte[])
        {
            return "text\t" + string.Concat(((byte[])result).Select(b => "%" + b.ToString("X2")));
        }
        if (result is long)
        {
            return "int\t" + result;
        }
        if (result is bool)
        {
            return (bool)result ? "bool\ttrue" : "bool\tfalse";
        }
        if (result is IReadOnlyDictionary<string, string> facts)
        {
            return "map" + string.Concat(
                facts.Select(fact => "\t" + Encoded(fact.Key) + "\t" + Encoded(fact.Value)));
        }
        if (result is IEnumerable<string> items)
        {
            return "list" + string.Concat(
                items.Select(item => item == null ? "\t!" : "\t=" + Encoded(item)));
        }
        return Error((Exception)result);
    }

    internal static string Error(Exception error)
    {
        while (error is TargetInvocationException || error is AggregateException)
        {
            error = error.InnerException;
        }
        if (error is OverflowException)
        {
            return "error\targument\t\tbeyond 64 bits";
        }
        if (!(error is MerkleKvException known))
        {
            throw error;
        }
        string code = error is MerkleKvServerException refusal ? Encoded(refusal.Code) : "";
        return "error\t" + known.Kind.ToString().ToLowerInvariant() + "\t" + code + "\t"
            + Encoded(error.Message);
    }

    private static string Encoded(string text) =>
        text.Replace("%", "%25").Replace("\t", "%09").Replace("\n", "%0A").Replace("\r", "%0D");
}
