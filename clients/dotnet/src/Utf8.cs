using System.Text;

namespace MerkleKV.Client
{
    /// <summary>UTF-8 that refuses what is none, instead of replacing it.</summary>
    internal static class Utf8
    {
        internal static readonly Encoding Strict = new UTF8Encoding(false, true);

        internal static bool IsValid(byte[] bytes)
        {
            for (int i = 0; i < bytes.Length;)
            {
                int length = bytes[i] < 0x80 ? 1 : CharacterLength(bytes, i);
                if (length == 0)
                {
                    return false;
                }
                i += length;
            }
            return true;
        }

        /// <summary>How long the character above ASCII is that begins here; 0 if none does.</summary>
        internal static int CharacterLength(byte[] bytes, int start)
        {
            byte first = bytes[start];
            int length = first >= 0xC2 && first <= 0xDF ? 2
                : first >= 0xE0 && first <= 0xEF ? 3
                : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
            if (length == 0 || start + length > bytes.Length)
            {
                return 0;
            }
            for (int i = 1; i < length; i++)
            {
                if ((bytes[start + i] & 0xC0) != 0x80)
                {
                    return 0;
                }
            }
            byte second = bytes[start + 1];
            // Too long a form, a surrogate, or behind the last character.
            bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F)
                || (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
            return bad ? 0 : length;
        }
    }
}
