using System;

namespace MerkleKV.Client
{
    /// <summary>A reply that is none of this protocol. The connection adds the node's name.</summary>
    internal sealed class UnexpectedReplyException : Exception
    {
        internal UnexpectedReplyException(string message)
            : base(message)
        {
        }
    }

    /// <summary>One command and the reading of its reply, line by line. Does no input or output.</summary>
    internal abstract class Request
    {
        /// <summary>What the client sends behind a report whose end the legacy dialect lacks.</summary>
        internal const string EndOfReport = "end-of-report";

        private bool hasBegun;
        private bool isLegacy;
        private MerkleKvServerException refusal;

        protected Request(string command)
        {
            Command = command;
        }

        internal string Command { get; }

        /// <summary>A read: asked once more if the connection breaks.</summary>
        internal bool IsRead { get; set; }

        internal bool IsReport { get; set; }

        /// <summary>Answered without asking the node, as nothing was asked.</summary>
        internal bool IsAnswered { get; protected set; }

        protected string Node { get; private set; }

        internal abstract void Write(CommandWriter writer);

        /// <summary>Makes ready for a reply, also after a first try that broke off.</summary>
        internal void Begin(string node, bool legacy, int limit)
        {
            Node = node;
            isLegacy = legacy;
            hasBegun = false;
            refusal = null;
            BeginReply(legacy, limit);
        }

        /// <summary>Takes the next line; true if it was the last one of the reply.</summary>
        internal bool Add(Line line)
        {
            if (refusal != null)
            {
                return line.Is("PONG " + EndOfReport)
                    ? true : throw new UnexpectedReplyException("a report without its end");
            }
            if (!hasBegun && IsError(line))
            {
                refusal = new MerkleKvServerException(Node, Command, Sentence(line));
                return !(isLegacy && IsReport);
            }
            hasBegun = true;
            return AddToReply(line);
        }

        /// <summary>The result; throws the error that the node or its value is.</summary>
        internal object Outcome()
        {
            if (refusal != null)
            {
                throw refusal;
            }
            return Result();
        }

        internal static bool IsError(Line line) =>
            line.StartsWith("ERROR") && (line.Count == 5 || line[5] == ':' || line[5] == ' ');

        private static string Sentence(Line line) => line.From(5).ToString().TrimStart(':', ' ');

        protected abstract void BeginReply(bool legacy, int limit);

        protected abstract bool AddToReply(Line line);

        protected abstract object Result();
    }

    /// <summary>A command whose reply is a <typeparamref name="T"/>.</summary>
    internal sealed class Request<T> : Request
    {
        private readonly Action<CommandWriter> write;
        private readonly Func<Reply<T>> newReply;
        private readonly T answer;
        private Reply<T> reply;

        internal Request(string command, Action<CommandWriter> write, Func<Reply<T>> newReply)
            : base(command)
        {
            this.write = write;
            this.newReply = newReply;
        }

        private Request(string command, T answer)
            : base(command)
        {
            this.answer = answer;
            IsAnswered = true;
        }

        internal static Request<T> Answered(string command, T answer) =>
            new Request<T>(command, answer);

        internal override void Write(CommandWriter writer)
        {
            writer.Ascii(Command);
            write?.Invoke(writer);
            writer.EndLine();
            if (IsReport && writer.IsLegacy)
            {
                writer.Ascii("PING " + EndOfReport).EndLine();
            }
        }

        protected override void BeginReply(bool legacy, int limit)
        {
            reply = newReply();
            reply.IsLegacy = legacy;
            reply.Limit = limit;
        }

        protected override bool AddToReply(Line line) => reply.Add(line);

        protected override object Result()
        {
            if (IsAnswered)
            {
                return answer;
            }
            if (reply.NoText != null)
            {
                throw new MerkleKvProtocolException(
                    Node + " answered " + Command + " with what is not UTF-8; values of bytes are "
                    + "read with GetBytes", reply.NoText);
            }
            return reply.Value;
        }
    }
}
