using System;
using System.IO;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;

namespace MerkleKV.Client
{
    /// <summary>Speaks TLS over a stream, and says whom to trust.</summary>
    internal static class Tls
    {
        internal static async Task<Stream> OpenAsync(
            Stream stream, MerkleKvOptions options, bool isAsync)
        {
            MerkleKvTlsOptions tls = options.Tls;
            string name = tls.ServerName ?? options.Host;
            SslStream secured = NewStream(stream, tls);
            X509CertificateCollection own = OwnCertificates(tls);
            if (isAsync)
            {
                await secured.AuthenticateAsClientAsync(name, own, SslProtocols.None, false)
                    .ConfigureAwait(false);
            }
            else
            {
                secured.AuthenticateAsClient(name, own, SslProtocols.None, false);
            }
            return secured;
        }

        private static SslStream NewStream(Stream stream, MerkleKvTlsOptions tls)
        {
            if (tls.AuthorityFile == null)
            {
                return new SslStream(stream, false);
            }
            X509Certificate2Collection authority = Pem.Certificates(tls.AuthorityFile);
            return MonoTls.IsThere
                ? MonoTls.NewStream(stream, authority)
                : new SslStream(stream, false, (sender, certificate, chain, errors) =>
                    IsTrusted(certificate, chain, errors, authority));
        }

        /// <summary>Whether the name fits, and all that is amiss is that the system does not know the root.</summary>
        private static bool IsTrusted(
            X509Certificate certificate, X509Chain sent, SslPolicyErrors errors,
            X509Certificate2Collection authority)
        {
            if (certificate == null || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != 0)
            {
                return false;
            }
            using (var chain = new X509Chain())
            {
                chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                chain.ChainPolicy.VerificationFlags =
                    X509VerificationFlags.AllowUnknownCertificateAuthority;
                chain.ChainPolicy.ExtraStore.AddRange(authority);
                foreach (X509ChainElement element in sent.ChainElements)
                {
                    chain.ChainPolicy.ExtraStore.Add(element.Certificate);
                }
                if (!chain.Build(new X509Certificate2(certificate)))
                {
                    return false;
                }
                // The flag above also lets a chain pass that leads nowhere.
                foreach (X509ChainStatus status in chain.ChainStatus)
                {
                    if (status.Status != X509ChainStatusFlags.NoError
                        && status.Status != X509ChainStatusFlags.UntrustedRoot)
                    {
                        return false;
                    }
                }
                X509Certificate2 root = chain.ChainElements[chain.ChainElements.Count - 1].Certificate;
                return Contains(authority, root);
            }
        }

        private static bool Contains(X509Certificate2Collection authority, X509Certificate2 root)
        {
            foreach (X509Certificate2 trusted in authority)
            {
                if (Convert.ToBase64String(trusted.RawData) == Convert.ToBase64String(root.RawData))
                {
                    return true;
                }
            }
            return false;
        }

        private static X509CertificateCollection OwnCertificates(MerkleKvTlsOptions tls)
        {
            if (tls.Certificate != null)
            {
                return new X509CertificateCollection { tls.Certificate };
            }
            return tls.CertificateFile == null
                ? new X509CertificateCollection()
                : new X509CertificateCollection
                {
                    Pem.CertificateWithKey(tls.CertificateFile, tls.KeyFile ?? tls.CertificateFile),
                };
        }
    }
}
