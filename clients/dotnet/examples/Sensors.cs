using System;
using System.Globalization;
using System.Linq;
using MerkleKV.Client;

/// <summary>Keeps the last readings of some sensors, and lists them.</summary>
internal static class Sensors
{
    private static int Main(string[] arguments)
    {
        string host = arguments.Length > 0 ? arguments[0] : "localhost";
        int port = arguments.Length > 1 ? int.Parse(arguments[1]) : 7379;
        try
        {
            using (var client = new MerkleKvClient(host, port))
            {
                Record(client);
                Show(client);
            }
            return 0;
        }
        catch (MerkleKvException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
    }

    private static void Record(MerkleKvClient client)
    {
        MerkleKvPipeline pipeline = client.Pipeline();
        var readings = new[] { 19.5, 21.25, 18.0 };
        for (int i = 0; i < readings.Length; i++)
        {
            string key = "sensor:" + (i + 1);
            pipeline.Set(key, readings[i].ToString(CultureInfo.InvariantCulture)).Expire(key, 3600);
        }
        pipeline.Incr("readings", readings.Length).Execute();
    }

    private static void Show(MerkleKvClient client)
    {
        string[] keys = client.Scan("sensor:").ToArray();
        foreach (var reading in keys.Zip(client.MGet(keys), (key, value) => key + " " + value))
        {
            Console.WriteLine(reading);
        }
        Console.WriteLine("readings so far: " + client.Get("readings"));
    }
}
