using System;
using System.Security.Cryptography.X509Certificates;

namespace MerkleKV.Client
{
    /// <summary>Which node a client talks to, and how. A client copies them when it is made.</summary>
    public sealed class MerkleKvOptions
    {
        /// <summary>Name or address of the node.</summary>
        public string Host { get; set; } = "localhost";

        /// <summary>TCP port of the node.</summary>
        public int Port { get; set; } = 7379;

        /// <summary>The longest that one reply may take, connecting included.</summary>
        public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

        /// <summary>Who logs in on every connection; null if nobody does.</summary>
        public string User { get; set; }

        /// <summary>The password of <see cref="User"/>.</summary>
        public string Password { get; set; }

        /// <summary>How TLS is spoken; null if it is not.</summary>
        public MerkleKvTlsOptions Tls { get; set; }

        /// <summary>How often connecting is tried before a call fails.</summary>
        public int ConnectAttempts { get; set; } = 4;

        /// <summary>The longest line that is read, in bytes.</summary>
        public int ReplyLimit { get; set; } = 16 * 1024 * 1024;

        internal string Node => (Host.IndexOf(':') < 0 ? Host : "[" + Host + "]") + ":" + Port;

        /// <summary>A copy that later changes of the original do not reach.</summary>
        internal MerkleKvOptions Checked()
        {
            Require(!string.IsNullOrEmpty(Host), "the host is empty");
            Require(Port > 0 && Port < 65536, "the port has to be from 1 to 65535, not " + Port);
            Require(Timeout > TimeSpan.Zero && Timeout.TotalMilliseconds < int.MaxValue,
                "the timeout has to be above zero and below 24 days");
            Require(ConnectAttempts > 0, "one attempt to connect is the least there can be");
            Require(ReplyLimit > 0, "the reply limit has to be above zero");
            Require(User == null || Password != null, "a user needs a password");
            var copy = (MerkleKvOptions)MemberwiseClone();
            copy.Tls = Tls?.Copy();
            return copy;
        }

        private static void Require(bool condition, string otherwise)
        {
            if (!condition)
            {
                throw new MerkleKvArgumentException(otherwise);
            }
        }
    }

    /// <summary>Whom a client trusts when it speaks TLS, and what it shows of itself.</summary>
    public sealed class MerkleKvTlsOptions
    {
        /// <summary>PEM file of the authority's certificates; null for those of the system.</summary>
        public string AuthorityFile { get; set; }

        /// <summary>The name in the node's certificate; null for the host.</summary>
        public string ServerName { get; set; }

        /// <summary>PEM file of the client's own certificate.</summary>
        public string CertificateFile { get; set; }

        /// <summary>PEM file of its RSA key, in PKCS#8 or PKCS#1 and without a password.</summary>
        public string KeyFile { get; set; }

        /// <summary>The client's certificate with its key, for those that have it loaded.</summary>
        public X509Certificate2 Certificate { get; set; }

        internal MerkleKvTlsOptions Copy() => (MerkleKvTlsOptions)MemberwiseClone();
    }
}
