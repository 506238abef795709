using System;
using System.Collections.Generic;
using System.Text;

namespace MerkleKV.Client
{
    /// <summary>The reply to MGET.</summary>
    internal sealed class ValuesReply : Reply<IReadOnlyList<string>>
    {
        private readonly IReadOnlyList<string> keys;
        private readonly List<string> values = new List<string>();
        private bool hasHeader;

        internal ValuesReply(IReadOnlyList<string> keys)
        {
            this.keys = keys;
            Value = values;
        }

        internal override bool Add(Line line) =>
            !hasHeader ? AddHeader(line) : IsLegacy ? AddLegacy(line) : AddStandard(line);

        private bool AddHeader(Line line)
        {
            hasHeader = true;
            if (IsLegacy && line.Is("NOT_FOUND"))
            {
                values.AddRange(new string[keys.Count]);
                return true;
            }
            int count = Count(line, "VALUES ", keys.Count);
            return IsLegacy || count == keys.Count ? false : throw Unexpected(line);
        }

        private bool AddStandard(Line line)
        {
            if (values.Count == keys.Count)
            {
                return line.Is("END") ? true : throw Unexpected(line);
            }
            values.Add(line.Is("(null)") ? null
                : line.StartsWith("VALUE ") ? Text(line.From(6)) : throw Unexpected(line));
            return false;
        }

        private bool AddLegacy(Line line)
        {
            byte[] start = Encoding.UTF8.GetBytes(keys[values.Count] + " ");
            if (line.Count < start.Length)
            {
                throw Unexpected(line);
            }
            for (int i = 0; i < start.Length; i++)
            {
                if (line[i] != start[i])
                {
                    throw Unexpected(line);
                }
            }
            Line value = line.From(start.Length);
            values.Add(value.Is("NOT_FOUND") ? null : Text(value));
            return values.Count == keys.Count;
        }
    }

    /// <summary>The reply to SCAN: one page, or in the legacy dialect all keys.</summary>
    internal sealed class KeysReply : Reply<MerkleKvScanPage>
    {
        private readonly List<string> keys = new List<string>();
        private int announced = -1;

        internal override bool Add(Line line)
        {
            if (announced < 0)
            {
                announced = Count(line, "KEYS ", IsLegacy ? int.MaxValue : MerkleKvScanPage.Size);
                return IsLegacy && announced == 0 && End();
            }
            if (keys.Count == announced)
            {
                return line.Is("END") ? End() : throw Unexpected(line);
            }
            keys.Add(Text(line));
            return IsLegacy && keys.Count == announced && End();
        }

        private bool End()
        {
            bool isLast = IsLegacy || keys.Count < MerkleKvScanPage.Size;
            Value = new MerkleKvScanPage(keys, isLast ? null : keys[keys.Count - 1]);
            return true;
        }
    }

    /// <summary>The reply to INFO and STATS: lines of a name, a colon and a text.</summary>
    internal sealed class ReportReply : Reply<IReadOnlyDictionary<string, string>>
    {
        private readonly string header;
        private readonly string legacyHeader;
        private readonly Dictionary<string, string> facts = new Dictionary<string, string>();
        private bool hasHeader;
        private int bytes;

        internal ReportReply(string header, string legacyHeader)
        {
            this.header = header;
            this.legacyHeader = legacyHeader;
            Value = facts;
        }

        internal override bool Add(Line line)
        {
            if (!hasHeader)
            {
                hasHeader = true;
                return line.Is(IsLegacy ? legacyHeader : header) ? false : throw Unexpected(line);
            }
            if (line.Is(IsLegacy ? "PONG " + Request.EndOfReport : "END"))
            {
                return true;
            }
            bytes += line.Count + 2;
            if (bytes > Limit)
            {
                throw new UnexpectedReplyException("a report of more than " + Limit + " bytes");
            }
            string fact = Text(line);
            int colon = fact == null ? -1 : fact.IndexOf(':');
            if (colon < 0)
            {
                throw Unexpected(line);
            }
            facts[fact.Substring(0, colon)] = fact.Substring(colon + 1);
            return false;
        }
    }
}
