using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace MerkleKV.Client
{
    /// <summary>
    /// A client of one node. Making one opens no connection: the first call does. Threads and tasks
    /// may share it, and take turns. All errors are <see cref="MerkleKvException"/>s, beside the
    /// OperationCanceledException of an operation that was cancelled.
    /// </summary>
    public sealed partial class MerkleKvClient : IDisposable
    {
        private readonly Session session;

        /// <summary>A client of the node at this address, with defaults for all else.</summary>
        public MerkleKvClient(string host = "localhost", int port = 7379)
            : this(new MerkleKvOptions { Host = host, Port = port })
        {
        }

        /// <summary>A client with these options.</summary>
        public MerkleKvClient(MerkleKvOptions options)
        {
            session = new Session(
                (options ?? throw new MerkleKvArgumentException("the options must not be null"))
                .Checked());
        }

        /// <summary>The keys with a prefix in byte order, fetched a page at a time.</summary>
        public IEnumerable<string> Scan(string prefix = "")
        {
            string after = null;
            do
            {
                MerkleKvScanPage page = Call(Commands.Scan(prefix, after));
                foreach (string key in page.Keys)
                {
                    yield return key;
                }
                after = page.Next;
            }
            while (after != null);
        }

        /// <summary>One page of the keys with a prefix: the first, or the one behind a key.</summary>
        public Task<MerkleKvScanPage> ScanPageAsync(
            string prefix = "", string after = null,
            CancellationToken cancel = default(CancellationToken)) =>
            CallAsync(Commands.Scan(prefix, after), cancel);

        /// <summary>Logs in: this connection, and those after it, are the user's.</summary>
        public void Auth(string user, string password)
        {
            Call(Commands.Auth(user, password));
            session.UseLogin(user, password);
        }

        /// <summary>Logs in: this connection, and those after it, are the user's.</summary>
        public async Task AuthAsync(
            string user, string password, CancellationToken cancel = default(CancellationToken))
        {
            await CallAsync(Commands.Auth(user, password), cancel).ConfigureAwait(false);
            session.UseLogin(user, password);
        }

        /// <summary>Collects operations that are sent together.</summary>
        public MerkleKvPipeline Pipeline() => new MerkleKvPipeline(session);

        /// <summary>Closes the connection. Calls that wait for a reply end with an error.</summary>
        public void Dispose() => session.Dispose();

        private T Call<T>(Request<T> request) =>
            RunAsync(request, isAsync: false, cancel: CancellationToken.None).GetAwaiter().GetResult();

        private Task<T> CallAsync<T>(Request<T> request, CancellationToken cancel) =>
            RunAsync(request, isAsync: true, cancel: cancel);

        private async Task<T> RunAsync<T>(Request<T> request, bool isAsync, CancellationToken cancel)
        {
            if (!request.IsAnswered)
            {
                await session.RunAsync(new Request[] { request }, request.IsRead, isAsync, cancel)
                    .ConfigureAwait(false);
            }
            return (T)request.Outcome();
        }
    }
}
