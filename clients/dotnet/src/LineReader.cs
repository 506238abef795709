using System;

namespace MerkleKV.Client
{
    /// <summary>Splits what comes from a connection into lines. Holds one line at most, and a limit.</summary>
    internal sealed class LineReader
    {
        private const int UsualCapacity = 32 * 1024;

        private readonly int limit;
        private byte[] buffer = new byte[UsualCapacity];
        private int start;
        private int searched;
        private int end;

        internal LineReader(int limit)
        {
            this.limit = limit;
        }

        internal bool IsEmpty => start == end;

        internal bool TryTake(out Line line)
        {
            int found = Array.IndexOf(buffer, (byte)'\n', searched, end - searched);
            if (found < 0)
            {
                searched = end;
                // A carriage return may be there already, which is not of the line.
                if (end - start > limit + 1)
                {
                    throw TooLong();
                }
                line = default(Line);
                return false;
            }
            int length = found - start;
            if (length > 0 && buffer[found - 1] == '\r')
            {
                length--;
            }
            if (length > limit)
            {
                throw TooLong();
            }
            line = new Line(buffer, start, length);
            start = searched = found + 1;
            return true;
        }

        /// <summary>Room for what comes next; the lines taken before are gone then.</summary>
        internal ArraySegment<byte> Room()
        {
            int held = end - start;
            if (held == 0 && buffer.Length > UsualCapacity)
            {
                buffer = new byte[UsualCapacity];
            }
            else if (held > 0 && held > buffer.Length / 2)
            {
                var larger = new byte[buffer.Length * 2];
                Buffer.BlockCopy(buffer, start, larger, 0, held);
                buffer = larger;
            }
            else if (held > 0 && start > 0)
            {
                Buffer.BlockCopy(buffer, start, buffer, 0, held);
            }
            searched -= start;
            start = 0;
            end = held;
            return new ArraySegment<byte>(buffer, end, buffer.Length - end);
        }

        internal void Received(int count) => end += count;

        private UnexpectedReplyException TooLong() =>
            new UnexpectedReplyException("a line of more than " + limit + " bytes, the reply limit");
    }
}
