using System.Linq;

namespace MerkleKV.Client
{
    /// <summary>What a node with the legacy dialect, which has no quotes, cannot be sent.</summary>
    internal static class LegacyDialect
    {
        internal static void RequireValue(object value, bool isWord)
        {
            string text = value as string;
            if (text == null && !Utf8.IsValid((byte[])value))
            {
                throw Refusal("a value that is not UTF-8");
            }
            text = text ?? Utf8.Strict.GetString((byte[])value);
            if (text.Length == 0)
            {
                throw Refusal("an empty value");
            }
            if (char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[text.Length - 1]))
            {
                throw Refusal("a value with spaces at its ends");
            }
            if (text.IndexOf('\n') >= 0 || text.IndexOf('\r') >= 0)
            {
                throw Refusal("a value with line breaks");
            }
            if (isWord && text.Any(char.IsWhiteSpace))
            {
                throw Refusal("a value with spaces in MSET; use SET for it");
            }
        }

        internal static void RequireWord(string word, string what)
        {
            if (word.Length == 0 || word.Any(c => char.IsWhiteSpace(c) || c < ' ' || c == 0x7F))
            {
                throw Refusal(what + " that is empty or has spaces");
            }
        }

        private static MerkleKvArgumentException Refusal(string what) =>
            new MerkleKvArgumentException("the legacy dialect of this node cannot carry " + what);
    }
}
