using System.Collections.Generic;

namespace MerkleKV.Client
{
    /// <summary>Some of the keys with a prefix, in byte order, and where the others begin.</summary>
    public sealed class MerkleKvScanPage
    {
        /// <summary>How many keys a page has at most, from nodes with the standard dialect.</summary>
        public const int Size = 1000;

        internal MerkleKvScanPage(IReadOnlyList<string> keys, string next)
        {
            Keys = keys;
            Next = next;
        }

        /// <summary>The keys of this page.</summary>
        public IReadOnlyList<string> Keys { get; }

        /// <summary>What to give as <c>after</c> for the next page; null behind the last one.</summary>
        public string Next { get; }
    }
}
