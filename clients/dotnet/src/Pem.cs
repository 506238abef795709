using System;
using System.IO;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace MerkleKV.Client
{
    /// <summary>Reads certificates and RSA keys from PEM files.</summary>
    internal static class Pem
    {
        private static readonly Regex Block = new Regex(
            "-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\\s]+)-----END \\1-----");

        internal static X509Certificate2Collection Certificates(string file)
        {
            var found = new X509Certificate2Collection();
            foreach (Match block in Block.Matches(Contents(file)))
            {
                if (block.Groups[1].Value == "CERTIFICATE")
                {
                    found.Add(new X509Certificate2(Decoded(block)));
                }
            }
            return found.Count > 0 ? found
                : throw new MerkleKvArgumentException(file + " has no certificate in PEM");
        }

        internal static X509Certificate2 CertificateWithKey(string certificateFile, string keyFile)
        {
            X509Certificate2 certificate = Certificates(certificateFile)[0];
            RSAParameters parameters = Key(keyFile);
            if (MonoTls.IsThere)
            {
                return MonoTls.WithKey(certificate, parameters);
            }
            RSA key = RSA.Create();
            key.ImportParameters(parameters);
            // No part of .NET Standard 2.0, but there wherever that runs, except for Mono and the
            // .NET Framework before 4.7.2, which has a setter.
            MethodInfo copy = typeof(RSACertificateExtensions).GetMethod(
                "CopyWithPrivateKey", new[] { typeof(X509Certificate2), typeof(RSA) });
            if (copy != null)
            {
                return (X509Certificate2)copy.Invoke(null, new object[] { certificate, key });
            }
            certificate.PrivateKey = key;
            return certificate;
        }

        private static RSAParameters Key(string file)
        {
            foreach (Match block in Block.Matches(Contents(file)))
            {
                try
                {
                    switch (block.Groups[1].Value)
                    {
                        case "RSA PRIVATE KEY":
                            return Der.RsaKey(Decoded(block));
                        case "PRIVATE KEY":
                            return Der.RsaKey(Der.KeyInPkcs8(Decoded(block)));
                    }
                }
                catch (FormatException cause)
                {
                    throw new MerkleKvArgumentException(
                        file + " has no key that can be used: " + cause.Message, cause);
                }
            }
            throw new MerkleKvArgumentException(
                file + " has no RSA key in PEM; for other keys set the option Certificate");
        }

        private static byte[] Decoded(Match block) => Convert.FromBase64String(block.Groups[2].Value);

        private static string Contents(string file)
        {
            try
            {
                return File.ReadAllText(file);
            }
            catch (Exception cause) when (cause is IOException || cause is UnauthorizedAccessException)
            {
                throw new MerkleKvArgumentException(
                    file + " cannot be read: " + cause.Message, cause);
            }
        }
    }
}
