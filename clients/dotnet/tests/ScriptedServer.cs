using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;

/// <summary>
/// Answers the lines it knows, and notes what it was asked. An empty answer closes the connection,
/// a null leaves the client waiting.
/// </summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly TcpListener listener = new TcpListener(IPAddress.Loopback, 0);
    private readonly Dictionary<string, string> answers;

    internal ScriptedServer(Dictionary<string, string> answers)
    {
        this.answers = answers;
        answers["VERSION"] = "MerkleKV 0.2.0\r\n";
        listener.Start();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    internal int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    internal List<string> Asked { get; } = new List<string>();

    public void Dispose() => listener.Stop();

    private void Accept()
    {
        try
        {
            while (true)
            {
                TcpClient client = listener.AcceptTcpClient();
                new Thread(() => Serve(client)) { IsBackground = true }.Start();
            }
        }
        catch (Exception error) when (error is SocketException || error is InvalidOperationException)
        {
            // The test is over, and the listener stopped.
        }
    }

    private void Serve(TcpClient client)
    {
        using (client)
        using (var reader = new StreamReader(client.GetStream()))
        using (var writer = new StreamWriter(client.GetStream()) { AutoFlush = true })
        {
            string line;
            while ((line = reader.ReadLine()) != null)
            {
                lock (Asked)
                {
                    Asked.Add(line);
                }
                string answer = answers.TryGetValue(line, out string known) ? known : "";
                if (answer == "")
                {
                    return;
                }
                writer.Write(answer);
            }
        }
    }
}
