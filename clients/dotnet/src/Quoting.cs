using System;

namespace MerkleKV.Client
{
    /// <summary>Which values need quotes, and how those of replies are taken off.</summary>
    internal static class Quoting
    {
        /// <summary>Whether a value needs quotes; a word of MSET does if it has spaces, too.</summary>
        internal static bool IsNeeded(string value, bool isWord)
        {
            int length = value.Length;
            if (length == 0 || value[0] == '"' || value[0] == ' ' || value[length - 1] == ' ')
            {
                return true;
            }
            for (int i = 0; i < length; i++)
            {
                char c = value[i];
                if (c <= ' ' || c == 0x7F)
                {
                    bool isBlank = c == ' ' || c == '\t';
                    if (!isBlank || isWord)
                    {
                        return true;
                    }
                }
            }
            return false;
        }

        /// <summary>The same of bytes, which need quotes as well if they are no UTF-8.</summary>
        internal static bool IsNeeded(byte[] value, bool isWord)
        {
            int length = value.Length;
            if (length == 0 || value[0] == '"' || value[0] == ' ' || value[length - 1] == ' ')
            {
                return true;
            }
            foreach (byte b in value)
            {
                if ((b <= ' ' || b == 0x7F) && (isWord || (b != ' ' && b != '\t')))
                {
                    return true;
                }
            }
            return !Utf8.IsValid(value);
        }

        internal static byte[] Unquote(byte[] line, int start, int count)
        {
            int end = start + count - 1;
            if (count == 0 || line[start] != '"')
            {
                var plain = new byte[count];
                Buffer.BlockCopy(line, start, plain, 0, count);
                return plain;
            }
            if (count < 2 || line[end] != '"')
            {
                throw new UnexpectedReplyException("a quoted string without its end");
            }
            var bytes = new byte[count - 2];
            int length = 0;
            for (int i = start + 1; i < end; i++)
            {
                byte b = line[i];
                if (b == '"')
                {
                    throw new UnexpectedReplyException("a quoted string that ends too early");
                }
                bytes[length++] = b == '\\' ? Unescape(line, ref i, end) : b;
            }
            Array.Resize(ref bytes, length);
            return bytes;
        }

        private static byte Unescape(byte[] line, ref int i, int end)
        {
            int letter = ++i < end ? line[i] : -1;
            switch (letter)
            {
                case '"':
                case '\\':
                    return (byte)letter;
                case 'n':
                    return (byte)'\n';
                case 'r':
                    return (byte)'\r';
                case 't':
                    return (byte)'\t';
                case '0':
                    return 0;
            }
            int high = letter == 'x' && i + 2 < end ? HexDigit(line[i + 1]) : -1;
            int low = high >= 0 ? HexDigit(line[i + 2]) : -1;
            if (low < 0)
            {
                throw new UnexpectedReplyException("a quoted string with an unknown escape");
            }
            i += 2;
            return (byte)(high * 16 + low);
        }

        internal static int HexDigit(byte b) =>
            b >= '0' && b <= '9' ? b - '0'
            : b >= 'a' && b <= 'f' ? b - 'a' + 10
            : b >= 'A' && b <= 'F' ? b - 'A' + 10 : -1;
    }
}
