using System;
using System.Globalization;
using System.Text;

namespace MerkleKV.Client
{
    /// <summary>Writes commands as the dialect of a node wants them, into a buffer that grows.</summary>
    internal sealed class CommandWriter
    {
        private const int KeptCapacity = 64 * 1024;
        private const string Hex = "0123456789ABCDEF";

        internal byte[] Buffer { get; private set; } = new byte[1024];

        internal int Length { get; private set; }

        internal bool IsLegacy { get; set; }

        internal void Clear()
        {
            Length = 0;
            if (Buffer.Length > KeptCapacity)
            {
                Buffer = new byte[1024];
            }
        }

        /// <summary>Text that is known to be ASCII.</summary>
        internal CommandWriter Ascii(string text)
        {
            Reserve(text.Length);
            for (int i = 0; i < text.Length; i++)
            {
                Buffer[Length++] = (byte)text[i];
            }
            return this;
        }

        internal CommandWriter Key(string key)
        {
            Ascii(" ");
            Text(key);
            return this;
        }

        internal CommandWriter Number(long number) =>
            Ascii(" ").Ascii(number.ToString(CultureInfo.InvariantCulture));

        /// <summary>A value behind a space: a string or bytes.</summary>
        internal CommandWriter Value(object value, bool isWord = false)
        {
            Ascii(" ");
            if (IsLegacy)
            {
                LegacyDialect.RequireValue(value, isWord);
            }
            if (value is string text)
            {
                if (!IsLegacy && Quoting.IsNeeded(text, isWord))
                {
                    Quote(Encoded(text));
                }
                else
                {
                    Text(text);
                }
                return this;
            }
            var bytes = (byte[])value;
            if (!IsLegacy && Quoting.IsNeeded(bytes, isWord))
            {
                Quote(bytes);
                return this;
            }
            Reserve(bytes.Length);
            System.Buffer.BlockCopy(bytes, 0, Buffer, Length, bytes.Length);
            Length += bytes.Length;
            return this;
        }

        /// <summary>A word that is always in quotes, where the dialect has them.</summary>
        internal CommandWriter QuotedWord(string word, string what)
        {
            Ascii(" ");
            if (IsLegacy)
            {
                LegacyDialect.RequireWord(word, what);
                Text(word);
            }
            else
            {
                Quote(Encoded(word));
            }
            return this;
        }

        internal void EndLine() => Ascii("\r\n");

        private void Text(string text)
        {
            // The exact count is worth its pass only where three bytes for each character is much.
            Reserve(text.Length < 1024 ? text.Length * 3 : ByteCount(text));
            try
            {
                Length += Utf8.Strict.GetBytes(text, 0, text.Length, Buffer, Length);
            }
            catch (EncoderFallbackException cause)
            {
                throw NoText(cause);
            }
        }

        private static int ByteCount(string text)
        {
            try
            {
                return Utf8.Strict.GetByteCount(text);
            }
            catch (EncoderFallbackException cause)
            {
                throw NoText(cause);
            }
        }

        private static byte[] Encoded(string text)
        {
            try
            {
                return Utf8.Strict.GetBytes(text);
            }
            catch (EncoderFallbackException cause)
            {
                throw NoText(cause);
            }
        }

        private static MerkleKvArgumentException NoText(Exception cause) =>
            new MerkleKvArgumentException(
                "half a surrogate pair is no text; store such values as bytes", cause);

        private void Quote(byte[] bytes)
        {
            Reserve(bytes.Length + 2);
            Buffer[Length++] = (byte)'"';
            for (int i = 0; i < bytes.Length;)
            {
                // An escape has four bytes at most, like a character.
                Reserve(bytes.Length - i + 5);
                int character = bytes[i] < 0x80 ? 0 : Utf8.CharacterLength(bytes, i);
                if (character > 0)
                {
                    System.Buffer.BlockCopy(bytes, i, Buffer, Length, character);
                    Length += character;
                    i += character;
                }
                else
                {
                    Escape(bytes[i++]);
                }
            }
            Buffer[Length++] = (byte)'"';
        }

        private void Escape(byte b)
        {
            int letter = b == '"' || b == '\\' ? b : b == '\n' ? 'n' : b == '\r' ? 'r'
                : b == '\t' ? 't' : b == 0 ? '0' : -1;
            if (letter >= 0)
            {
                Buffer[Length++] = (byte)'\\';
                Buffer[Length++] = (byte)letter;
            }
            else if (b < ' ' || b >= 0x7F)
            {
                Buffer[Length++] = (byte)'\\';
                Buffer[Length++] = (byte)'x';
                Buffer[Length++] = (byte)Hex[b >> 4];
                Buffer[Length++] = (byte)Hex[b & 15];
            }
            else
            {
                Buffer[Length++] = b;
            }
        }

        private void Reserve(int count)
        {
            if (Buffer.Length - Length < count)
            {
                var larger = new byte[Math.Max(Buffer.Length * 2, Length + count)];
                System.Buffer.BlockCopy(Buffer, 0, larger, 0, Length);
                Buffer = larger;
            }
        }
    }
}
