using System;
using System.IO;
using System.Net.Security;
using System.Reflection;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MerkleKV.Client
{
    /// <summary>
    /// What Mono can do in ways of its own only, which are to be had by reflection, as they are no
    /// part of .NET Standard.
    /// </summary>
    internal static class MonoTls
    {
        private const string Security =
            "Mono.Security, Version=4.0.0.0, Culture=neutral, PublicKeyToken=0738eb9f132ed756";

        internal static bool IsThere { get; } = Type.GetType("Mono.Runtime") != null;

        /// <summary>A certificate with its key, by way of PKCS#12: it has no setter that works.</summary>
        internal static X509Certificate2 WithKey(X509Certificate2 certificate, RSAParameters key)
        {
            const string password = "only in memory";
            Assembly assembly = Assembly.Load(Security);
            Type storeType = assembly.GetType("Mono.Security.X509.PKCS12", true);
            Type certificateType = assembly.GetType("Mono.Security.X509.X509Certificate", true);
            object store = Activator.CreateInstance(storeType);
            storeType.GetProperty("Password").SetValue(store, password);
            storeType.GetMethod("AddCertificate", new[] { certificateType }).Invoke(
                store, new[] { Activator.CreateInstance(certificateType, certificate.RawData) });
            storeType.GetMethod("AddPkcs8ShroudedKeyBag", new[] { typeof(AsymmetricAlgorithm) })
                .Invoke(store, new object[] { new KeyToWrite(key) });
            var bytes = (byte[])storeType.GetMethod("GetBytes").Invoke(store, null);
            return new X509Certificate2(bytes, password);
        }

        /// <summary>
        /// A stream that trusts these authorities. Mono's X509Chain cannot verify signatures with
        /// elliptic curves, while the library below its SslStream can, and takes trust anchors.
        /// </summary>
        internal static SslStream NewStream(Stream stream, X509CertificateCollection anchors)
        {
            Assembly assembly = Assembly.Load(Security);
            Type settingsType = assembly.GetType("Mono.Security.Interface.MonoTlsSettings", true);
            Type providerType = assembly.GetType("Mono.Security.Interface.MonoTlsProvider", true);
            Type factory = assembly.GetType("Mono.Security.Interface.MonoTlsProviderFactory", true);
            object settings = settingsType.GetMethod("CopyDefaultSettings").Invoke(null, null);
            settingsType.GetProperty("TrustAnchors").SetValue(settings, anchors);
            PropertyInfo selection = settingsType.GetProperty("ClientCertificateSelectionCallback");
            selection.SetValue(settings, Delegate.CreateDelegate(
                selection.PropertyType, typeof(MonoTls).GetMethod(
                    "FirstOf", BindingFlags.NonPublic | BindingFlags.Static)));
            object provider = factory.GetMethod("GetProvider", Type.EmptyTypes).Invoke(null, null);
            ConstructorInfo constructor = typeof(SslStream).GetConstructor(
                BindingFlags.NonPublic | BindingFlags.Instance, null,
                new[] { typeof(Stream), typeof(bool), providerType, settingsType }, null);
            return (SslStream)constructor.Invoke(new[] { stream, false, provider, settings });
        }

        /// <summary>Shows the client's own certificate to whoever asks, if it has one.</summary>
        private static X509Certificate FirstOf(
            string host, X509CertificateCollection own, X509Certificate node, string[] issuers) =>
            own != null && own.Count > 0 ? own[0] : null;

        /// <summary>
        /// A key as DER has it. Mono writes numbers as long as they are given, while the library
        /// that reads them takes none that begins with a zero byte it could do without.
        /// </summary>
        private sealed class KeyToWrite : RSA
        {
            private readonly RSAParameters parameters;

            internal KeyToWrite(RSAParameters padded)
            {
                parameters = new RSAParameters
                {
                    Modulus = Der.Trimmed(padded.Modulus),
                    Exponent = Der.Trimmed(padded.Exponent),
                    D = Der.Trimmed(padded.D),
                    P = Der.Trimmed(padded.P),
                    Q = Der.Trimmed(padded.Q),
                    DP = Der.Trimmed(padded.DP),
                    DQ = Der.Trimmed(padded.DQ),
                    InverseQ = Der.Trimmed(padded.InverseQ),
                };
            }

            public override RSAParameters ExportParameters(bool includePrivateParameters) =>
                parameters;

            public override void ImportParameters(RSAParameters other) =>
                throw new NotSupportedException("this key is only to be written");
        }
    }
}
