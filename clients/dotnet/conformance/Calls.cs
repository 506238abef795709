using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Reflection;
using MerkleKV.Client;

/// <summary>Which method a call is, and what it is given.</summary>
internal static class Calls
{
    private static readonly Dictionary<string, string> Names = new Dictionary<string, string>
    {
        ["mget"] = "MGet",
        ["mset"] = "MSet",
        ["dbsize"] = "DbSize",
        ["get_bytes"] = "GetBytes",
        ["set_bytes"] = "Set",
    };

    internal static string Name(string call) =>
        Names.TryGetValue(call, out string name) ? name : char.ToUpper(call[0]) + call.Substring(1);

    internal static object[] Arguments(string[] fields)
    {
        string[] texts = fields.Skip(1).Select(Fields.Text).ToArray();
        switch (fields[0])
        {
            case "set_bytes":
                return new object[] { texts[0], Fields.Bytes(fields[2]) };
            case "mget":
            case "exists":
                return new object[] { texts };
            case "mset":
                return new object[]
                {
                    texts.Where((_, i) => i % 2 == 0)
                        .Zip(texts.Where((_, i) => i % 2 == 1),
                            (key, value) => new KeyValuePair<string, string>(key, value)).ToArray(),
                };
            case "incr":
            case "decr":
            case "expire":
                return new object[] { texts[0] }
                    .Concat(texts.Skip(1).Select(text => (object)Number(text))).ToArray();
            default:
                return texts;
        }
    }

    internal static bool Fits(MethodInfo method, object[] arguments)
    {
        ParameterInfo[] parameters = method.GetParameters();
        return parameters.Length >= arguments.Length
            && arguments.Zip(parameters, (argument, parameter) =>
                parameter.ParameterType.IsInstanceOfType(argument)).All(fits => fits)
            && parameters.Skip(arguments.Length).All(parameter => parameter.IsOptional);
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>The options of <c>connect</c>.</summary>
internal static class Connecting
{
    internal static MerkleKvOptions Options(string[] fields)
    {
        Dictionary<string, string> given = fields.Skip(3).Select(Fields.Text)
            .ToDictionary(field => field.Substring(0, field.IndexOf('=')),
                field => field.Substring(field.IndexOf('=') + 1));
        var options = new MerkleKvOptions { Host = Fields.Text(fields[1]), Port = int.Parse(fields[2]) };
        Func<string, string> text = name => given.TryGetValue(name, out string value) ? value : null;
        Func<string, int, int> number = (name, otherwise) =>
            text(name) == null ? otherwise : int.Parse(text(name));
        options.Timeout = TimeSpan.FromMilliseconds(number("timeout_ms", 5000));
        options.ConnectAttempts = number("connect_attempts", options.ConnectAttempts);
        options.ReplyLimit = number("reply_limit", options.ReplyLimit);
        options.User = text("user");
        options.Password = text("password");
        if (text("tls") == "1")
        {
            options.Tls = new MerkleKvTlsOptions
            {
                AuthorityFile = text("ca"),
                ServerName = text("server_name"),
                CertificateFile = text("cert"),
                KeyFile = text("key"),
            };
        }
        return options;
    }
}
