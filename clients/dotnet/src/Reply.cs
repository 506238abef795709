using System;
using System.Text;

namespace MerkleKV.Client
{
    /// <summary>What is read of a reply so far, and its value when all of it is.</summary>
    internal abstract class Reply<T>
    {
        internal bool IsLegacy { get; set; }

        /// <summary>The most bytes that a report may have.</summary>
        internal int Limit { get; set; }

        internal T Value { get; protected set; }

        /// <summary>Why a value could not be given as text; the reply is read to its end still.</summary>
        internal DecoderFallbackException NoText { get; protected set; }

        /// <summary>Takes the next line; true if it was the last one.</summary>
        internal abstract bool Add(Line line);

        protected static UnexpectedReplyException Unexpected(Line line) =>
            new UnexpectedReplyException("an unexpected line: " + line);

        /// <summary>A value as text: where it lies, or out of its quotes.</summary>
        protected string Text(Line line)
        {
            try
            {
                return !IsLegacy && line.Count > 0 && line[0] == '"'
                    ? Utf8.Strict.GetString(line.Unquoted()) : line.ToText();
            }
            catch (DecoderFallbackException error)
            {
                NoText = error;
                return null;
            }
        }

        protected byte[] Bytes(Line line) => IsLegacy ? line.ToBytes() : line.Unquoted();

        /// <summary>The number of lines that a header such as <c>KEYS 3</c> announces.</summary>
        protected static int Count(Line line, string name, int most)
        {
            if (!line.StartsWith(name) || !line.From(name.Length).TryNumber(out long count))
            {
                throw Unexpected(line);
            }
            return count >= 0 && count <= most ? (int)count
                : throw new UnexpectedReplyException("a count that was not asked for: " + line);
        }
    }

    /// <summary>OK, or the one word or the other: true or false.</summary>
    internal sealed class WordReply : Reply<bool>
    {
        private readonly string yes;
        private readonly string no;

        internal WordReply(string yes, string no)
        {
            this.yes = yes;
            this.no = no;
        }

        internal override bool Add(Line line)
        {
            Value = line.Is(yes);
            return Value || (no != null && line.Is(no)) ? true : throw Unexpected(line);
        }
    }

    /// <summary><c>OK</c>: nothing to tell.</summary>
    internal sealed class OkReply : Reply<object>
    {
        internal override bool Add(Line line) => line.Is("OK") ? true : throw Unexpected(line);
    }

    /// <summary><c>NAME number</c>.</summary>
    internal sealed class NumberReply : Reply<long>
    {
        private readonly string name;
        private readonly long least;

        internal NumberReply(string name, long least)
        {
            this.name = name;
            this.least = least;
        }

        internal override bool Add(Line line)
        {
            if (!line.StartsWith(name) || !line.From(name.Length).TryNumber(out long number)
                || number < least)
            {
                throw Unexpected(line);
            }
            Value = number;
            return true;
        }
    }

    /// <summary>A value as text; null if there may be none and is none.</summary>
    internal sealed class TextReply : Reply<string>
    {
        private readonly bool mayBeMissing;

        internal TextReply(bool mayBeMissing)
        {
            this.mayBeMissing = mayBeMissing;
        }

        internal override bool Add(Line line)
        {
            if (line.StartsWith("VALUE "))
            {
                Value = Text(line.From(6));
                return true;
            }
            return mayBeMissing && line.Is(IsLegacy ? "NOT_FOUND" : "(null)")
                ? true : throw Unexpected(line);
        }
    }

    /// <summary>A value as bytes; null if there is none.</summary>
    internal sealed class BytesReply : Reply<byte[]>
    {
        internal override bool Add(Line line)
        {
            if (line.StartsWith("VALUE "))
            {
                Value = Bytes(line.From(6));
                return true;
            }
            return line.Is(IsLegacy ? "NOT_FOUND" : "(null)") ? true : throw Unexpected(line);
        }
    }

    /// <summary>The message that was sent: PONG and ECHO.</summary>
    internal sealed class MessageReply : Reply<string>
    {
        private readonly string name;
        private readonly string sent;

        /// <param name="name">The word of the reply.</param>
        /// <param name="sent">What has to come back; null for a PING without a message.</param>
        internal MessageReply(string name, string sent)
        {
            this.name = name;
            this.sent = sent;
        }

        internal override bool Add(Line line)
        {
            if (sent == null)
            {
                Value = name;
                return line.Is(name) || line.Is(name + " ") ? true : throw Unexpected(line);
            }
            if (!line.StartsWith(name + " "))
            {
                throw Unexpected(line);
            }
            Value = Text(line.From(name.Length + 1));
            return Value == sent ? true : throw Unexpected(line);
        }
    }

    /// <summary>The version behind the name of the program, or of the command in the legacy dialect.</summary>
    internal sealed class VersionReply : Reply<string>
    {
        internal const string Standard = "MerkleKV ";
        internal const string Legacy = "VERSION ";

        internal override bool Add(Line line)
        {
            string name = line.StartsWith(Standard) ? Standard
                : line.StartsWith(Legacy) ? Legacy : throw Unexpected(line);
            Value = Text(line.From(name.Length));
            return Value != null && Value.Length > 0 ? true : throw Unexpected(line);
        }
    }

    /// <summary><c>HASH digest</c>, or <c>HASH prefix digest</c>.</summary>
    internal sealed class HashReply : Reply<string>
    {
        private const int Digits = 64;

        internal override bool Add(Line line)
        {
            int start = line.Count - Digits;
            if (!line.StartsWith("HASH ") || start < 5 || line[start - 1] != ' ')
            {
                throw Unexpected(line);
            }
            Line digest = line.From(start);
            for (int i = 0; i < Digits; i++)
            {
                if (Quoting.HexDigit(digest[i]) < 0)
                {
                    throw Unexpected(line);
                }
            }
            Value = digest.ToString();
            return true;
        }
    }
}
