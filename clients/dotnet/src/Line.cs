using System.Globalization;
using System.Text;

namespace MerkleKV.Client
{
    /// <summary>
    /// A line of a reply where it lies in the buffer, without its end. Good until the next read.
    /// </summary>
    internal struct Line
    {
        private readonly byte[] buffer;
        private readonly int offset;

        internal Line(byte[] buffer, int offset, int count)
        {
            this.buffer = buffer;
            this.offset = offset;
            Count = count;
        }

        internal int Count { get; }

        internal byte this[int index] => buffer[offset + index];

        internal bool StartsWith(string ascii)
        {
            if (Count < ascii.Length)
            {
                return false;
            }
            for (int i = 0; i < ascii.Length; i++)
            {
                if (buffer[offset + i] != ascii[i])
                {
                    return false;
                }
            }
            return true;
        }

        internal bool Is(string ascii) => Count == ascii.Length && StartsWith(ascii);

        internal Line From(int start) => new Line(buffer, offset + start, Count - start);

        /// <summary>The bytes, taken out of their quotes if they have some.</summary>
        internal byte[] Unquoted() => Quoting.Unquote(buffer, offset, Count);

        internal byte[] ToBytes()
        {
            var copy = new byte[Count];
            System.Buffer.BlockCopy(buffer, offset, copy, 0, Count);
            return copy;
        }

        /// <summary>The text; throws a DecoderFallbackException if it is none.</summary>
        internal string ToText() => Utf8.Strict.GetString(buffer, offset, Count);

        internal bool TryNumber(out long number)
        {
            number = 0;
            return Count > 0 && Count <= 20 && this[0] != '+'
                && long.TryParse(ToString(), NumberStyles.AllowLeadingSign,
                    CultureInfo.InvariantCulture, out number);
        }

        /// <summary>For messages: the beginning, whatever it is.</summary>
        public override string ToString() =>
            Encoding.UTF8.GetString(buffer, offset, Count > 200 ? 200 : Count);
    }
}
