using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;

namespace MerkleKV.Client
{
    /// <summary>
    /// One connection to a node. Every method takes <c>isAsync</c>: false makes it block and return
    /// a task that is done. Where it ends too late or is cancelled, the socket is closed under it.
    /// </summary>
    internal sealed class Connection : IDisposable
    {
        // A node stops reading from a client that leaves more than 256 KiB of replies unread.
        private const int MostUnanswered = 32 * 1024;
        private static readonly TimeSpan Trusted = TimeSpan.FromSeconds(1);

        private readonly MerkleKvOptions options;
        private readonly Watchdog watchdog;
        private readonly LineReader reader;
        private readonly CommandWriter writer = new CommandWriter();
        private readonly object gate = new object();
        private Socket socket;
        private Stream stream;
        private bool isAborted;
        private Deadline trustedUntil;

        internal Connection(MerkleKvOptions options)
        {
            this.options = options;
            reader = new LineReader(options.ReplyLimit);
            watchdog = new Watchdog(Abort);
        }

        /// <summary>Whether it may be used again.</summary>
        internal bool IsOpen { get; private set; }

        internal async Task OpenAsync(
            Request<object> login, Deadline deadline, bool isAsync, CancellationToken cancel)
        {
            await GuardedAsync(
                async () =>
                {
                    await DialAsync(deadline, isAsync).ConfigureAwait(false);
                    if (options.Tls != null)
                    {
                        stream = await Tls.OpenAsync(stream, options, isAsync).ConfigureAwait(false);
                    }
                },
                deadline, cancel).ConfigureAwait(false);
            Request<string> greeting = Commands.Version();
            await ExchangeAsync(new Request[] { greeting }, deadline, isAsync, cancel)
                .ConfigureAwait(false);
            greeting.Outcome();
            if (login != null)
            {
                await ExchangeAsync(new Request[] { login }, deadline, isAsync, cancel)
                    .ConfigureAwait(false);
                login.Outcome();
            }
            IsOpen = true;
        }

        /// <summary>Whether the node closed it, or sent what nobody asked for, while it rested.</summary>
        internal bool IsStale()
        {
            try
            {
                return !reader.IsEmpty
                    || (trustedUntil.IsOver && socket.Poll(0, SelectMode.SelectRead));
            }
            catch (Exception error) when (error is SocketException || error is ObjectDisposedException)
            {
                return true;
            }
        }

        /// <summary>Sends commands and reads their replies; each of these has the whole timeout.</summary>
        internal async Task ExchangeAsync(
            Request[] requests, Deadline deadline, bool isAsync, CancellationToken cancel)
        {
            int[] ends = Encode(requests);
            await GuardedAsync(
                () => TransferAsync(requests, ends, isAsync), deadline, cancel).ConfigureAwait(false);
            trustedUntil = Deadline.After(Trusted);
        }

        /// <summary>Closes the socket, under whoever waits for it.</summary>
        internal void Abort()
        {
            lock (gate)
            {
                isAborted = true;
                IsOpen = false;
                CloseSocket();
            }
        }

        public void Dispose()
        {
            Abort();
            watchdog.Dispose();
        }

        private int[] Encode(Request[] requests)
        {
            writer.Clear();
            var ends = new int[requests.Length];
            for (int i = 0; i < requests.Length; i++)
            {
                requests[i].Write(writer);
                ends[i] = writer.Length;
            }
            return ends;
        }

        private async Task TransferAsync(Request[] requests, int[] ends, bool isAsync)
        {
            int sent = 0;
            for (int next = 0; next < requests.Length;)
            {
                int last = next + 1;
                while (last < requests.Length && ends[last] - sent <= MostUnanswered)
                {
                    last++;
                }
                int count = ends[last - 1] - sent;
                if (isAsync)
                {
                    await stream.WriteAsync(writer.Buffer, sent, count).ConfigureAwait(false);
                }
                else
                {
                    stream.Write(writer.Buffer, sent, count);
                }
                sent += count;
                for (; next < last; next++)
                {
                    Request request = requests[next];
                    request.Begin(options.Node, writer.IsLegacy, options.ReplyLimit);
                    if (next > 0)
                    {
                        watchdog.Watch(Deadline.After(options.Timeout));
                    }
                    while (true)
                    {
                        if (!reader.TryTake(out Line line))
                        {
                            await FillAsync(isAsync).ConfigureAwait(false);
                        }
                        else if (Take(request, line))
                        {
                            break;
                        }
                    }
                }
            }
        }

        private bool Take(Request request, Line line)
        {
            if (!IsOpen && request.Command == "VERSION" && line.StartsWith(VersionReply.Legacy))
            {
                writer.IsLegacy = true;
            }
            return request.Add(line);
        }

        private async Task FillAsync(bool isAsync)
        {
            ArraySegment<byte> room = reader.Room();
            int count = isAsync
                ? await stream.ReadAsync(room.Array, room.Offset, room.Count).ConfigureAwait(false)
                : stream.Read(room.Array, room.Offset, room.Count);
            if (count <= 0)
            {
                throw new EndOfStreamException("the node closed the connection");
            }
            reader.Received(count);
        }

        private async Task GuardedAsync(Func<Task> work, Deadline deadline, CancellationToken cancel)
        {
            watchdog.Watch(deadline);
            try
            {
                using (cancel.CanBeCanceled ? cancel.Register(Abort) : default(CancellationTokenRegistration))
                {
                    await work().ConfigureAwait(false);
                }
            }
            catch (Exception error) when (!(error is MerkleKvException))
            {
                Abort();
                cancel.ThrowIfCancellationRequested();
                throw Explained(error);
            }
            finally
            {
                watchdog.Rest();
            }
        }

        private MerkleKvException Explained(Exception error)
        {
            if (watchdog.HasExpired)
            {
                return new MerkleKvTimeoutException(
                    options.Node + " did not answer within " + options.Timeout.TotalSeconds
                    + " s; whether a write was done is not known", error);
            }
            if (error is UnexpectedReplyException)
            {
                return new MerkleKvProtocolException(
                    options.Node + " does not answer as a MerkleKV node: " + error.Message, error);
            }
            return new MerkleKvConnectionException(
                "the connection to " + options.Node + " failed: "
                + (error.InnerException ?? error).Message, error);
        }

        private async Task DialAsync(Deadline deadline, bool isAsync)
        {
            Exception failure = null;
            foreach (IPAddress address in await ResolveAsync(deadline, isAsync).ConfigureAwait(false))
            {
                Socket attempt = NewSocket(address);
                var target = new IPEndPoint(address, options.Port);
                try
                {
                    if (isAsync)
                    {
                        await Task.Factory.FromAsync(
                            attempt.BeginConnect, attempt.EndConnect, target, null)
                            .ConfigureAwait(false);
                    }
                    else
                    {
                        attempt.Connect(target);
                    }
                    attempt.NoDelay = true;
                    stream = new NetworkStream(attempt, ownsSocket: true);
                    return;
                }
                catch (SocketException error) when (!isAborted)
                {
                    failure = error;
                    attempt.Dispose();
                }
            }
            throw failure ?? new SocketException((int)SocketError.HostNotFound);
        }

        private async Task<IPAddress[]> ResolveAsync(Deadline deadline, bool isAsync)
        {
            if (IPAddress.TryParse(options.Host, out IPAddress address))
            {
                return new[] { address };
            }
            // A resolver cannot be interrupted, so it is left alone when it takes too long.
            Task<IPAddress[]> lookup = Dns.GetHostAddressesAsync(options.Host);
            bool isDone = isAsync
                ? await Task.WhenAny(lookup, Task.Delay(deadline.Left)).ConfigureAwait(false) == lookup
                : ((IAsyncResult)lookup).AsyncWaitHandle.WaitOne(deadline.Left);
            if (!isDone)
            {
                throw new MerkleKvTimeoutException(
                    "the name of " + options.Node + " was not resolved in time");
            }
            return await lookup.ConfigureAwait(false);
        }

        private Socket NewSocket(IPAddress address)
        {
            lock (gate)
            {
                if (isAborted)
                {
                    throw new ObjectDisposedException("the connection");
                }
                socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                return socket;
            }
        }

        private void CloseSocket()
        {
            try
            {
                // Wakes a thread that reads, which closing alone does not on every system.
                socket?.Shutdown(SocketShutdown.Both);
            }
            catch (Exception error) when (error is SocketException || error is ObjectDisposedException)
            {
                // It was not connected, or is closed already.
            }
            socket?.Dispose();
        }
    }
}
