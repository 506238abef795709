using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace MerkleKV.Client
{
    /// <summary>
    /// Operations that are sent together. Each method adds one, and refuses a bad key at once. For
    /// one thread at a time; may be used again after it was executed.
    /// </summary>
    public sealed partial class MerkleKvPipeline
    {
        private readonly Session session;
        private readonly List<Request> requests = new List<Request>();

        internal MerkleKvPipeline(Session session)
        {
            this.session = session;
        }

        /// <summary>
        /// Sends all of them and gives the result of each, in order: null for nothing, and in the place
        /// of a command that the node refused its <see cref="MerkleKvServerException"/>.
        /// </summary>
        public IReadOnlyList<object> Execute() =>
            RunAsync(isAsync: false, cancel: CancellationToken.None).GetAwaiter().GetResult();

        /// <summary>The same without blocking.</summary>
        public Task<IReadOnlyList<object>> ExecuteAsync(
            CancellationToken cancel = default(CancellationToken)) =>
            RunAsync(isAsync: true, cancel: cancel);

        private MerkleKvPipeline Add(Request request)
        {
            requests.Add(request);
            return this;
        }

        private async Task<IReadOnlyList<object>> RunAsync(bool isAsync, CancellationToken cancel)
        {
            Request[] all = requests.ToArray();
            requests.Clear();
            Request[] asked = all.Where(request => !request.IsAnswered).ToArray();
            if (asked.Length > 0)
            {
                await session.RunAsync(asked, false, isAsync, cancel).ConfigureAwait(false);
            }
            return all.Select(Outcome).ToList();
        }

        private static object Outcome(Request request)
        {
            try
            {
                return request.Outcome();
            }
            catch (MerkleKvException error)
            {
                return error;
            }
        }
    }
}
