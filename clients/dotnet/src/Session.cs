using System;
using System.Threading;
using System.Threading.Tasks;

namespace MerkleKV.Client
{
    /// <summary>
    /// The connection of a client over time: opened when it is needed, opened anew after it broke, and
    /// used by one call after the other.
    /// </summary>
    internal sealed class Session : IDisposable
    {
        private const int FirstPause = 50;

        private readonly MerkleKvOptions options;
        private readonly SemaphoreSlim turn = new SemaphoreSlim(1, 1);
        private readonly Random random = new Random();
        private volatile bool isClosed;
        private volatile Connection connection;
        private Func<Request<object>> login;

        internal Session(MerkleKvOptions options)
        {
            this.options = options;
            if (options.User != null)
            {
                UseLogin(options.User, options.Password);
            }
        }

        internal void UseLogin(string user, string password) =>
            login = () => Commands.Auth(user, password);

        /// <summary>Has requests answered, and asks once more if all of them are reads.</summary>
        internal async Task RunAsync(
            Request[] requests, bool mayRepeat, bool isAsync, CancellationToken cancel)
        {
            if (isAsync)
            {
                await turn.WaitAsync(cancel).ConfigureAwait(false);
            }
            else
            {
                turn.Wait(cancel);
            }
            try
            {
                Deadline deadline = Deadline.After(options.Timeout);
                for (bool isRepeated = false; ; isRepeated = true)
                {
                    await ReadyAsync(deadline, isAsync, cancel).ConfigureAwait(false);
                    try
                    {
                        await connection.ExchangeAsync(requests, deadline, isAsync, cancel)
                            .ConfigureAwait(false);
                        return;
                    }
                    catch (MerkleKvConnectionException) when (isClosed)
                    {
                        throw Closed();
                    }
                    catch (MerkleKvConnectionException) when (mayRepeat && !isRepeated)
                    {
                        // Nobody knows whether the node saw it, but a read may be done twice.
                    }
                }
            }
            finally
            {
                turn.Release();
            }
        }

        public void Dispose()
        {
            isClosed = true;
            connection?.Dispose();
        }

        private async Task ReadyAsync(Deadline deadline, bool isAsync, CancellationToken cancel)
        {
            if (isClosed)
            {
                throw Closed();
            }
            if (connection != null && connection.IsOpen && !connection.IsStale())
            {
                return;
            }
            for (int attempt = 1; ; attempt++)
            {
                connection?.Dispose();
                connection = new Connection(options);
                try
                {
                    await connection.OpenAsync(login?.Invoke(), deadline, isAsync, cancel)
                        .ConfigureAwait(false);
                    break;
                }
                catch (MerkleKvConnectionException) when (attempt < options.ConnectAttempts && !isClosed)
                {
                    TimeSpan pause = Pause(attempt);
                    if (pause >= deadline.Left)
                    {
                        throw;
                    }
                    await WaitAsync(pause, isAsync, cancel).ConfigureAwait(false);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            }
            if (isClosed)
            {
                connection.Dispose();
                throw Closed();
            }
        }

        /// <summary>Doubles each time; up to half is left off, so that clients do not march in step.</summary>
        private TimeSpan Pause(int attempt)
        {
            double whole = FirstPause * Math.Pow(2, Math.Min(attempt - 1, 10));
            return TimeSpan.FromMilliseconds(whole * (1 - random.NextDouble() / 2));
        }

        private static async Task WaitAsync(TimeSpan pause, bool isAsync, CancellationToken cancel)
        {
            if (isAsync)
            {
                await Task.Delay(pause, cancel).ConfigureAwait(false);
            }
            else
            {
                Thread.Sleep(pause);
            }
        }

        private MerkleKvConnectionException Closed() =>
            new MerkleKvConnectionException(
                "this client of " + options.Node + " was closed; make another");
    }
}
