using System;

namespace MerkleKV.Client
{
    /// <summary>What kind of failure a <see cref="MerkleKvException"/> is.</summary>
    public enum MerkleKvErrorKind
    {
        /// <summary>Refused before anything was sent.</summary>
        Argument,
        /// <summary>The connection could not be opened, or broke, or the client was closed.</summary>
        Connection,
        /// <summary>A reply was not there in time.</summary>
        Timeout,
        /// <summary>The answer is not one of this protocol, or not one to this command.</summary>
        Protocol,
        /// <summary>The node refused the command.</summary>
        Server,
    }

    /// <summary>The family of all errors of this library.</summary>
    public abstract class MerkleKvException : Exception
    {
        internal MerkleKvException(MerkleKvErrorKind kind, string message, Exception cause = null)
            : base(message, cause)
        {
            Kind = kind;
        }

        /// <summary>The kind, for programs that would rather switch than catch.</summary>
        public MerkleKvErrorKind Kind { get; }
    }

    /// <summary>A bad key, or what the node's dialect cannot carry. Nothing was sent.</summary>
    public sealed class MerkleKvArgumentException : MerkleKvException
    {
        internal MerkleKvArgumentException(string message, Exception cause = null)
            : base(MerkleKvErrorKind.Argument, message, cause)
        {
        }
    }

    /// <summary>No connection, a broken one, or a closed client. The next call connects anew.</summary>
    public sealed class MerkleKvConnectionException : MerkleKvException
    {
        internal MerkleKvConnectionException(string message, Exception cause = null)
            : base(MerkleKvErrorKind.Connection, message, cause)
        {
        }
    }

    /// <summary>A reply took longer than <see cref="MerkleKvOptions.Timeout"/>.</summary>
    public sealed class MerkleKvTimeoutException : MerkleKvException
    {
        internal MerkleKvTimeoutException(string message, Exception cause = null)
            : base(MerkleKvErrorKind.Timeout, message, cause)
        {
        }
    }

    /// <summary>An answer that no node gives to this command, or a value that is not text.</summary>
    public sealed class MerkleKvProtocolException : MerkleKvException
    {
        internal MerkleKvProtocolException(string message, Exception cause = null)
            : base(MerkleKvErrorKind.Protocol, message, cause)
        {
        }
    }

    /// <summary>The node refused a command. The connection lives.</summary>
    public sealed class MerkleKvServerException : MerkleKvException
    {
        internal MerkleKvServerException(string node, string command, string sentence)
            : base(MerkleKvErrorKind.Server, node + " refused " + command + ": " + sentence)
        {
            int colon = sentence.IndexOf(": ", StringComparison.Ordinal);
            Code = colon < 0 ? sentence : sentence.Substring(0, colon);
        }

        /// <summary>The words before the colon, such as <c>Wrong type</c>.</summary>
        public string Code { get; }
    }
}
